//! What each provider tells a webhook about a call that comes in: names in the documented order, values of nobody's call.
//!
//! Invariant: no name comes twice.

use time::macros::{format_description, offset};
use time::{OffsetDateTime, UtcOffset};

use super::Kind;
use super::request::Plan;
use crate::secret::Secret;

/// What no public documentation confirms about the requests, for the documentation of sidetone. Each can be overridden by a parameter,
/// the method or the content of the plan, except for the forms of the signatures.
pub const UNVERIFIED: &[(Kind, &[&str])] = &[
    (
        Kind::Twilio,
        &[
            "`Caller`, `Called` and their `…City`, `…State`, `…Zip` and `…Country`: documented for an older version of the API, still sent.",
            "The signed URL of a webhook with user name and password: here it is without them.",
        ],
    ),
    (Kind::Signalwire, &["The value of `ApiVersion`: here `2010-04-01`."]),
    (
        Kind::Telnyx,
        &[
            "The method, if the application does not set one: one page says GET; here POST.",
            "The signature (Ed25519, with Telnyx' own key) cannot be made; the request is not signed.",
        ],
    ),
    (
        Kind::Plivo,
        &[
            "`Event=StartApp` is not in the list of parameters.",
            "Numbers without `+`.",
            "The form of the nonce: here 20 decimal digits.",
            "The signature where a name or a value is beyond ASCII: Plivo's own packages disagree.",
        ],
    ),
    (
        Kind::Vonage,
        &["The claims `iss`, `jti` and `application_id` of the signature, and its `payload_hash` when a name comes twice."],
    ),
    (
        Kind::Bandwidth,
        &[
            "The digits behind the second in `eventTime` and `startTime`.",
            "The exact value of Content-Type: here without a charset.",
        ],
    ),
    (
        Kind::Exotel,
        &[
            "The parameters of the Voicebot applet's request: here those of the Connect applet's dynamic URL, with `From` and `To`.",
            "The time zone of `Created` and `StartTime`: here that of India, as the documented `EndTime` suggests.",
        ],
    ),
];

type Set = Vec<(&'static str, String)>;

/// The provider's parameters with the user's: a value replaces that of the same name or is added, an empty one takes the name out. Names
/// are compared as they are written; of the same name twice, the later counts.
pub(super) fn of(plan: &Plan<'_>) -> Vec<(String, Secret)> {
    let mut list: Vec<_> = set(plan).into_iter().map(|(name, value)| (name.to_owned(), Secret::new(value))).collect();
    for (name, value) in plan.parameters {
        let known = list.iter().position(|(other, _)| other == name);
        match (known, value.expose().is_empty()) {
            (Some(at), true) => drop(list.remove(at)),
            (Some(at), false) => list[at].1 = value.clone(),
            (None, true) => {}
            (None, false) => list.push((name.clone(), value.clone())),
        }
    }
    list
}

fn set(plan: &Plan<'_>) -> Set {
    match plan.kind {
        Kind::Twilio => twilio(plan),
        Kind::Signalwire => signalwire(plan),
        Kind::Telnyx => telnyx(plan),
        Kind::Plivo => plivo(plan),
        Kind::Bandwidth => bandwidth(plan),
        Kind::Vonage => vonage(plan),
        Kind::Exotel => exotel(plan),
        Kind::Json => Set::new(),
    }
}

/// The places of the North American number +1 202: what Twilio looks up for it.
const PLACES: [(&str, [&str; 4]); 4] = [
    ("WASHINGTON", ["FromCity", "ToCity", "CallerCity", "CalledCity"]),
    ("DC", ["FromState", "ToState", "CallerState", "CalledState"]),
    ("20001", ["FromZip", "ToZip", "CallerZip", "CalledZip"]),
    ("US", ["FromCountry", "ToCountry", "CallerCountry", "CalledCountry"]),
];

/// twilio.com/docs/voice/twiml (`#request-parameters`). `ForwardedFrom`, `CallerName` and `ParentCallSid` come with some calls only.
fn twilio(plan: &Plan<'_>) -> Set {
    let mut list = vec![
        ("CallSid", plan.call.call_id.clone()),
        ("AccountSid", plan.call.account_id.clone()),
        ("From", plan.from.to_owned()),
        ("To", plan.to.to_owned()),
        ("Caller", plan.from.to_owned()),
        ("Called", plan.to.to_owned()),
        ("CallStatus", "ringing".to_owned()),
        ("ApiVersion", "2010-04-01".to_owned()),
        ("Direction", "inbound".to_owned()),
    ];
    for side in 0..4 {
        list.extend(PLACES.map(|(value, names)| (names[side], value.to_owned())));
    }
    list
}

/// signalwire.com/docs/compatibility-api/cxml/reference/voice (`#request-parameters`). `ParentCallSid` is for calls made by another.
fn signalwire(plan: &Plan<'_>) -> Set {
    vec![
        ("CallSid", plan.call.call_id.clone()),
        ("AccountSid", plan.call.account_id.clone()),
        ("From", plan.from.to_owned()),
        ("To", plan.to.to_owned()),
        ("CallStatus", "ringing".to_owned()),
        ("ApiVersion", "2010-04-01".to_owned()),
        ("Direction", "inbound".to_owned()),
    ]
}

/// developers.telnyx.com/docs/voice/programmable-voice/texml-instruction-fetching: those that are "included always".
fn telnyx(plan: &Plan<'_>) -> Set {
    vec![
        ("AccountSid", plan.call.account_id.clone()),
        ("CallSid", plan.call.call_id.clone()),
        ("CallSidLegacy", plan.call.call_id.clone()),
        ("From", plan.from.to_owned()),
        ("To", plan.to.to_owned()),
        ("ConnectionId", "1000000000000000000".to_owned()),
        ("ApiVersion", "2010-04-01".to_owned()),
        ("CallStatus", "ringing".to_owned()),
    ]
}

/// docs.plivo.com/docs/account/api/application ("Answer URL"); the last is seen at servers and not in the list.
fn plivo(plan: &Plan<'_>) -> Set {
    vec![
        ("CallUUID", plan.call.call_id.clone()),
        ("From", digits(plan.from)),
        ("To", digits(plan.to)),
        ("CallStatus", "ringing".to_owned()),
        ("Direction", "inbound".to_owned()),
        ("Event", "StartApp".to_owned()),
    ]
}

/// dev.bandwidth.com/docs/voice/webhooks/initiate. `diversion`, `stirShaken` and `uui` come with some calls only.
fn bandwidth(plan: &Plan<'_>) -> Set {
    let (account, call) = (&plan.call.account_id, &plan.call.call_id);
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let began = began(plan, UtcOffset::UTC).format(form).unwrap_or_default();
    vec![
        ("eventType", "initiate".to_owned()),
        ("eventTime", began.clone()),
        ("accountId", account.clone()),
        ("applicationId", "00000000-0000-4000-8000-000000000000".to_owned()),
        ("to", plan.to.to_owned()),
        ("from", plan.from.to_owned()),
        ("direction", "inbound".to_owned()),
        ("callId", call.clone()),
        ("callUrl", format!("https://voice.bandwidth.com/api/v2/accounts/{account}/calls/{call}")),
        ("startTime", began),
    ]
}

/// developer.vonage.com/voice/voice-api/webhook-reference (`#answer-webhook-data-fields`), with its numbers without `+`.
fn vonage(plan: &Plan<'_>) -> Set {
    vec![
        ("to", digits(plan.to)),
        ("from", digits(plan.from)),
        ("uuid", plan.call.call_id.clone()),
        ("conversation_uuid", format!("CON-{}", plan.call.session_id)),
    ]
}

/// support.exotel.com/support/solutions/articles/3000096873 (the Connect applet's dynamic URL), with the constant that it has for the end
/// of a call that goes on.
fn exotel(plan: &Plan<'_>) -> Set {
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let began = began(plan, offset!(+5:30)).format(form).unwrap_or_default();
    vec![
        ("CallSid", plan.call.call_id.clone()),
        ("CallFrom", plan.from.to_owned()),
        ("CallTo", plan.to.to_owned()),
        ("Direction", "incoming".to_owned()),
        ("Created", began.clone()),
        ("DialCallDuration", "0".to_owned()),
        ("StartTime", began),
        ("EndTime", "1970-01-01 05:30:00".to_owned()),
        ("CallType", "call-attempt".to_owned()),
        ("From", plan.from.to_owned()),
        ("To", plan.to.to_owned()),
    ]
}

/// A number in E.164 without its `+`.
fn digits(number: &str) -> String {
    number.strip_prefix('+').unwrap_or(number).to_owned()
}

/// When the call began. A time that no calendar has is taken as 1970.
fn began(plan: &Plan<'_>, offset: UtcOffset) -> OffsetDateTime {
    let nanoseconds = i128::from(plan.call.began_unix_ms) * 1_000_000;
    let moment = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.checked_to_offset(offset).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
