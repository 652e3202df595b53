//! Edges, tunnels and balancers. Words in capitals are names in the user's own account.

use super::super::fix::Fix;
use super::super::fix::Whom::Layers;
use crate::diagnosis::layers::Layer::{
    AwsAlb, AwsApiGateway, AzureApplicationGateway, CloudFront, Cloudflare, CloudflareTunnel, GcpLoadBalancer, Ngrok,
};
use crate::diagnosis::layers::Standing::{Assumed, Documented, Seen};
use crate::outcome::Finding::{
    BackendFails, BackendSilent, BotProtection, IdleTimeout, LifetimeLimit, OriginTlsFails, PlaceholderCertificate,
    RefusedInFront, RouteMissing, TunnelOffline, TunnelPage, UpgradeLost,
};

const CLOUDFLARE_SKIP: &str = "https://developers.cloudflare.com/waf/custom-rules/skip/";
const CLOUDFLARE_TUNNEL: &str = "https://developers.cloudflare.com/tunnel/advanced/local-management/configuration-file/";
const ALB: &str = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html";
const API_GATEWAY_LIMITS: &str =
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html";

/// The rows.
pub(super) const ROWS: &[Fix] = &[
    // --- Cloudflare ---
    Fix::of(
        "cloudflare_origin",
        Layers(&[Cloudflare]),
        (
            "on the server's machine, ask it past Cloudflare: an answer means that the record or the firewall is wrong (the \
             addresses to let in: cloudflare.com/ips)",
            "ss -ltnp | grep -E ':(80|443) '\n\
             curl -skI https://127.0.0.1/ -H 'Host: @host@'",
        ),
        Assumed,
        "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/",
    )
    .on(&[BackendFails, BackendSilent]),
    Fix::of(
        "cloudflare_origin_tls",
        Layers(&[Cloudflare]),
        (
            "on the server's machine, look at the certificate that Cloudflare gets: its names and its end",
            "openssl s_client -connect 127.0.0.1:443 \\\n\
             \x20 -servername @host@ </dev/null \\\n\
             \x20 | openssl x509 -noout -enddate -ext subjectAltName",
        ),
        Assumed,
        "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/",
    )
    .on(&[OriginTlsFails]),
    Fix::of(
        "cloudflare_skip",
        Layers(&[Cloudflare]),
        (
            "in the dashboard, Security > WAF > Custom rules: a rule with the action Skip and this expression (Bot Fight Mode of \
             the free plan cannot be skipped: switch it off)",
            "http.host eq \"@host@\"\n\
             and starts_with(http.request.uri.path, \"@path@\")",
        ),
        Documented,
        CLOUDFLARE_SKIP,
    )
    .on(&[BotProtection, RefusedInFront]),
    Fix::of(
        "cloudflare_proxied",
        Layers(&[Cloudflare]),
        (
            "in the dashboard, DNS: set the record to proxied (an Origin CA certificate is good behind Cloudflare alone); this \
             shows whether it is: the addresses are then Cloudflare's",
            "dig +short @host@",
        ),
        Assumed,
        "https://developers.cloudflare.com/ssl/origin-configuration/origin-ca/",
    )
    .on(&[PlaceholderCertificate]),
    // --- Cloudflare Tunnel ---
    Fix::of(
        "cloudflare_tunnel_run",
        Layers(&[CloudflareTunnel]),
        (
            "start the connector again (NAME: the tunnel); a quick tunnel has another name each time, so its new URL has to go to \
             the provider",
            "cloudflared tunnel info NAME\n\
             cloudflared tunnel run NAME",
        ),
        Seen,
        "https://developers.cloudflare.com/tunnel/advanced/local-management/create-local-tunnel/",
    )
    .on(&[TunnelOffline]),
    Fix::of(
        "cloudflare_tunnel_service",
        Layers(&[CloudflareTunnel]),
        (
            "in config.yml, give the tunnel the server's scheme and port (5050)",
            "ingress:\n\
             \x20 - hostname: @host@\n\
             \x20   service: http://localhost:5050\n\
             \x20 - service: http_status:404",
        ),
        Documented,
        CLOUDFLARE_TUNNEL,
    )
    .on(&[BackendFails]),
    // --- ngrok ---
    Fix::of(
        "ngrok_start",
        Layers(&[Ngrok]),
        (
            "start the agent with this name (5050: the server's own port); if another name is shown, give that one to the provider",
            "ngrok http 5050 --url https://@host@",
        ),
        Seen,
        "https://ngrok.com/docs/errors/err_ngrok_3200",
    )
    .on(&[TunnelOffline]),
    Fix::of(
        "ngrok_backend",
        Layers(&[Ngrok]),
        (
            "see on which port the server listens, and start the agent with that one (https:// before it if it speaks TLS)",
            "ss -ltnp\n\
             ngrok http http://localhost:5050 --url https://@host@",
        ),
        Assumed,
        "https://ngrok.com/docs/errors/err_ngrok_8012",
    )
    .on(&[BackendFails]),
    Fix::of(
        "ngrok_page",
        Layers(&[Ngrok]),
        (
            "the page is for browsers alone, so calls do not see it: let the monitor not look like one",
            "headers = { \"ngrok-skip-browser-warning\" = \"1\" }",
        ),
        Seen,
        "https://ngrok.com/docs/pricing-limits/free-plan-limits/",
    )
    .on(&[TunnelPage]),
    Fix::of(
        "ngrok_inspect",
        Layers(&[Ngrok]),
        (
            "look at the request as ngrok's agent got it (4040: its own port), headers and all",
            "curl -s http://127.0.0.1:4040/api/requests/http",
        ),
        Documented,
        "https://ngrok.com/docs/agent/api/",
    )
    .on(&[UpgradeLost]),
    // --- AWS ---
    Fix::of(
        "alb_targets",
        Layers(&[AwsAlb]),
        (
            "see which targets are healthy, and why the others are not (ARN: that of the target group)",
            "aws elbv2 describe-target-health --target-group-arn ARN",
        ),
        Documented,
        "https://docs.aws.amazon.com/cli/latest/reference/elbv2/describe-target-health.html",
    )
    .on(&[BackendFails, BackendSilent]),
    Fix::of(
        "alb_rule",
        Layers(&[AwsAlb]),
        (
            "see which rules the listener has; one has to send this host and path to the server's target group (ARN: that of the \
             listener)",
            "aws elbv2 describe-rules --listener-arn ARN",
        ),
        Assumed,
        "https://docs.aws.amazon.com/cli/latest/reference/elbv2/describe-rules.html",
    )
    .on(&[RouteMissing]),
    Fix::of(
        "alb_waf",
        Layers(&[AwsAlb]),
        (
            "see which web ACL stands before the load balancer (ARN: that of the load balancer), and look at its sampled requests",
            "aws wafv2 get-web-acl-for-resource --resource-arn ARN",
        ),
        Assumed,
        "https://docs.aws.amazon.com/cli/latest/reference/wafv2/get-web-acl-for-resource.html",
    )
    .on(&[RefusedInFront]),
    Fix::of(
        "alb_idle",
        Layers(&[AwsAlb]),
        (
            "raise the load balancer's idle timer, which is 60 s unless set (ARN: that of the load balancer)",
            "aws elbv2 modify-load-balancer-attributes \\\n\
             \x20 --load-balancer-arn ARN \\\n\
             \x20 --attributes Key=idle_timeout.timeout_seconds,Value=3600",
        ),
        Documented,
        ALB,
    )
    .on(&[IdleTimeout]),
    Fix::of(
        "api_gateway_apis",
        Layers(&[AwsApiGateway]),
        (
            "compare the URL with the WebSocket API's endpoint and stages (ID: the first label of the endpoint)",
            "aws apigatewayv2 get-apis \\\n\
             \x20 --query 'Items[].[Name,ProtocolType,ApiEndpoint]'\n\
             aws apigatewayv2 get-stages --api-id ID",
        ),
        Assumed,
        "https://docs.aws.amazon.com/cli/latest/reference/apigatewayv2/get-apis.html",
    )
    .on(&[RouteMissing, RefusedInFront]),
    Fix::of(
        "api_gateway_limits",
        Layers(&[AwsApiGateway]),
        (
            "these limits cannot be raised (10 min idle, 2 h in all, 29 s to answer): let the server send a ping within them, and \
             answer $connect at once; this shows the integrations (ID: the API)",
            "aws apigatewayv2 get-integrations --api-id ID",
        ),
        Documented,
        API_GATEWAY_LIMITS,
    )
    .on(&[BackendSilent, IdleTimeout, LifetimeLimit]),
    Fix::of(
        "cloudfront_origin",
        Layers(&[CloudFront]),
        (
            "see the origin's name, port and protocol (ID: the distribution); for WebSocket the behavior of this path needs an \
             origin request policy that sends the viewer's Sec-WebSocket headers, such as AllViewer",
            "aws cloudfront get-distribution-config --id ID \\\n\
             \x20 --query 'DistributionConfig.[Origins,CacheBehaviors]'",
        ),
        Documented,
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-working-with.websockets.html",
    )
    .on(&[BackendFails, BackendSilent, RefusedInFront]),
    // --- Google ---
    Fix::of(
        "gcp_lifetime",
        Layers(&[GcpLoadBalancer]),
        (
            "raise the backend service's timeout, which is the age of a WebSocket whatever flows, 30 s unless set (NAME: the \
             backend service)",
            "gcloud compute backend-services update NAME \\\n\
             \x20 --global --timeout=86400",
        ),
        Documented,
        "https://cloud.google.com/load-balancing/docs/https",
    )
    .on(&[LifetimeLimit]),
    Fix::of(
        "gcp_backend",
        Layers(&[GcpLoadBalancer]),
        (
            "see which backends are healthy (NAME: the backend service)",
            "gcloud compute backend-services get-health NAME --global",
        ),
        Assumed,
        "https://cloud.google.com/sdk/gcloud/reference/compute/backend-services/get-health",
    )
    .on(&[BackendFails]),
    // --- Azure ---
    Fix::of(
        "azure_gateway_backend",
        Layers(&[AzureApplicationGateway]),
        (
            "see which servers of the backend pool are healthy, and why the others are not (GROUP, NAME: the gateway's)",
            "az network application-gateway show-backend-health \\\n\
             \x20 --resource-group GROUP --name NAME",
        ),
        Assumed,
        "https://learn.microsoft.com/cli/azure/network/application-gateway",
    )
    .on(&[BackendFails]),
];
