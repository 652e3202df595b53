//! Processes that speak HTTP or WebSocket for an application.

use super::super::Layer::{Aiohttp, Daphne, Go, Gunicorn, Hypercorn, Kestrel, NodeWs, PythonWebsockets, Tornado, Uvicorn};
use super::super::Sign::{Body, BodyIs, HeaderBegins, HeaderIs, NoHeader, Product, Status, Upgrade};
use super::super::Signature;
use super::super::Standing::{Assumed, Documented, Seen};
use crate::outcome::Confidence::{Certain, Consistent, Likely};
use crate::outcome::Finding::{PlainGet, RejectedBeforeAccept, RouteMissing, UpgradeLost};
use crate::outcome::Owner::{Application, Configuration, Credentials, Edge};

const UVICORN_SERVER: &str = "https://github.com/encode/uvicorn uvicorn/config.py";
const UVICORN_CLOSE: &str =
    "https://github.com/encode/uvicorn uvicorn/protocols/websockets/, https://github.com/encode/starlette starlette/routing.py";
const WEBSOCKETS: &str = "https://github.com/python-websockets/websockets src/websockets/server.py";
const WS: &str = "https://github.com/websockets/ws lib/websocket-server.js";
const AIOHTTP: &str = "https://github.com/aio-libs/aiohttp aiohttp/http.py, aiohttp/web_ws.py";

const REJECTED: &str = "the application closed before it accepted, which Starlette and FastAPI do for an unknown path as \
             well as for a refused caller";
const REJECTED_FIX: &str = "compare the path with the application's WebSocket routes, then look at what runs before \
             `accept()`: dependencies, signature, token, origin";

/// The rows.
pub(super) const ROWS: &[Signature] = &[
    Signature::of(
        "kestrel_server",
        Kestrel,
        &[Product("server", "Kestrel")],
        Seen,
        "https://learn.microsoft.com/aspnet/core/fundamentals/servers/kestrel",
    ),
    // --- uvicorn ---
    Signature::of("uvicorn_server", Uvicorn, &[Product("server", "uvicorn")], Documented, UVICORN_SERVER),
    Signature::of("uvicorn_denied", Uvicorn, &[Upgrade, Status(&[403]), Product("server", "uvicorn")], Documented, UVICORN_CLOSE)
        .means(RejectedBeforeAccept, Likely, Application, REJECTED, REJECTED_FIX),
    Signature::of(
        "uvicorn_rejected",
        Uvicorn,
        &[
            Upgrade,
            Status(&[403]),
            HeaderIs("content-length", "0"),
            HeaderBegins("content-type", "text/plain"),
            HeaderIs("connection", "close"),
            NoHeader("server"),
        ],
        Documented,
        UVICORN_CLOSE,
    )
    .means(RejectedBeforeAccept, Likely, Application, REJECTED, REJECTED_FIX),
    // A proxy in front adds its own Server and keeps its connection open.
    Signature::of(
        "uvicorn_rejected_behind",
        Uvicorn,
        &[Upgrade, Status(&[403]), HeaderIs("content-length", "0"), HeaderBegins("content-type", "text/plain"), BodyIs("")],
        Documented,
        UVICORN_CLOSE,
    )
    .means(RejectedBeforeAccept, Consistent, Application, REJECTED, REJECTED_FIX),
    Signature::of(
        "uvicorn_plain_get",
        Uvicorn,
        &[Upgrade, Status(&[404]), Product("server", "uvicorn")],
        Documented,
        UVICORN_CLOSE,
    )
    .means(
        PlainGet,
        Likely,
        Edge,
        "uvicorn took the request for an ordinary GET (an unknown WebSocket path would be 403): the \
             Upgrade header was lost on the way, or uvicorn has no WebSocket package",
        "let the proxy pass Upgrade and Connection, and install `uvicorn[standard]`, else uvicorn logs \
             \"Unsupported upgrade request\"",
    ),
    Signature::of(
        "hypercorn_server",
        Hypercorn,
        &[HeaderBegins("server", "hypercorn-")],
        Seen,
        "https://github.com/pgjones/hypercorn",
    ),
    Signature::of("daphne_server", Daphne, &[Product("server", "daphne")], Assumed, "https://github.com/django/daphne"),
    // --- gunicorn ---
    Signature::of(
        "gunicorn_server",
        Gunicorn,
        &[Product("server", "gunicorn")],
        Documented,
        "https://github.com/benoitc/gunicorn gunicorn/http/wsgi.py",
    ),
    Signature::of(
        "gunicorn_no_upgrade",
        Gunicorn,
        &[Upgrade, Status(&[400, 404, 426, 500]), Product("server", "gunicorn")],
        Assumed,
        "https://docs.gunicorn.org/en/stable/design.html",
    )
    .means(
        PlainGet,
        Consistent,
        Application,
        "gunicorn took the request as ordinary HTTP: its default (sync) worker speaks no WebSocket",
        "run it with a worker that does: `-k uvicorn.workers.UvicornWorker` for ASGI, `-k gevent` or \
             threads with the package that serves WebSocket for Flask",
    ),
    // --- websockets ---
    Signature::of("python_websockets_server", PythonWebsockets, &[Product("server", "websockets")], Documented, WEBSOCKETS),
    Signature::of(
        "python_websockets_no_upgrade",
        PythonWebsockets,
        &[Status(&[426]), Body("Failed to open a WebSocket connection")],
        Documented,
        WEBSOCKETS,
    )
    .means(
        UpgradeLost,
        Certain,
        Edge,
        "the WebSocket server got the request without its Upgrade or Connection header",
        "let the proxy in front pass both headers and speak HTTP/1.1 to the server",
    ),
    Signature::of(
        "python_websockets_invalid",
        PythonWebsockets,
        &[Status(&[400]), Body("Failed to open a WebSocket connection")],
        Documented,
        WEBSOCKETS,
    )
    .means(
        UpgradeLost,
        Likely,
        Edge,
        "the WebSocket server got the request with a header of the handshake missing or changed; the body \
             says which",
        "let the proxy in front pass the Sec-WebSocket headers as they are",
    ),
    // --- aiohttp ---
    Signature::of("aiohttp_server", Aiohttp, &[Product("server", "aiohttp")], Documented, AIOHTTP),
    Signature::of("aiohttp_no_upgrade", Aiohttp, &[Status(&[400]), Body("No WebSocket UPGRADE hdr")], Documented, AIOHTTP).means(
        UpgradeLost,
        Certain,
        Edge,
        "the route is right, and the request came without its Upgrade header",
        "let the proxy in front pass the Upgrade and Connection headers",
    ),
    Signature::of(
        "aiohttp_404",
        Aiohttp,
        &[Status(&[404]), Product("server", "aiohttp"), BodyIs("404: Not Found")],
        Documented,
        AIOHTTP,
    )
    .means(
        RouteMissing,
        Certain,
        Configuration,
        "the application has no route for this path",
        "compare the path with the routes that the application adds",
    ),
    Signature::of(
        "tornado_server",
        Tornado,
        &[Product("server", "TornadoServer")],
        Assumed,
        "https://github.com/tornadoweb/tornado tornado/web.py",
    ),
    // --- ws ---
    Signature::of("node_ws_upgrade_required", NodeWs, &[Upgrade, Status(&[426]), BodyIs("Upgrade Required")], Documented, WS)
        .means(
            UpgradeLost,
            Certain,
            Edge,
            "the WebSocket server got an ordinary GET: the Upgrade header was lost on the way",
            "let the proxy in front pass the Upgrade and Connection headers",
        ),
    Signature::of("node_ws_invalid_upgrade", NodeWs, &[Status(&[400]), BodyIs("Invalid Upgrade header")], Documented, WS).means(
        UpgradeLost,
        Certain,
        Edge,
        "the WebSocket server got an Upgrade header that is not `websocket`",
        "let the proxy in front pass the Upgrade header as it is",
    ),
    Signature::of(
        "node_ws_invalid_handshake",
        NodeWs,
        &[Status(&[400]), Body("Missing or invalid Sec-WebSocket-")],
        Documented,
        WS,
    )
    .means(
        UpgradeLost,
        Certain,
        Edge,
        "the WebSocket server got the request without a header of the handshake",
        "let the proxy in front pass the Sec-WebSocket headers as they are",
    ),
    Signature::of(
        "node_ws_path",
        NodeWs,
        &[
            Upgrade,
            Status(&[400]),
            BodyIs("Bad Request"),
            HeaderIs("content-type", "text/html"),
            HeaderIs("connection", "close"),
            NoHeader("server"),
            NoHeader("date"),
        ],
        Documented,
        WS,
    )
    .means(
        RouteMissing,
        Likely,
        Configuration,
        "the package ws answers so where the path is not its `path` option",
        "compare the URL's path with the `path` of `new WebSocketServer(…)`",
    ),
    Signature::of(
        "node_ws_verify",
        NodeWs,
        &[
            Upgrade,
            Status(&[401]),
            BodyIs("Unauthorized"),
            HeaderIs("content-type", "text/html"),
            HeaderIs("connection", "close"),
            NoHeader("server"),
            NoHeader("date"),
        ],
        Documented,
        WS,
    )
    .means(
        RejectedBeforeAccept,
        Likely,
        Credentials,
        "the package ws answers so where the application's `verifyClient` says no",
        "look at what `verifyClient` checks (signature, token, origin), and give the monitor the same",
    ),
    // --- Go ---
    Signature::of(
        "go_not_found",
        Go,
        &[Status(&[404]), BodyIs("404 page not found"), HeaderIs("x-content-type-options", "nosniff")],
        Documented,
        "https://pkg.go.dev/net/http#NotFound, https://github.com/traefik/traefik pkg/server/router/router.go",
    )
    .means(
        RouteMissing,
        Likely,
        Configuration,
        "a Go server has no route for this host and path; Traefik answers so where no router's rule fits",
        "compare host and path with the routes; for Traefik, look at the router's rule and entry point in \
             its dashboard",
    ),
];
