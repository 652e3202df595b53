//! Integration tests: one binary, a module a subject.
//!
//! - `reasons`: every practice behaviour through a real socket, over ws and wss, comes to the reason that it is made for.
//! - `docs`: the generated pages are up to date, and what the documents show can be loaded.
//! - `tidy`: the rules of the source tree that the compiler does not know.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod docs;
mod reasons;
mod support;
mod tidy;
