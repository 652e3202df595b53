//! `sidetone healthcheck`: asks a running daemon how it is, for a container that has no shell and no curl.
//!
//! Exit codes: 0 it is well, 1 it is not or does not answer, as `HEALTHCHECK` of a Dockerfile has them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use url::Url;

use super::{Exit, print, runtime};
use crate::discovery::plain_client;
use crate::text::Printable;

#[derive(Debug, Args)]
pub(super) struct HealthcheckArgs {
    /// Where the daemon listens; an address that stands for all of the machine's is asked on loopback
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:10065", conflicts_with = "url")]
    listen: SocketAddr,
    /// The daemon's base URL, in place of --listen
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// Ask whether it is ready to work (/-/ready), and not only whether it is alive (/-/healthy)
    #[arg(long)]
    ready: bool,
    /// How long it may take to answer
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = humantime::parse_duration)]
    timeout: Duration,
}

/// `sidetone healthcheck`.
pub(super) fn run(args: &HealthcheckArgs) -> Exit {
    let asked = runtime().map_err(|error| format!("no runtime: {error}")).and_then(|runtime| runtime.block_on(ask(args)));
    match asked {
        Ok(answer) => print(&answer),
        Err(says) => {
            super::complain(&says);
            // Docker keeps 2 for itself.
            Exit::Bad
        }
    }
}

async fn ask(args: &HealthcheckArgs) -> Result<String, String> {
    let path = if args.ready { "/-/ready" } else { "/-/healthy" };
    let base = args.url.clone().map_or_else(|| format!("http://{}", reachable(args.listen)), |url| url.to_string());
    let url = format!("{}{path}", base.trim_end_matches('/'));
    if !url.starts_with("http://") {
        return Err(format!("{url}: the daemon speaks plain HTTP; write `http://…`"));
    }
    let client = plain_client().map_err(|error| format!("no client: {error}"))?;
    let asking = async {
        let answer = client.get(&url).send().await?;
        let status = answer.status();
        Ok::<_, reqwest::Error>((status, answer.bytes().await?))
    };
    let late = |_| format!("{url}: no answer within {:?}", args.timeout);
    let (status, body) = match tokio::time::timeout(args.timeout, asking).await.map_err(late)? {
        Ok(answer) => answer,
        Err(error) if error.is_connect() => {
            return Err(format!("{url}: nobody answers; is sidetone running, and does it listen there?"));
        }
        Err(_) => return Err(format!("{url}: the connection ended before the answer was complete")),
    };
    let says = Printable::capture(body.trim_ascii(), 200);
    if status == 200 { Ok(says.to_string()) } else { Err(format!("{url}: {status}: {says}")) }
}

/// An address that can be connected to.
const fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_are_asked_on_loopback() {
        let rows = [("0.0.0.0:9000", "127.0.0.1:9000"), ("[::]:9000", "[::1]:9000"), ("192.0.2.1:1", "192.0.2.1:1")];
        for (listen, asked) in rows {
            assert_eq!(reachable(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
