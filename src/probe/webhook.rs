//! Phase `webhook`: asks as the provider does, and reads the answer.
//!
//! One request on a connection of its own: a fresh lookup and a full handshake, as for the line; no redirects, no proxy, no cookies, no second
//! try. The name is looked up before the library is asked, so that faults of the lookup keep their names;
//! its addresses have a turn each until one takes the connection, and the stage of each is known (`stage`).

mod stage;

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, Url};
use rustls::ClientConfig;
use tokio::time::Instant;
use tower::util::MapFutureLayer;
use url::{Host, form_urlencoded};
use uuid::Uuid;

use super::answer::{printable_value, says_tls_port};
use super::scrub::{Known, Scrubber};
use super::tls::{self, Witness};
use super::{Resources, blame, resolve};
use crate::dialect::Call;
use crate::monitor::{DialPlan, Monitor, Timeouts, Webhook, WebhookMethod, WebhookSigning};
use crate::outcome::Reason;
use crate::report::{LintReport, StreamReport, WebhookReport};
use crate::secret::Secret;
use crate::text::Printable;
use crate::verdict::{self, ConnectFault, ResolveFault, TlsFault, WebhookFault};
use crate::webhook::{Answer, Complaint, Lint, Plan, Reading, Request, Rules, Stream, excerpt, login, query_values, read};
use stage::{ConnectError, Deadlines, Progress};

pub(super) use stage::Stage;

/// How much of a body is kept: enough for a document and for an error page's sentence.
const LONGEST_BODY: usize = 4 * 1024;
/// How much of a header's value is looked at: more than is kept, as what is left out of it comes first.
const LONGEST_HEADER: usize = 1024;
/// The longest sentence of a complaint.
const LONGEST_SENTENCE: usize = 1024;
/// The most headers of an answer that are kept.
const MOST_HEADERS: usize = 100;

/// What came of asking.
pub(super) struct Asked {
    pub(super) result: Result<Stream, WebhookFault>,
    pub(super) complaints: Vec<Complaint>,
    pub(super) report: WebhookReport,
    /// What came, no more than is looked at.
    pub(super) body: Vec<u8>,
    /// Secrets of the request and of the answer.
    pub(super) known: Known,
}

/// An answer, whatever it says.
struct Answered {
    status: u16,
    content_type: Option<String>,
    /// Names in lower case.
    headers: Vec<(String, Vec<u8>)>,
    /// No more than is read, and one byte to tell.
    body: Vec<u8>,
    took: Duration,
}

/// What is known of the connection.
#[derive(Default)]
struct Connection {
    progress: Progress,
    address: Option<SocketAddr>,
    witness: Option<Witness>,
}

/// The deadline of `webhook` that was missed, if it was one: the phase's own, or that of the whole where it is shorter.
pub(super) fn missed_deadline(fault: &WebhookFault, webhook: &Webhook, timeouts: &Timeouts) -> Option<Duration> {
    let whole = webhook.timeout;
    match fault {
        WebhookFault::Timeout => Some(whole),
        WebhookFault::Resolve(ResolveFault::Timeout) => Some(timeouts.resolve.min(whole)),
        WebhookFault::Connect(ConnectFault::Timeout) => Some(timeouts.connect.min(whole)),
        WebhookFault::Tls(TlsFault::Timeout) => Some(timeouts.tls.min(whole)),
        WebhookFault::Resolve(_)
        | WebhookFault::Connect(_)
        | WebhookFault::Tls(_)
        | WebhookFault::NotHttp
        | WebhookFault::Closed
        | WebhookFault::Status(_)
        | WebhookFault::Refused(_) => None,
    }
}

/// Asks `webhook` for the stream of `call`.
pub(super) async fn ask(webhook: &Webhook, monitor: &Monitor, call: &Call, resources: &Resources) -> Asked {
    let url = login(webhook);
    let request =
        Plan::of(webhook, monitor, &url, call, Uuid::new_v4().as_u128() ^ Uuid::new_v4().as_u128().rotate_left(64)).request();
    let rules = Rules::of(webhook, monitor);
    let mut connection = Connection::default();
    let sending = send(webhook, &monitor.dial, &request, rules.limits.bytes, resources, &mut connection);
    let answered = tokio::time::timeout(webhook.timeout, sending).await;
    let answered = answered.unwrap_or_else(|_| Err(connection.progress.stage().late()));
    let reading = answered.as_ref().ok().filter(|answered| answered.is_success()).map(|answered| answered.read(&rules));
    let known = known(webhook, &request, reading.as_ref());
    let scrubber = Scrubber::of(&known);
    let mut report = report(&request, webhook, &connection, answered.as_ref().ok(), &scrubber);
    report.tls_reason = answered.as_ref().err().and_then(tls_reason);
    let refused = reading.as_ref().and_then(Reading::refusal).map(|complaint| complaint.lint);
    let Reading { stream, complaints, .. } = reading.unwrap_or_default();
    report.stream = stream.as_ref().map(|stream| stream_report(stream, &scrubber));
    report.lint = complaints.iter().map(|complaint| lint_report(complaint, &scrubber)).collect();
    let (result, body) = match answered {
        Err(fault) => (Err(fault), Vec::new()),
        Ok(answered) => (outcome(&answered, refused, stream), answered.body),
    };
    Asked { result, complaints, report, body, known }
}

fn outcome(answered: &Answered, refused: Option<Lint>, stream: Option<Stream>) -> Result<Stream, WebhookFault> {
    match (answered.is_success(), refused, stream) {
        (false, ..) => Err(answered.fault()),
        (true, Some(lint), _) => Err(WebhookFault::Refused(lint)),
        (true, None, Some(stream)) => Ok(stream),
        // Without a stream there is a complaint that refuses.
        (true, None, None) => Err(WebhookFault::Refused(Lint::NoStream)),
    }
}

impl Answered {
    /// What a status means that is no success.
    fn fault(&self) -> WebhookFault {
        match self.status {
            400 if says_tls_port(&self.body) => WebhookFault::NotHttp,
            status => WebhookFault::Status(status),
        }
    }

    const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    fn read(&self, rules: &Rules<'_>) -> Reading {
        read(&Answer { content_type: self.content_type.as_deref(), body: &self.body, took: self.took }, rules)
    }
}

/// Asks the first address that takes the connection; each has its share of the time, as the line's have.
async fn send(
    webhook: &Webhook,
    plan: &DialPlan,
    request: &Request,
    most: usize,
    resources: &Resources,
    connection: &mut Connection,
) -> Result<Answered, WebhookFault> {
    let began = Instant::now();
    let addresses = look_up(webhook, plan).await?;
    let tls = tls_config(webhook, plan, resources, connection).await?;
    connection.progress.enter(Stage::Connect);
    let connecting = Instant::now();
    let mut first_fault = None;
    for (index, address) in addresses.iter().enumerate() {
        let waiting = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let left = plan.timeouts.connect.saturating_sub(connecting.elapsed());
        let deadlines = Deadlines { connect: left / waiting, tls: plan.timeouts.tls };
        let client = client(webhook, *address, tls.clone(), deadlines, connection)?;
        match client.execute(build(&client, webhook, plan, request)?).await {
            Ok(response) => return take(response, most, began, connection).await,
            Err(error) => {
                let fault = connection.fault(&error);
                if connection.progress.stage() != Stage::Connect {
                    return Err(fault);
                }
                first_fault.get_or_insert(fault);
            }
        }
    }
    Err(first_fault.unwrap_or(WebhookFault::Connect(ConnectFault::Unreachable)))
}

/// Reads the answer.
async fn take(response: Response, most: usize, began: Instant, connection: &mut Connection) -> Result<Answered, WebhookFault> {
    connection.address = response.remote_addr();
    let (status, headers) = (response.status().as_u16(), headers(&response));
    let content_type = response.headers().get("content-type").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let body = body(response, most).await.map_err(|error| connection.fault(&error))?;
    Ok(Answered { status, content_type, headers, body, took: began.elapsed() })
}

impl Connection {
    fn fault(&self, error: &reqwest::Error) -> WebhookFault {
        let tls = |io: &std::io::Error| self.witness.as_ref().map_or(TlsFault::Other, |witness| witness.fault(io));
        blame::webhook_fault(error, self.progress.stage(), tls)
    }
}

/// Where to connect to. Port 0 stands for that of the URL, which wins where it has one: see `build`.
async fn look_up(webhook: &Webhook, plan: &DialPlan) -> Result<Vec<SocketAddr>, WebhookFault> {
    let (host, elsewhere) = (host(webhook.url.url()), webhook.connect_to.as_ref());
    let (dialled, port) = elsewhere.map_or((&host, 0), |elsewhere| (&elsewhere.host, elsewhere.port));
    let resolved = resolve::resolve(dialled, plan.ip, &plan.resolver, plan.timeouts.resolve).await;
    let addresses = resolved.map_err(WebhookFault::Resolve)?.addresses;
    Ok(addresses.iter().map(|address: &IpAddr| SocketAddr::new(*address, port)).collect())
}

/// Providers present no certificate of ours to webhooks, and check the name of the URL.
async fn tls_config(
    webhook: &Webhook,
    plan: &DialPlan,
    resources: &Resources,
    connection: &mut Connection,
) -> Result<ClientConfig, WebhookFault> {
    let unfit = |_| WebhookFault::Tls(TlsFault::Other);
    if !webhook.url.is_secure() {
        return tls::no_tls(resources).map_err(unfit);
    }
    let (config, witness) = Witness::of(&plan.tls, resources).await.map_err(unfit)?;
    connection.witness = Some(witness);
    Ok(config)
}

/// A client for one request to one address.
fn client(
    webhook: &Webhook,
    address: SocketAddr,
    tls: ClientConfig,
    deadlines: Deadlines,
    connection: &Connection,
) -> Result<Client, WebhookFault> {
    let (progress, began) = (connection.progress.clone(), connection.witness.as_ref().map(Witness::began));
    let watching = move |connecting: Pin<Box<dyn Future<Output = Result<_, ConnectError>> + Send>>| {
        stage::watched(connecting, progress.clone(), began.clone(), deadlines)
    };
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .http1_only()
        .pool_max_idle_per_host(0)
        .connector_layer(MapFutureLayer::new(watching));
    if let Host::Domain(name) = host(webhook.url.url()) {
        builder = builder.resolve_to_addrs(&name, &[address]);
    }
    // It can only be refused for its TLS.
    builder.build().map_err(|_| WebhookFault::Tls(TlsFault::Other))
}

fn host(url: &Url) -> Host<String> {
    // Every http URL has a host.
    url.host().map_or_else(|| Host::Domain(String::new()), |host| host.to_owned())
}

/// The request as it was signed. The user's own headers win over ours.
fn build(client: &Client, webhook: &Webhook, plan: &DialPlan, request: &Request) -> Result<reqwest::Request, WebhookFault> {
    let method = match request.method {
        WebhookMethod::Get => Method::GET,
        WebhookMethod::Post => Method::POST,
    };
    // The configuration has checked everything that could be refused here.
    let mut url = Url::parse(request.url.expose()).map_err(|_| WebhookFault::Closed)?;
    let authority = url.authority().to_owned();
    if webhook.connect_to.is_some() {
        let _ = url.set_port(None);
    }
    let mut building = client.request(method, url);
    let own = |name: &str| webhook.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    let made = request.content_type.map(|media_type| ("Content-Type", media_type));
    let made = made.into_iter().chain([("User-Agent", plan.user_agent.as_str()), ("Host", &authority)]);
    let made = made.chain(request.headers.iter().map(|(name, value)| (*name, value.expose())));
    for (name, value) in made.filter(|(name, _)| !own(name)) {
        building = building.header(name, value);
    }
    for (name, value) in &webhook.headers {
        building = building.header(name, value.expose());
    }
    if let Some(body) = &request.body {
        building = building.body(body.expose().to_owned());
    }
    building.build().map_err(|_| WebhookFault::Closed)
}

fn headers(response: &Response) -> Vec<(String, Vec<u8>)> {
    let pair = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        (name.as_str().to_owned(), value.as_bytes().to_vec())
    };
    response.headers().iter().take(MOST_HEADERS).map(pair).collect()
}

/// No more of the body than is looked at, and one byte to tell that there was more.
async fn body(mut response: Response, most: usize) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while body.len() <= most
        && let Some(chunk) = response.chunk().await?
    {
        body.extend_from_slice(&chunk[..chunk.len().min(most + 1 - body.len())]);
    }
    Ok(body)
}

/// Everything of ours that the webhook may say back, and what its own answer has of tokens.
fn known(webhook: &Webhook, request: &Request, reading: Option<&Reading>) -> Known {
    let signing = webhook.signing.iter().flat_map(|signing| match signing {
        WebhookSigning::Twilio { token } | WebhookSigning::Plivo { token } => [Some(token), None],
        WebhookSigning::TwilioSharedKey { secret, .. } => [Some(secret), None],
        WebhookSigning::Vonage { secret, api_key, .. } => [Some(secret), api_key.as_ref()],
        WebhookSigning::Signalwire { key } => [Some(key), None],
    });
    let proofs = signing.flatten().chain(webhook.login.iter().map(|(_, password)| password));
    let proofs = proofs.chain(request.headers.iter().map(|(_, value)| value)).cloned().collect();
    let own = webhook.parameters.iter().chain(&webhook.headers).map(|(_, value)| value);
    // As a form or a query has them.
    let sent =
        own.clone().map(|value| Secret::new(form_urlencoded::byte_serialize(value.expose().as_bytes()).collect::<String>()));
    // What stands behind `Basic ` and `Bearer `.
    let bare = request.headers.iter().filter_map(|(_, value)| Some(Secret::new(value.expose().split_once(' ')?.1)));
    let query = query_values(webhook.url.url().query().unwrap_or_default());
    let theirs = reading.map(|reading| reading.secrets.as_slice()).unwrap_or_default();
    Known { proofs, values: own.cloned().chain(sent).chain(bare).chain(query).chain(theirs.iter().cloned()).collect() }
}

fn report(
    request: &Request,
    webhook: &Webhook,
    connection: &Connection,
    answered: Option<&Answered>,
    scrubber: &Scrubber,
) -> WebhookReport {
    let clean = |bytes: &[u8], limit| scrubber.scrub(scrubber.head(bytes, limit)).into_owned();
    let body = answered.map_or(&[][..], |answered| &answered.body);
    // Again behind `excerpt`, which takes escapes away.
    let shown = excerpt(&String::from_utf8_lossy(&clean(body, LONGEST_BODY)));
    let body = Printable::capture(&clean(shown.as_bytes(), LONGEST_BODY), LONGEST_BODY);
    let header = |(name, value): &(String, Vec<u8>)| {
        (Printable::capture(&clean(name.as_bytes(), 64), 64), printable_value(name, &clean(value, LONGEST_HEADER)))
    };
    WebhookReport {
        url: request.shown.to_string(),
        method: request.method.label(),
        provider: webhook.kind.label(),
        signed: webhook.signing.is_some(),
        address: connection.address,
        certificates: connection.witness.as_ref().map(Witness::certificates).unwrap_or_default(),
        tls_reason: None,
        status: answered.map(|answered| answered.status),
        headers: answered.map(|answered| answered.headers.iter().map(header).collect()).unwrap_or_default(),
        body,
        stream: None,
        lint: Vec::new(),
    }
}

/// Which TLS fault it was. What came in place of TLS is not known (see [`Witness::fault`]), and so not named.
fn tls_reason(fault: &WebhookFault) -> Option<Reason> {
    match fault {
        WebhookFault::Tls(TlsFault::NotTls { .. }) => None,
        WebhookFault::Tls(fault) => Some(verdict::tls_reason(fault)),
        WebhookFault::Resolve(_)
        | WebhookFault::Connect(_)
        | WebhookFault::NotHttp
        | WebhookFault::Closed
        | WebhookFault::Timeout
        | WebhookFault::Status(_)
        | WebhookFault::Refused(_) => None,
    }
}

fn scrubbed(text: &Printable, scrubber: &Scrubber) -> Printable {
    Printable::capture(&scrubber.scrub(text.as_str().as_bytes()), LONGEST_SENTENCE)
}

fn stream_report(stream: &Stream, scrubber: &Scrubber) -> StreamReport {
    StreamReport {
        url: scrubbed(&stream.written, scrubber),
        line: stream.line,
        verb: stream.verb.label(),
        provider: stream.provider.map(crate::dialect::Provider::label),
        parameters: stream.parameters.iter().map(|(name, _)| Printable::capture(name.as_bytes(), 64)).collect(),
        track: stream.track.clone(),
    }
}

fn lint_report(complaint: &Complaint, scrubber: &Scrubber) -> LintReport {
    LintReport {
        lint: complaint.lint.label(),
        line: complaint.line,
        says: scrubbed(&complaint.says, scrubber),
        fix: scrubbed(&complaint.fix, scrubber),
        refuses: complaint.refuses,
        provider_code: complaint.code,
    }
}
