//! Load balancers and gateways of clouds.

use super::super::Layer::{AwsAlb, AwsApiGateway, AzureApplicationGateway, GcpLoadBalancer};
use super::super::Sign::{Body, Header, Host, Product, Status, Via};
use super::super::Signature;
use super::super::Standing::{Assumed, Documented, Seen};
use crate::outcome::Confidence::{Certain, Consistent, Likely};
use crate::outcome::Finding::{BackendFails, BackendSilent, RefusedInFront, RouteMissing};
use crate::outcome::Owner::{Application, Configuration, Edge, Server};

const ALB: &str = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html";
const API_GATEWAY: &str = "https://repost.aws/knowledge-center/api-gateway-websocket-error";
const API_GATEWAY_LIMITS: &str =
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html";
const GCP: &str = "https://cloud.google.com/load-balancing/docs/https";
const AZURE_502: &str = "https://learn.microsoft.com/azure/application-gateway/application-gateway-troubleshooting-502";

/// The rows.
pub(super) const ROWS: &[Signature] = &[
    Signature::of("alb_server", AwsAlb, &[Product("server", "awselb")], Seen, ALB),
    Signature::of("alb_hosts", AwsAlb, &[Host(&["*.elb.amazonaws.com"])], Documented, ALB),
    Signature::of("alb_502", AwsAlb, &[Product("server", "awselb"), Status(&[502])], Documented, ALB).means(
        BackendFails,
        Likely,
        Server,
        "the target behind the load balancer refused, reset, or answered with what is no HTTP",
        "look at the target's log, and check that the target group's port and protocol are the server's",
    ),
    Signature::of("alb_503", AwsAlb, &[Product("server", "awselb"), Status(&[503])], Documented, ALB).means(
        BackendFails,
        Likely,
        Configuration,
        "the load balancer's target group has no registered target",
        "register the server in the target group, and see that its health check passes",
    ),
    Signature::of("alb_504", AwsAlb, &[Product("server", "awselb"), Status(&[504])], Documented, ALB).means(
        BackendSilent,
        Likely,
        Server,
        "the target behind the load balancer did not take the connection or did not answer in time",
        "let the target's security group accept the load balancer, and let the server answer at once",
    ),
    Signature::of("alb_refused", AwsAlb, &[Product("server", "awselb"), Status(&[403])], Documented, ALB).means(
        RefusedInFront,
        Likely,
        Edge,
        "the load balancer refuses the request, as a rule for a rule of AWS WAF",
        "find the request in the web ACL's samples and let the rule except this path",
    ),
    Signature::of("alb_no_rule", AwsAlb, &[Product("server", "awselb"), Status(&[404])], Assumed, ALB).means(
        RouteMissing,
        Consistent,
        Configuration,
        "the load balancer itself answers 404: the listener has a fixed answer for what no rule matches",
        "add a listener rule that sends this host and path to the server's target group",
    ),
    Signature::of("api_gateway_http_id", AwsApiGateway, &[Header("apigw-requestid")], Seen, API_GATEWAY),
    Signature::of("api_gateway_rest_id", AwsApiGateway, &[Header("x-amz-apigw-id")], Seen, API_GATEWAY),
    Signature::of("api_gateway_hosts", AwsApiGateway, &[Host(&["execute-api.*.amazonaws.com"])], Documented, API_GATEWAY),
    Signature::of(
        "api_gateway_forbidden",
        AwsApiGateway,
        &[Status(&[403]), Header("x-amzn-requestid"), Body("\"message\""), Body("Forbidden")],
        Seen,
        API_GATEWAY,
    )
    .means(
        RefusedInFront,
        Likely,
        Configuration,
        "API Gateway refuses the connection: no such API or stage, or the authorizer of $connect says no",
        "check the API's id, region and stage in the URL, then the authorizer and its log",
    ),
    Signature::of(
        "api_gateway_no_method",
        AwsApiGateway,
        &[Status(&[403]), Body("Missing Authentication Token")],
        Documented,
        "https://repost.aws/knowledge-center/api-gateway-authentication-token-errors",
    )
    .means(
        RouteMissing,
        Likely,
        Configuration,
        "API Gateway has no such resource and method (it calls that a missing token); this is a REST API, \
             which has no WebSocket",
        "use the wss:// address of the WebSocket API with its stage",
    ),
    Signature::of(
        "api_gateway_timeout",
        AwsApiGateway,
        &[Status(&[504]), Body("Endpoint request timed out")],
        Documented,
        API_GATEWAY_LIMITS,
    )
    .means(
        BackendSilent,
        Likely,
        Application,
        "the integration behind API Gateway did not answer within 29 s",
        "let the integration of $connect answer at once and do its work after it",
    ),
    Signature::of("gcp_via", GcpLoadBalancer, &[Via("google")], Seen, GCP),
    Signature::of(
        "gcp_backend",
        GcpLoadBalancer,
        &[Status(&[502]), Via("google"), Body("The server encountered a temporary error")],
        Assumed,
        GCP,
    )
    .means(
        BackendFails,
        Consistent,
        Server,
        "Google's load balancer got no answer from a backend",
        "look at the backend service's health and at `statusDetails` in the load balancer's log",
    ),
    Signature::of(
        "azure_application_gateway",
        AzureApplicationGateway,
        &[Product("server", "Microsoft-Azure-Application-Gateway")],
        Seen,
        AZURE_502,
    ),
    Signature::of(
        "azure_application_gateway_backend",
        AzureApplicationGateway,
        &[Status(&[502]), Product("server", "Microsoft-Azure-Application-Gateway")],
        Seen,
        AZURE_502,
    )
    .means(
        BackendFails,
        Certain,
        Server,
        "the application gateway has no healthy server in its backend pool, or cannot reach it",
        "look at the gateway's backend health, and let the network security group and the probe pass",
    ),
];
