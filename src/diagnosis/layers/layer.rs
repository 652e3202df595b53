//! The layers that can be recognised, in the order in which they are usually stacked.

use crate::outcome::words;

words! {
    /// What kind of thing a layer is, from the front to the back.
    Tier {
        /// A network in front of everything: CDN, protection.
        Edge = "edge",
        /// A tunnel to a machine without a public address.
        Tunnel = "tunnel",
        /// A cloud's load balancer or gateway.
        Balancer = "balancer",
        /// A hosting platform.
        Platform = "platform",
        /// A reverse proxy or web server.
        Proxy = "proxy",
        /// The process that speaks HTTP or WebSocket for the application.
        Server = "server",
        /// The application's framework.
        Framework = "framework",
    }
}

/// Declares the list, from the front to the back. A row is: variant, label, tier, explanation.
macro_rules! layers {
    ($($variant:ident = $label:literal, $tier:ident, $explains:literal;)+) => {
        words! {
            /// Something that answers HTTP on the way to the application, or the application itself; declared from the front to the back.
            Layer {
                $(#[doc = $explains] $variant = $label,)+
            }
        }

        impl Layer {
            /// What kind of thing it is.
            #[must_use]
            pub const fn tier(self) -> Tier {
                match self { $(Self::$variant => Tier::$tier,)+ }
            }
        }
    };
}

layers! {
    Cloudflare = "cloudflare", Edge, "Cloudflare's proxy.";
    CloudFront = "cloudfront", Edge, "Amazon CloudFront.";
    Fastly = "fastly", Edge, "Fastly.";
    AzureFrontDoor = "azure front door", Edge, "Azure Front Door.";
    CloudflareTunnel = "cloudflare tunnel", Tunnel, "A Cloudflare tunnel (cloudflared).";
    Ngrok = "ngrok", Tunnel, "ngrok.";
    AwsAlb = "aws alb", Balancer, "AWS Application Load Balancer.";
    AwsApiGateway = "aws api gateway", Balancer, "Amazon API Gateway.";
    GcpLoadBalancer = "gcp load balancer", Balancer, "Google Cloud's HTTP(S) load balancer.";
    AzureApplicationGateway = "azure application gateway", Balancer, "Azure Application Gateway.";
    Railway = "railway", Platform, "Railway.";
    Render = "render", Platform, "Render.";
    Heroku = "heroku", Platform, "Heroku.";
    Fly = "fly", Platform, "Fly.io.";
    Vercel = "vercel", Platform, "Vercel.";
    Netlify = "netlify", Platform, "Netlify.";
    GithubPages = "github pages", Platform, "GitHub Pages.";
    CloudRun = "cloud run", Platform, "Google Cloud Run, or another service behind Google's front end.";
    AzureAppService = "azure app service", Platform, "Azure App Service.";
    Istio = "istio", Proxy, "Envoy as a gateway or sidecar of Istio.";
    Envoy = "envoy", Proxy, "Envoy.";
    Kong = "kong", Proxy, "Kong.";
    Traefik = "traefik", Proxy, "Traefik.";
    Haproxy = "haproxy", Proxy, "HAProxy.";
    IngressNginx = "ingress-nginx", Proxy, "Kubernetes' ingress-nginx.";
    Openresty = "openresty", Proxy, "OpenResty.";
    Nginx = "nginx", Proxy, "nginx.";
    Apache = "apache", Proxy, "Apache HTTP Server.";
    Caddy = "caddy", Proxy, "Caddy.";
    Iis = "iis", Proxy, "Microsoft IIS.";
    Kestrel = "kestrel", Server, "ASP.NET Core's Kestrel.";
    Uvicorn = "uvicorn", Server, "uvicorn (FastAPI, Starlette).";
    Hypercorn = "hypercorn", Server, "Hypercorn.";
    Daphne = "daphne", Server, "Daphne (Django Channels).";
    Gunicorn = "gunicorn", Server, "gunicorn.";
    PythonWebsockets = "python websockets", Server, "Python's package websockets.";
    Aiohttp = "aiohttp", Server, "aiohttp.";
    Tornado = "tornado", Server, "Tornado.";
    NodeWs = "node ws", Server, "Node's package ws.";
    Go = "go net/http", Server, "A Go server; Traefik answers in the same way.";
    Axum = "axum", Framework, "axum.";
    Fastapi = "fastapi", Framework, "FastAPI.";
    Werkzeug = "werkzeug", Framework, "Flask and Werkzeug with their development server.";
    Express = "express", Framework, "Express.";
    Fastify = "fastify", Framework, "Fastify.";
    NextJs = "next.js", Framework, "Next.js.";
    SocketIo = "socket.io", Framework, "Socket.IO (Engine.IO), of Node or Python.";
    SockJs = "sockjs", Framework, "SockJS.";
}
