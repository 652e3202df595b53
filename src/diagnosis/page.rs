//! `docs/diagnosis.md`, made from the lists and tables of this module.

use super::{fixes, layers};
use crate::outcome::{Check, Confidence, Finding};

/// What [`super::patterns`] says.
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

/// What [`super::together`] and [`super::prober_suspect`] say.
const OF_SEVERAL: &[Finding] =
    &[Finding::HostFailsTogether, Finding::AddressFailsTogether, Finding::CertificateFailsTogether, Finding::ProberSuspect];

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

A probe that failed has one reason, and beside it findings: sentences about what the evidence proves. They stand in the report
(`findings`), on the monitor's page, in the output of `sidetone probe` and `diagnose`, in the API, in the daemon's log line of a change of
state, and in `sidetone_finding{monitor,finding}`, which is 1 as long as the last probe has it. A finding never changes the outcome, the
reason or the owner. A probe that succeeded has none but those of its history, such as a certificate that runs out.

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
    let apart = [OF_A_HISTORY, OF_SEVERAL, OF_THE_LIMITS].concat();
    let of_one: Vec<_> = Finding::ALL.iter().copied().filter(|finding| !apart.contains(finding)).collect();
    list(&mut page, &of_one);
    for (text, findings) in [(HISTORY, OF_A_HISTORY), (SEVERAL, OF_SEVERAL), (CANNOT_SHOW, OF_THE_LIMITS)] {
        page.push_str(text);
        list(&mut page, findings);
    }
    page.push_str(CHECKS);
    for check in Check::ALL {
        page.push_str(&format!("| `{check}` | {} |\n", check.explains().join("").trim()));
    }
    page.push_str(WHO);
    page.push_str(&layers::markdown());
    page.push_str(FIXES);
    page.push_str(&fixes::markdown());
    page
}

fn list(page: &mut String, findings: &[Finding]) {
    page.push_str("| finding | meaning |\n|---|---|\n");
    for finding in findings {
        page.push_str(&format!("| `{finding}` | {} |\n", finding.explains().join("").trim()));
    }
}

const HISTORY: &str = "
## What a history shows

The daemon keeps the facts of the 240 newest probes of each monitor, without a gap, and adds what they show to the report of each further
probe. They are forgotten when the monitor's endpoint changes, and with the process.

";

const SEVERAL: &str = "
## What several monitors show

The daemon compares a monitor that fails with those that share its host, its address or its certificate. A group is named if at least two of
them fail, began to within one interval, and less than half as many have had a success since. At once (within 2 s) or for one reason, it is
*likely*; *consistent with* only, where one of them says itself what is wrong with it, or has failed since it was first probed: then all who
share it have to fail for one reason.

`prober_suspect` is said in place of it while the *control line* fails twice in a row (a line to ourselves over TLS on loopback, which is
probed every 15 s by the same code as every endpoint), or while at least three monitors at two places have begun to fail within one interval,
nothing has succeeded since, and these are everything that worked before, or three fifths of it and could not even be reached. What has
failed since it was first probed has no beginning, and counts only where nothing at all has been reached since the start.
`sidetone_prober_suspect` is 1 meanwhile. No result is dropped or rewritten for it, and nothing is followed up.

";

const CANNOT_SHOW: &str = "
## What probes cannot show

`sidetone diagnose` ends with what its one probe could not have seen, after a success as well (`cannot show`; in `--json` under `limits`,
which is there also where no line was held). The monitor's page and the API (`limits`) say it of the whole history. These are no failures: they
are true of good lines as well, and no metric has them.

";

const CHECKS: &str = "
## Follow-up checks

`sidetone diagnose <NAME or URL>` makes a probe and then the checks that its failure calls for, one after the other, for at most a minute
(with the ladder, for four holds more).
Which ones depends on the phase that failed. They never change what the probe said.

The daemon makes them too, once for each reason of an incident: after the failure that confirms it (or after the first, where nothing is to be
confirmed), when its result has been counted and logged. A monitor that was changed begins anew. A monitor is followed up at most every ten minutes, and two of all monitors at a
time; one that finds no place asks again at its next failure. Whoever asks for a probe (`/probe`) meanwhile cuts them short. What the checks prove stands in the report of that probe, and holds for the
next ones as long as they fail for the same reason. `sidetone_follow_ups_total` counts them.

`follow_up` of a monitor says what may be tried. `safe`, the default, tries nothing that could begin a paid session once more: lookups,
connections, handshakes and ordinary requests, and upgrades only where none had been answered with a 101, up to the first that is. Over `ws`
nothing goes that was meant for `wss` alone: no credentials, headers, signature, subprotocols or query. `full` (`--full`) opens
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

const fn sureness(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Certain => "the evidence leaves nothing else.",
        Confidence::Likely => "the evidence points there, and something else is possible.",
        Confidence::Consistent => "the evidence fits, as it would fit other causes.",
    }
}
