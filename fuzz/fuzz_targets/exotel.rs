#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone::webhook::Kind;

fuzz_target!(|bytes: &[u8]| sidetone_fuzz::check(Kind::Exotel, bytes));
