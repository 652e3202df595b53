//! Answers that anything may give.

use super::super::Move::{Elsewhere, Login, Slash, ToTls};
use super::super::Sign::{Body, Moved, Status, Upgrade};
use super::super::Signature;
use super::super::Standing::{Documented, Seen};
use crate::outcome::Confidence::{Certain, Likely};
use crate::outcome::Finding::{OrdinaryPage, Redirected, UpgradeLost};
use crate::outcome::Owner::{Application, Configuration, Credentials, Edge};

const RFC_101: &str = "https://www.rfc-editor.org/rfc/rfc6455#section-4.1";
const HTML: &str = "https://html.spec.whatwg.org/multipage/syntax.html#optional-tags";
const RFC_426: &str = "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.22";
const RFC_3XX: &str = "https://www.rfc-editor.org/rfc/rfc9110#section-15.4";
const TORNADO: &str = "https://github.com/tornadoweb/tornado tornado/websocket.py";
const REDIRECTS: &[u16] = &[301, 302, 303, 307, 308];

/// The rows.
pub(super) const ROWS: &[Signature] = &[
    Signature::of_any("page_instead", &[Status(&[200]), Body("<html")], Documented, RFC_101).means(
        OrdinaryPage,
        Likely,
        Configuration,
        "a web page answered: a wrong path or host, or a static site",
        "use the address of the server that speaks WebSocket, with its whole path",
    ),
    // HTML lets its first tag be left out, and some build tools do.
    Signature::of_any("document_instead", &[Status(&[200]), Body("<!doctype html")], Documented, HTML).means(
        OrdinaryPage,
        Likely,
        Configuration,
        "a web page answered: a wrong path or host, or a static site",
        "use the address of the server that speaks WebSocket, with its whole path",
    ),
    Signature::of_any(
        "single_page_instead",
        &[Status(&[200]), Body("<!doctype html"), Body("<div id=\"root\">")],
        Seen,
        "https://github.com/vitejs/vite packages/create-vite",
    )
    .means(
        OrdinaryPage,
        Likely,
        Configuration,
        "a single-page application answered, which gives the same page for every path",
        "use the address of the server that speaks WebSocket; on Render and its like, a web service and \
             not a static site",
    ),
    Signature::of_any("upgrade_required", &[Upgrade, Status(&[426])], Documented, RFC_426).means(
        UpgradeLost,
        Likely,
        Edge,
        "the server wants an upgrade and saw none: the Upgrade header was lost on the way",
        "let the proxy in front pass the Upgrade and Connection headers",
    ),
    Signature::of_any(
        "can_upgrade_only",
        &[Upgrade, Status(&[400]), Body("Can \"Upgrade\" only to \"WebSocket\"")],
        Documented,
        TORNADO,
    )
    .means(
        UpgradeLost,
        Certain,
        Edge,
        "the route is right, and the request came without its Upgrade header (Tornado, Spring and SockJS \
             say it so)",
        "let the proxy in front pass the Upgrade and Connection headers",
    ),
    Signature::of_any(
        "connection_must_be_upgrade",
        &[Upgrade, Status(&[400]), Body("\"Connection\" must be \"Upgrade\"")],
        Documented,
        TORNADO,
    )
    .means(
        UpgradeLost,
        Certain,
        Edge,
        "the route is right, and the request came without `Connection: upgrade` (Tornado, Spring and \
             SockJS say it so)",
        "let the proxy in front pass the Upgrade and Connection headers",
    ),
    Signature::of_any("moved_to_tls", &[Status(REDIRECTS), Moved(ToTls)], Documented, RFC_3XX).means(
        Redirected,
        Certain,
        Configuration,
        "the server wants TLS and redirects to it, which no stream follows",
        "write wss:// (or https:// for a webhook)",
    ),
    Signature::of_any("moved_by_a_slash", &[Status(REDIRECTS), Moved(Slash)], Documented, RFC_3XX).means(
        Redirected,
        Certain,
        Configuration,
        "the server redirects to the same path with one slash more or less, which no stream follows",
        "write the path as it stands in Location",
    ),
    Signature::of_any("moved_to_login", &[Status(REDIRECTS), Moved(Login)], Documented, RFC_3XX).means(
        Redirected,
        Likely,
        Credentials,
        "the request is sent to a login page",
        "take the path out of the login wall: a provider has no session",
    ),
    Signature::of_any("moved_elsewhere", &[Status(REDIRECTS), Moved(Elsewhere)], Documented, RFC_3XX).means(
        Redirected,
        Likely,
        Application,
        "the server redirects elsewhere, which no stream follows",
        "use the address in Location, if it is the one of the stream",
    ),
];
