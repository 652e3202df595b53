//! Answers of other people's hosts, tunnels, proxies and frameworks, as they give them in a server's place.
//!
//! Written from their documentation and sources, without a look at how the diagnosis recognises them. Deliberately absent: what the
//! families `http-<code>` have already, and the time of day.

/// An answer: status line, headers, empty line, body. It ends with the connection, so that no length has to be counted.
macro_rules! answer {
    ($status:literal, [$($header:literal),* $(,)?], $body:literal) => {
        concat!("HTTP/1.1 ", $status, "\r\n", $($header, "\r\n",)* "Connection: close\r\n\r\n", $body).as_bytes()
    };
}

/// <https://ngrok.com/docs/pricing-limits/free-plan-limits/>
pub(super) const NGROK_PAGE: &[u8] = answer!(
    "200 OK",
    ["Content-Type: text/html", "ngrok-error-code: ERR_NGROK_6024"],
    "<!DOCTYPE html><html class=\"h-full\" lang=\"en-US\"><body id=\"ngrok\"><div id=\"root\"></div><noscript>You are about to visit \
     voice.ngrok-free.app</noscript></body></html>"
);
/// <https://ngrok.com/docs/errors/err_ngrok_3200>
pub(super) const NGROK_OFFLINE: &[u8] = answer!(
    "404 Not Found",
    ["Content-Type: text/html", "ngrok-error-code: ERR_NGROK_3200"],
    "<!DOCTYPE html><html><body><noscript>The endpoint voice.ngrok-free.app is offline. (ERR_NGROK_3200)</noscript></body></html>"
);
/// <https://ngrok.com/docs/errors/err_ngrok_8012>
pub(super) const NGROK_REFUSED: &[u8] = answer!(
    "502 Bad Gateway",
    ["Content-Type: text/html", "ngrok-error-code: ERR_NGROK_8012"],
    "<!DOCTYPE html><html><body><noscript>Traffic was successfully tunneled to the ngrok agent, but the agent failed to establish a \
     connection to the upstream web service at localhost:5050. (ERR_NGROK_8012)</noscript></body></html>"
);
/// <https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-1033/>
pub(super) const CLOUDFLARED_OFFLINE: &[u8] = answer!(
    "530 <none>",
    ["Server: cloudflare", "CF-RAY: 9a1b2c3d4e5f6071-FRA", "Content-Type: text/html; charset=UTF-8"],
    "<!DOCTYPE html><html><head><title>Cloudflare Tunnel error | voice.example.com</title></head><body><h1>Error 1033</h1></body></html>"
);
/// <https://docs.railway.com/networking/edge-networking>
pub(super) const RAILWAY_NO_SERVICE: &[u8] = answer!(
    "404 Not Found",
    ["Server: railway-edge", "X-Railway-Fallback: true", "Content-Type: application/json"],
    "{\"status\":\"error\",\"code\":404,\"message\":\"Application not found\",\"request_id\":\"a1b2c3\"}"
);
/// <https://docs.railway.com/networking/troubleshooting/application-failed-to-respond>
pub(super) const RAILWAY_NO_ANSWER: &[u8] = answer!(
    "502 Bad Gateway",
    ["Server: railway-edge", "X-Railway-Fallback: true", "Content-Type: application/json"],
    "{\"status\":\"error\",\"code\":502,\"message\":\"Application failed to respond\",\"request_id\":\"a1b2c3\"}"
);
/// <https://render.com/docs/web-services>
pub(super) const RENDER_NO_SERVICE: &[u8] = answer!(
    "404 Not Found",
    ["Server: cloudflare", "CF-RAY: 9a1b2c3d4e5f6071-FRA", "rndr-id: 251835f2-2a4d", "x-render-routing: no-server"],
    "Not Found\n"
);
/// <https://vercel.com/docs/errors/NOT_FOUND>
pub(super) const VERCEL_NO_ROUTE: &[u8] = answer!(
    "404 Not Found",
    [
        "Server: Vercel",
        "X-Vercel-Error: NOT_FOUND",
        "X-Vercel-Id: fra1::a1b2c-1764345600000-a1b2c3d4e5f6",
        "Content-Type: text/plain"
    ],
    "The page could not be found\n\nNOT_FOUND\n\nfra1::a1b2c-1764345600000-a1b2c3d4e5f6\n"
);
/// nginx, `src/http/ngx_http_special_response.c`.
pub(super) const NGINX_502: &[u8] = answer!(
    "502 Bad Gateway",
    ["Server: nginx/1.28.0", "Content-Type: text/html"],
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n\
     <hr><center>nginx/1.28.0</center>\r\n</body>\r\n</html>\r\n"
);
pub(super) const NGINX_404: &[u8] = answer!(
    "404 Not Found",
    ["Server: nginx/1.28.0", "Content-Type: text/html"],
    "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n\
     <hr><center>nginx/1.28.0</center>\r\n</body>\r\n</html>\r\n"
);
/// What the package `ws` says where nginx has taken the header away (`lib/websocket-server.js`).
pub(super) const NGINX_UPGRADE_LOST: &[u8] =
    answer!("426 Upgrade Required", ["Server: nginx/1.28.0", "Content-Type: text/plain"], "Upgrade Required");
/// HAProxy, `src/http.c`.
pub(super) const HAPROXY_503: &[u8] = answer!(
    "503 Service Unavailable",
    ["Cache-Control: no-cache", "Content-Type: text/html"],
    "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n"
);
/// uvicorn, where the application closed before it accepted (`uvicorn/protocols/websockets/`).
pub(super) const UVICORN_DENIED: &[u8] =
    answer!("403 Forbidden", ["Content-Length: 0", "Content-Type: text/plain; charset=utf-8"], "");
/// FastAPI, where the request came without its upgrade headers (`fastapi/exception_handlers.py`).
pub(super) const FASTAPI_GET: &[u8] = answer!(
    "404 Not Found",
    ["Server: uvicorn", "Content-Length: 22", "Content-Type: application/json"],
    "{\"detail\":\"Not Found\"}"
);
/// Tornado (`tornado/websocket.py`).
pub(super) const TORNADO_400: &[u8] = answer!(
    "400 Bad Request",
    ["Server: TornadoServer/6.5", "Content-Type: text/plain"],
    "Can \"Upgrade\" only to \"WebSocket\"."
);
/// The package `ws`, where `verifyClient` says no (`lib/websocket-server.js`).
pub(super) const WS_UNAUTHORIZED: &[u8] =
    answer!("401 Unauthorized", ["Content-Type: text/html", "Content-Length: 12"], "Unauthorized");
/// Engine.IO (`packages/engine.io/lib/server.ts`).
pub(super) const SOCKET_IO: &[u8] =
    answer!("400 Bad Request", ["Content-Type: application/json"], "{\"code\":0,\"message\":\"Transport unknown\"}");
/// A registrar's page under a name that its owner gave up.
pub(super) const PARKED: &[u8] = answer!(
    "200 OK",
    ["Server: nginx", "Content-Type: text/html; charset=utf-8"],
    "<!doctype html><html lang=\"en\"><head><title>voice.example.com is for sale</title></head><body><h1>Buy this domain</h1></body></html>"
);
pub(super) const LOGIN: &[u8] = answer!("302 Found", ["Location: /login?next=%2Fhost-login", "Content-Length: 0"], "");
pub(super) const MOVED_BY_SLASH: &[u8] = answer!("307 Temporary Redirect", ["Location: /slash-wanted/", "Content-Length: 0"], "");
pub(super) const NOT_WITH_TWO_SLASHES: &[u8] =
    answer!("404 Not Found", ["Content-Type: text/plain", "Content-Length: 9"], "Not Found");
