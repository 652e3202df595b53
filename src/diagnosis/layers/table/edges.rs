//! Networks in front of everything.

use super::super::Layer::{AzureFrontDoor, CloudFront, Cloudflare, Fastly};
use super::super::Sign::{Body, Certificate, Header, HeaderBegins, HeaderContains, HeaderIs, Host, Status};
use super::super::Signature;
use super::super::Standing::{Documented, Seen};
use crate::outcome::Confidence::{Certain, Consistent, Likely};
use crate::outcome::Finding::{
    BackendFails, BackendSilent, BotProtection, OriginTlsFails, PlaceholderCertificate, RefusedInFront,
};
use crate::outcome::Owner::{Application, Configuration, Edge, Server};

const CF_HEADERS: &str = "https://developers.cloudflare.com/fundamentals/reference/http-headers/";
const CF_5XX: &str = "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/";
const CF_1XXX: &str = "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/";
const CLOUDFRONT_ERRORS: &str =
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/troubleshooting-response-errors.html";
const CLOUDFRONT_HEADERS: &str =
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html";

/// The rows.
pub(super) const ROWS: &[Signature] = &[
    Signature::of("cloudflare_ray", Cloudflare, &[Header("cf-ray")], Documented, CF_HEADERS),
    Signature::of("cloudflare_server", Cloudflare, &[HeaderIs("server", "cloudflare")], Documented, CF_HEADERS),
    Signature::of(
        "cloudflare_hosts",
        Cloudflare,
        &[Host(&["workers.dev", "pages.dev"])],
        Documented,
        "https://developers.cloudflare.com/workers/configuration/routing/workers-dev/",
    ),
    Signature::of("cloudflare_520", Cloudflare, &[Status(&[520]), Header("cf-ray")], Documented, CF_5XX).means(
        BackendFails,
        Certain,
        Server,
        "Cloudflare got an empty or unreadable answer from the server behind it (520)",
        "look at the server's log at this moment: it crashed, closed the connection, or sent headers that \
             are too large",
    ),
    Signature::of("cloudflare_521", Cloudflare, &[Status(&[521]), Header("cf-ray")], Documented, CF_5XX).means(
        BackendFails,
        Certain,
        Server,
        "the server behind Cloudflare refuses the connection (521)",
        "start the server, and let its firewall accept Cloudflare's addresses",
    ),
    Signature::of("cloudflare_522", Cloudflare, &[Status(&[522]), Header("cf-ray")], Documented, CF_5XX).means(
        BackendSilent,
        Certain,
        Server,
        "Cloudflare's connection to the server behind it timed out (522)",
        "check the address in the DNS record, that the server is up, and that its firewall accepts \
             Cloudflare's addresses",
    ),
    Signature::of("cloudflare_523", Cloudflare, &[Status(&[523]), Header("cf-ray")], Documented, CF_5XX).means(
        BackendFails,
        Certain,
        Configuration,
        "Cloudflare cannot reach the server behind it (523)",
        "put the server's present address into the DNS record",
    ),
    Signature::of("cloudflare_524", Cloudflare, &[Status(&[524]), Header("cf-ray")], Documented, CF_5XX).means(
        BackendSilent,
        Certain,
        Application,
        "the server behind Cloudflare took the connection and did not answer in time (524)",
        "let the server answer the upgrade at once and do its slow work after it",
    ),
    Signature::of("cloudflare_525", Cloudflare, &[Status(&[525]), Header("cf-ray")], Documented, CF_5XX).means(
        OriginTlsFails,
        Certain,
        Server,
        "the TLS handshake between Cloudflare and the server failed (525)",
        "give the server a certificate and let it listen for TLS on the port that Cloudflare dials, with SNI",
    ),
    Signature::of("cloudflare_526", Cloudflare, &[Status(&[526]), Header("cf-ray")], Documented, CF_5XX).means(
        OriginTlsFails,
        Certain,
        Server,
        "the server's certificate does not pass Cloudflare's check (526)",
        "renew the server's certificate, or install one of Cloudflare's Origin CA, for this host name and \
             with its full chain",
    ),
    Signature::of("cloudflare_origin_dns", Cloudflare, &[Status(&[530]), Header("cf-ray"), Body("1016")], Documented, CF_1XXX)
        .means(
            BackendFails,
            Certain,
            Configuration,
            "Cloudflare cannot look up the host name of the server behind it (error 1016)",
            "mend the DNS record that this name points to",
        ),
    Signature::of("cloudflare_gateway", Cloudflare, &[Status(&[502, 504]), Header("cf-ray")], Documented, CF_5XX).means(
        BackendFails,
        Consistent,
        Server,
        "the server behind Cloudflare, or a proxy in front of it, answered 502 or 504 (Cloudflare itself \
             does so rarely)",
        "dial the server without Cloudflare, and look at its log",
    ),
    Signature::of(
        "cloudflare_challenge",
        Cloudflare,
        &[HeaderIs("cf-mitigated", "challenge")],
        Documented,
        "https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/",
    )
    .means(
        BotProtection,
        Certain,
        Edge,
        "Cloudflare's bot protection asks for a proof that only browsers give; a telephony provider fails \
             in the same way",
        "let the path or the provider's addresses pass with a WAF rule of the action Skip, or switch Bot \
             Fight Mode off",
    ),
    Signature::of("cloudflare_rule", Cloudflare, &[Status(&[403]), Header("cf-ray"), Body("1020")], Documented, CF_1XXX).means(
        RefusedInFront,
        Certain,
        Edge,
        "a firewall rule at Cloudflare blocks the request (error 1020)",
        "find the request in Cloudflare's security events and let the rule except this path",
    ),
    Signature::of("cloudflare_rate", Cloudflare, &[Status(&[429]), Header("cf-ray"), Body("1015")], Documented, CF_1XXX).means(
        RefusedInFront,
        Certain,
        Edge,
        "a rate limit at Cloudflare blocks the request (error 1015)",
        "let the rate limiting rule except this path or the provider's addresses",
    ),
    Signature::of("cloudflare_worker", Cloudflare, &[Status(&[500]), Header("cf-ray"), Body("1101")], Documented, CF_1XXX).means(
        BackendFails,
        Certain,
        Application,
        "the Worker at Cloudflare threw an exception (error 1101)",
        "read the exception with `wrangler tail` and mend the Worker",
    ),
    Signature::of(
        "cloudflare_origin_certificate",
        Cloudflare,
        &[Certificate("CloudFlare Origin")],
        Documented,
        "https://developers.cloudflare.com/ssl/origin-configuration/origin-ca/",
    )
    .means(
        PlaceholderCertificate,
        Likely,
        Configuration,
        "the certificate is one of Cloudflare's Origin CA, which Cloudflare alone trusts: the request went \
             past Cloudflare to the server",
        "set the DNS record to proxied, or give the server a certificate of a public authority",
    ),
    Signature::of("cloudfront_id", CloudFront, &[Header("x-amz-cf-id")], Seen, CLOUDFRONT_HEADERS),
    Signature::of("cloudfront_via", CloudFront, &[HeaderContains("via", "(CloudFront)")], Seen, CLOUDFRONT_HEADERS),
    Signature::of("cloudfront_hosts", CloudFront, &[Host(&["cloudfront.net"])], Documented, CLOUDFRONT_HEADERS),
    Signature::of(
        "cloudfront_refused",
        CloudFront,
        &[Status(&[403]), HeaderIs("x-cache", "Error from cloudfront")],
        Seen,
        CLOUDFRONT_ERRORS,
    )
    .means(
        RefusedInFront,
        Likely,
        Edge,
        "CloudFront, or the server behind it, refuses the request (403)",
        "let the behavior of this path pass GET with all headers of the viewer, and look at the \
             distribution's WAF and geographic rules",
    ),
    Signature::of(
        "cloudfront_backend",
        CloudFront,
        &[Status(&[502, 503]), HeaderIs("x-cache", "Error from cloudfront")],
        Documented,
        CLOUDFRONT_ERRORS,
    )
    .means(
        BackendFails,
        Likely,
        Server,
        "CloudFront got no valid answer from the origin",
        "check the origin's certificate, port and health, and which host name CloudFront sends to it",
    ),
    Signature::of(
        "cloudfront_timeout",
        CloudFront,
        &[Status(&[504]), HeaderIs("x-cache", "Error from cloudfront")],
        Documented,
        CLOUDFRONT_ERRORS,
    )
    .means(
        BackendSilent,
        Likely,
        Server,
        "the origin behind CloudFront did not answer in time",
        "let the origin's firewall accept CloudFront's addresses, and let it answer at once",
    ),
    Signature::of(
        "fastly_served_by",
        Fastly,
        &[HeaderBegins("x-served-by", "cache-")],
        Documented,
        "https://www.fastly.com/documentation/reference/http/http-headers/X-Served-By/",
    ),
    Signature::of(
        "azure_front_door",
        AzureFrontDoor,
        &[Header("x-azure-ref")],
        Seen,
        "https://learn.microsoft.com/azure/frontdoor/front-door-http-headers-protocol",
    ),
];
