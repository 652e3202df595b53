//! Hosting platforms. Words in capitals are names in the user's own account.

use super::super::fix::Fix;
use super::super::fix::Whom::Layers;
use crate::diagnosis::layers::Layer::{AzureAppService, CloudRun, Fly, GithubPages, Heroku, Netlify, Railway, Render, Vercel};
use crate::diagnosis::layers::Standing::{Assumed, Documented, Seen};
use crate::outcome::Finding::{
    BackendFails, BackendSilent, FailedInSession, HandlerFailedAtOnce, IdleTimeout, LifetimeLimit, NoSuchService, OrdinaryPage,
    RefusedInFront, RouteMissing, ServerException, ServiceStopped, SetupFailed, UpgradeLost,
};
use crate::outcome::Reason::{DnsCnameDangling, DnsNoAddress, DnsNxdomain, WebhookNxdomain, WebhookServerError};

const RAILWAY_502: &str = "https://docs.railway.com/networking/troubleshooting/application-failed-to-respond";
const RAILWAY_DOMAIN: &str = "https://docs.railway.com/cli/domain";
const RENDER: &str = "https://render.com/docs/web-services";
const FLY: &str = "https://fly.io/docs/reference/configuration/";
const CLOUD_RUN_TIMEOUT: &str = "https://cloud.google.com/run/docs/configuring/request-timeout";
const AZURE: &str = "https://learn.microsoft.com/cli/azure/webapp";

/// The rows.
pub(super) const ROWS: &[Fix] = &[
    // --- Railway ---
    Fix::of(
        "railway_port",
        Layers(&[Railway]),
        (
            "listen on 0.0.0.0 and on $PORT (start command, with your server's own; here uvicorn), and set the domain's target port, \
             under the service's Settings > Networking, to the same number",
            "uvicorn main:app --host 0.0.0.0 --port $PORT\n\
             railway logs",
        ),
        Documented,
        RAILWAY_502,
    )
    .on(&[BackendFails, BackendSilent]),
    Fix::of(
        "railway_domain",
        Layers(&[Railway]),
        (
            "see what is deployed, and give the service this domain; a custom one answers 404 until its TXT record is there as well \
             (without a name: a new one under up.railway.app, which then has to go to the provider)",
            "railway status\n\
             railway domain @host@",
        ),
        Documented,
        RAILWAY_DOMAIN,
    )
    .on(&[NoSuchService])
    .because(&[DnsNxdomain, DnsNoAddress, DnsCnameDangling, WebhookNxdomain]),
    Fix::of(
        "railway_logs",
        Layers(&[Railway]),
        ("read the application's log at the time of the end", "railway logs"),
        Documented,
        "https://docs.railway.com/cli/logs",
    )
    .on(&[ServerException, SetupFailed, HandlerFailedAtOnce, FailedInSession])
    .because(&[WebhookServerError]),
    // --- Render ---
    Fix::of(
        "render_service",
        Layers(&[Render]),
        (
            "the service has to be a Web Service (a Static Site takes no WebSocket), live, and listen on 0.0.0.0 and $PORT (10000 \
             unless set); in render.yaml",
            "services:\n\
             \x20 - type: web\n\
             \x20   name: voice\n\
             \x20   plan: starter\n\
             \x20   startCommand: uvicorn main:app --host 0.0.0.0 --port $PORT",
        ),
        Documented,
        RENDER,
    )
    .on(&[NoSuchService, BackendFails]),
    Fix::of(
        "render_awake",
        Layers(&[Render]),
        (
            "take an instance type that does not sleep: a free one does after 15 minutes without traffic; in render.yaml",
            "services:\n\
             \x20 - type: web\n\
             \x20   name: voice\n\
             \x20   plan: starter",
        ),
        Seen,
        "https://render.com/docs/free",
    )
    .on(&[ServiceStopped]),
    // --- Heroku ---
    Fix::of(
        "heroku_dyno",
        Layers(&[Heroku]),
        (
            "see the H code in the log, run a web dyno, and listen on $PORT (Procfile, with your server's own command)",
            "heroku logs --tail --app APP\n\
             heroku ps:scale web=1 --app APP\n\
             # Procfile\n\
             web: uvicorn main:app --host 0.0.0.0 --port $PORT",
        ),
        Assumed,
        "https://devcenter.heroku.com/articles/error-codes",
    )
    .on(&[BackendFails, BackendSilent]),
    Fix::of(
        "heroku_domain",
        Layers(&[Heroku]),
        (
            "see which domains the app has, and use one of them",
            "heroku domains --app APP",
        ),
        Assumed,
        "https://devcenter.heroku.com/articles/custom-domains",
    )
    .on(&[NoSuchService])
    .because(&[DnsNxdomain, DnsNoAddress, DnsCnameDangling, WebhookNxdomain]),
    Fix::of(
        "heroku_idle",
        Layers(&[Heroku]),
        (
            "the router's 55 s cannot be raised: let the server ping within them (uvicorn's default, 20 s, does)",
            "uvicorn main:app --host 0.0.0.0 --port $PORT --ws-ping-interval 20",
        ),
        Documented,
        "https://devcenter.heroku.com/articles/websockets#timeouts",
    )
    .on(&[IdleTimeout]),
    Fix::of(
        "heroku_logs",
        Layers(&[Heroku]),
        ("read the application's log at the time of the end", "heroku logs --tail --app APP"),
        Assumed,
        "https://devcenter.heroku.com/articles/logging",
    )
    .on(&[ServerException, SetupFailed, HandlerFailedAtOnce, FailedInSession])
    .because(&[WebhookServerError]),
    // --- Fly.io ---
    Fix::of(
        "fly_port",
        Layers(&[Fly]),
        (
            "in fly.toml, name the port that the app listens on (on 0.0.0.0), and keep one machine awake; then look",
            "[http_service]\n\
             \x20 internal_port = 8080\n\
             \x20 auto_stop_machines = \"off\"\n\
             \x20 min_machines_running = 1\n\
             # then\n\
             fly deploy && fly status && fly logs",
        ),
        Documented,
        FLY,
    )
    .on(&[BackendFails, BackendSilent]),
    Fix::of(
        "fly_idle",
        Layers(&[Fly]),
        (
            "the proxy's idle timer cannot be raised: let the server ping within it (uvicorn's default, 20 s, does)",
            "uvicorn main:app --host 0.0.0.0 --port 8080 --ws-ping-interval 20",
        ),
        Documented,
        "https://fly.io/docs/reference/services/",
    )
    .on(&[IdleTimeout]),
    Fix::of(
        "fly_logs",
        Layers(&[Fly]),
        ("read the application's log at the time of the end (APP: its name)", "fly logs --app APP"),
        Assumed,
        "https://fly.io/docs/flyctl/logs/",
    )
    .on(&[ServerException, SetupFailed, HandlerFailedAtOnce, FailedInSession])
    .because(&[WebhookServerError]),
    // --- Vercel ---
    Fix::of(
        "vercel_deployment",
        Layers(&[Vercel]),
        (
            "see which deployments and domains there are; the production domain stays, that of a preview goes",
            "vercel ls\n\
             vercel inspect @host@\n\
             vercel logs @host@",
        ),
        Assumed,
        "https://vercel.com/docs/cli",
    )
    .on(&[NoSuchService, RouteMissing, ServiceStopped, BackendFails]),
    Fix::of(
        "vercel_duration",
        Layers(&[Vercel]),
        (
            "a function's line lives as long as the function may (300 s unless set, more with a paid plan): for longer calls, serve \
             the stream elsewhere",
            "export const maxDuration = 800;",
        ),
        Seen,
        "https://vercel.com/docs/functions/websockets",
    )
    .on(&[LifetimeLimit, BackendSilent]),
    // --- Static hosts ---
    Fix::of(
        "static_host",
        Layers(&[Netlify, GithubPages]),
        (
            "this host serves files: give the server a name of its own and dial that; this shows where the name leads now",
            "dig +short @host@",
        ),
        Assumed,
        "https://docs.github.com/pages/getting-started-with-github-pages/what-is-github-pages",
    )
    .on(&[OrdinaryPage, NoSuchService]),
    // --- Cloud Run ---
    Fix::of(
        "cloud_run_public",
        Layers(&[CloudRun]),
        (
            "let callers without a Google identity in (NAME: the service)",
            "gcloud run services add-iam-policy-binding NAME \\\n\
             \x20 --member=allUsers --role=roles/run.invoker",
        ),
        Assumed,
        "https://cloud.google.com/run/docs/authenticating/public",
    )
    .on(&[RefusedInFront]),
    Fix::of(
        "cloud_run_service",
        Layers(&[CloudRun]),
        (
            "compare the URL with the services' own, take requests from outside, and keep one instance warm (NAME: the service)",
            "gcloud run services list\n\
             gcloud run services update NAME --ingress=all --min-instances=1\n\
             gcloud run services logs read NAME --limit=20",
        ),
        Assumed,
        "https://cloud.google.com/run/docs/troubleshooting",
    )
    .on(&[NoSuchService, BackendFails]),
    Fix::of(
        "cloud_run_lifetime",
        Layers(&[CloudRun]),
        (
            "raise the request timeout, which is the age of a WebSocket whatever flows: 300 s unless set, 3600 s at most (NAME: the \
             service)",
            "gcloud run services update NAME --timeout=3600",
        ),
        Documented,
        CLOUD_RUN_TIMEOUT,
    )
    .on(&[LifetimeLimit]),
    Fix::of(
        "cloud_run_logs",
        Layers(&[CloudRun]),
        (
            "read the application's log at the time of the end (NAME: the service)",
            "gcloud run services logs read NAME --limit=50",
        ),
        Assumed,
        "https://cloud.google.com/sdk/gcloud/reference/run/services/logs/read",
    )
    .on(&[ServerException, SetupFailed, HandlerFailedAtOnce, FailedInSession])
    .because(&[WebhookServerError]),
    // --- Azure App Service ---
    Fix::of(
        "azure_websockets",
        Layers(&[AzureAppService]),
        (
            "switch web sockets on (GROUP, NAME: the web app's)",
            "az webapp config set --resource-group GROUP --name NAME \\\n\
             \x20 --web-sockets-enabled true",
        ),
        Seen,
        "https://learn.microsoft.com/cli/azure/webapp/config",
    )
    .on(&[UpgradeLost]),
    Fix::of(
        "azure_start",
        Layers(&[AzureAppService]),
        ("start the web app (GROUP, NAME: its own)", "az webapp start --resource-group GROUP --name NAME"),
        Assumed,
        AZURE,
    )
    .on(&[ServiceStopped]),
    Fix::of(
        "azure_logs",
        Layers(&[AzureAppService]),
        (
            "read the application's log at the time of the end (GROUP, NAME: the web app's)",
            "az webapp log tail --resource-group GROUP --name NAME",
        ),
        Assumed,
        "https://learn.microsoft.com/cli/azure/webapp/log",
    )
    .on(&[ServerException, SetupFailed, HandlerFailedAtOnce, FailedInSession])
    .because(&[WebhookServerError]),
];
