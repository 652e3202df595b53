//! Settings at providers: where the stream's URL stands, which token signs, which audio goes.

use super::super::fix::Fix;
use super::super::fix::Whom::Providers;
use crate::diagnosis::layers::Standing::{Assumed, Documented, Seen};
use crate::dialect::Provider::{
    Acs, Asterisk, Bandwidth, ConversationRelay, Exotel, Genesys, Infobip, Jambonz, Plivo, Signalwire, Sinch, Telnyx, Twilio,
    Vobiz, Vonage,
};
use crate::outcome::Finding::{
    self, FirstMessageRejected, NoSuchService, OrdinaryPage, PayloadRejected, RefusedByPolicy, RejectedBeforeAccept,
    TunnelOffline, WrongFrameKind, WrongPath, WrongPort, WrongScheme,
};
use crate::outcome::Reason::{
    self, AppWrongRate, DnsCnameDangling, DnsNoAddress, DnsNxdomain, WebhookForbidden, WebhookNoStream, WebhookStreamInvalid,
    WebhookUrlInvalid, WebhookUrlPrivate,
};

/// The URL is wrong, or it has to become another one.
const URL_FINDINGS: &[Finding] = &[WrongPath, WrongScheme, WrongPort, OrdinaryPage, NoSuchService, TunnelOffline];
const URL_REASONS: &[Reason] = &[
    DnsNxdomain,
    DnsNoAddress,
    DnsCnameDangling,
    WebhookUrlInvalid,
    WebhookUrlPrivate,
    WebhookNoStream,
    WebhookStreamInvalid,
    Reason::from_status(404),
];
const SIGNATURE_FINDINGS: &[Finding] = &[RejectedBeforeAccept, RefusedByPolicy];
const SIGNATURE_REASONS: &[Reason] = &[Reason::from_status(401), Reason::from_status(403)];
const FORMAT_FINDINGS: &[Finding] = &[PayloadRejected, WrongFrameKind, FirstMessageRejected];
const FORMAT_REASONS: &[Reason] = &[AppWrongRate];

/// The rows.
pub(super) const ROWS: &[Fix] = &[
    // --- Twilio ---
    Fix::of(
        "twilio_url",
        Providers(&[Twilio]),
        (
            "the stream's URL stands in the TwiML of the number's voice webhook (Console: the number's voice settings); wss:// alone, \
             and no query: values go into <Parameter>",
            "<Response>\n\
             \x20 <Connect>\n\
             \x20   <Stream url=\"@stream@\"/>\n\
             \x20 </Connect>\n\
             </Response>",
        ),
        Documented,
        "https://www.twilio.com/docs/voice/twiml/stream",
    )
    .on(URL_FINDINGS)
    .because(URL_REASONS),
    Fix::of(
        "twilio_token",
        Providers(&[Twilio, ConversationRelay]),
        (
            "compare what the server checks with Twilio's own validator: the URL as it stands in the TwiML, and the account's primary \
             auth token (after the secondary one was promoted in the Console, the old one is void)",
            "python3 -c 'import os; from twilio.request_validator import *\n\
             token = os.environ[\"TWILIO_AUTH_TOKEN\"]\n\
             url = \"@stream@\"\n\
             print(RequestValidator(token).compute_signature(url, {}))'",
        ),
        Documented,
        "https://www.twilio.com/docs/iam/api/authtoken",
    )
    .on(SIGNATURE_FINDINGS)
    .because(SIGNATURE_REASONS),
    Fix::of(
        "webhook_token",
        Providers(&[Twilio, ConversationRelay, Signalwire, Plivo, Vonage]),
        (
            "let the monitor sign as the provider does, with the present secret of the account (Twilio: the primary auth token; Plivo: the \
             auth token; SignalWire: the signing key; Vonage: the signature secret); if that is refused as well, the server checks \
             another secret, or another URL than the public one",
            "[monitor.webhook]\n\
             auth_token_file = \"/run/secrets/auth-token\"",
        ),
        Documented,
        "https://www.twilio.com/docs/usage/webhooks/webhooks-security",
    )
    .because(&[WebhookForbidden]),
    Fix::of(
        "conversation_relay_url",
        Providers(&[ConversationRelay]),
        (
            "the URL stands in the TwiML of the number's voice webhook (Console: the number's voice settings); wss:// alone",
            "<Response>\n\
             \x20 <Connect>\n\
             \x20   <ConversationRelay url=\"@stream@\"/>\n\
             \x20 </Connect>\n\
             </Response>",
        ),
        Documented,
        "https://www.twilio.com/docs/voice/twiml/connect/conversationrelay",
    )
    .on(URL_FINDINGS)
    .because(URL_REASONS),
    // --- SignalWire ---
    Fix::of(
        "signalwire_url",
        Providers(&[Signalwire]),
        (
            "the stream's URL stands in the cXML of the number's webhook; wss:// alone, and something has to follow <Start>",
            "<Response>\n\
             \x20 <Connect>\n\
             \x20   <Stream url=\"@stream@\"/>\n\
             \x20 </Connect>\n\
             </Response>",
        ),
        Documented,
        "https://developer.signalwire.com/compatibility-api/cxml/voice/stream/",
    )
    .on(URL_FINDINGS)
    .because(URL_REASONS),
    Fix::of(
        "signalwire_token",
        Providers(&[Signalwire]),
        (
            "a stream carries a token only where the cXML has one: give it the one that the server checks",
            "<Stream url=\"@stream@\" authBearerToken=\"…\"/>",
        ),
        Documented,
        "https://developer.signalwire.com/compatibility-api/cxml/voice/stream/",
    )
    .on(SIGNATURE_FINDINGS)
    .because(SIGNATURE_REASONS),
    // --- Telnyx ---
    Fix::of(
        "telnyx_url",
        Providers(&[Telnyx]),
        (
            "the stream's URL stands in the command that starts the stream, or in the TeXML (`<Stream url=…>`) of the application's \
             webhook",
            "curl https://api.telnyx.com/v2/calls/$ID/actions/streaming_start \\\n\
             \x20 -H \"Authorization: Bearer $TELNYX_API_KEY\" \\\n\
             \x20 -H 'Content-Type: application/json' \\\n\
             \x20 -d '{\"stream_url\":\"@stream@\"}'",
        ),
        Documented,
        "https://developers.telnyx.com/api-reference/websockets/stream-call-media-over-websocket",
    )
    .on(URL_FINDINGS)
    .because(URL_REASONS),
    Fix::of(
        "telnyx_format",
        Providers(&[Telnyx]),
        (
            "say which audio goes back: without it the mode is mp3",
            "\"stream_bidirectional_mode\": \"rtp\",\n\
             \"stream_bidirectional_codec\": \"PCMU\",\n\
             \"stream_bidirectional_sampling_rate\": 8000",
        ),
        Documented,
        "https://developers.telnyx.com/docs/voice/programmable-voice/texml-verbs/stream",
    )
    .on(FORMAT_FINDINGS)
    .because(FORMAT_REASONS),
    Fix::of(
        "telnyx_token",
        Providers(&[Telnyx]),
        (
            "webhooks are signed with Telnyx's key: the server needs the account's public key from the Mission Control Portal; a \
             stream carries a token only if the command has one (how it is sent is not documented)",
            "TELNYX_PUBLIC_KEY=…\n\
             \"stream_auth_token\": \"…\"",
        ),
        Seen,
        "https://visionagents.ai/integrations/telephony/telnyx",
    )
    .on(SIGNATURE_FINDINGS)
    .because(&[WebhookForbidden, Reason::from_status(401), Reason::from_status(403)]),
    // --- Infobip ---
    Fix::of(
        "infobip_url",
        Providers(&[Infobip]),
        (
            "the stream's URL and sample rate stand in the media stream configuration (the rate as a text; the server has to take \
             LINEAR16 of that rate, 16 bits, mono)",
            "curl https://$BASE_URL/calls/1/media-stream-configs \\\n\
             \x20 -H \"Authorization: App $INFOBIP_API_KEY\" \\\n\
             \x20 -H 'Content-Type: application/json' \\\n\
             \x20 -d '{\"type\":\"WEBSOCKET_ENDPOINT\",\"name\":\"voice\",\n\
             \x20      \"url\":\"@stream@\",\n\
             \x20      \"sampleRate\":\"16000\"}'",
        ),
        Documented,
        "https://github.com/infobip/infobip-api-java-client",
    )
    .on(&[
        WrongPath,
        WrongScheme,
        WrongPort,
        OrdinaryPage,
        NoSuchService,
        TunnelOffline,
        PayloadRejected,
        WrongFrameKind,
        FirstMessageRejected,
    ])
    .because(&[DnsNxdomain, DnsNoAddress, DnsCnameDangling, Reason::from_status(404), AppWrongRate]),
    Fix::of(
        "infobip_security",
        Providers(&[Infobip]),
        (
            "a stream carries a login only if its media stream configuration has one; of HMAC it is not documented in which header",
            "\"securityConfig\": {\n\
             \x20 \"type\": \"BASIC\", \"username\": \"…\", \"password\": \"…\"\n\
             }",
        ),
        Documented,
        "https://github.com/infobip/infobip-api-java-client",
    )
    .on(SIGNATURE_FINDINGS)
    .because(SIGNATURE_REASONS),
    // --- Vonage ---
    Fix::of(
        "vonage_url",
        Providers(&[Vonage]),
        (
            "the stream's URL and rate stand in the NCCO that the application's answer URL returns",
            "[{\"action\": \"connect\", \"endpoint\": [{\n\
             \x20 \"type\": \"websocket\",\n\
             \x20 \"uri\": \"@stream@\",\n\
             \x20 \"content-type\": \"audio/l16;rate=16000\"}]}]",
        ),
        Documented,
        "https://developer.vonage.com/en/voice/voice-api/concepts/websockets",
    )
    .on(&[
        WrongPath,
        WrongScheme,
        WrongPort,
        OrdinaryPage,
        NoSuchService,
        TunnelOffline,
        PayloadRejected,
        WrongFrameKind,
        FirstMessageRejected,
    ])
    .because(&[
        DnsNxdomain,
        DnsNoAddress,
        DnsCnameDangling,
        WebhookUrlInvalid,
        WebhookUrlPrivate,
        WebhookNoStream,
        WebhookStreamInvalid,
        Reason::from_status(404),
        AppWrongRate,
    ]),
    Fix::of(
        "vonage_token",
        Providers(&[Vonage]),
        (
            "the stream carries Vonage's token only if the endpoint asks for it",
            "\"authorization\": {\"type\": \"vonage\"}",
        ),
        Documented,
        "https://developer.vonage.com/en/voice/voice-api/concepts/websockets",
    )
    .on(SIGNATURE_FINDINGS)
    .because(SIGNATURE_REASONS),
    // --- Plivo and Vobiz ---
    Fix::of(
        "plivo_url",
        Providers(&[Plivo, Vobiz]),
        (
            "the stream's URL is the text of <Stream> in the answer URL's XML; without contentType the audio is audio/x-l16;rate=8000",
            "<Response>\n\
             \x20 <Stream bidirectional=\"true\" keepCallAlive=\"true\"\n\
             \x20   contentType=\"audio/x-mulaw;rate=8000\">\n\
             \x20   @stream@\n\
             \x20 </Stream>\n\
             </Response>",
        ),
        Documented,
        "https://www.plivo.com/docs/voice-agents/audio-streaming/concepts/audio-streaming-reference",
    )
    .on(&[
        WrongPath,
        WrongScheme,
        WrongPort,
        OrdinaryPage,
        NoSuchService,
        TunnelOffline,
        PayloadRejected,
        FirstMessageRejected,
    ])
    .because(&[
        DnsNxdomain,
        DnsNoAddress,
        DnsCnameDangling,
        WebhookUrlInvalid,
        WebhookUrlPrivate,
        WebhookNoStream,
        WebhookStreamInvalid,
        Reason::from_status(404),
        AppWrongRate,
    ]),
    // --- Bandwidth ---
    Fix::of(
        "bandwidth_url",
        Providers(&[Bandwidth]),
        (
            "the stream's URL stands in the BXML of the application's webhook; StartStream must not be the last verb",
            "<Response>\n\
             \x20 <StartStream mode=\"bidirectional\"\n\
             \x20   destination=\"@stream@\"/>\n\
             \x20 <Pause duration=\"3600\"/>\n\
             </Response>",
        ),
        Documented,
        "https://dev.bandwidth.com/docs/voice/programmable-voice/bxml/startStream",
    )
    .on(URL_FINDINGS)
    .because(URL_REASONS),
    Fix::of(
        "bandwidth_login",
        Providers(&[Bandwidth]),
        (
            "the stream carries a login (Basic) only where the BXML has one",
            "<StartStream destination=\"@stream@\"\n\
             \x20 destinationUsername=\"…\" destinationPassword=\"…\"/>",
        ),
        Documented,
        "https://dev.bandwidth.com/docs/voice/programmable-voice/bxml/startStream",
    )
    .on(SIGNATURE_FINDINGS)
    .because(SIGNATURE_REASONS),
    // --- Exotel ---
    Fix::of(
        "exotel_url",
        Providers(&[Exotel]),
        (
            "the stream's URL stands in the Stream or Voicebot applet of the flow, or in the JSON that its https:// address returns; \
             the rate is part of it",
            "@stream@?sample-rate=16000",
        ),
        Documented,
        "https://developer.exotel.com/docs/agentstream/stream-voicebot-applet",
    )
    .on(URL_FINDINGS)
    .because(URL_REASONS),
    // --- others ---
    Fix::of(
        "asterisk_url",
        Providers(&[Asterisk]),
        (
            "the stream's URL stands in websocket_client.conf (`voice`: the connection's name)",
            "[voice]\n\
             type = websocket_client\n\
             uri = @stream@\n\
             protocols = media",
        ),
        Documented,
        "https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket/",
    )
    .on(URL_FINDINGS)
    .because(URL_REASONS),
    Fix::of(
        "jambonz_url",
        Providers(&[Jambonz]),
        (
            "the stream's URL stands in the application's `listen` verb; `sampleRate` says which audio goes",
            "{\"verb\": \"listen\", \"sampleRate\": 8000,\n\
             \x20\"url\": \"@stream@\"}",
        ),
        Documented,
        "https://docs.jambonz.org/verbs/verbs/listen",
    )
    .on(URL_FINDINGS)
    .because(URL_REASONS),
    Fix::of(
        "acs_url",
        Providers(&[Acs]),
        (
            "the stream's URL stands in the media streaming options of the call",
            "\"mediaStreamingOptions\": {\n\
             \x20 \"transportType\": \"websocket\",\n\
             \x20 \"transportUrl\": \"@stream@\",\n\
             \x20 \"contentType\": \"audio\", \"audioChannelType\": \"mixed\",\n\
             \x20 \"audioFormat\": \"pcm24KMono\", \"enableBidirectional\": true}",
        ),
        Documented,
        "https://learn.microsoft.com/azure/communication-services/how-tos/call-automation/audio-streaming-quickstart",
    )
    .on(URL_FINDINGS)
    .because(URL_REASONS),
    Fix::of(
        "genesys_url",
        Providers(&[Genesys]),
        (
            "the stream's URL and API key stand in the AudioHook integration (Genesys Cloud Admin > Integrations; the labels of the \
             fields are not verified)",
            "Connection URI  @stream@\n\
             API Key         …",
        ),
        Assumed,
        "https://github.com/purecloudlabs/audiohook-reference-implementation",
    )
    .on(URL_FINDINGS)
    .because(URL_REASONS),
    Fix::of(
        "sinch_url",
        Providers(&[Sinch]),
        (
            "the stream's URL stands in the SVAML action connectStream",
            "{\"action\": {\"name\": \"connectStream\",\n\
             \x20 \"destination\": {\"type\": \"Websocket\",\n\
             \x20   \"endpoint\": \"@stream@\"}}}",
        ),
        Documented,
        "https://developers.sinch.com/docs/voice/api-reference/svaml/streams",
    )
    .on(URL_FINDINGS)
    .because(URL_REASONS),
];
