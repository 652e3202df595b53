//! Hosts, proxies and platforms that end lines by a timer: after how long, what resets it, and what to write to change it.
//!
//! A data table, one row a timer. A row says what a host does when nobody has changed it; a match says "consistent with" and
//! never more, as one number is used by many. Deliberately absent: who answered (that is read from the upgrade), and hosts that are
//! documented to have no such timer (Railway).
//!
//! Invariant: every row has a source, and says how well it is known.

/// What a timer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// From the last byte.
    Idle,
    /// From the 101, whatever flows.
    Lifetime,
}

/// How the host ends the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// TCP or TLS ends without a Close frame.
    WithoutClose,
    /// With a Close frame, or it is not known.
    Any,
}

/// How well a row is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Read in the program's source.
    Source,
    /// Read in the host's own documentation.
    Documentation,
    /// Told in threads and by other people's configuration; not checked.
    Reported,
}

/// A timer of a host.
#[derive(Clone, Copy, Debug)]
pub struct HostTimeout {
    /// The host and the setting's name, as it stands in a sentence.
    pub who: &'static str,
    /// What is counted.
    pub counts: Counts,
    /// Seconds, unless somebody changed it.
    pub seconds: f64,
    /// What sets an idle timer back.
    pub reset_by: &'static str,
    /// What the end looks like.
    pub cut: Cut,
    /// The line, command or attribute that changes it; where there is none, what to do instead.
    pub setting: &'static str,
    /// Where it is written.
    pub source: &'static str,
    /// How well it is known.
    pub known: Known,
}

/// How far a measured time may be off the timer. nginx sets its timers again up to 300 ms late, and the way there and back counts.
pub const TOLERANCE_SECONDS: f64 = 1.5;

const EITHER: &str = "bytes in either direction, pings and pongs among them";
const NOTHING: &str = "nothing";

/// Every timer, the most common first.
pub const HOST_TIMEOUTS: &[HostTimeout] = &[
    HostTimeout {
        who: "nginx proxy_read_timeout",
        counts: Counts::Idle,
        seconds: 60.0,
        reset_by: EITHER,
        cut: Cut::WithoutClose,
        setting: "proxy_read_timeout 3600s;",
        source: "nginx 1.28.3, ngx_http_upstream.c, ngx_http_upstream_process_upgraded",
        known: Known::Source,
    },
    HostTimeout {
        who: "AWS ALB idle timeout",
        counts: Counts::Idle,
        seconds: 60.0,
        reset_by: EITHER,
        cut: Cut::WithoutClose,
        setting: "aws elbv2 modify-load-balancer-attributes --load-balancer-arn ARN --attributes Key=idle_timeout.timeout_seconds,Value=3600",
        source: "Elastic Load Balancing user guide, load balancer attributes",
        known: Known::Documentation,
    },
    HostTimeout {
        who: "ingress-nginx proxy-read-timeout",
        counts: Counts::Idle,
        seconds: 60.0,
        reset_by: EITHER,
        cut: Cut::WithoutClose,
        setting: "nginx.ingress.kubernetes.io/proxy-read-timeout: \"3600\"",
        source: "ingress-nginx, annotations; it is nginx",
        known: Known::Reported,
    },
    HostTimeout {
        who: "Apache ProxyTimeout",
        counts: Counts::Idle,
        seconds: 60.0,
        reset_by: EITHER,
        cut: Cut::WithoutClose,
        setting: "ProxyTimeout 3600",
        source: "httpd 2.4 documentation: ProxyTimeout is Timeout unless set, Timeout is 60",
        known: Known::Reported,
    },
    HostTimeout {
        who: "AWS Classic Load Balancer idle timeout",
        counts: Counts::Idle,
        seconds: 60.0,
        reset_by: EITHER,
        cut: Cut::WithoutClose,
        setting: "aws elb modify-load-balancer-attributes --load-balancer-name NAME --load-balancer-attributes '{\"ConnectionSettings\":{\"IdleTimeout\":3600}}'",
        source: "docs.aws.amazon.com/elasticloadbalancing/latest/classic/config-idle-timeout.html",
        known: Known::Documentation,
    },
    HostTimeout {
        who: "the Fly.io proxy's idle timeout",
        counts: Counts::Idle,
        seconds: 60.0,
        reset_by: EITHER,
        cut: Cut::WithoutClose,
        setting: "let the server send a WebSocket ping every 20 s",
        source: "fly.io/docs/reference/services, Idle Connection Timeouts",
        known: Known::Documentation,
    },
    HostTimeout {
        who: "the Heroku router's idle timeout (H15)",
        counts: Counts::Idle,
        seconds: 55.0,
        reset_by: EITHER,
        cut: Cut::WithoutClose,
        setting: "let the server send a WebSocket ping every 20 s",
        source: "help.heroku.com/BZGH6WMY",
        known: Known::Documentation,
    },
    HostTimeout {
        who: "Cloudflare's idle timeout",
        counts: Counts::Idle,
        seconds: 100.0,
        reset_by: EITHER,
        cut: Cut::WithoutClose,
        setting: "let the server send a WebSocket ping every 30 s",
        source: "community.cloudflare.com/t/5865",
        known: Known::Reported,
    },
    HostTimeout {
        who: "the Azure App Service front end's idle timeout",
        counts: Counts::Idle,
        seconds: 230.0,
        reset_by: EITHER,
        cut: Cut::WithoutClose,
        setting: "let the server send a WebSocket ping every 60 s",
        source: "azure-advice.com",
        known: Known::Reported,
    },
    HostTimeout {
        who: "Azure Load Balancer idle timeout",
        counts: Counts::Idle,
        seconds: 240.0,
        reset_by: EITHER,
        cut: Cut::WithoutClose,
        setting: "az network lb rule update --resource-group GROUP --lb-name NAME --name RULE --idle-timeout 30",
        source: "learn.microsoft.com, load-balancer-tcp-idle-timeout",
        known: Known::Documentation,
    },
    HostTimeout {
        who: "Envoy stream_idle_timeout",
        counts: Counts::Idle,
        seconds: 300.0,
        reset_by: EITHER,
        cut: Cut::WithoutClose,
        setting: "stream_idle_timeout: 3600s",
        source: "envoyproxy.io, faq/configuration/timeouts",
        known: Known::Reported,
    },
    HostTimeout {
        who: "Jetty's idle timeout (9.4)",
        counts: Counts::Idle,
        seconds: 300.0,
        reset_by: EITHER,
        cut: Cut::Any,
        setting: "container.setIdleTimeout(Duration.ofHours(1));",
        source: "github.com/jetty/jetty.project/issues/2637",
        known: Known::Reported,
    },
    HostTimeout {
        who: "AWS NLB TCP idle timeout",
        counts: Counts::Idle,
        seconds: 350.0,
        reset_by: EITHER,
        cut: Cut::WithoutClose,
        setting: "aws elbv2 modify-listener-attributes --listener-arn ARN --attributes Key=tcp.idle_timeout.seconds,Value=6000 (TLS listeners: fixed, so let the server ping)",
        source: "docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.md",
        known: Known::Documentation,
    },
    HostTimeout {
        who: "AWS API Gateway's idle timeout",
        counts: Counts::Idle,
        seconds: 600.0,
        reset_by: "messages in either direction; it does not pass WebSocket pings",
        cut: Cut::Any,
        setting: "it cannot be changed: send a message at least every 9 minutes",
        source: "docs.aws.amazon.com, apigateway-execution-service-websocket-limits-table",
        known: Known::Documentation,
    },
    HostTimeout {
        who: "Google Cloud's backend service timeout",
        counts: Counts::Lifetime,
        seconds: 30.0,
        reset_by: NOTHING,
        cut: Cut::WithoutClose,
        setting: "gcloud compute backend-services update NAME --global --timeout=86400",
        source: "cloud.google.com/load-balancing/docs/https, backend service timeout; ingress-gce, WebSocket example",
        known: Known::Documentation,
    },
    HostTimeout {
        who: "Cloud Run's request timeout",
        counts: Counts::Lifetime,
        seconds: 300.0,
        reset_by: NOTHING,
        cut: Cut::WithoutClose,
        setting: "gcloud run services update NAME --timeout=3600",
        source: "cloud.google.com/run/docs/configuring/request-timeout",
        known: Known::Documentation,
    },
    HostTimeout {
        who: "Vercel's function duration",
        counts: Counts::Lifetime,
        seconds: 300.0,
        reset_by: NOTHING,
        cut: Cut::Any,
        setting: "export const maxDuration = 800; (with a plan that allows it)",
        source: "vercel.com/docs/functions/websockets",
        known: Known::Reported,
    },
    HostTimeout {
        who: "Vercel's function duration (Pro)",
        counts: Counts::Lifetime,
        seconds: 800.0,
        reset_by: NOTHING,
        cut: Cut::Any,
        setting: "it cannot be longer: serve calls elsewhere",
        source: "vercel.com/docs/functions/websockets",
        known: Known::Reported,
    },
    HostTimeout {
        who: "Supabase Edge Functions' wall clock (free)",
        counts: Counts::Lifetime,
        seconds: 150.0,
        reset_by: NOTHING,
        cut: Cut::Any,
        setting: "a paid plan has 400 s; serve calls elsewhere",
        source: "supabase.com/docs/guides/functions/limits",
        known: Known::Reported,
    },
    HostTimeout {
        who: "Supabase Edge Functions' wall clock (paid)",
        counts: Counts::Lifetime,
        seconds: 400.0,
        reset_by: NOTHING,
        cut: Cut::Any,
        setting: "it cannot be longer: serve calls elsewhere",
        source: "supabase.com/docs/guides/functions/limits",
        known: Known::Reported,
    },
    HostTimeout {
        who: "a Gemini Live connection behind the server",
        counts: Counts::Lifetime,
        seconds: 600.0,
        reset_by: NOTHING,
        cut: Cut::Any,
        setting: "let the bridge resume the session before it ends (session_resumption)",
        source: "ai.google.dev, Live API session management",
        known: Known::Reported,
    },
    HostTimeout {
        who: "Cloud Run's longest request timeout",
        counts: Counts::Lifetime,
        seconds: 3600.0,
        reset_by: NOTHING,
        cut: Cut::WithoutClose,
        setting: "it cannot be longer: let the caller connect again",
        source: "cloud.google.com/run/docs/configuring/request-timeout",
        known: Known::Documentation,
    },
    HostTimeout {
        who: "an OpenAI Realtime session behind the server",
        counts: Counts::Lifetime,
        seconds: 3600.0,
        reset_by: NOTHING,
        cut: Cut::Any,
        setting: "let the bridge open a new session before it ends",
        source: "platform.openai.com/docs/guides/realtime",
        known: Known::Reported,
    },
    HostTimeout {
        who: "AWS API Gateway's connection duration",
        counts: Counts::Lifetime,
        seconds: 7200.0,
        reset_by: NOTHING,
        cut: Cut::Any,
        setting: "it cannot be changed: let the caller connect again",
        source: "docs.aws.amazon.com, apigateway-execution-service-websocket-limits-table",
        known: Known::Documentation,
    },
];

impl HostTimeout {
    /// The row as a line of evidence: the time, what to write, and where it is from.
    #[must_use]
    pub fn describe(&self) -> String {
        let Self { who, seconds, setting, source, .. } = self;
        let reset = match self.counts {
            Counts::Idle => format!(", set back by {}", self.reset_by),
            Counts::Lifetime => String::new(),
        };
        let doubt = if self.known == Known::Reported { "reported, not checked: " } else { "" };
        format!("{who}: {seconds} s unless changed{reset}; {setting} ({doubt}{source})")
    }

    /// Would this timer end a line like that?
    #[must_use]
    pub fn fits(&self, counts: Counts, seconds: f64, with_close: bool) -> bool {
        let cut = !with_close || self.cut == Cut::Any;
        self.counts == counts && cut && (seconds - self.seconds).abs() <= TOLERANCE_SECONDS
    }
}

/// The timers that would end a line after so many seconds, the most common first.
#[must_use]
pub fn matching(counts: Counts, seconds: f64, with_close: bool) -> Vec<&'static HostTimeout> {
    HOST_TIMEOUTS.iter().filter(|host| host.fits(counts, seconds, with_close)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(counts: Counts, seconds: f64, with_close: bool) -> Vec<&'static str> {
        matching(counts, seconds, with_close).into_iter().map(|host| host.who).collect()
    }

    #[test]
    fn every_row_is_whole() {
        for host in HOST_TIMEOUTS {
            assert!(host.seconds >= 4.0, "{}: shorter ends are not looked up", host.who);
            for text in [host.who, host.reset_by, host.setting, host.source] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}: {text}", host.who);
            }
            assert_eq!(host.reset_by == NOTHING, host.counts == Counts::Lifetime, "{}", host.who);
            assert!(names(host.counts, host.seconds, false).contains(&host.who));
        }
        let mut all: Vec<_> = HOST_TIMEOUTS.iter().map(|host| host.who).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), HOST_TIMEOUTS.len(), "a name stands twice");
    }

    #[test]
    fn times_find_their_hosts() {
        let rows: [(Counts, f64, bool, &[&str]); 9] = [
            (Counts::Idle, 60.2, false, &["nginx proxy_read_timeout", "AWS ALB idle timeout"]),
            (Counts::Idle, 55.0, false, &["the Heroku router's idle timeout (H15)"]),
            (Counts::Idle, 57.5, false, &[]),
            (Counts::Idle, 60.0, true, &[]),
            (Counts::Idle, 600.0, true, &["AWS API Gateway's idle timeout"]),
            (Counts::Lifetime, 60.0, false, &[]),
            (Counts::Lifetime, 30.0, false, &["Google Cloud's backend service timeout"]),
            (Counts::Idle, 30.0, false, &[]),
            (Counts::Lifetime, 300.4, false, &["Cloud Run's request timeout", "Vercel's function duration"]),
        ];
        for (counts, seconds, with_close, expected) in rows {
            let found = names(counts, seconds, with_close);
            assert!(found.starts_with(expected) && found.is_empty() == expected.is_empty(), "{counts:?} {seconds}: {found:?}");
        }
    }
}
