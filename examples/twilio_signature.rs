//! Prints the `X-Twilio-Signature` of a request, as sidetone signs it: to try a server's check by hand, with `curl`.
//!
//! ```console
//! $ TWILIO_AUTH_TOKEN=12345 cargo run --example twilio_signature -- https://voice.example.com/voice From=+12025550100 To=+12025550101
//! ```
//!
//! The arguments are the URL and the form's parameters; with `--sha256` before them, the signature is that of a shared key.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command prints its result")]

use std::process::ExitCode;

use sidetone::signature::twilio::{Algorithm, sign};

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let sha256 = arguments.first().is_some_and(|first| first == "--sha256");
    if sha256 {
        arguments.remove(0);
    }
    let Ok(token) = std::env::var("TWILIO_AUTH_TOKEN") else {
        eprintln!("set TWILIO_AUTH_TOKEN to the token to sign with");
        return ExitCode::from(2);
    };
    let Some((url, pairs)) = arguments.split_first() else {
        eprintln!("usage: twilio_signature [--sha256] URL [NAME=VALUE]…");
        return ExitCode::from(2);
    };
    let pair = |pair: &String| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    let Some(params) = pairs.iter().map(pair).collect::<Option<Vec<_>>>() else {
        eprintln!("a parameter is written NAME=VALUE");
        return ExitCode::from(2);
    };
    let algorithm = if sha256 { Algorithm::Sha256 } else { Algorithm::Sha1 };
    println!("{}", sign(token.as_bytes(), url, &params, algorithm));
    ExitCode::SUCCESS
}
