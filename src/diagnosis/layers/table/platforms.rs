//! Hosting platforms.

use super::super::Layer::{AzureAppService, CloudRun, Fly, GithubPages, Heroku, Netlify, Railway, Render, Vercel};
use super::super::Sign::{Body, Header, HeaderBegins, HeaderContains, HeaderIs, Host, Product, Status, Took, Upgrade, Via};
use super::super::Signature;
use super::super::Standing::{Assumed, Documented, Seen};
use crate::outcome::Confidence::{Certain, Consistent, Likely};
use crate::outcome::Finding::{
    BackendFails, BackendSilent, NoSuchService, OrdinaryPage, RefusedInFront, RouteMissing, ServiceStopped, UpgradeLost,
};
use crate::outcome::Owner::{Application, Configuration, Server};

const RAILWAY_HEADERS: &str = "https://docs.railway.com/networking/edge-networking";
const RAILWAY_502: &str = "https://docs.railway.com/networking/troubleshooting/application-failed-to-respond";
const RENDER: &str = "https://render.com/docs/web-services";
const HEROKU: &str = "https://devcenter.heroku.com/articles/http-routing";
const HEROKU_ERRORS: &str = "https://devcenter.heroku.com/articles/error-codes";
const FLY: &str = "https://fly.io/docs/machines/api/machines-resource/";
const VERCEL: &str = "https://vercel.com/docs/headers/response-headers";
const VERCEL_ERRORS: &str = "https://vercel.com/docs/errors";
const CLOUD_RUN: &str = "https://cloud.google.com/run/docs/troubleshooting";

/// The rows.
pub(super) const ROWS: &[Signature] = &[
    // --- Railway ---
    Signature::of("railway_server", Railway, &[HeaderIs("server", "railway-edge")], Seen, RAILWAY_HEADERS),
    Signature::of("railway_request_id", Railway, &[Header("x-railway-request-id")], Documented, RAILWAY_HEADERS),
    Signature::of("railway_edge", Railway, &[Header("x-railway-edge")], Documented, RAILWAY_HEADERS),
    Signature::of("railway_hosts", Railway, &[Host(&["up.railway.app"])], Documented, RAILWAY_HEADERS),
    Signature::of(
        "railway_no_service",
        Railway,
        &[Status(&[404]), HeaderIs("x-railway-fallback", "true"), Body("Application not found")],
        Seen,
        RAILWAY_HEADERS,
    )
    .means(
        NoSuchService,
        Likely,
        Configuration,
        "Railway has no running service for this domain: removed, paused, or a domain of another name",
        "look in the service's settings under Networking: is it deployed and not paused, and is this its \
             domain?",
    ),
    Signature::of(
        "railway_no_train",
        Railway,
        &[Status(&[404]), Body("The train has not arrived at the station")],
        Seen,
        RAILWAY_HEADERS,
    )
    .means(
        NoSuchService,
        Likely,
        Configuration,
        "Railway does not know this domain, or has no deployment for it yet",
        "look in the service's settings under Networking: is the domain there, and is the deployment active?",
    ),
    Signature::of(
        "railway_no_answer",
        Railway,
        &[Status(&[502]), Body("Application failed to respond")],
        Documented,
        RAILWAY_502,
    )
    .means(
        BackendFails,
        Certain,
        Application,
        "Railway cannot reach the application: it listens on another host or port, crashed, or is overloaded",
        "let the server listen on 0.0.0.0 and $PORT, and set the domain's target port to the same number",
    ),
    // --- Render ---
    Signature::of("render_origin", Render, &[Header("x-render-origin-server")], Seen, RENDER),
    Signature::of("render_id", Render, &[Header("rndr-id")], Seen, RENDER),
    Signature::of("render_routing", Render, &[Header("x-render-routing")], Seen, RENDER),
    Signature::of("render_hosts", Render, &[Host(&["onrender.com"])], Documented, RENDER),
    Signature::of("render_no_server", Render, &[Status(&[404]), HeaderIs("x-render-routing", "no-server")], Seen, RENDER).means(
        NoSuchService,
        Likely,
        Configuration,
        "Render has no live service of this name: deleted, suspended, or its deployment failed (every name \
             under onrender.com resolves)",
        "look at the service's events and logs in Render's dashboard, and compare the name with the one in \
             the URL",
    ),
    Signature::of(
        "render_asleep",
        Render,
        &[Status(&[503]), HeaderIs("x-render-routing", "hibernate-wake-error")],
        Seen,
        "https://render.com/docs/free",
    )
    .means(
        ServiceStopped,
        Likely,
        Configuration,
        "the free instance was asleep and did not wake up in time",
        "take a paid instance: a free one sleeps after 15 minutes without traffic, and no call waits for \
             it to wake",
    ),
    // --- Heroku ---
    Signature::of("heroku_router", Heroku, &[Via("heroku-router")], Seen, HEROKU),
    Signature::of("heroku_vegur", Heroku, &[Via("vegur")], Documented, "https://github.com/heroku/vegur"),
    Signature::of("heroku_server", Heroku, &[HeaderIs("server", "Heroku")], Seen, HEROKU),
    Signature::of("heroku_hosts", Heroku, &[Host(&["herokuapp.com"])], Documented, HEROKU),
    Signature::of(
        "heroku_no_app",
        Heroku,
        &[Status(&[404]), Body("herokucdn.com/error-pages/no-such-app.html")],
        Seen,
        HEROKU_ERRORS,
    )
    .means(
        NoSuchService,
        Certain,
        Configuration,
        "Heroku has no app of this name",
        "compare the name with `heroku domains` and `heroku info`",
    ),
    Signature::of(
        "heroku_application_error",
        Heroku,
        &[Status(&[503]), Body("herokucdn.com/error-pages/application-error.html")],
        Seen,
        HEROKU_ERRORS,
    )
    .means(
        BackendFails,
        Likely,
        Application,
        "the app crashed, has no running dyno, or closed the connection",
        "read the H code with `heroku logs --tail`: H10 crashed, H14 no web dyno (`heroku ps:scale web=1`)",
    ),
    Signature::of(
        "heroku_slow",
        Heroku,
        &[Status(&[503]), Via("heroku-router"), Took(29.5, 32.0)],
        Documented,
        "https://devcenter.heroku.com/articles/request-timeout",
    )
    .means(
        BackendSilent,
        Likely,
        Application,
        "Heroku's router gave up after 30 s without a byte of an answer (H12)",
        "let the app answer the upgrade at once and do its slow work after it",
    ),
    // --- Fly.io ---
    Signature::of("fly_request_id", Fly, &[Header("fly-request-id")], Documented, FLY),
    Signature::of("fly_server", Fly, &[Product("server", "Fly")], Documented, FLY),
    Signature::of("fly_via", Fly, &[Via("fly.io")], Documented, FLY),
    Signature::of("fly_hosts", Fly, &[Host(&["fly.dev"])], Documented, "https://fly.io/docs/networking/services/"),
    Signature::of(
        "fly_no_machine",
        Fly,
        &[Status(&[502, 503]), HeaderBegins("server", "Fly/"), Header("fly-request-id")],
        Assumed,
        "https://fly.io/docs/reference/error-codes/",
    )
    .means(
        BackendFails,
        Consistent,
        Application,
        "Fly's proxy has no machine that takes the request",
        "let the app listen on 0.0.0.0 and on `internal_port`, and look at `fly status` and `fly logs`",
    ),
    // --- Vercel ---
    Signature::of("vercel_server", Vercel, &[HeaderIs("server", "Vercel")], Documented, VERCEL),
    Signature::of("vercel_id", Vercel, &[Header("x-vercel-id")], Documented, VERCEL),
    Signature::of("vercel_hosts", Vercel, &[Host(&["vercel.app", "now.sh"])], Documented, VERCEL),
    Signature::of(
        "vercel_no_deployment",
        Vercel,
        &[Status(&[404]), HeaderIs("x-vercel-error", "DEPLOYMENT_NOT_FOUND")],
        Documented,
        VERCEL_ERRORS,
    )
    .means(
        NoSuchService,
        Certain,
        Configuration,
        "Vercel has no deployment for this host",
        "look at the project's domains and deployments, and use the production domain",
    ),
    Signature::of(
        "vercel_no_route",
        Vercel,
        &[Status(&[404]), HeaderIs("x-vercel-error", "NOT_FOUND")],
        Documented,
        VERCEL_ERRORS,
    )
    .means(
        RouteMissing,
        Certain,
        Configuration,
        "the deployment at Vercel has nothing at this path",
        "compare the path with the project's functions and rewrites",
    ),
    Signature::of(
        "vercel_stopped",
        Vercel,
        &[Status(&[402, 503]), HeaderBegins("x-vercel-error", "DEPLOYMENT_")],
        Documented,
        VERCEL_ERRORS,
    )
    .means(
        ServiceStopped,
        Certain,
        Configuration,
        "the deployment at Vercel is disabled or paused",
        "look at the account's payment and the project's state in Vercel's dashboard",
    ),
    Signature::of(
        "vercel_function_failed",
        Vercel,
        &[Status(&[500]), HeaderIs("x-vercel-error", "FUNCTION_INVOCATION_FAILED")],
        Documented,
        VERCEL_ERRORS,
    )
    .means(
        BackendFails,
        Certain,
        Application,
        "the function at Vercel crashed",
        "read the exception in the deployment's runtime logs",
    ),
    Signature::of(
        "vercel_function_slow",
        Vercel,
        &[Status(&[504]), HeaderIs("x-vercel-error", "FUNCTION_INVOCATION_TIMEOUT")],
        Documented,
        VERCEL_ERRORS,
    )
    .means(
        BackendSilent,
        Certain,
        Application,
        "the function at Vercel did not answer within its time",
        "let the function answer at once, or give it a longer `maxDuration`",
    ),
    // --- Static hosts ---
    Signature::of(
        "netlify_server",
        Netlify,
        &[HeaderIs("server", "Netlify")],
        Seen,
        "https://docs.netlify.com/manage/routing/headers/",
    ),
    Signature::of("netlify_id", Netlify, &[Header("x-nf-request-id")], Documented, "https://www.npmjs.com/package/netlify"),
    Signature::of("netlify_hosts", Netlify, &[Host(&["netlify.app"])], Documented, "https://docs.netlify.com/manage/domains/"),
    Signature::of(
        "github_pages",
        GithubPages,
        &[HeaderIs("server", "GitHub.com"), Header("x-github-request-id")],
        Assumed,
        "https://docs.github.com/pages/getting-started-with-github-pages/what-is-github-pages",
    )
    .means(
        OrdinaryPage,
        Consistent,
        Configuration,
        "GitHub Pages answered, which serves files and cannot hold a WebSocket",
        "use the address of the server, not that of the web site",
    ),
    // --- Google ---
    Signature::of("google_frontend", CloudRun, &[HeaderIs("server", "Google Frontend")], Seen, CLOUD_RUN),
    Signature::of("cloud_run_hosts", CloudRun, &[Host(&["run.app", "appspot.com"])], Documented, CLOUD_RUN),
    Signature::of(
        "cloud_run_not_allowed",
        CloudRun,
        &[Status(&[403]), HeaderIs("server", "Google Frontend"), Body("Your client does not have permission")],
        Assumed,
        CLOUD_RUN,
    )
    .means(
        RefusedInFront,
        Consistent,
        Configuration,
        "the Cloud Run service takes authenticated callers only",
        "allow unauthenticated invocations: no telephony provider has a Google identity",
    ),
    Signature::of(
        "cloud_run_no_service",
        CloudRun,
        &[Status(&[404]), Host(&["run.app"]), Body("was not found on this server")],
        Assumed,
        CLOUD_RUN,
    )
    .means(
        NoSuchService,
        Consistent,
        Configuration,
        "no Cloud Run service has this name, or its ingress does not take requests from outside",
        "compare the URL with `gcloud run services list`, and set ingress to all",
    ),
    Signature::of(
        "cloud_run_no_instance",
        CloudRun,
        &[Status(&[503]), HeaderIs("server", "Google Frontend"), Body("Service Unavailable")],
        Assumed,
        CLOUD_RUN,
    )
    .means(
        BackendFails,
        Consistent,
        Application,
        "no instance of the service took the request: it crashed, did not start, or none was free",
        "look at the service's log, let it listen on $PORT, and keep one instance warm (`--min-instances 1`)",
    ),
    // --- Azure ---
    Signature::of(
        "azure_hosts",
        AzureAppService,
        &[Host(&["azurewebsites.net"])],
        Documented,
        "https://learn.microsoft.com/azure/app-service/overview",
    ),
    Signature::of(
        "azure_stopped",
        AzureAppService,
        &[Status(&[403]), Body("web app is stopped")],
        Seen,
        "https://github.com/xamarin/sport/issues/21",
    )
    .means(
        ServiceStopped,
        Likely,
        Configuration,
        "the web app is stopped, or its subscription has used up its limit",
        "start the app in Azure's portal, and look at the subscription's quota",
    ),
    Signature::of(
        "azure_websockets_off",
        AzureAppService,
        &[Upgrade, Status(&[503]), Host(&["azurewebsites.net"])],
        Seen,
        "https://github.com/shrimpy/gowebsockettry",
    )
    .means(
        UpgradeLost,
        Consistent,
        Configuration,
        "App Service answers an upgrade with 503 where web sockets are not switched on",
        "switch web sockets on: `az webapp config set --web-sockets-enabled true`",
    ),
    Signature::of(
        "netlify_not_found",
        Netlify,
        &[Status(&[404]), HeaderContains("server", "Netlify"), Body("Not Found - Request ID")],
        Assumed,
        "https://docs.netlify.com/manage/domains/",
    )
    .means(
        NoSuchService,
        Consistent,
        Server,
        "Netlify has no site of this name; and Netlify's sites hold no WebSocket",
        "use the address of the server, not that of the web site",
    ),
];
