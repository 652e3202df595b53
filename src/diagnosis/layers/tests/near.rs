//! Answers that look like those of the table and are not. `layers` and `findings` are what may be said of them.

use super::{Case, case};

const URL: &str = "wss://voice.example.com/media";

/// Each with the rows that it must not hit.
pub(super) fn cases() -> Vec<(Case, &'static str)> {
    [headers(), bodies(), places()].concat()
}

fn headers() -> Vec<(Case, &'static str)> {
    vec![
        (case("", URL, "404\nserver: nginx-like\n\n", "", &[]), "nginx_server"),
        (case("", URL, "404\nserver: mynginx/1.0\n\n", "", &[]), "nginx_server"),
        (case("", URL, "404\nserver: voice (behind nginx)\n\n", "", &[]), "nginx_server"),
        (case("", URL, "404\nserver: istio-envoy-like\n\n", "", &[]), "istio_server envoy_server"),
        (case("", URL, "404\nserver: cloudflare-nginx\n\n", "", &[]), "cloudflare_server nginx_server"),
        (case("", URL, "404\nvia: 1.1 google-proxy.example.com\n\n", "", &[]), "gcp_via"),
        (case("", URL, "404\nvia: google\n\n", "", &[]), "gcp_via"),
        (case("", URL, "403\ncf-mitigated: \n\n", "", &[]), "cloudflare_challenge"),
        (case("", URL, "521\nserver: voice\n\nerror code: 521", "", &[]), "cloudflare_521"),
        (case("", URL, "404\nx-powered-by: Expresso\n\n", "", &[]), "express_powered"),
        (case("", URL, "404\nx-render-routing: no-server-found\n\n", "render", &[]), "render_no_server"),
        (case("", URL, "200\nx-render-routing: no-server\n\nok", "render", &[]), "render_no_server"),
        (case("", URL, "502\nngrok-error-code: ERR_NGROK_80123\n\n", "ngrok", &[]), "ngrok_backend_refused"),
        (case("", URL, "404\nx-served-by: web-3\n\n", "", &[]), "fastly_served_by"),
        (case("", URL, "403\nserver: awselb-check\n\n", "", &[]), "alb_server alb_refused"),
        (
            case("", URL, "403\ncontent-length: 0\ncontent-type: text/html\nconnection: close\n\n", "", &[]),
            "uvicorn_rejected uvicorn_rejected_behind",
        ),
        (case("", URL, "502\nserver: Flyer/1.0\n\n", "", &[]), "fly_server fly_no_machine"),
        (case("", URL, "404\nx-vercel-error: NOT_FOUND_HERE\n\n", "", &[]), "vercel_no_route vercel_no_deployment"),
        (case("", URL, "502\nx-cache: Hit from cloudfront\n\n", "", &[]), "cloudfront_backend"),
        (case("", URL, "502\nserver: Caddyshack\n\n", "", &[]), "caddy_server caddy_502"),
        (case("", URL, "502\nserver: Caddy\n\nour own page", "caddy", &[]), "caddy_502"),
        (case("", URL, "404\nserver: gunicorn-like\n\n", "", &[]), "gunicorn_server gunicorn_no_upgrade"),
        // A proxy passes the application's own 403 on, with a body.
        (case("", URL, "403\nserver: envoy\n\n{\"error\":\"signature\"}", "envoy", &[]), "envoy_no_upgrade"),
        (
            case("", URL, "400\nconnection: close\ncontent-type: text/html\nserver: nginx\n\nBad Request", "nginx", &[]),
            "node_ws_path nginx_upgrade_lost",
        ),
    ]
}

fn bodies() -> Vec<(Case, &'static str)> {
    vec![
        (
            case("", URL, "404\n\n<p>We use ngrok, see ERR_NGROK_3200, The endpoint is offline</p>", "", &[]),
            "ngrok_error ngrok_offline",
        ),
        (
            case("", URL, "404\n\n{\"status\":\"error\",\"code\":404,\"message\":\"Application not found\"}", "", &[]),
            "railway_no_service",
        ),
        (
            case("", URL, "404\nx-railway-edge: fra1\n\n{\"message\":\"Application not found\"}", "railway", &[]),
            "railway_no_service",
        ),
        (case("", URL, "500\n\nApplication failed to respond", "", &[]), "railway_no_answer"),
        (case("", URL, "503\n\nNo server is available right now", "", &[]), "haproxy_503"),
        (case("", URL, "403\n\nthe web app is stopping", "", &[]), "azure_stopped"),
        (case("", URL, "503\n\nthere is no healthy upstream for tenant 7", "", &[]), "envoy_no_healthy"),
        (case("", URL, "502\n\n<h1>Bad Gateway</h1>", "", &[]), "traefik_backend"),
        (case("", URL, "404\n\n404 page not found", "", &[]), "go_not_found"),
        (case("", URL, "404\nx-content-type-options: nosniff\n\nthe 404 page not found text", "", &[]), "go_not_found"),
        (case("", URL, "404\n\n{\"detail\":\"Not Found\",\"code\":7}", "", &[]), "fastapi_plain_get"),
        (case("", URL, "400\n\n{\"error\":\"Invalid transport\"}", "", &[]), "python_socket_io_transport"),
        (case("", URL, "200\n\nTransport unknown", "", &[]), "socket_io_transport"),
        (case("", URL, "200\ncontent-type: text/html\n\njust text", "", &[]), "page_instead"),
        (case("", URL, "404\n\n<!doctype html><p>nothing here", "", &[]), "document_instead page_instead"),
        (case("", URL, "200\n\n<!doctype svg><svg/>", "", &[]), "document_instead page_instead"),
        (case("", URL, "530\n\nerror code: 1033", "", &[]), "cloudflare_tunnel_offline"),
        (case("", URL, "502\n\n<center><h1>502 Bad Gateway</h1></center><p>our own page</p>", "", &[]), "nginx_page nginx_502"),
        (
            case("", URL, "404\nserver: Google Frontend\n\nThe requested URL was not found on this server", "cloud run", &[]),
            "apache_404 cloud_run_no_service",
        ),
        // A 426 that is there for its own reasons still says that no upgrade was seen, and nothing of who.
        (
            case("", URL, "426\n\nplease upgrade your plan", "", &["upgrade_lost likely"]),
            "node_ws_upgrade_required nginx_upgrade_lost",
        ),
    ]
}

fn places() -> Vec<(Case, &'static str)> {
    vec![
        (case("", "wss://onrender.com/media", "404\n\n", "", &[]), "render_hosts"),
        (case("", "wss://notonrender.com/media", "404\n\n", "", &[]), "render_hosts"),
        (case("", "wss://voice.onrender.com.example.com/media", "404\n\n", "", &[]), "render_hosts"),
        (case("", "wss://x.execute-api.amazonaws.com/prod", "404\n\n", "", &[]), "api_gateway_hosts"),
        (case("", "wss://voice.example.com/up.railway.app", "404\n\n", "", &[]), "railway_hosts"),
        (case("", "not a url", "404\n\n", "", &[]), "render_hosts"),
        (case("", "wss://azurewebsites.net.example.com/media", "503\n\n", "", &[]), "azure_hosts azure_websockets_off"),
        (
            case("", "https://voice.azurewebsites.net/voice", "503\n\n", "azure app service", &[]).webhook(),
            "azure_websockets_off",
        ),
        (
            case("", "https://voice.example.com/voice", "404\nserver: gunicorn\n\n", "gunicorn", &[]).webhook(),
            "gunicorn_no_upgrade",
        ),
        // The webhook was asked with POST: its 404 is no lost upgrade.
        (
            case("", "https://voice.example.com/voice", "404\nserver: uvicorn\n\n{\"detail\":\"Not Found\"}", "uvicorn", &[])
                .webhook(),
            "uvicorn_plain_get fastapi_plain_get",
        ),
        (case("", "https://voice.example.com/voice", "426\n\n", "", &[]).webhook(), "upgrade_required"),
        // Documents of a webhook are no pages.
        (
            case(
                "",
                "https://voice.example.com/voice",
                "200\ncontent-type: text/html\n\n<?xml version=\"1.0\"?><Response/>",
                "",
                &[],
            )
            .webhook(),
            "page_instead",
        ),
        (case("", URL, "301\n\n", "", &[]), "moved_to_tls moved_elsewhere"),
        (case("", URL, "200\nlocation: /media/\n\n", "", &[]), "moved_by_a_slash"),
        (case("", URL, "302\nlocation: /author\n\n", "", &["redirected likely"]), "moved_to_login"),
        (case("", URL, "503\nvia: 1.1 heroku-router\n\n", "heroku", &[]).took(2.0), "heroku_slow"),
        (case("", URL, "", "", &[]).certificate("CN=voice.example.com, O=Example Traefik Users"), "traefik_certificate"),
        (case("", URL, "101\nx-powered-by: Express\n\n", "express", &[]), "express_cannot_get"),
        (case("", URL, "101\nserver: awselb/2.0\ncf-mitigated: challenge\n\n", "cloudflare, aws alb", &[]), "alb_502"),
    ]
}
