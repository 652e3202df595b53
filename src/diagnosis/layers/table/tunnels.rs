//! Tunnels to machines without a public address.

use super::super::Layer::{CloudflareTunnel, Ngrok};
use super::super::Sign::{Body, Header, HeaderIs, Host, Status};
use super::super::Signature;
use super::super::Standing::{Documented, Seen};
use crate::outcome::Confidence::Certain;
use crate::outcome::Finding::{BackendFails, TunnelOffline, TunnelPage, UpgradeLost};
use crate::outcome::Owner::{Configuration, Edge, Server};

const NGROK_HOSTS: &[&str] =
    &["ngrok-free.app", "ngrok-free.dev", "ngrok.app", "ngrok.dev", "ngrok.io", "ngrok.pizza", "ngrok-free.pizza"];

/// The rows.
pub(super) const ROWS: &[Signature] = &[
    Signature::of(
        "cloudflare_tunnel_hosts",
        CloudflareTunnel,
        &[Host(&["trycloudflare.com", "cfargotunnel.com"])],
        Documented,
        "https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/do-more-with-tunnels/trycloudflare/",
    ),
    Signature::of(
        "cloudflare_tunnel_offline",
        CloudflareTunnel,
        &[Status(&[530]), Header("cf-ray"), Body("1033")],
        Documented,
        "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-1033/",
    )
    .means(
        TunnelOffline,
        Certain,
        Edge,
        "no cloudflared is connected for this tunnel (error 1033)",
        "start cloudflared on the server's machine and see that it can reach the network; a quick tunnel \
             gets a new name each time",
    ),
    Signature::of(
        "cloudflare_tunnel_backend",
        CloudflareTunnel,
        &[Status(&[502]), Body("Unable to reach the origin service")],
        Documented,
        "https://developers.cloudflare.com/cloudflare-one/faq/cloudflare-tunnels-faq/",
    )
    .means(
        BackendFails,
        Certain,
        Server,
        "the tunnel works, and cloudflared cannot reach the server behind it",
        "start the server, or give cloudflared the right port and scheme in its service URL",
    ),
    Signature::of("ngrok_hosts", Ngrok, &[Host(NGROK_HOSTS)], Documented, "https://ngrok.com/docs/universal-gateway/domains/"),
    Signature::of("ngrok_error", Ngrok, &[Header("ngrok-error-code")], Seen, "https://ngrok.com/docs/errors/"),
    Signature::of(
        "ngrok_offline",
        Ngrok,
        &[Status(&[404]), HeaderIs("ngrok-error-code", "ERR_NGROK_3200")],
        Documented,
        "https://ngrok.com/docs/errors/err_ngrok_3200",
    )
    .means(
        TunnelOffline,
        Certain,
        Edge,
        "the ngrok endpoint is offline: no agent serves this name (ERR_NGROK_3200)",
        "start the agent with this very name (`ngrok http 5050 --url https://voice.example.com`), or use \
             the name that the running agent shows",
    ),
    Signature::of(
        "ngrok_backend_refused",
        Ngrok,
        &[Status(&[502]), HeaderIs("ngrok-error-code", "ERR_NGROK_8012")],
        Documented,
        "https://ngrok.com/docs/errors/err_ngrok_8012",
    )
    .means(
        BackendFails,
        Certain,
        Server,
        "the ngrok agent works, and nothing listens on the port that it forwards to (ERR_NGROK_8012)",
        "start the server on the port that the agent was given, or start the agent with the server's port",
    ),
    Signature::of(
        "ngrok_backend_invalid",
        Ngrok,
        &[HeaderIs("ngrok-error-code", "ERR_NGROK_3004")],
        Documented,
        "https://ngrok.com/docs/errors/err_ngrok_3004",
    )
    .means(
        BackendFails,
        Certain,
        Configuration,
        "the server behind ngrok does not answer with HTTP: as a rule it speaks https and the agent http \
             (ERR_NGROK_3004)",
        "start the agent with the server's whole address: `ngrok http https://localhost:5050`",
    ),
    Signature::of(
        "ngrok_no_upgrade",
        Ngrok,
        &[HeaderIs("ngrok-error-code", "ERR_NGROK_3206")],
        Documented,
        "https://ngrok.com/docs/errors/err_ngrok_3206",
    )
    .means(
        UpgradeLost,
        Certain,
        Edge,
        "ngrok got the request without `Connection: upgrade` (ERR_NGROK_3206)",
        "let whatever is in front of ngrok pass the Upgrade and Connection headers",
    ),
    Signature::of(
        "ngrok_no_backend",
        Ngrok,
        &[HeaderIs("ngrok-error-code", "ERR_NGROK_724")],
        Documented,
        "https://ngrok.com/docs/errors/err_ngrok_724",
    )
    .means(
        TunnelOffline,
        Certain,
        Edge,
        "no backend serves the ngrok endpoint (ERR_NGROK_724)",
        "start the agent, or attach a backend to the endpoint",
    ),
    Signature::of(
        "ngrok_page",
        Ngrok,
        &[Status(&[200]), HeaderIs("ngrok-error-code", "ERR_NGROK_6024")],
        Seen,
        "https://ngrok.com/docs/pricing-limits/free-plan-limits/",
    )
    .means(
        TunnelPage,
        Certain,
        Configuration,
        "ngrok's warning page for browsers answered (ERR_NGROK_6024), as the request's User-Agent looks \
             like a browser's",
        "take another `user_agent`, or send the header `ngrok-skip-browser-warning`; providers do not look \
             like browsers",
    ),
];
