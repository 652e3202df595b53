//! Integration tests: one binary, a module a subject.
//!
//! - `cli`: the commands as a user or a script meets them: exit codes, output, bad input, interrupts.
//! - `report`: the report's JSON contract.
//! - `daemon`: the whole process: what it serves, reloads, signals, systemd, shutdown.
//! - `secrets`: no secret comes out anywhere, not even through a server that sends it back.
//! - `accuracy`: measured times are true within a wide margin.
//! - `reasons`: every practice behaviour through a real socket, over ws and wss, comes to the reason that it is made for.
//! - `incidents`: the incidents in which the webhook is green and the stream is not, from the webhook to the report.
//! - `suspects`: every suspect of every incident, provoked and diagnosed: the cause that is named is the one that was provoked.
//! - `routes`: second ways to the same server, and what they prove.
//! - `ends`: why lines ended, out of real probes.
//! - `diagnosis`: what the running daemon finds out by itself.
//! - `docs`: the generated pages are up to date, and what the documents show can be loaded.
//! - `tidy`: the rules of the source tree that the compiler does not know.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accuracy;
mod cli;
mod daemon;
mod diagnosis;
mod docs;
mod ends;
mod fleet;
mod incidents;
mod reasons;
mod report;
mod routes;
mod secrets;
mod support;
mod suspects;
mod tidy;
