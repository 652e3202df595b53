//! Reverse proxies. 5050 is the server's own port in all of them.

use super::super::fix::Fix;
use super::super::fix::Whom::Layers;
use crate::diagnosis::layers::Layer::{
    Apache, Caddy, Envoy, Go, Haproxy, Iis, IngressNginx, Istio, Kong, Nginx, Openresty, Traefik,
};
use crate::diagnosis::layers::Standing::{Assumed, Documented, Seen};
use crate::outcome::Finding::{
    BackendFails, BackendSilent, IdleTimeout, LifetimeLimit, PlaceholderCertificate, PlainGet, RouteMissing, UpgradeLost,
};
use crate::outcome::Reason::WebhookForbidden;

const NGINX_WEBSOCKET: &str = "https://nginx.org/en/docs/http/websocket.html";
const NGINX_PROXY: &str = "https://nginx.org/en/docs/http/ngx_http_proxy_module.html";
const APACHE_PROXY: &str = "https://httpd.apache.org/docs/2.4/mod/mod_proxy.html";
const HAPROXY: &str = "https://docs.haproxy.org/3.0/configuration.html";
const ENVOY_TIMEOUTS: &str = "https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts";
const TRAEFIK_DOCKER: &str = "https://doc.traefik.io/traefik/routing/providers/docker/";
const INGRESS: &str = "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/";

/// The rows.
pub(super) const ROWS: &[Fix] = &[
    // --- nginx ---
    Fix::of(
        "nginx_upgrade",
        Layers(&[Nginx, Openresty]),
        (
            "pass the upgrade on, and keep the line longer than a call (5050: the server's own port)",
            "location @path@ {\n\
             \x20   proxy_pass http://127.0.0.1:5050;\n\
             \x20   proxy_http_version 1.1;\n\
             \x20   proxy_set_header Upgrade $http_upgrade;\n\
             \x20   proxy_set_header Connection \"upgrade\";\n\
             \x20   proxy_set_header Host $host;\n\
             \x20   proxy_read_timeout 3600s;\n\
             }",
        ),
        Documented,
        NGINX_WEBSOCKET,
    )
    .on(&[UpgradeLost, PlainGet, RouteMissing]),
    Fix::of(
        "nginx_backend",
        Layers(&[Nginx, Openresty]),
        (
            "see whom nginx asks, whether anything listens there, and what its log says (paths as in Debian's package)",
            "nginx -T | grep proxy_pass\n\
             ss -ltnp\n\
             tail -n 20 /var/log/nginx/error.log",
        ),
        Assumed,
        "https://nginx.org/en/docs/switches.html",
    )
    .on(&[BackendFails, BackendSilent]),
    Fix::of(
        "nginx_idle",
        Layers(&[Nginx, Openresty]),
        (
            "raise nginx's own idle timer, which is 60 s unless set; a ping of the server within that time does as well",
            "location @path@ {\n\
             \x20   proxy_read_timeout 3600s;\n\
             \x20   proxy_send_timeout 3600s;\n\
             }",
        ),
        Documented,
        NGINX_PROXY,
    )
    .on(&[IdleTimeout]),
    Fix::of(
        "nginx_forwarded",
        Layers(&[Nginx, Openresty]),
        (
            "tell the server the scheme and host that the provider signed (5050: the server's own port)",
            "location @path@ {\n\
             \x20   proxy_pass http://127.0.0.1:5050;\n\
             \x20   proxy_set_header Host $host;\n\
             \x20   proxy_set_header X-Forwarded-Proto $scheme;\n\
             }",
        ),
        Seen,
        NGINX_PROXY,
    )
    .because(&[WebhookForbidden]),
    // --- ingress-nginx ---
    Fix::of(
        "ingress_route",
        Layers(&[IngressNginx]),
        (
            "give the ingress this host and path (`voice`, 5050: the service and its port)",
            "spec:\n\
             \x20 ingressClassName: nginx\n\
             \x20 rules:\n\
             \x20   - host: @host@\n\
             \x20     http: {paths: [{path: @path@, pathType: Prefix,\n\
             \x20       backend: {service: {name: voice, port: {number: 5050}}}}]}",
        ),
        Assumed,
        "https://kubernetes.io/docs/concepts/services-networking/ingress/",
    )
    .on(&[RouteMissing]),
    Fix::of(
        "ingress_idle",
        Layers(&[IngressNginx]),
        (
            "raise the ingress's idle timer, which is 60 s unless set",
            "metadata:\n\
             \x20 annotations:\n\
             \x20   nginx.ingress.kubernetes.io/proxy-read-timeout: \"3600\"\n\
             \x20   nginx.ingress.kubernetes.io/proxy-send-timeout: \"3600\"",
        ),
        Seen,
        INGRESS,
    )
    .on(&[IdleTimeout]),
    Fix::of(
        "ingress_certificate",
        Layers(&[IngressNginx]),
        (
            "give the ingress the secret with this host's certificate (`voice-tls`: its name, in the ingress's namespace)",
            "spec:\n\
             \x20 tls:\n\
             \x20   - hosts: [@host@]\n\
             \x20     secretName: voice-tls",
        ),
        Assumed,
        "https://kubernetes.github.io/ingress-nginx/user-guide/tls/",
    )
    .on(&[PlaceholderCertificate]),
    // --- Apache ---
    Fix::of(
        "apache_upgrade",
        Layers(&[Apache]),
        (
            "pass the upgrade on (2.4.47 or later; 5050: the server's own port), then `apachectl configtest`",
            "# a2enmod proxy proxy_http\n\
             ProxyPass \"@path@\" \\\n\
             \x20 \"http://127.0.0.1:5050@path@\" upgrade=websocket\n\
             ProxyTimeout 3600",
        ),
        Documented,
        "https://httpd.apache.org/docs/2.4/mod/mod_proxy.html#protoupgrade",
    )
    .on(&[UpgradeLost, PlainGet, RouteMissing]),
    Fix::of(
        "apache_backend",
        Layers(&[Apache]),
        (
            "see whom Apache asks, whether anything listens there, and what its log says (paths as in Debian's package)",
            "grep -rn ProxyPass /etc/apache2/sites-enabled/\n\
             ss -ltnp\n\
             tail -n 20 /var/log/apache2/error.log",
        ),
        Assumed,
        APACHE_PROXY,
    )
    .on(&[BackendFails]),
    Fix::of(
        "apache_idle",
        Layers(&[Apache]),
        ("raise Apache's idle timer for proxied lines, which is `Timeout` (60 s) unless set", "ProxyTimeout 3600"),
        Assumed,
        "https://httpd.apache.org/docs/2.4/mod/mod_proxy.html#proxytimeout",
    )
    .on(&[IdleTimeout]),
    Fix::of(
        "apache_forwarded",
        Layers(&[Apache]),
        (
            "tell the server the scheme and host that the provider signed",
            "# a2enmod headers\n\
             RequestHeader set X-Forwarded-Proto \"https\"\n\
             ProxyPreserveHost On",
        ),
        Assumed,
        "https://httpd.apache.org/docs/2.4/mod/mod_headers.html",
    )
    .because(&[WebhookForbidden]),
    // --- HAProxy ---
    Fix::of(
        "haproxy_backend",
        Layers(&[Haproxy]),
        (
            "see which servers HAProxy holds for down (socket path as in Debian's package)",
            "echo 'show servers state' | socat stdio /run/haproxy/admin.sock\n\
             haproxy -c -f /etc/haproxy/haproxy.cfg",
        ),
        Assumed,
        "https://docs.haproxy.org/3.0/management.html",
    )
    .on(&[BackendFails, BackendSilent]),
    Fix::of(
        "haproxy_idle",
        Layers(&[Haproxy]),
        ("give upgraded lines a timer of their own", "defaults\n\x20   timeout tunnel 1h"),
        Seen,
        HAPROXY,
    )
    .on(&[IdleTimeout]),
    // --- Caddy ---
    Fix::of(
        "caddy_backend",
        Layers(&[Caddy]),
        (
            "name the server's real address (5050: its own port); Caddy passes upgrades by itself",
            "@host@ {\n\
             \x20   reverse_proxy 127.0.0.1:5050\n\
             }",
        ),
        Assumed,
        "https://caddyserver.com/docs/caddyfile/directives/reverse_proxy",
    )
    .on(&[BackendFails, PlaceholderCertificate]),
    // --- Traefik ---
    Fix::of(
        "traefik_router",
        Layers(&[Traefik, Go]),
        (
            "where Traefik answers (a Go server of your own looks the same): a rule with this host, and the container's own port \
             (`voice`: the router's name, 5050: the port)",
            "labels:\n\
             \x20 - traefik.http.routers.voice.rule=Host(`@host@`)\n\
             \x20 - traefik.http.services.voice.loadbalancer.server.port=5050",
        ),
        Documented,
        TRAEFIK_DOCKER,
    )
    .on(&[BackendFails, RouteMissing]),
    Fix::of(
        "traefik_certificate",
        Layers(&[Traefik]),
        (
            "let Traefik get a certificate for this host (`voice`, `letsencrypt`: the names of router and resolver)",
            "labels:\n\
             \x20 - traefik.http.routers.voice.rule=Host(`@host@`)\n\
             \x20 - traefik.http.routers.voice.tls.certresolver=letsencrypt",
        ),
        Assumed,
        TRAEFIK_DOCKER,
    )
    .on(&[PlaceholderCertificate]),
    // --- Envoy and Istio ---
    Fix::of(
        "envoy_upgrade",
        Layers(&[Envoy]),
        (
            "switch upgrades on, in the HTTP connection manager",
            "upgrade_configs:\n\
             \x20 - upgrade_type: websocket",
        ),
        Seen,
        "https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/upgrades",
    )
    .on(&[UpgradeLost, PlainGet]),
    Fix::of(
        "envoy_timers",
        Layers(&[Envoy]),
        (
            "take the timers away from this route: the idle one is 5 min, the route's own 15 s unless set",
            "- match: {prefix: \"@path@\"}\n\
             \x20 route: {cluster: voice, timeout: 0s, idle_timeout: 0s}",
        ),
        Seen,
        ENVOY_TIMEOUTS,
    )
    .on(&[IdleTimeout, LifetimeLimit]),
    Fix::of(
        "envoy_backend",
        Layers(&[Envoy]),
        (
            "see which hosts of the cluster Envoy holds for healthy (9901: its admin port)",
            "curl -s http://127.0.0.1:9901/clusters | grep health_flags",
        ),
        Assumed,
        "https://www.envoyproxy.io/docs/envoy/latest/operations/admin",
    )
    .on(&[BackendFails]),
    Fix::of(
        "istio_timers",
        Layers(&[Istio]),
        (
            "take the time limit away from this route, in the VirtualService",
            "http:\n\
             \x20 - match: [{uri: {prefix: \"@path@\"}}]\n\
             \x20   route: [{destination: {host: voice, port: {number: 5050}}}]\n\
             \x20   timeout: 0s",
        ),
        Assumed,
        "https://istio.io/latest/docs/reference/config/networking/virtual-service/",
    )
    .on(&[LifetimeLimit]),
    // --- Kong ---
    Fix::of(
        "kong_route",
        Layers(&[Kong]),
        (
            "add the route (8001: Kong's admin port, `voice`: the service)",
            "curl -i -X POST http://127.0.0.1:8001/services/voice/routes \\\n\
             \x20 -d 'hosts[]=@host@' \\\n\
             \x20 -d 'paths[]=@path@'",
        ),
        Seen,
        "https://developer.konghq.com/gateway/entities/route/",
    )
    .on(&[RouteMissing]),
    Fix::of(
        "kong_service",
        Layers(&[Kong]),
        (
            "give the service the server's address and long timers, which are 60 s unless set (8001: Kong's admin port)",
            "curl -i -X PATCH http://127.0.0.1:8001/services/voice \\\n\
             \x20 -d url=http://127.0.0.1:5050 \\\n\
             \x20 -d read_timeout=3600000 -d write_timeout=3600000",
        ),
        Documented,
        "https://developer.konghq.com/gateway/entities/service/",
    )
    .on(&[BackendFails, IdleTimeout]),
    // --- IIS ---
    Fix::of(
        "iis_websocket",
        Layers(&[Iis]),
        ("install IIS's WebSocket module (PowerShell, on Windows Server)", "Install-WindowsFeature -Name Web-WebSockets"),
        Seen,
        "https://learn.microsoft.com/iis/configuration/system.webserver/websocket",
    )
    .on(&[UpgradeLost, PlainGet]),
];
