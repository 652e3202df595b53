//! Frameworks of applications.

use super::super::Layer::{Axum, Express, Fastapi, Fastify, NextJs, SockJs, SocketIo, Werkzeug};
use super::super::Sign::{Body, BodyIs, Product, Status, Upgrade};
use super::super::Signature;
use super::super::Standing::{Documented, Seen};
use crate::outcome::Confidence::{Certain, Consistent, Likely};
use crate::outcome::Finding::{NotPlainWebsocket, PlainGet, RouteMissing, UpgradeLost};
use crate::outcome::Owner::{Application, Configuration, Edge};

const ENGINE_IO: &str = "https://github.com/socketio/socket.io packages/engine.io/lib/server.ts";
const PYTHON_ENGINE_IO: &str = "https://github.com/miguelgrinberg/python-engineio src/engineio/async_server.py";
const EXPRESS: &str = "https://github.com/pillarjs/finalhandler index.js";
const AXUM: &str = "https://docs.rs/axum/latest/axum/extract/ws/rejection/";

const SOCKET_IO: &str = "Socket.IO answered, which is a protocol of its own on top of WebSocket; no provider speaks it";
const SOCKET_IO_FIX: &str = "serve the stream with a plain WebSocket server (ws, flask-sock, FastAPI), on a path of its own \
             beside Socket.IO";
const PLAIN_GET: &str = "the application took the upgrade for an ordinary GET: the Upgrade header was lost on the way, or \
             no WebSocket handler is attached at this path";
const PLAIN_GET_FIX: &str = "ask the server itself, past the proxy: if it answers 101 there, let the proxy pass Upgrade and \
             Connection; if not, attach the WebSocket handler to this server and path";

/// The rows.
pub(super) const ROWS: &[Signature] =
    &[
        Signature::of(
            "axum_no_connection",
            Axum,
            &[Status(&[400]), Body("Connection header did not include 'upgrade'")],
            Documented,
            AXUM,
        )
        .means(
            UpgradeLost,
            Certain,
            Edge,
            "the route is right, and the request came without `Connection: upgrade`",
            "let the proxy in front pass the Upgrade and Connection headers",
        ),
        Signature::of(
            "axum_no_upgrade",
            Axum,
            &[Status(&[400]), Body("`Upgrade` header did not include 'websocket'")],
            Documented,
            AXUM,
        )
        .means(
            UpgradeLost,
            Certain,
            Edge,
            "the route is right, and the request came without `Upgrade: websocket`",
            "let the proxy in front pass the Upgrade and Connection headers",
        ),
        Signature::of(
            "fastapi_plain_get",
            Fastapi,
            &[Upgrade, Status(&[404]), BodyIs("{\"detail\":\"Not Found\"}")],
            Documented,
            "https://github.com/fastapi/fastapi fastapi/exception_handlers.py",
        )
        .means(PlainGet, Likely, Edge, PLAIN_GET, PLAIN_GET_FIX),
        Signature::of(
            "werkzeug_server",
            Werkzeug,
            &[Product("server", "Werkzeug")],
            Documented,
            "https://github.com/pallets/werkzeug src/werkzeug/serving.py",
        ),
        Signature::of(
            "werkzeug_404",
            Werkzeug,
            &[Status(&[404]), Body("If you entered the URL manually please check your spelling")],
            Documented,
            "https://github.com/pallets/werkzeug src/werkzeug/exceptions.py",
        )
        .means(
            RouteMissing,
            Likely,
            Configuration,
            "Flask has no route for this path, or has it as WebSocket only and saw an ordinary GET",
            "compare the path with `flask routes`, and let the proxy pass the Upgrade header",
        ),
        Signature::of(
            "express_powered",
            Express,
            &[Product("x-powered-by", "Express")],
            Documented,
            "https://github.com/expressjs/express lib/application.js",
        ),
        Signature::of("express_cannot_get", Express, &[Upgrade, Status(&[404]), Body("Cannot GET /")], Documented, EXPRESS)
            .means(PlainGet, Likely, Application, PLAIN_GET, PLAIN_GET_FIX),
        Signature::of("express_cannot_post", Express, &[Status(&[404]), Body("Cannot POST /")], Documented, EXPRESS).means(
            RouteMissing,
            Certain,
            Configuration,
            "the application has no route for a POST to this path",
            "compare the webhook's path and method with the application's routes",
        ),
        Signature::of(
            "fastify_plain_get",
            Fastify,
            &[Upgrade, Status(&[404]), Body("\"message\":\"Route GET:")],
            Documented,
            "https://github.com/fastify/fastify lib/fourOhFour.js",
        )
        .means(PlainGet, Likely, Application, PLAIN_GET, PLAIN_GET_FIX),
        Signature::of(
            "fastify_no_post",
            Fastify,
            &[Status(&[404]), Body("\"message\":\"Route POST:")],
            Documented,
            "https://github.com/fastify/fastify lib/fourOhFour.js",
        )
        .means(
            RouteMissing,
            Certain,
            Configuration,
            "the application has no route for a POST to this path",
            "compare the webhook's path and method with the application's routes",
        ),
        Signature::of(
            "nextjs_powered",
            NextJs,
            &[Product("x-powered-by", "Next.js")],
            Documented,
            "https://nextjs.org/docs/app/api-reference/config/next-config-js/poweredByHeader",
        ),
        Signature::of(
            "nextjs_page",
            NextJs,
            &[Upgrade, Status(&[200, 404, 405]), Product("x-powered-by", "Next.js")],
            Seen,
            "https://nextjs.org/docs/app/api-reference/file-conventions/route",
        )
        .means(
            PlainGet,
            Consistent,
            Application,
            "Next.js answered as a web server: its routes and functions do not take upgrades",
            "serve the stream with a server of its own (or Next.js behind a custom server) and use its address",
        ),
        // --- Socket.IO ---
        Signature::of("socket_io_transport", SocketIo, &[Status(&[400]), Body("Transport unknown")], Documented, ENGINE_IO)
            .means(NotPlainWebsocket, Certain, Application, SOCKET_IO, SOCKET_IO_FIX),
        Signature::of(
            "socket_io_version",
            SocketIo,
            &[Status(&[400]), Body("Unsupported protocol version")],
            Documented,
            ENGINE_IO,
        )
        .means(NotPlainWebsocket, Certain, Application, SOCKET_IO, SOCKET_IO_FIX),
        Signature::of(
            "python_socket_io_version",
            SocketIo,
            &[Status(&[400]), Body("unsupported version of the Socket.IO or Engine.IO protocols")],
            Documented,
            PYTHON_ENGINE_IO,
        )
        .means(NotPlainWebsocket, Certain, Application, SOCKET_IO, SOCKET_IO_FIX),
        Signature::of(
            "python_socket_io_transport",
            SocketIo,
            &[Status(&[400]), BodyIs("\"Invalid transport\"")],
            Documented,
            PYTHON_ENGINE_IO,
        )
        .means(NotPlainWebsocket, Certain, Application, SOCKET_IO, SOCKET_IO_FIX),
        Signature::of(
            "sockjs_welcome",
            SockJs,
            &[Status(&[200]), BodyIs("Welcome to SockJS!")],
            Documented,
            "https://github.com/sockjs/sockjs-protocol",
        )
        .means(
            NotPlainWebsocket,
            Certain,
            Application,
            "SockJS answered, which is a protocol of its own; no provider speaks it",
            "serve the stream with a plain WebSocket server, or dial SockJS's raw path (`…/websocket`)",
        ),
    ];
