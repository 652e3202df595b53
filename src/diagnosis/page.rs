//! `docs/diagnosis.md`, made from the lists and tables of this module.

use super::{fixes, layers};
use crate::outcome::{Check, Confidence, Finding};

/// What [`super::patterns`] says, which the reports of single probes do not have.
const OF_A_HISTORY: &[Finding] = &[
    Finding::IdleTimeout,
    Finding::LifetimeLimit,
    Finding::OneAddressFails,
    Finding::OneBackendFails,
    Finding::BeganSuddenly,
    Finding::DialSlows,
    Finding::CertificateExpires,
    Finding::Intermittent,
];

/// What [`super::limits()`] says.
const OF_THE_LIMITS: &[Finding] = &[
    Finding::HoldTooShort,
    Finding::StreamHidesIdle,
    Finding::PingsHideIdle,
    Finding::CleanProbesBound,
    Finding::OneEndProvesNoTimer,
];

const HEAD: &str = "\
# Diagnosis

Made from the code by `UPDATE_DOCS=1 cargo test`.

A probe that failed has one reason, and beside it findings: sentences about what the evidence of this one probe proves. They stand in
the report (`findings`), on the monitor's page, in the output of `sidetone probe`, and in `sidetone_finding{monitor,finding}`, which is 1
as long as the last probe has it. A probe that succeeded has none. A finding never changes the outcome, the reason or the owner.

Each says how sure it is:

";

/// The page.
#[must_use]
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    for confidence in Confidence::ALL {
        page.push_str(&format!("- *{confidence}*: {}\n", sureness(*confidence)));
    }
    page.push_str("\nIts evidence is listed; what speaks against it stands there as \"against: …\".\n\n## Findings\n\n");
    page.push_str("| finding | meaning |\n|---|---|\n");
    for finding in Finding::ALL.iter().filter(|finding| !OF_A_HISTORY.contains(finding) && !OF_THE_LIMITS.contains(finding)) {
        page.push_str(&format!("| `{finding}` | {} |\n", finding.explains().join("").trim()));
    }
    page.push_str(CHECKS);
    for check in Check::ALL {
        page.push_str(&format!("| `{check}` | {} |\n", check.explains().join("").trim()));
    }
    page.push_str(WHO);
    page.push_str(&layers::markdown());
    page.push_str(FIXES);
    page.push_str(&fixes::markdown());
    page.push_str(LIMITS);
    for limit in OF_THE_LIMITS {
        page.push_str(&format!("| `{limit}` | {} |\n", limit.explains().join("").trim()));
    }
    page
}

const CHECKS: &str = "
## Follow-up checks

`sidetone diagnose <NAME or URL>` makes a probe and then the checks that its failure calls for, one after the other, for at most a minute.
Which ones depends on the phase that failed. They never change what the probe said, and what they prove is among the findings of `diagnose` alone.

`follow_up` of a monitor says what may be tried. `safe`, the default, tries nothing that could begin a paid session once more: lookups,
connections, handshakes and ordinary requests, and upgrades only where none had succeeded, up to the first that does. `full` (`--full`) opens
and holds the line again, rung by rung: the first rung that dies names the cause. `off` tries nothing. Where a webhook named the host, its
addresses have to be public here as well.

| check | what is tried |
|---|---|
";

const WHO: &str = "
## Who answered

Proxies, tunnels, platforms and frameworks are known by their headers, the body's first words, the certificate and the host's name.
Several in one answer are listed from the front to the back. *known* says where a mark comes from: documented by its maker, seen verbatim
in several unrelated public places, or assumed; it bounds how sure a finding may be.

";

const FIXES: &str = "
## Fixes

A failed report has `fixes`: at most four snippets of commands or configuration, the best first. `sidetone diagnose` shows each below the
finding that it is for. They are chosen by evidence alone:

- for a layer only if the answer shows that layer, and only if the finding is about its own answer; where the upgrade was lost on the way, for
  what is in front of the one that says so as well;
- for a provider if the monitor speaks its dialect, or if its webhook failed;
- for anyone only where no recognised layer has its own.

Host, port and path in a snippet are those of the monitor's own configuration, up to the first character that a shell, XML or a proxy's
configuration could take for more than text. Where a webhook names the stream, its path is an example (`/media`), and the sentence says so.
What else is an example (the server's own port 5050, names in capitals) is named in the sentence. *known* is as above: whether the snippet's
setting is documented by its maker at the source, seen in public places, or assumed.

";

const LIMITS: &str = "
## What probes cannot show

`sidetone diagnose` ends with what this one probe could not have seen, after a success as well (`cannot show`; in `--json` under `limits`,
which is there also where no line was held). These are no failures, and no metric has them.

| limit | meaning |
|---|---|
";

const fn sureness(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Certain => "the evidence leaves nothing else.",
        Confidence::Likely => "the evidence points there, and something else is possible.",
        Confidence::Consistent => "the evidence fits, as it would fit other causes.",
    }
}
