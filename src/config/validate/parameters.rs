//! The user's own names and values in the hello, held against what the provider carries.
//!
//! The limits are those of the providers' pages: Vonage (NCCO `headers`), Plivo (`extraHeaders`), Bandwidth (`StreamParam`), Exotel
//! (custom parameters of the URL).

use toml::Spanned;

use super::Scope;
use crate::config::problem::{Code, Problem, Sink};
use crate::dialect::{CallSettings, Provider};
use crate::secret::Secret;

/// The names and values, with the places of the names.
pub(super) fn check(settings: &CallSettings, scope: &Scope<'_>, sink: &mut Sink) {
    let Some(entries) = scope.all.call.get().and_then(|call| call.parameters.known()) else { return };
    for (name, _) in entries.get_ref() {
        let value = settings.parameters.iter().find(|(known, _)| known == name.get_ref()).map(|(_, value)| value);
        if let Some((says, help)) = fault(settings.provider, name.get_ref(), value) {
            push(name, &says, help, sink);
        }
    }
    if let Some((says, help)) = too_much(settings) {
        let problem = Problem::new(Code::InvalidParameter, says).at(&entries.span(), "");
        sink.push(problem.help(help));
    }
}

fn push(name: &Spanned<String>, says: &str, help: &str, sink: &mut Sink) {
    sink.push(Problem::new(Code::InvalidParameter, says).at(&name.span(), "").help(help));
}

/// What is wrong with one of them. The value may be a token and is not said.
fn fault(provider: Provider, name: &str, value: Option<&Secret>) -> Option<(String, &'static str)> {
    if provider.reserved_parameters().contains(&name) {
        let says = format!("the hello of `{provider}` has `{name}` itself, beside the parameters");
        return Some((says, "choose another name: a server would read either of the two"));
    }
    let value = value.map_or("", Secret::expose);
    if matches!(provider, Provider::Plivo | Provider::Vobiz) && [name, value].iter().any(|text| text.contains([';', '=', ','])) {
        let says = "`;`, `=` and `,` separate parameters here, and stand in this one".to_owned();
        return Some((says, "leave them out of name and value, or encode the value in another way"));
    }
    if provider == Provider::Bandwidth && (name.chars().count() > 256 || value.chars().count() > 2048) {
        let says = "Bandwidth takes names of 256 and values of 2048 characters".to_owned();
        return Some((says, "shorten it"));
    }
    None
}

/// What is wrong with all of them together.
fn too_much(settings: &CallSettings) -> Option<(String, &'static str)> {
    let parameters = &settings.parameters;
    let length =
        |between: usize| parameters.iter().map(|(name, value)| name.len() + value.expose().len() + between).sum::<usize>();
    let count = parameters.len();
    let limit =
        |is_over: bool, says: String| is_over.then_some((says, "a call cannot carry more: leave some out, or shorten them"));
    match settings.provider {
        Provider::Vonage => {
            let pairs: serde_json::Map<String, serde_json::Value> =
                parameters.iter().map(|(name, value)| (name.clone(), value.expose().into())).collect();
            let bytes = serde_json::Value::from(pairs).to_string().len();
            limit(bytes > 512, format!("{bytes} bytes of parameters as JSON, and Vonage takes 512"))
        }
        Provider::Plivo => {
            // `name=value,name=value`
            let bytes = length(2).saturating_sub(1);
            limit(bytes > 512, format!("{bytes} bytes of parameters, and Plivo takes 512"))
        }
        Provider::Bandwidth => limit(count > 12, format!("{count} parameters, and Bandwidth takes 12")),
        Provider::Exotel => {
            let bytes = length(0);
            let says = format!("{count} parameters of {bytes} characters in all, and Exotel takes 3 of 256 in all");
            limit(count > 3 || bytes > 256, says)
        }
        Provider::Twilio
        | Provider::Signalwire
        | Provider::Telnyx
        | Provider::Vobiz
        | Provider::Infobip
        | Provider::Jambonz
        | Provider::Asterisk
        | Provider::Genesys
        | Provider::Acs
        | Provider::Sinch
        | Provider::ConversationRelay
        | Provider::OpenaiRealtime => None,
    }
}
