//! The reference table of reasons, in its three forms; made from the list itself, so that it cannot lag behind.

use std::fmt::Write;

use serde_json::json;

use crate::outcome::{Outcome, Owner, Phase, Reason, Warning};

/// For a terminal.
pub(super) fn reasons_text() -> String {
    let mut out = String::new();
    for reason in Reason::all() {
        let _ = writeln!(out, "{:<30} {:<8} {:<14} {}", reason.label(), reason.phase(), owner(reason), reason.explains());
    }
    out.push_str("\nEvery other status from 100 to 599 has its reason in the same way: http_418, http_511 …\n");
    out
}

/// For scripts.
#[must_use]
pub fn reasons_json() -> String {
    let row = |reason: Reason| {
        json!({
            "reason": reason.label(), "phase": reason.phase(), "owner": reason.owner(), "outcome": reason.outcome(),
            "explains": reason.explains(), "confirmed_by_another_probe": !reason.is_deterministic(),
        })
    };
    let rows: Vec<_> = Reason::all().map(row).collect();
    serde_json::to_string_pretty(&rows).unwrap_or_default()
}

/// For `docs/reasons.md`.
#[must_use]
pub fn reasons_markdown() -> String {
    let mut out = String::from(
        "# Reasons\n\n\
         Why a probe did not succeed. Every failed or inconclusive probe has exactly one reason of this closed list; it stands in the report \
         (`reason`), in the log, and as a label of `sidetone_probe_failure_reasons_total` and `sidetone_last_failure_info`. The labels are \
         stable.\n\n\
         This page is generated from `src/outcome/reason.rs`; `UPDATE_DOCS=1 cargo test` writes it anew. `sidetone reasons` prints the same \
         table.\n\n## Who must act\n\n| owner | who |\n|---|---|\n",
    );
    for owner in Owner::ALL {
        let _ = writeln!(out, "| `{owner}` | {} |", who(*owner));
    }
    for phase in Phase::ALL {
        let rows: Vec<_> =
            Reason::all().filter(|reason| reason.phase() == *phase && reason.outcome() == Outcome::Failure).collect();
        if !rows.is_empty() {
            let _ = write!(out, "\n## Phase `{phase}`\n\n{}", table(&rows));
        }
        if *phase == Phase::Upgrade {
            out.push_str("\nEvery other status from 100 to 599 has its reason in the same way: `http_418`, `http_511` …\n");
        }
    }
    let inconclusive: Vec<_> = Reason::all().filter(|reason| reason.outcome() == Outcome::Inconclusive).collect();
    let _ = write!(
        out,
        "\n## Inconclusive\n\nCauses that provably lie with the prober. They are never counted against the endpoint and change no state; \
         `sidetone_probes_inconclusive_total` counts them.\n\n{}",
        table(&inconclusive)
    );
    out.push_str(
        "\n## Warnings\n\nWhat a report says beside its reason (`warnings`): odd, and without a say in the outcome unless `no_warnings` raises it \
         (`app_warned`). Those of a provider's dialect carry the provider's own name or number for it (`provider_code`); `docs/dialects.md` has \
         them.\n\n| warning | what it means |\n|---|---|\n",
    );
    for warning in Warning::ALL {
        let explains: Vec<_> = warning.explains().iter().map(|line| line.trim()).collect();
        let _ = writeln!(out, "| `{warning}` | {} |", explains.join(" "));
    }
    out
}

fn table(reasons: &[Reason]) -> String {
    let mut out = String::from("| reason | owner | what it means |\n|---|---|---|\n");
    for reason in reasons {
        let _ = writeln!(out, "| `{}` | {} | {} |", reason.label(), owner(*reason), reason.explains());
    }
    out
}

const fn owner(reason: Reason) -> &'static str {
    reason.owner().label()
}

const fn who(owner: Owner) -> &'static str {
    match owner {
        Owner::Prober => "whoever runs sidetone, or the machine that it runs on",
        Owner::Network => "the path between the prober and the host, and the domain's name servers",
        Owner::Edge => "what terminates TLS and HTTP in front of the server: proxy, load balancer, tunnel, platform",
        Owner::Server => "the process that serves the WebSocket, or the host under it",
        Owner::Application => "the code of the voice agent",
        Owner::Credentials => "a token, password, signature or client certificate",
        Owner::Configuration => "the URL or the settings of the monitor, and so probably of the provider as well",
    }
}
