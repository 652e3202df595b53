//! The `sidetone` binary: calls the library and returns its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    sidetone::cli::main()
}
