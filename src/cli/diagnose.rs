//! `sidetone diagnose`: the troubleshooting page, run: every check with its result, then the likely cause, who must act, and what to do.

mod page;

use std::sync::Arc;

use clap::Args;

use super::probe::{ProbeArgs, exit_of, has_colour, once};
use super::{Exit, complain, print, runtime};
use crate::diagnosis::{self, Past};
use crate::monitor::{Endpoint, FollowUps, HoldPlan, Monitor};
use crate::report::{FindingReport, Report};
use crate::webhook::{Complaint, lint_url};
use page::page;

/// The arguments of `sidetone diagnose`.
#[derive(Debug, Args)]
pub(super) struct DiagnoseArgs {
    #[command(flatten)]
    probe: ProbeArgs,
    /// Make every follow-up check, also those that open and hold the line again and may start paid sessions
    #[arg(long)]
    full: bool,
}

pub(super) fn run(args: &DiagnoseArgs) -> Exit {
    let mut monitor = match args.probe.monitor() {
        Ok(monitor) => monitor.as_ref().clone(),
        Err(message) => return complain(&message),
    };
    if args.full {
        monitor.follow_up = FollowUps::Full;
    }
    let lint = url_lint(&monitor);
    let monitor = Arc::new(monitor);
    let report = match runtime() {
        Ok(runtime) => runtime.block_on(once(Arc::clone(&monitor), true)),
        Err(error) => return complain(&format!("no runtime: {error}")),
    };
    let seen = Seen { lint: &lint, report: &report, limits: &limits(&monitor.hold, &report) };
    let shown = if args.probe.json { print(&json(&seen)) } else { print(&page(&seen, has_colour())) };
    exit_of(&report, shown)
}

/// Everything that a diagnosis has to show.
struct Seen<'a> {
    lint: &'a [Complaint],
    report: &'a Report,
    limits: &'a [FindingReport],
}

/// What one probe by this plan cannot show.
fn limits(plan: &HoldPlan, report: &Report) -> Vec<FindingReport> {
    diagnosis::limits(plan, &[Past::of(report)])
}

/// What is wrong with the URL itself, before any packet. A webhook's answer is linted when it has come.
fn url_lint(monitor: &Monitor) -> Vec<Complaint> {
    match &monitor.endpoint {
        Endpoint::Stream(target) => lint_url(target, monitor.dialect.provider().map(|settings| settings.provider)),
        Endpoint::Webhook(_) => Vec::new(),
    }
}

fn json(seen: &Seen<'_>) -> String {
    let lint = seen.lint.iter().map(|complaint| {
        serde_json::json!({
            "lint": complaint.lint,
            "says": complaint.says,
            "fix": complaint.fix,
            "refuses": complaint.refuses,
            "provider_code": complaint.code,
        })
    });
    let whole = serde_json::json!({
        "url_lint": lint.collect::<Vec<_>>(),
        "report": seen.report,
        "answered": diagnosis::layers::who_answered(seen.report),
        "limits": seen.limits,
    });
    serde_json::to_string_pretty(&whole).unwrap_or_default()
}
