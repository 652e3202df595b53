//! The `sidetone` binary: calls the library and returns its exit code.

fn main() {}
