//! What can be wrong with a webhook's answer: the closed list, with what each means, what to do, and how a provider takes it.
//!
//! Codes are claimed only where the provider's own text has them: twilio.com/docs/api/errors (11200, 11205, 11750, 12100, 12102, 12200,
//! 12300, 31920, 31922, 31923, 31941) and, for SignalWire, signalwire/docs issue 569 (31922).

use crate::dialect::Provider;
use crate::outcome::{Reason, Warning, words};

words! {
    /// How the provider takes it.
    Severity {
        /// There is nothing to dial, or the provider does not dial it.
        Refused = "refused",
        /// The provider dials all the same.
        Tried = "tried",
        /// It depends on the provider: [`Lint::refuses`] knows.
        ByProvider = "by_provider",
    }
}

/// Declares the list. A row is: explanation (the doc comment), variant, label, severity, the warning of a probe whose provider dials all the
/// same (`_`: every provider refuses), the reason of one whose provider does not, what to do.
macro_rules! lints {
    (@warning _) => { None };
    (@warning $warning:ident) => { Some(Warning::$warning) };
    ($(
        $(#[doc = $explains:literal])+
        $variant:ident = $label:literal, $severity:ident, $warning:tt, $reason:ident, $fix:literal;
    )+) => {
        words! {
            /// What is wrong with a webhook's answer, or with the stream URL in it.
            Lint { $($(#[doc = $explains])+ $variant = $label,)+ }
        }

        impl Lint {
            /// What it means, in lines of text.
            #[must_use]
            pub const fn explains(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($explains),+],)+ }
            }

            /// What to do, for every document; a complaint has it for the one at hand.
            #[must_use]
            pub const fn fix(self) -> &'static str {
                match self { $(Self::$variant => $fix,)+ }
            }

            /// How providers take it.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }

            /// The warning of a probe whose provider dials all the same; `None` for what every provider refuses.
            #[must_use]
            pub const fn warning(self) -> Option<Warning> {
                match self { $(Self::$variant => lints!(@warning $warning),)+ }
            }

            /// Why a probe ends where the provider refuses the stream for it.
            #[must_use]
            pub const fn reason(self) -> Reason {
                match self { $(Self::$variant => Reason::$reason,)+ }
            }
        }
    };
}

lints! {
    // --- the answer ---
    /// The answer took more than half of the time that the provider waits; the caller hears nothing meanwhile.
    AnswerSlow = "answer_slow", Tried, AnswerSlow, WebhookStreamInvalid, "answer first and do slow work (cold starts, model sessions, lookups) afterwards";
    /// The answer came after the provider had given up.
    AnswerTooLate = "answer_too_late", Refused, _, WebhookTimeout, "answer first and do slow work (cold starts, model sessions, lookups) afterwards";
    /// The answer has no body.
    AnswerEmpty = "answer_empty", Refused, _, WebhookUnreadable, "return the document that opens the stream";
    /// The answer is larger than the provider takes (64 KiB at Twilio and Bandwidth), or than is read here.
    AnswerTooLarge = "answer_too_large", Refused, _, WebhookUnreadable, "return the document alone, in less than 64 KiB";
    /// The answer is not UTF-8; other encodings are not read here.
    AnswerNotUtf8 = "answer_not_utf8", Refused, _, WebhookUnreadable, "encode the document as UTF-8";
    /// The answer begins with a byte order mark, which many parsers refuse.
    ByteOrderMark = "byte_order_mark", Tried, ByteOrderMark, WebhookStreamInvalid, "save the template as UTF-8 without a byte order mark";
    /// A page of HTML where the document was due: an error page, a login, a static site, a tunnel's warning page.
    AnswerIsHtml = "answer_is_html", Refused, _, WebhookUnreadable, "let the route of the webhook return the document; open the URL with curl to see who answers";
    /// JSON where XML was due: an error of the framework, or an object that was never rendered.
    AnswerIsJson = "answer_is_json", Refused, _, WebhookUnreadable, "render the document as text and return it as text/xml";
    /// XML where JSON was due.
    AnswerIsXml = "answer_is_xml", Refused, _, WebhookUnreadable, "return the JSON of this provider; the document is another provider's";
    /// Plain text where the document was due.
    AnswerIsText = "answer_is_text", Refused, _, WebhookUnreadable, "return the document that opens the stream";
    /// The document is there, wrapped in quotes (a framework wrote the text as JSON) or with its brackets escaped.
    AnswerInQuotes = "answer_in_quotes", Refused, _, WebhookUnreadable, "return the document as the body itself, not as a JSON string and not escaped";
    /// The answer has no Content-Type.
    ContentTypeMissing = "content_type_missing", ByProvider, ContentTypeMissing, WebhookUnreadable, "send `Content-Type: text/xml` (or `application/json` where JSON is due)";
    /// The Content-Type is not that of the document.
    ContentTypeWrong = "content_type_wrong", ByProvider, ContentTypeWrong, WebhookUnreadable, "send `Content-Type: text/xml` (or `application/json` where JSON is due)";
    /// The Content-Type is accepted and is not the right one.
    ContentTypeUnusual = "content_type_unusual", Tried, ContentTypeUnusual, WebhookStreamInvalid, "send `Content-Type: text/xml`";
    // --- the document ---
    /// The XML cannot be parsed.
    XmlInvalid = "xml_invalid", Refused, _, WebhookUnreadable, "build the document with the provider's library instead of by hand";
    /// Something stands before `<?xml …?>`, be it an empty line.
    XmlDeclarationNotFirst = "xml_declaration_not_first", Refused, _, WebhookUnreadable, "let `<?xml` be the very first bytes of the body, or leave the declaration out";
    /// An `&` that begins no entity of XML, as a rule between two parameters of a URL.
    XmlAmpersand = "xml_ampersand", Refused, _, WebhookUnreadable, "write `&amp;` for `&` in XML";
    /// A document type declaration. Entities are not expanded here.
    XmlDoctype = "xml_doctype", Refused, _, WebhookUnreadable, "leave out `<!DOCTYPE …>`";
    /// Elements within elements within elements, more than any real document has.
    DocumentTooDeep = "document_too_deep", Refused, _, WebhookUnreadable, "return the few elements that open the stream";
    /// More elements or attributes than any real document has.
    DocumentTooComplex = "document_too_complex", Refused, _, WebhookUnreadable, "return the few elements that open the stream";
    /// The JSON cannot be parsed.
    JsonInvalid = "json_invalid", Refused, _, WebhookUnreadable, "build the document with a JSON library instead of by hand";
    /// The outermost element or value is not the one that the provider wants.
    RootWrong = "root_wrong", Refused, _, WebhookUnreadable, "begin with `<Response>` (XML) or with a list of actions (NCCO)";
    /// A name in other letters than the provider's: upper and lower case count, and unknown names are passed over.
    NameMisspelt = "name_misspelt", Tried, NameMisspelt, WebhookStreamInvalid, "write the name as in the provider's reference";
    // --- the stream ---
    /// Nothing in the answer opens a stream.
    NoStream = "no_stream", Refused, _, WebhookNoStream, "return the element that opens the stream; look for the branch of the code that answered";
    /// A stream in a place where this provider does not look for it.
    StreamMisplaced = "stream_misplaced", Refused, _, WebhookNoStream, "put it where the provider wants it: within `<Connect>` or `<Start>`, or right below `<Response>`";
    /// The stream comes after something that ends the call or leaves the document.
    StreamUnreachable = "stream_unreachable", Refused, _, WebhookNoStream, "put the stream first";
    /// The answer opens more than one stream.
    SeveralStreams = "several_streams", Tried, SeveralStreams, WebhookStreamInvalid, "open one stream, if the second was not meant";
    /// The stream does not keep the call, and nothing after it does: the call ends as soon as it has begun.
    CallEndsAtOnce = "call_ends_at_once", Tried, CallEndsAtOnce, WebhookStreamInvalid, "use the form that holds the call, or let something follow that does";
    /// The stream has no URL.
    UrlMissing = "url_missing", Refused, _, WebhookNoStream, "give the stream its URL where the provider reads it";
    /// The document opens a stream of another protocol than the monitor speaks.
    DialectDiffers = "dialect_differs", Tried, DialectDiffers, WebhookStreamInvalid, "set the monitor's `dialect` to that of the document, or mend the document";
    /// One says that the stream only listens, the other that audio goes both ways.
    DirectionDiffers = "direction_differs", Tried, DirectionDiffers, WebhookStreamInvalid, "set the monitor's `one_way`, or use the other form in the document";
    /// A track that the provider does not have for this kind of stream.
    TrackInvalid = "track_invalid", ByProvider, TrackInvalid, WebhookStreamInvalid, "leave the attribute out, or take a value of the provider's reference";
    /// A codec or sample rate that the provider does not have.
    FormatInvalid = "format_invalid", ByProvider, FormatInvalid, WebhookStreamInvalid, "take a value of the provider's reference";
    /// A codec that the provider has and sidetone does not speak.
    FormatNotSpoken = "format_not_spoken", Tried, FormatNotSpoken, WebhookStreamInvalid, "check this endpoint with a codec that sidetone has";
    /// Another codec or sample rate than the monitor's.
    FormatDiffers = "format_differs", Tried, FormatDiffers, WebhookStreamInvalid, "set the monitor's `[monitor.audio]` to the document's, or mend the document";
    /// Parameters that are longer or more than the provider carries.
    ParametersTooLarge = "parameters_too_large", Tried, ParametersTooLarge, WebhookStreamInvalid, "send an id, and keep the rest on the server";
    /// A token for the header Authorization with characters that no header can carry (line breaks, letters beyond ASCII); it is left out.
    AuthorizationInvalid = "authorization_invalid", Tried, AuthorizationInvalid, WebhookStreamInvalid, "write the token in printable ASCII characters on one line";
    // --- the URL ---
    /// White space before or after the URL.
    UrlSpaces = "url_spaces", ByProvider, UrlSpaces, WebhookUrlInvalid, "strip the value of the environment variable, or the template";
    /// The URL cannot be parsed.
    UrlMalformed = "url_malformed", Refused, _, WebhookUrlInvalid, "write `wss://host/path`";
    /// The URL has been escaped twice: what is dialled has `&amp;` in it.
    UrlEscapedTwice = "url_escaped_twice", Tried, UrlEscapedTwice, WebhookStreamInvalid, "escape it once: the library that writes the XML does it already";
    /// The URL has no scheme and no host of its own.
    UrlRelative = "url_relative", ByProvider, UrlRelative, WebhookUrlInvalid, "write the whole URL: `wss://host/path`";
    /// The URL begins with the host; the scheme is missing.
    UrlWithoutScheme = "url_without_scheme", Refused, _, WebhookUrlInvalid, "put `wss://` before it";
    /// A scheme after the scheme: the host's setting (`PUBLIC_URL`) has one already.
    SchemeTwice = "scheme_twice", Refused, _, WebhookUrlInvalid, "set the public host without `https://`, or let the code take it off";
    /// `http://`, `https://` or another scheme that is not a WebSocket's.
    SchemeNotWebsocket = "scheme_not_websocket", Refused, _, WebhookUrlInvalid, "write `wss://` for `https://`";
    /// The URL is `ws://`: unencrypted, and most providers dial `wss://` alone.
    SchemeNotWss = "scheme_not_wss", ByProvider, SchemeNotWss, WebhookUrlInvalid, "write `wss://`; behind a proxy that ends TLS the server cannot tell, so take the scheme from the settings";
    /// The URL has a query, which this provider does not carry to the server.
    QueryLost = "query_lost", Tried, QueryStringInTwilioUrl, WebhookStreamInvalid, "pass the values as parameters of the stream, or in the path";
    /// The URL has a fragment (`#…`), which never reaches a server.
    UrlFragment = "url_fragment", Tried, UrlFragment, WebhookStreamInvalid, "leave out `#…`";
    /// The URL has a user name or password, which logs will show.
    UrlCredentials = "url_credentials", Tried, UrlCredentials, WebhookStreamInvalid, "pass a short-lived token as a parameter of the stream";
    /// The host is not the public one: `PUBLIC_URL` is not set, or the code takes the host from a header that a proxy changed.
    HostDiffers = "host_differs", Tried, HostDiffers, WebhookStreamInvalid, "set `PUBLIC_URL` (or what the server calls it) to the public host";
    /// A host that no provider can reach: this machine, a private network, a name without a domain.
    HostPrivate = "host_private", Refused, _, WebhookUrlPrivate, "write the public host name";
    /// An address in place of a name: certificates are for names, as a rule.
    HostIsAddress = "host_is_address", Tried, HostIsAddress, WebhookStreamInvalid, "write the host name that the certificate is for";
    /// The host ends in a dot: some proxies and certificates do not know it by that name.
    HostTrailingDot = "host_trailing_dot", Tried, HostTrailingDot, WebhookStreamInvalid, "leave out the dot after the host";
    /// A placeholder that nobody filled in, or the text of a missing value, where the host should be.
    PlaceholderInHost = "placeholder_in_host", Refused, _, WebhookUrlInvalid, "set the variable that the host comes from";
    /// A placeholder that nobody filled in, or the text of a missing value, in the path or the query.
    PlaceholderInPath = "placeholder_in_path", Tried, PlaceholderInPath, WebhookStreamInvalid, "set the variable that the value comes from";
    /// Another port than 443, which Twilio asks for and firewalls let through.
    PortUnusual = "port_unusual", Tried, PortUnusual, WebhookStreamInvalid, "serve the stream at port 443";
    /// `//` in the path, as a rule a base URL that ends in a slash before a path that begins with one: many servers have no such route.
    PathDoubleSlash = "path_double_slash", Tried, PathDoubleSlash, WebhookStreamInvalid, "take the slash off the end of the base URL";
}

impl Lint {
    /// Does this provider refuse the stream for it? Without a provider, only what nobody can dial is refused.
    #[must_use]
    pub fn refuses(self, provider: Option<Provider>) -> bool {
        match self.severity() {
            Severity::Refused => true,
            Severity::Tried => false,
            Severity::ByProvider => provider.is_some_and(|provider| self.refused_by(provider)),
        }
    }

    fn refused_by(self, provider: Provider) -> bool {
        let twilio = matches!(provider, Provider::Twilio | Provider::ConversationRelay);
        let signalwire = provider == Provider::Signalwire;
        if self == Self::SchemeNotWss {
            provider.facts().wss_only
        } else if self == Self::UrlRelative {
            // SignalWire: "absolute or relative URL" (compatibility-api/cxml/voice/stream); Twilio says so of the Stream resource.
            !(twilio || signalwire)
        } else if self == Self::ContentTypeMissing {
            // twilio.com/docs/api/errors/11200 and 12300.
            twilio
        } else if self == Self::ContentTypeWrong {
            // Vonage: "What happens if the NCCO download request fails" (text/html, application/xml are not taken).
            twilio || provider == Provider::Vonage
        } else if self == Self::TrackInvalid {
            // twilio.com/docs/api/errors/31941; SignalWire's StreamError `invalid_track`.
            twilio || signalwire
        } else {
            // SignalWire's StreamError `codec_error`, and signalwire/docs issue 569 for spaces.
            signalwire && matches!(self, Self::FormatInvalid | Self::UrlSpaces)
        }
    }

    /// What the provider calls it, where the provider's own text says so.
    #[must_use]
    pub fn code(self, provider: Option<Provider>) -> Option<&'static str> {
        match provider {
            Some(Provider::Twilio) => self.code_of_document().or_else(|| self.code_of_stream()),
            // Stream codes are those of Media Streams; ConversationRelay has its own, and none for what is seen here.
            Some(Provider::ConversationRelay) => self.code_of_document(),
            Some(Provider::Signalwire) => {
                matches!(self, Self::SchemeNotWebsocket | Self::SchemeNotWss | Self::UrlSpaces).then_some("SignalWire 31922")
            }
            Some(_) | None => None,
        }
    }

    fn code_of_document(self) -> Option<&'static str> {
        const CODES: &[(Lint, &str)] = &[
            (Lint::AnswerTooLarge, "Twilio 11750"),
            (Lint::AnswerIsJson, "Twilio 12300"),
            (Lint::ContentTypeMissing, "Twilio 11200"),
            (Lint::ContentTypeWrong, "Twilio 12300"),
            (Lint::AnswerTooLate, "Twilio 11205"),
            (Lint::XmlInvalid, "Twilio 12100"),
            (Lint::XmlDeclarationNotFirst, "Twilio 12100"),
            (Lint::XmlAmpersand, "Twilio 12100"),
            (Lint::RootWrong, "Twilio 12102"),
            (Lint::NameMisspelt, "Twilio 12200"),
            (Lint::StreamMisplaced, "Twilio 12200"),
        ];
        CODES.iter().find(|(lint, _)| *lint == self).map(|(_, code)| *code)
    }

    fn code_of_stream(self) -> Option<&'static str> {
        const CODES: &[(Lint, &str)] = &[
            (Lint::SchemeNotWebsocket, "Twilio 31922"),
            (Lint::SchemeNotWss, "Twilio 31922"),
            (Lint::UrlMalformed, "Twilio 31923"),
            (Lint::QueryLost, "Twilio 31920"),
            (Lint::TrackInvalid, "Twilio 31941"),
        ];
        CODES.iter().find(|(lint, _)| *lint == self).map(|(_, code)| *code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lint_explains_itself_and_labels_are_unique() {
        for lint in Lint::ALL {
            assert!(!lint.explains().is_empty() && !lint.fix().is_empty(), "{lint}");
            assert!(lint.label().chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{lint}");
            assert_eq!(Lint::ALL.iter().filter(|other| other.label() == lint.label()).count(), 1, "{lint}");
        }
    }

    /// The warning has the lint's label, but for one that is older than the lint.
    #[test]
    fn what_is_not_always_refused_has_a_warning_of_its_name() {
        for lint in Lint::ALL {
            assert_eq!(lint.warning().is_none(), lint.severity() == Severity::Refused, "{lint}");
            let label = if *lint == Lint::QueryLost { "query_string_in_twilio_url" } else { lint.label() };
            assert!(lint.warning().is_none_or(|warning| warning.label() == label), "{lint}");
        }
    }

    #[test]
    fn what_depends_on_the_provider_differs_between_providers() {
        for lint in Lint::ALL.iter().filter(|lint| lint.severity() == Severity::ByProvider) {
            let refused = Provider::ALL.iter().filter(|provider| lint.refuses(Some(**provider))).count();
            assert!(refused > 0 && refused < Provider::ALL.len(), "{lint}: refused by {refused}");
            assert!(!lint.refuses(None), "{lint}");
        }
    }

    #[test]
    fn codes_are_the_providers_own() {
        let rows = [
            (Lint::SchemeNotWss, Provider::Twilio, Some("Twilio 31922"), true),
            (Lint::SchemeNotWss, Provider::ConversationRelay, None, true),
            (Lint::SchemeNotWss, Provider::Telnyx, None, false),
            (Lint::SchemeNotWss, Provider::Signalwire, Some("SignalWire 31922"), true),
            (Lint::UrlMalformed, Provider::Twilio, Some("Twilio 31923"), true),
            (Lint::XmlInvalid, Provider::ConversationRelay, Some("Twilio 12100"), true),
            (Lint::XmlInvalid, Provider::Bandwidth, None, true),
            (Lint::UrlRelative, Provider::Signalwire, None, false),
            (Lint::UrlRelative, Provider::Telnyx, None, true),
            (Lint::ContentTypeWrong, Provider::Twilio, Some("Twilio 12300"), true),
            (Lint::ContentTypeWrong, Provider::Vonage, None, true),
            (Lint::ContentTypeWrong, Provider::Plivo, None, false),
            (Lint::QueryLost, Provider::Twilio, Some("Twilio 31920"), false),
        ];
        for (lint, provider, code, refuses) in rows {
            assert_eq!((lint.code(Some(provider)), lint.refuses(Some(provider))), (code, refuses), "{lint} at {provider}");
        }
    }
}
