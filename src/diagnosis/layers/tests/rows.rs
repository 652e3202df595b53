//! Realistic answers, one at least for each row of the table.

use super::{Case, case};

const URL: &str = "wss://voice.example.com/media";

/// All of them.
pub(super) fn cases() -> Vec<Case> {
    [edges(), tunnels(), balancers(), platforms(), proxies(), servers(), frameworks(), unknown()].concat()
}

fn edges() -> Vec<Case> {
    vec![
        case(
            "cloudflare_ray cloudflare_server cloudflare_520",
            URL,
            "520\nserver: cloudflare\ncf-ray: 8d1f2e3a4b5c6d7e-FRA\ncontent-type: text/plain\n\nerror code: 520",
            "cloudflare",
            &["backend_fails certain"],
        ),
        case(
            "cloudflare_521",
            URL,
            "521\nserver: cloudflare\ncf-ray: 8d1-FRA\n\nerror code: 521",
            "cloudflare",
            &["backend_fails certain"],
        ),
        case(
            "cloudflare_522",
            URL,
            "522\nserver: cloudflare\ncf-ray: 8d1-FRA\n\nerror code: 522",
            "cloudflare",
            &["backend_silent certain"],
        ),
        case(
            "cloudflare_523",
            URL,
            "523\nserver: cloudflare\ncf-ray: 8d1-FRA\n\nerror code: 523",
            "cloudflare",
            &["backend_fails certain"],
        ),
        case(
            "cloudflare_524",
            URL,
            "524\nserver: cloudflare\ncf-ray: 8d1-FRA\n\nerror code: 524",
            "cloudflare",
            &["backend_silent certain"],
        ),
        case(
            "cloudflare_525",
            URL,
            "525\nserver: cloudflare\ncf-ray: 8d1-FRA\n\nerror code: 525",
            "cloudflare",
            &["origin_tls_fails certain"],
        ),
        case(
            "cloudflare_526",
            URL,
            "526\nserver: cloudflare\ncf-ray: 8d1-FRA\n\nerror code: 526",
            "cloudflare",
            &["origin_tls_fails certain"],
        ),
        case(
            "cloudflare_origin_dns",
            URL,
            "530\nserver: cloudflare\ncf-ray: 8d1-FRA\n\nerror code: 1016",
            "cloudflare",
            &["backend_fails certain"],
        ),
        case(
            "cloudflare_gateway",
            URL,
            "502\nserver: cloudflare\ncf-ray: 8d1-FRA\n\nerror code: 502",
            "cloudflare",
            &["backend_fails consistent with"],
        ),
        case(
            "cloudflare_challenge",
            URL,
            "403\nserver: cloudflare\ncf-ray: 8d1-FRA\ncf-mitigated: challenge\n\n<!DOCTYPE \
             html><html><title>Just a moment...</title>",
            "cloudflare",
            &["bot_protection certain"],
        ),
        case(
            "cloudflare_rule",
            URL,
            "403\nserver: cloudflare\ncf-ray: 8d1-FRA\n\nerror code: 1020",
            "cloudflare",
            &["refused_in_front certain"],
        ),
        case(
            "cloudflare_rate",
            URL,
            "429\nserver: cloudflare\ncf-ray: 8d1-FRA\n\nerror code: 1015",
            "cloudflare",
            &["refused_in_front certain"],
        ),
        case(
            "cloudflare_hosts cloudflare_worker",
            "wss://voice.example.workers.dev/media",
            "500\nserver: cloudflare\ncf-ray: 8d1-FRA\n\nerror code: 1101",
            "cloudflare",
            &["backend_fails certain"],
        ),
        case("cloudflare_origin_certificate", URL, "", "cloudflare", &["placeholder_certificate likely"])
            .certificate("O=CloudFlare, Inc., OU=CloudFlare Origin CA, CN=CloudFlare Origin Certificate"),
        case(
            "cloudfront_id cloudfront_via cloudfront_hosts cloudfront_refused",
            "wss://d111111abcdef8.cloudfront.net/media",
            "403\nserver: CloudFront\nx-cache: Error from cloudfront\nvia: 1.1 abc.cloudfront.net \
             (CloudFront)\nx-amz-cf-id: xyz==\n\n<HTML><H1>403 ERROR</H1>",
            "cloudfront",
            &["refused_in_front likely"],
        ),
        case(
            "cloudfront_backend",
            URL,
            "502\nserver: CloudFront\nx-cache: Error from cloudfront\nvia: 1.1 abc.cloudfront.net \
             (CloudFront)\nx-amz-cf-id: xyz==\n\n",
            "cloudfront",
            &["backend_fails likely"],
        ),
        case(
            "cloudfront_timeout",
            URL,
            "504\nserver: CloudFront\nx-cache: Error from cloudfront\nx-amz-cf-id: xyz==\n\n",
            "cloudfront",
            &["backend_silent likely"],
        ),
        case("fastly_served_by", URL, "404\nx-served-by: cache-fra-eddf8230050-FRA\nvia: 1.1 varnish\n\n", "fastly", &[]),
        case("azure_front_door", URL, "404\nx-azure-ref: 20261121T070000Z-abc\n\n", "azure front door", &[]),
    ]
}

fn tunnels() -> Vec<Case> {
    vec![
        case(
            "cloudflare_tunnel_hosts cloudflare_tunnel_offline cloudflare_ray",
            "wss://quick-brown-fox.trycloudflare.com/media",
            "530\nserver: cloudflare\ncf-ray: 8d1-FRA\n\nerror code: 1033",
            "cloudflare, cloudflare tunnel",
            &["tunnel_offline certain"],
        ),
        case(
            "cloudflare_tunnel_backend cloudflare_gateway",
            URL,
            "502\nserver: cloudflare\ncf-ray: 8d1-FRA\n\n<html>Bad gateway. Unable to reach the origin \
             service. The service may be down",
            "cloudflare, cloudflare tunnel",
            &["backend_fails certain"],
        ),
        case(
            "ngrok_hosts ngrok_error ngrok_offline",
            "wss://abc.ngrok-free.app/media",
            "404\ncontent-type: text/html\nngrok-error-code: ERR_NGROK_3200\n\n<!DOCTYPE html><html>",
            "ngrok",
            &["tunnel_offline certain"],
        ),
        case(
            "ngrok_backend_refused",
            "wss://abc.ngrok.io/media",
            "502\ncontent-type: text/html\nngrok-error-code: ERR_NGROK_8012\n\n<!DOCTYPE html><html>",
            "ngrok",
            &["backend_fails certain"],
        ),
        case(
            "ngrok_backend_invalid",
            "https://abc.ngrok.dev/voice",
            "502\nngrok-error-code: ERR_NGROK_3004\n\n",
            "ngrok",
            &["backend_fails certain"],
        )
        .webhook(),
        case(
            "ngrok_no_upgrade",
            "wss://abc.ngrok.app/media",
            "400\nngrok-error-code: ERR_NGROK_3206\n\n",
            "ngrok",
            &["upgrade_lost certain"],
        ),
        case(
            "ngrok_no_backend",
            "wss://abc.ngrok.app/media",
            "503\nngrok-error-code: ERR_NGROK_724\n\n",
            "ngrok",
            &["tunnel_offline certain"],
        ),
        case(
            "ngrok_page",
            "wss://abc.ngrok-free.app/media",
            "200\ncontent-type: text/html\nngrok-error-code: ERR_NGROK_6024\n\n<!DOCTYPE html><html \
             class=\"h-full\">",
            "ngrok",
            &["tunnel_page likely"],
        ),
    ]
}

fn balancers() -> Vec<Case> {
    let alb = "wss://voice-123.eu-central-1.elb.amazonaws.com/media";
    vec![
        case(
            "alb_server alb_hosts alb_502",
            alb,
            "502\nserver: awselb/2.0\n\n<html><center><h1>502 Bad Gateway</h1></center></html>",
            "aws alb",
            &["backend_fails likely"],
        ),
        case("alb_503", URL, "503\nserver: awselb/2.0\n\n<html>", "aws alb", &["backend_fails likely"]),
        case("alb_504", URL, "504\nserver: awselb/2.0\n\n<html>", "aws alb", &["backend_silent likely"]),
        case("alb_refused", URL, "403\nserver: awselb/2.0\n\n<html>", "aws alb", &["refused_in_front likely"]),
        case("alb_no_rule", URL, "404\nserver: awselb/2.0\n\n", "aws alb", &["route_missing consistent with"]),
        case(
            "api_gateway_hosts api_gateway_forbidden api_gateway_rest_id",
            "wss://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod",
            "403\nx-amzn-requestid: 1-2\nx-amz-apigw-id: AbC=\n\n{\"message\": \"Forbidden\", \
             \"connectionId\":\"x=\", \"requestId\":\"y=\"}",
            "aws api gateway",
            &["refused_in_front likely"],
        ),
        case(
            "api_gateway_no_method",
            "wss://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod",
            "403\nx-amzn-requestid: 1-2\nx-amz-apigw-id: AbC=\n\n{\"message\":\"Missing Authentication Token\"}",
            "aws api gateway",
            &["route_missing likely"],
        ),
        case(
            "api_gateway_http_id api_gateway_timeout",
            "https://api.example.com/voice",
            "504\napigw-requestid: AbC=\n\n{\"message\":\"Endpoint request timed out\"}",
            "aws api gateway",
            &["backend_silent likely"],
        )
        .webhook(),
        case(
            "gcp_via gcp_backend",
            URL,
            "502\nvia: 1.1 google\n\n<html><h1>Error: Server Error</h1><h2>The server encountered a temporary \
             error and could not complete",
            "gcp load balancer",
            &["backend_fails consistent with"],
        ),
        case(
            "azure_application_gateway azure_application_gateway_backend",
            URL,
            "502\nserver: Microsoft-Azure-Application-Gateway/v2\n\n<html>",
            "azure application gateway",
            &["backend_fails likely"],
        ),
    ]
}

fn platforms() -> Vec<Case> {
    [railway_and_render(), heroku_and_fly(), vercel_and_static_hosts(), google_and_azure()].concat()
}

fn railway_and_render() -> Vec<Case> {
    vec![
        case(
            "railway_server railway_request_id railway_edge railway_hosts railway_no_service",
            "wss://voice-production.up.railway.app/media",
            "404\nserver: railway-edge\nx-railway-edge: railway/europe-west4\nx-railway-request-id: \
             abc\nx-railway-fallback: true\ncontent-type: application/json\n\n{\"status\":\"error\",\"code\":404,\"message\":\"Application not found\",\"request_id\":\"abc\"}",
            "railway",
            &["no_such_service likely"],
        ),
        case(
            "railway_no_train",
            "wss://voice-production.up.railway.app/media",
            "404\nserver: railway-edge\n\n<!DOCTYPE html><html><h1>Not Found</h1><p>The train has not arrived \
             at the station.</p>",
            "railway",
            &["no_such_service likely"],
        ),
        case(
            "railway_no_answer",
            "wss://voice-production.up.railway.app/media",
            "502\nserver: railway-edge\nx-railway-fallback: true\n\n{\"status\":\"error\",\"code\":502,\"message\":\"Application failed to respond\"}",
            "railway",
            &["backend_fails certain"],
        ),
        case(
            "render_id render_routing render_hosts render_no_server cloudflare_ray",
            "wss://voice.onrender.com/media",
            "404\nserver: cloudflare\ncf-ray: 8d1-FRA\nrndr-id: 251835f2-2a4d-4591\nx-render-routing: \
             no-server\n\nNot Found",
            "cloudflare, render",
            &["no_such_service likely"],
        ),
        case(
            "render_asleep",
            "wss://voice.onrender.com/media",
            "503\nserver: cloudflare\ncf-ray: 8d1-FRA\nrndr-id: 251835f2\nx-render-routing: \
             hibernate-wake-error\ncontent-length: 0\n\n",
            "cloudflare, render",
            &["service_stopped likely"],
        ),
        case(
            "render_origin express_powered express_cannot_get",
            "wss://voice.onrender.com/media",
            "404\nserver: cloudflare\ncf-ray: 8d1-FRA\nrndr-id: 1\nx-render-origin-server: \
             Render\nx-powered-by: Express\n\n<!DOCTYPE html>\n<html lang=\"en\">\n<pre>Cannot GET /media</pre>",
            "cloudflare, render, express",
            &["plain_get likely"],
        ),
    ]
}

fn heroku_and_fly() -> Vec<Case> {
    vec![
        case(
            "heroku_router heroku_server heroku_hosts heroku_no_app",
            "wss://voice.herokuapp.com/media",
            "404\nserver: Heroku\nvia: 1.1 heroku-router\n\n<html><iframe \
             src=\"//www.herokucdn.com/error-pages/no-such-app.html\">",
            "heroku",
            &["no_such_service likely"],
        ),
        case(
            "heroku_vegur heroku_application_error",
            URL,
            "503\nserver: Cowboy\nvia: 1.1 vegur\n\n<html><iframe src=\"//www.herokucdn.com/error-pages/application-error.html\">",
            "heroku",
            &["backend_fails likely"],
        ),
        case(
            "heroku_slow heroku_application_error",
            URL,
            "503\nserver: Heroku\nvia: 1.1 heroku-router\n\n<html><iframe \
             src=\"//www.herokucdn.com/error-pages/application-error.html\">",
            "heroku",
            &["backend_silent likely", "backend_fails likely"],
        )
        .took(30.1),
        case(
            "fly_request_id fly_server fly_via fly_hosts fly_no_machine",
            "wss://voice.fly.dev/media",
            "503\nserver: Fly/a04ef97 (2026-11-20)\nvia: 1.1 fly.io\nfly-request-id: 01JCZ-fra\n\n",
            "fly",
            &["backend_fails consistent with"],
        ),
    ]
}

fn vercel_and_static_hosts() -> Vec<Case> {
    vec![
        case(
            "vercel_server vercel_id vercel_hosts vercel_no_deployment",
            "wss://voice.vercel.app/media",
            "404\nserver: Vercel\nx-vercel-error: DEPLOYMENT_NOT_FOUND\nx-vercel-id: fra1::abc\n\nThe \
             deployment could not be found on Vercel.\n\nDEPLOYMENT_NOT_FOUND",
            "vercel",
            &["no_such_service certain"],
        ),
        case(
            "vercel_no_route",
            URL,
            "404\nserver: Vercel\nx-vercel-error: NOT_FOUND\n\nNOT_FOUND",
            "vercel",
            &["route_missing certain"],
        ),
        case(
            "vercel_stopped",
            URL,
            "402\nserver: Vercel\nx-vercel-error: DEPLOYMENT_DISABLED\n\n",
            "vercel",
            &["service_stopped certain"],
        ),
        case(
            "vercel_function_failed",
            URL,
            "500\nserver: Vercel\nx-vercel-error: FUNCTION_INVOCATION_FAILED\n\n",
            "vercel",
            &["backend_fails certain"],
        ),
        case(
            "vercel_function_slow",
            URL,
            "504\nserver: Vercel\nx-vercel-error: FUNCTION_INVOCATION_TIMEOUT\n\n",
            "vercel",
            &["backend_silent certain"],
        ),
        case(
            "netlify_server netlify_id netlify_hosts netlify_not_found",
            "wss://voice.netlify.app/media",
            "404\nserver: Netlify\nx-nf-request-id: 01JCZ\n\nNot Found - Request ID: 01JCZ",
            "netlify",
            &["no_such_service consistent with"],
        ),
        case(
            "github_pages",
            "wss://voice.example.com/media",
            "404\nserver: GitHub.com\nx-github-request-id: A1:B2\nx-served-by: cache-fra-1\n\n<!DOCTYPE html>",
            "fastly, github pages",
            &["ordinary_page consistent with"],
        ),
    ]
}

fn google_and_azure() -> Vec<Case> {
    vec![
        case(
            "google_frontend cloud_run_hosts cloud_run_not_allowed",
            "wss://voice-abc123-ew.a.run.app/media",
            "403\nserver: Google Frontend\n\n<html><h1>Error: Forbidden</h1><h2>Your client does not have \
             permission to get URL <code>/media</code>",
            "cloud run",
            &["refused_in_front consistent with"],
        ),
        case(
            "cloud_run_no_service",
            "wss://voice-abc123-ew.a.run.app/media",
            "404\n\n<html><p>The requested URL <code>/media</code> was not found on this server.",
            "cloud run",
            &["no_such_service consistent with"],
        ),
        case(
            "cloud_run_no_instance",
            "wss://voice-abc123-ew.a.run.app/media",
            "503\nserver: Google Frontend\n\nService Unavailable",
            "cloud run",
            &["backend_fails consistent with"],
        ),
        case(
            "azure_hosts azure_stopped",
            "wss://voice.azurewebsites.net/media",
            "403\n\n<html><title>Web App - Unavailable</title><h1>Error 403 - This web app is stopped.</h1>",
            "azure app service",
            &["service_stopped likely"],
        ),
        case(
            "azure_websockets_off iis_server",
            "wss://voice-a1b2.westeurope-01.azurewebsites.net/media",
            "503\nserver: Microsoft-IIS/10.0\n\n",
            "azure app service, iis",
            &["upgrade_lost consistent with"],
        ),
    ]
}

fn proxies() -> Vec<Case> {
    [meshes(), nginx(), other_proxies()].concat()
}

fn meshes() -> Vec<Case> {
    vec![
        case(
            "istio_server envoy_upstream envoy_connect",
            URL,
            "503\nserver: istio-envoy\nx-envoy-upstream-service-time: 3\n\nupstream connect error or \
             disconnect/reset before headers. reset reason: connection failure",
            "istio, envoy",
            &["backend_fails certain"],
        ),
        case(
            "envoy_server envoy_no_healthy",
            URL,
            "503\nserver: envoy\n\nno healthy upstream",
            "envoy",
            &["backend_fails likely"],
        ),
        case("envoy_no_upgrade", URL, "403\nserver: envoy\ncontent-length: 0\n\n", "envoy", &["upgrade_lost consistent with"]),
        case(
            "kong_server kong_no_route",
            URL,
            "404\nserver: kong/3.9.0\n\n{\n  \"message\":\"no Route matched with those values\",\n  \
             \"request_id\":\"a\"\n}",
            "kong",
            &["route_missing certain"],
        ),
        case(
            "kong_via kong_backend",
            URL,
            "502\nvia: 1.1 kong/3.9.0\n\n{\"message\":\"An invalid response was received from the upstream \
             server\"}",
            "kong",
            &["backend_fails certain"],
        ),
        case(
            "traefik_no_server",
            URL,
            "503\ncontent-type: text/plain\n\nno available server\n",
            "traefik",
            &["backend_fails certain"],
        ),
        case(
            "traefik_backend",
            URL,
            "502\ncontent-type: text/plain\n\nBad Gateway",
            "traefik",
            &["backend_fails consistent with"],
        ),
        case("traefik_certificate", URL, "", "traefik", &["placeholder_certificate likely"])
            .certificate("CN=TRAEFIK DEFAULT CERT"),
    ]
}

fn nginx() -> Vec<Case> {
    vec![
        case("ingress_no_rule", URL, "404\n\ndefault backend - 404", "ingress-nginx", &["route_missing certain"]),
        case("ingress_certificate", "https://voice.example.com/voice", "", "ingress-nginx", &["placeholder_certificate likely"])
            .certificate("O=Acme Co, CN=Kubernetes Ingress Controller Fake Certificate")
            .webhook(),
        case(
            "openresty_server openresty_page",
            URL,
            "404\nserver: openresty/1.27.1.1\n\n<html><center><h1>404 Not \
             Found</h1></center>\n<hr><center>openresty/1.27.1.1</center>",
            "openresty",
            &[],
        ),
        case(
            "nginx_server nginx_page nginx_502",
            URL,
            "502\nserver: nginx/1.28.0\n\n<html>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.28.0</center>",
            "nginx",
            &["backend_fails likely"],
        ),
        case(
            "nginx_504",
            URL,
            "504\nserver: nginx\n\n<html><center><h1>504 Gateway Time-out</h1></center><hr><center>nginx</center>",
            "nginx",
            &["backend_silent certain"],
        ),
        case(
            "nginx_404 cloudflare_ray",
            URL,
            "404\nserver: cloudflare\ncf-ray: 8d1-FRA\n\n<html><center><h1>404 Not \
             Found</h1></center><hr><center>nginx</center>",
            "cloudflare, nginx",
            &["route_missing likely"],
        ),
        case(
            "nginx_upgrade_lost python_websockets_no_upgrade upgrade_required",
            URL,
            "426\nserver: nginx/1.28.0\nupgrade: websocket\n\nFailed to open a WebSocket connection: missing \
             Connection header; upgrade failed.",
            "nginx, python websockets",
            &["upgrade_lost certain"],
        ),
    ]
}

fn other_proxies() -> Vec<Case> {
    vec![
        case(
            "haproxy_503",
            URL,
            "503\n\n<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this \
             request.\n</body></html>",
            "haproxy",
            &["backend_fails certain"],
        ),
        case(
            "haproxy_502",
            URL,
            "502\n\n<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete \
             response.\n</body></html>",
            "haproxy",
            &["backend_fails certain"],
        ),
        case(
            "haproxy_504",
            URL,
            "504\n\n<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>",
            "haproxy",
            &["backend_silent certain"],
        ),
        case(
            "apache_server apache_502",
            URL,
            "502\nserver: Apache/2.4.65 (Unix)\n\n<html><h1>Proxy Error</h1><p>The proxy server received an \
             invalid\r\nresponse from an upstream server.<br />",
            "apache",
            &["backend_fails certain"],
        ),
        case(
            "apache_503",
            URL,
            "503\nserver: Apache\n\n<html><p>The server is temporarily unable to service your\nrequest due to \
             maintenance downtime",
            "apache",
            &["backend_fails likely"],
        ),
        case(
            "apache_404",
            URL,
            "404\nserver: Apache/2.4.65\n\n<html><p>The requested URL was not found on this server.</p>",
            "apache",
            &["route_missing likely"],
        ),
        case(
            "apache_upgrade_lost",
            URL,
            "400\nserver: Apache/2.4.65\n\nInvalid Upgrade header",
            "apache, node ws",
            &["upgrade_lost certain"],
        ),
        case("caddy_server caddy_502", URL, "502\nserver: Caddy\ncontent-length: 0\n\n", "caddy", &["backend_fails likely"]),
        case("caddy_via", URL, "404\nvia: 1.1 Caddy\nserver: uvicorn\n\nNot Found", "caddy, uvicorn", &["plain_get likely"]),
        case("caddy_certificate", URL, "", "caddy", &["placeholder_certificate likely"])
            .certificate("CN=Caddy Local Authority - ECC Intermediate"),
        case(
            "iis_gateway",
            URL,
            "502\nserver: Microsoft-IIS/10.0\n\n<html><h2>502 - Web server received an invalid response while \
             acting as a gateway or proxy server.</h2>",
            "iis",
            &["backend_fails consistent with"],
        ),
    ]
}

fn servers() -> Vec<Case> {
    [python(), node_and_others()].concat()
}

fn python() -> Vec<Case> {
    vec![
        case(
            "uvicorn_server uvicorn_denied",
            URL,
            "403\nserver: uvicorn\ncontent-type: application/json\n\n{\"detail\":\"bad signature\"}",
            "uvicorn",
            &["rejected_before_accept likely"],
        ),
        case(
            "uvicorn_rejected",
            URL,
            "403\ndate: Sat, 21 Nov 2026 07:00:00 GMT\ncontent-length: 0\ncontent-type: text/plain; \
             charset=utf-8\nconnection: close\n\n",
            "uvicorn",
            &["rejected_before_accept likely"],
        ),
        case(
            "uvicorn_rejected_behind nginx_server",
            URL,
            "403\nserver: nginx/1.28.0\ncontent-type: text/plain; charset=utf-8\ncontent-length: 0\nconnection: keep-alive\n\n",
            "nginx, uvicorn",
            &["rejected_before_accept consistent with"],
        ),
        case(
            "uvicorn_plain_get fastapi_plain_get",
            URL,
            "404\nserver: uvicorn\ncontent-type: application/json\n\n{\"detail\":\"Not Found\"}",
            "uvicorn, fastapi",
            &["plain_get likely"],
        ),
        case("hypercorn_server", URL, "404\nserver: hypercorn-h11\n\n", "hypercorn", &[]),
        case("daphne_server", URL, "404\nserver: daphne\n\n", "daphne", &[]),
        case(
            "gunicorn_server gunicorn_no_upgrade",
            URL,
            "400\nserver: gunicorn\n\nBad Request",
            "gunicorn",
            &["plain_get consistent with"],
        ),
        case(
            "python_websockets_server python_websockets_invalid",
            URL,
            "400\nserver: Python/3.13 websockets/15.0\n\nFailed to open a WebSocket connection: missing \
             Sec-WebSocket-Key header.\n",
            "python websockets",
            &["upgrade_lost likely"],
        ),
        case(
            "aiohttp_server aiohttp_no_upgrade can_upgrade_only",
            URL,
            "400\nserver: Python/3.13 aiohttp/3.13.0\n\nNo WebSocket UPGRADE hdr: None\n Can \"Upgrade\" only \
             to \"WebSocket\".",
            "aiohttp",
            &["upgrade_lost certain"],
        ),
        case(
            "aiohttp_404",
            URL,
            "404\nserver: Python/3.13 aiohttp/3.13.0\n\n404: Not Found",
            "aiohttp",
            &["route_missing certain"],
        ),
        case(
            "tornado_server can_upgrade_only",
            URL,
            "400\nserver: TornadoServer/6.5\n\nCan \"Upgrade\" only to \"WebSocket\".",
            "tornado",
            &["upgrade_lost certain"],
        ),
        case("connection_must_be_upgrade", URL, "400\n\n\"Connection\" must be \"Upgrade\".", "", &["upgrade_lost certain"]),
    ]
}

fn node_and_others() -> Vec<Case> {
    vec![
        case("kestrel_server", URL, "404\nserver: Kestrel\n\n", "kestrel", &[]),
        case(
            "node_ws_upgrade_required upgrade_required",
            URL,
            "426\ncontent-type: text/plain\ncontent-length: 16\n\nUpgrade Required",
            "node ws",
            &["upgrade_lost certain"],
        ),
        case(
            "node_ws_invalid_upgrade",
            URL,
            "400\ncontent-type: text/html\n\nInvalid Upgrade header",
            "node ws",
            &["upgrade_lost certain"],
        ),
        case(
            "node_ws_invalid_handshake",
            URL,
            "400\ncontent-type: text/html\n\nMissing or invalid Sec-WebSocket-Key header",
            "node ws",
            &["upgrade_lost certain"],
        ),
        case(
            "node_ws_path",
            URL,
            "400\nconnection: close\ncontent-type: text/html\ncontent-length: 11\n\nBad Request",
            "node ws",
            &["route_missing likely"],
        ),
        case(
            "node_ws_verify",
            URL,
            "401\nconnection: close\ncontent-type: text/html\ncontent-length: 12\n\nUnauthorized",
            "node ws",
            &["rejected_before_accept likely"],
        ),
        case(
            "go_not_found",
            URL,
            "404\ncontent-type: text/plain; charset=utf-8\nx-content-type-options: nosniff\n\n404 page not \
             found\n",
            "go net/http",
            &["route_missing likely"],
        ),
    ]
}

fn frameworks() -> Vec<Case> {
    vec![
        case("axum_no_connection", URL, "400\n\nConnection header did not include 'upgrade'", "axum", &["upgrade_lost certain"]),
        case("axum_no_upgrade", URL, "400\n\n`Upgrade` header did not include 'websocket'", "axum", &["upgrade_lost certain"]),
        case(
            "werkzeug_server werkzeug_404",
            URL,
            "404\nserver: Werkzeug/3.1.3 Python/3.13.0\n\n<!doctype html><html><p>The requested URL was not \
             found on the server. If you entered the URL manually please check your spelling and try again.</p>",
            "werkzeug",
            &["route_missing likely"],
        ),
        case(
            "express_cannot_post",
            "https://voice.example.com/voice",
            "404\nx-powered-by: Express\n\n<!DOCTYPE html><html><pre>Cannot POST /voice</pre>",
            "express",
            &["route_missing certain"],
        )
        .webhook(),
        case(
            "fastify_plain_get",
            URL,
            "404\ncontent-type: application/json\n\n{\"message\":\"Route GET:/media not \
             found\",\"error\":\"Not Found\",\"statusCode\":404}",
            "fastify",
            &["plain_get likely"],
        ),
        case(
            "fastify_no_post",
            "https://voice.example.com/voice",
            "404\n\n{\"message\":\"Route POST:/voice not found\",\"error\":\"Not Found\",\"statusCode\":404}",
            "fastify",
            &["route_missing certain"],
        )
        .webhook(),
        case(
            "nextjs_powered nextjs_page page_instead",
            URL,
            "200\nx-powered-by: Next.js\ncontent-type: text/html\n\n<!DOCTYPE html><html lang=\"en\">",
            "next.js",
            &["ordinary_page likely", "plain_get consistent with"],
        ),
        case(
            "socket_io_transport",
            URL,
            "400\nconnection: close\ncontent-type: text/html\n\nTransport unknown",
            "socket.io",
            &["not_plain_websocket certain"],
        ),
        case(
            "socket_io_version",
            URL,
            "400\n\n{\"code\":5,\"message\":\"Unsupported protocol version\"}",
            "socket.io",
            &["not_plain_websocket certain"],
        ),
        case(
            "python_socket_io_version",
            URL,
            "400\nserver: gunicorn\n\n\"The client is using an unsupported version of the Socket.IO or \
             Engine.IO protocols\"",
            "gunicorn, socket.io",
            &["not_plain_websocket certain", "plain_get consistent with"],
        ),
        case("python_socket_io_transport", URL, "400\n\n\"Invalid transport\"", "socket.io", &["not_plain_websocket certain"]),
        case(
            "sockjs_welcome",
            URL,
            "200\ncontent-type: text/plain; charset=UTF-8\n\nWelcome to SockJS!\n",
            "sockjs",
            &["not_plain_websocket certain"],
        ),
    ]
}

fn unknown() -> Vec<Case> {
    vec![
        case("document_instead", URL, "200\n\n<!DOCTYPE html><meta charset=\"utf-8\"><p>Hello", "", &["ordinary_page likely"]),
        case(
            "page_instead",
            URL,
            "200\ncontent-type: text/html\n\n<!doctype html><html lang=\"en\"><head>",
            "",
            &["ordinary_page likely"],
        ),
        case(
            "single_page_instead page_instead",
            "wss://voice.onrender.com/media",
            "200\nserver: cloudflare\ncf-ray: 8d1-FRA\nrndr-id: 1\n\n<!doctype html><html><body><div \
             id=\"root\"></div></body></html>",
            "cloudflare, render",
            &["ordinary_page likely"],
        ),
        case("upgrade_required", URL, "426\nupgrade: websocket\n\n", "", &["upgrade_lost likely"]),
        case(
            "moved_to_tls",
            "ws://voice.example.com/media",
            "301\nserver: nginx\nlocation: https://voice.example.com/media\n\n",
            "nginx",
            &["redirected certain"],
        ),
        case("moved_by_a_slash", URL, "307\nlocation: /media/\n\n", "", &["redirected certain"]),
        case("moved_to_login", URL, "302\nlocation: https://accounts.example.com/oauth?next=***\n\n", "", &["redirected likely"]),
        case("moved_elsewhere", URL, "308\nlocation: https://www.example.com/\n\n", "", &["redirected likely"]),
    ]
}
