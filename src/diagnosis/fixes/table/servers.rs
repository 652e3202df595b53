//! Servers and frameworks: the user's own code and how it is started.

use super::super::fix::Fix;
use super::super::fix::Whom::Layers;
use crate::diagnosis::layers::Layer::{
    Aiohttp, Express, Fastapi, Fastify, Gunicorn, NextJs, NodeWs, PythonWebsockets, SockJs, SocketIo, Uvicorn, Werkzeug,
};
use crate::diagnosis::layers::Standing::{Assumed, Documented};
use crate::outcome::Finding::{KeepaliveTimeout, MessageTooBig, NotPlainWebsocket, PlainGet, RejectedBeforeAccept, RouteMissing};
use crate::outcome::Reason::{WebhookForbidden, WebhookUnreadable, WebhookUrlInvalid};

const UVICORN: &str = "https://www.uvicorn.org/settings/";
const WS: &str = "https://github.com/websockets/ws";
const WEBSOCKETS: &str = "https://websockets.readthedocs.io/en/stable/topics/keepalive.html";

/// The rows.
pub(super) const ROWS: &[Fix] = &[
    // --- uvicorn and FastAPI ---
    Fix::of(
        "uvicorn_websocket",
        Layers(&[Uvicorn, Fastapi]),
        (
            "give uvicorn its WebSocket package (else its log has \"Unsupported upgrade request\"), and the path a WebSocket route",
            "pip install 'uvicorn[standard]'\n\
             # main.py\n\
             @app.websocket(\"@path@\")\n\
             async def media(websocket: WebSocket):\n\
             \x20   await websocket.accept()",
        ),
        Documented,
        "https://fastapi.tiangolo.com/advanced/websockets/",
    )
    .on(&[PlainGet]),
    Fix::of(
        "uvicorn_route",
        Layers(&[Uvicorn, Fastapi]),
        (
            "list the WebSocket routes (main:app: the application); if this path is among them, what runs before `accept()` refuses \
             the caller",
            "python -c 'from main import app\n\
             print([r.path for r in app.routes if \"WebSocket\" in type(r).__name__])'",
        ),
        Assumed,
        "https://www.starlette.io/routing/",
    )
    .on(&[RejectedBeforeAccept]),
    Fix::of(
        "uvicorn_keepalive",
        Layers(&[Uvicorn]),
        (
            "wait longer for the pong than 20 s, and keep blocking work out of the event loop",
            "uvicorn main:app --ws-ping-interval 20 --ws-ping-timeout 60",
        ),
        Documented,
        UVICORN,
    )
    .on(&[KeepaliveTimeout]),
    Fix::of(
        "uvicorn_size",
        Layers(&[Uvicorn]),
        ("take larger messages; this is the default, so look for a smaller one where it starts", "uvicorn main:app --ws-max-size 16777216"),
        Documented,
        UVICORN,
    )
    .on(&[MessageTooBig]),
    Fix::of(
        "uvicorn_forwarded",
        Layers(&[Uvicorn]),
        (
            "let uvicorn believe the proxy's X-Forwarded-Proto, so that the URL which is checked, and written into the answer, is the \
             public one (10.0.0.1: the proxy's address)",
            "uvicorn main:app --proxy-headers --forwarded-allow-ips 10.0.0.1",
        ),
        Documented,
        UVICORN,
    )
    .because(&[WebhookForbidden, WebhookUrlInvalid]),
    Fix::of(
        "fastapi_xml",
        Layers(&[Uvicorn, Fastapi]),
        (
            "return the document as XML, and not as a text, which FastAPI writes as JSON (`twiml`: the document)",
            "from fastapi import Response\n\
             return Response(content=str(twiml), media_type=\"text/xml\")",
        ),
        Assumed,
        "https://fastapi.tiangolo.com/advanced/response-directly/",
    )
    .because(&[WebhookUnreadable]),
    // --- gunicorn ---
    Fix::of(
        "gunicorn_worker",
        Layers(&[Gunicorn]),
        (
            "start it with a worker that speaks WebSocket: the first for ASGI (FastAPI, Starlette), the second for Flask with \
             flask-sock",
            "gunicorn main:app -k uvicorn.workers.UvicornWorker\n\
             gunicorn main:app -k gthread --threads 100",
        ),
        Assumed,
        "https://docs.gunicorn.org/en/stable/settings.html#worker-class",
    )
    .on(&[PlainGet]),
    // --- other Python ---
    Fix::of(
        "websockets_keepalive",
        Layers(&[PythonWebsockets]),
        (
            "wait longer for the pong than 20 s, and keep blocking work out of the event loop",
            "async with serve(handler, \"0.0.0.0\", 5050,\n\
             \x20                ping_interval=20, ping_timeout=60) as server:\n\
             \x20   await server.serve_forever()",
        ),
        Documented,
        WEBSOCKETS,
    )
    .on(&[KeepaliveTimeout]),
    Fix::of(
        "flask_routes",
        Layers(&[Werkzeug]),
        ("compare the path with the routes that there are", "flask routes"),
        Assumed,
        "https://flask.palletsprojects.com/en/stable/cli/",
    )
    .on(&[RouteMissing]),
    Fix::of(
        "aiohttp_route",
        Layers(&[Aiohttp]),
        ("give the path a route", "app.router.add_get(\"@path@\", media)"),
        Assumed,
        "https://docs.aiohttp.org/en/stable/web_quickstart.html#websockets",
    )
    .on(&[RouteMissing]),
    // --- Node ---
    Fix::of(
        "express_upgrade",
        Layers(&[Express]),
        (
            "attach the WebSocket server to the HTTP server that listens: app.listen() alone takes no upgrades",
            "const server = require(\"http\").createServer(app);\n\
             const { WebSocketServer } = require(\"ws\");\n\
             new WebSocketServer({ server, path: \"@path@\" })\n\
             \x20 .on(\"connection\", (ws) => { /* … */ });\n\
             server.listen(process.env.PORT, \"0.0.0.0\");",
        ),
        Assumed,
        WS,
    )
    .on(&[PlainGet]),
    Fix::of(
        "express_post",
        Layers(&[Express]),
        ("give the path a route for POST", "app.post(\"@path@\", (req, res) => { /* … */ });"),
        Assumed,
        "https://expressjs.com/en/guide/routing.html",
    )
    .on(&[RouteMissing]),
    Fix::of(
        "express_forwarded",
        Layers(&[Express]),
        (
            "let Express believe the proxy's X-Forwarded-Proto (1: one proxy in front), and check the signature against the public URL",
            "app.set(\"trust proxy\", 1);\n\
             app.use(twilio.webhook({ protocol: \"https\", host: \"@host@\" }));",
        ),
        Documented,
        "https://expressjs.com/en/guide/behind-proxies.html",
    )
    .because(&[WebhookForbidden]),
    Fix::of(
        "express_xml",
        Layers(&[Express]),
        ("send the document as XML (`twiml`: the document)", "res.type(\"text/xml\").send(twiml.toString());"),
        Assumed,
        "https://expressjs.com/en/api.html#res.type",
    )
    .because(&[WebhookUnreadable]),
    Fix::of(
        "fastify_websocket",
        Layers(&[Fastify]),
        (
            "register the plugin before the routes, and mark the route",
            "await fastify.register(require(\"@fastify/websocket\"));\n\
             fastify.get(\"@path@\", { websocket: true },\n\
             \x20 (socket, request) => { /* … */ });",
        ),
        Assumed,
        "https://github.com/fastify/fastify-websocket",
    )
    .on(&[PlainGet]),
    Fix::of(
        "fastify_post",
        Layers(&[Fastify]),
        ("give the path a route for POST", "fastify.post(\"@path@\", async (request, reply) => { /* … */ });"),
        Assumed,
        "https://fastify.dev/docs/latest/Reference/Routes/",
    )
    .on(&[RouteMissing]),
    Fix::of(
        "node_ws_path",
        Layers(&[NodeWs]),
        ("give the WebSocket server this path", "new WebSocketServer({ server, path: \"@path@\" })"),
        Assumed,
        "https://github.com/websockets/ws/blob/master/doc/ws.md",
    )
    .on(&[RouteMissing]),
    Fix::of(
        "next_server",
        Layers(&[NextJs]),
        (
            "serve the stream with a process of its own beside Next.js, at its own port or host",
            "// stream.js\n\
             const { WebSocketServer } = require(\"ws\");\n\
             new WebSocketServer({ port: 5050, path: \"@path@\" })\n\
             \x20 .on(\"connection\", (ws) => { /* … */ });",
        ),
        Assumed,
        WS,
    )
    .on(&[PlainGet]),
    // --- protocols of their own ---
    Fix::of(
        "plain_websocket",
        Layers(&[SocketIo, SockJs]),
        (
            "serve the stream with a plain WebSocket server on a path of its own, beside the other: Node with ws, or Flask with \
             flask-sock",
            "// Node\n\
             new WebSocketServer({ server, path: \"@path@\" })\n\
             # Flask\n\
             sock = Sock(app)\n\
             @sock.route(\"@path@\")\n\
             def media(ws): ...",
        ),
        Assumed,
        "https://flask-sock.readthedocs.io/en/latest/quickstart.html",
    )
    .on(&[NotPlainWebsocket]),
];
