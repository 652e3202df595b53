#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone::webhook::Kind;

fuzz_target!(|bytes: &[u8]| {
    for kind in [Kind::Twilio, Kind::Signalwire, Kind::Telnyx] {
        sidetone_fuzz::check(kind, bytes);
    }
});
