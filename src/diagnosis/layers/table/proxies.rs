//! Reverse proxies and web servers.

use super::super::Layer::{Apache, Caddy, Envoy, Haproxy, Iis, IngressNginx, Istio, Kong, Nginx, Openresty, Traefik};
use super::super::Sign::{Body, BodyIs, Certificate, Header, HeaderBegins, Product, Status, Upgrade, Via};
use super::super::Signature;
use super::super::Standing::{Assumed, Documented, Seen};
use crate::outcome::Confidence::{Certain, Consistent, Likely};
use crate::outcome::Finding::{BackendFails, BackendSilent, PlaceholderCertificate, RouteMissing, UpgradeLost};
use crate::outcome::Owner::{Configuration, Edge, Server};

const ENVOY_HEADERS: &str = "https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers";
const ENVOY_ERRORS: &str = "https://github.com/envoyproxy/envoy source/common/router/router.cc";
const KONG: &str = "https://github.com/Kong/kong kong/error_handlers.lua, kong/runloop/handler.lua";
const HAPROXY: &str = "https://github.com/haproxy/haproxy src/http.c";
const NGINX_PAGES: &str = "https://github.com/nginx/nginx src/http/ngx_http_special_response.c";
const NGINX_HEADER: &str = "https://github.com/nginx/nginx src/http/ngx_http_header_filter_module.c";
const APACHE: &str = "https://github.com/apache/httpd modules/http/http_protocol.c";
const CADDY: &str =
    "https://github.com/caddyserver/caddy modules/caddyhttp/server.go, modules/caddyhttp/reverseproxy/reverseproxy.go";
const ARR_502: &str =
    "https://learn.microsoft.com/iis/extensions/troubleshooting-application-request-routing/troubleshooting-502-errors-in-arr";
const INGRESS: &str = "https://kubernetes.github.io/ingress-nginx/user-guide/";

/// The rows.
pub(super) const ROWS: &[Signature] = &[
    // --- Envoy ---
    Signature::of(
        "istio_server",
        Istio,
        &[Product("server", "istio-envoy")],
        Seen,
        "https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/",
    ),
    Signature::of("envoy_server", Envoy, &[Product("server", "envoy")], Documented, ENVOY_HEADERS),
    Signature::of("envoy_upstream", Envoy, &[Header("x-envoy-upstream-service-time")], Documented, ENVOY_HEADERS),
    Signature::of(
        "envoy_connect",
        Envoy,
        &[Status(&[503]), Body("upstream connect error or disconnect/reset before headers")],
        Documented,
        ENVOY_ERRORS,
    )
    .means(
        BackendFails,
        Certain,
        Server,
        "Envoy could not connect to the server behind it, or the server closed before it answered",
        "check that the server runs, that the cluster's port and protocol are its own, and the mutual TLS \
             between them",
    ),
    Signature::of("envoy_no_healthy", Envoy, &[Status(&[503]), BodyIs("no healthy upstream")], Seen, ENVOY_ERRORS).means(
        BackendFails,
        Certain,
        Server,
        "Envoy has no healthy server for this route",
        "look at the cluster's endpoints and health checks",
    ),
    Signature::of(
        "envoy_no_upgrade",
        Envoy,
        &[Upgrade, Status(&[403]), Product("server", "envoy"), BodyIs("")],
        Assumed,
        "https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/upgrades",
    )
    .means(
        UpgradeLost,
        Consistent,
        Edge,
        "Envoy refuses upgrades that are not switched on for the route",
        "add `upgrade_configs: [{upgrade_type: websocket}]` to the route or the connection manager",
    ),
    // --- Kong ---
    Signature::of("kong_server", Kong, &[Product("server", "kong")], Documented, "https://github.com/Kong/kong kong/meta.lua"),
    Signature::of("kong_via", Kong, &[Via("kong")], Documented, "https://github.com/Kong/kong kong/constants.lua"),
    Signature::of("kong_no_route", Kong, &[Status(&[404]), Body("no Route matched with those values")], Documented, KONG).means(
        RouteMissing,
        Certain,
        Configuration,
        "Kong has no route for this host and path",
        "add a route with this host and path (protocols http and https carry WebSocket), or use the path \
             that it has",
    ),
    Signature::of(
        "kong_backend",
        Kong,
        &[Status(&[502]), Body("An invalid response was received from the upstream server")],
        Documented,
        KONG,
    )
    .means(
        BackendFails,
        Certain,
        Server,
        "the server behind Kong refused the connection or answered with what is no HTTP",
        "check that the server runs on the service's host, port and protocol",
    ),
    // --- Traefik ---
    Signature::of(
        "traefik_no_server",
        Traefik,
        &[Status(&[503]), BodyIs("no available server")],
        Documented,
        "https://github.com/traefik/traefik pkg/server/service/loadbalancer/wrr/wrr.go",
    )
    .means(
        BackendFails,
        Certain,
        Server,
        "Traefik has no healthy server for this route",
        "start the server, and look at the service's health check and port label",
    ),
    Signature::of(
        "traefik_backend",
        Traefik,
        &[Status(&[502]), BodyIs("Bad Gateway")],
        Documented,
        "https://github.com/traefik/traefik pkg/proxy/httputil/proxy.go",
    )
    .means(
        BackendFails,
        Consistent,
        Server,
        "Traefik answers so where it cannot connect to the server behind it",
        "check that the server runs on the port that Traefik was given (`loadbalancer.server.port`) and in \
             the same network",
    ),
    Signature::of(
        "traefik_certificate",
        Traefik,
        &[Certificate("TRAEFIK DEFAULT CERT")],
        Documented,
        "https://github.com/traefik/traefik pkg/tls/generate/generate.go",
    )
    .means(
        PlaceholderCertificate,
        Certain,
        Edge,
        "Traefik sent its default certificate: it has none for this host",
        "give the router `tls.certresolver` and a rule with this host name, or add the certificate",
    ),
    // --- HAProxy ---
    Signature::of(
        "haproxy_503",
        Haproxy,
        &[Status(&[503]), Body("No server is available to handle this request")],
        Documented,
        HAPROXY,
    )
    .means(
        BackendFails,
        Certain,
        Server,
        "HAProxy has no server that is up for this backend",
        "start the server, and look at its health check in HAProxy's log",
    ),
    Signature::of(
        "haproxy_502",
        Haproxy,
        &[Status(&[502]), Body("The server returned an invalid or incomplete response")],
        Documented,
        HAPROXY,
    )
    .means(
        BackendFails,
        Certain,
        Server,
        "the server behind HAProxy closed or answered with what is no HTTP",
        "look at the server's log, and check the backend's port and protocol",
    ),
    Signature::of("haproxy_504", Haproxy, &[Status(&[504]), Body("The server didn't respond in time")], Documented, HAPROXY)
        .means(
            BackendSilent,
            Certain,
            Server,
            "the server behind HAProxy did not answer within `timeout server`",
            "let the server answer the upgrade at once",
        ),
    // --- nginx and its kin ---
    Signature::of("ingress_no_rule", IngressNginx, &[Status(&[404]), Body("default backend - 404")], Documented, INGRESS).means(
        RouteMissing,
        Certain,
        Configuration,
        "no ingress rule has this host and path",
        "add the host and path to the ingress, with the ingress class of this controller",
    ),
    Signature::of(
        "ingress_certificate",
        IngressNginx,
        &[Certificate("Kubernetes Ingress Controller Fake Certificate")],
        Documented,
        "https://kubernetes.github.io/ingress-nginx/user-guide/tls/",
    )
    .means(
        PlaceholderCertificate,
        Certain,
        Edge,
        "ingress-nginx sent its own fake certificate: it has none for this host",
        "add the host and its secret under `tls` in the ingress, in the same namespace",
    ),
    Signature::of("openresty_server", Openresty, &[Product("server", "openresty")], Seen, "https://openresty.org/en/"),
    Signature::of("openresty_page", Openresty, &[Body("<hr><center>openresty")], Seen, "https://openresty.org/en/"),
    Signature::of("nginx_server", Nginx, &[Product("server", "nginx")], Documented, NGINX_HEADER),
    Signature::of("nginx_page", Nginx, &[Body("<hr><center>nginx")], Documented, NGINX_PAGES),
    Signature::of(
        "nginx_502",
        Nginx,
        &[Status(&[502]), Body("<h1>502 Bad Gateway</h1>"), Body("<hr><center>nginx")],
        Documented,
        NGINX_PAGES,
    )
    .means(
        BackendFails,
        Likely,
        Server,
        "nginx could not get an answer from the server behind it: refused, crashed, or no HTTP",
        "start the server on the port of `proxy_pass`, and read nginx's error.log at this moment",
    ),
    Signature::of(
        "nginx_504",
        Nginx,
        &[Status(&[504]), Body("<h1>504 Gateway Time-out</h1>"), Body("<hr><center>nginx")],
        Documented,
        NGINX_PAGES,
    )
    .means(
        BackendSilent,
        Certain,
        Server,
        "the server behind nginx did not answer in time",
        "let the server answer the upgrade at once; `proxy_read_timeout` is the time that nginx waits",
    ),
    Signature::of(
        "nginx_404",
        Nginx,
        &[Status(&[404]), Body("<h1>404 Not Found</h1>"), Body("<hr><center>nginx")],
        Documented,
        NGINX_PAGES,
    )
    .means(
        RouteMissing,
        Likely,
        Configuration,
        "nginx itself has nothing at this path: no `location` passes it on",
        "add a `location` for this path with `proxy_pass`, or use the path that there is",
    ),
    Signature::of(
        "nginx_upgrade_lost",
        Nginx,
        &[Upgrade, Status(&[400, 426]), Product("server", "nginx"), Body("upgrade")],
        Seen,
        "https://nginx.org/en/docs/http/websocket.html",
    )
    .means(
        UpgradeLost,
        Likely,
        Edge,
        "the server behind nginx saw no upgrade: nginx does not pass the Upgrade and Connection headers by \
             itself",
        "in the `location`: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
             proxy_set_header Connection \"upgrade\";",
    ),
    // --- Apache ---
    Signature::of(
        "apache_server",
        Apache,
        &[Product("server", "Apache")],
        Documented,
        "https://github.com/apache/httpd include/ap_release.h",
    ),
    Signature::of("apache_502", Apache, &[Status(&[502]), Body("The proxy server received an invalid")], Documented, APACHE)
        .means(
            BackendFails,
            Certain,
            Server,
            "the server behind Apache closed or answered with what is no HTTP",
            "check the ProxyPass address and, for WebSocket, that it has `upgrade=websocket` or a ws:// address",
        ),
    Signature::of(
        "apache_503",
        Apache,
        &[Status(&[503]), Body("The server is temporarily unable to service your")],
        Documented,
        APACHE,
    )
    .means(
        BackendFails,
        Likely,
        Server,
        "Apache cannot connect to the server behind it, or was told to be in maintenance",
        "start the server on the port of ProxyPass; Apache retries a failed one after 60 s only (`retry=0`)",
    ),
    Signature::of(
        "apache_404",
        Apache,
        &[Status(&[404]), Product("server", "Apache"), Body("The requested URL was not found on this server")],
        Documented,
        APACHE,
    )
    .means(
        RouteMissing,
        Likely,
        Configuration,
        "Apache itself has nothing at this path: no ProxyPass passes it on",
        "add `ProxyPass /media ws://localhost:5050/media` (mod_proxy_wstunnel), or use the path that there is",
    ),
    Signature::of(
        "apache_upgrade_lost",
        Apache,
        &[Upgrade, Status(&[400, 426]), Product("server", "Apache"), Body("upgrade")],
        Documented,
        "https://httpd.apache.org/docs/2.4/mod/mod_proxy_wstunnel.html",
    )
    .means(
        UpgradeLost,
        Likely,
        Edge,
        "the server behind Apache saw no upgrade: ProxyPass with http:// does not pass it by itself",
        "load mod_proxy_wstunnel and write `ProxyPass /media http://localhost:5050/media upgrade=websocket`",
    ),
    // --- Caddy ---
    Signature::of("caddy_server", Caddy, &[Product("server", "Caddy")], Documented, CADDY),
    Signature::of("caddy_via", Caddy, &[Via("Caddy")], Documented, CADDY),
    Signature::of("caddy_502", Caddy, &[Status(&[502]), Product("server", "Caddy"), BodyIs("")], Documented, CADDY).means(
        BackendFails,
        Likely,
        Server,
        "Caddy could not get an answer from the server behind it",
        "start the server on the address of `reverse_proxy`, and read Caddy's log",
    ),
    Signature::of(
        "caddy_certificate",
        Caddy,
        &[Certificate("Caddy Local Authority")],
        Documented,
        "https://github.com/caddyserver/caddy modules/caddypki/ca.go",
    )
    .means(
        PlaceholderCertificate,
        Certain,
        Edge,
        "the certificate is one of Caddy's own authority, which nobody else trusts",
        "give the site its public name and take `tls internal` out, so that Caddy gets a public certificate",
    ),
    // --- IIS ---
    Signature::of("iis_server", Iis, &[Product("server", "Microsoft-IIS")], Seen, "https://learn.microsoft.com/iis/get-started/"),
    Signature::of(
        "iis_gateway",
        Iis,
        &[Status(&[502]), HeaderBegins("server", "Microsoft-IIS/"), Body("acting as a gateway or proxy server")],
        Assumed,
        ARR_502,
    )
    .means(
        BackendFails,
        Consistent,
        Server,
        "IIS, as a proxy, got no valid answer from the server behind it",
        "start the server, and look at the server farm's health in Application Request Routing",
    ),
];
