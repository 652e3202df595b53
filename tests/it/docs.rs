//! Documents that are made from code are compared with it; `UPDATE_DOCS=1 cargo test` writes them anew.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

fn same(file: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == made, "{file} is not what the code makes; run UPDATE_DOCS=1 cargo test");
}

/// The TOML blocks of a page that are whole configurations.
fn configurations(page: &str) -> Vec<String> {
    let blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.contains("[[monitor]]")).map(str::to_owned).collect()
}

/// The folder in which the pages have their secrets.
const SECRETS: &str = "/run/secrets/";

/// A configuration that a page shows, with files in `folder` for the secrets that it names.
fn with_secrets(block: &str, folder: &Path) -> String {
    for rest in block.split(SECRETS).skip(1) {
        let name = rest.split('"').next().unwrap_or_default();
        std::fs::write(folder.join(name), "secret").unwrap();
    }
    block.replace(SECRETS, &format!("{}/", folder.display()))
}

/// The pages about incidents, without their list.
fn incidents(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root.join("docs/incidents")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut pages: Vec<_> = names.filter(|name| name != "README.md").map(|name| format!("docs/incidents/{name}")).collect();
    pages.sort_unstable();
    pages
}

/// What the pages show can be loaded as it stands, once the files and variables that it names are there.
#[test]
fn shown_configurations_load() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let pages = ["README.md", "docs/operating.md", "docs/dialects.md", "docs/webhooks.md", "docs/scaling.md"].map(str::to_owned);
    for page in pages.into_iter().chain(incidents(root)) {
        let text = std::fs::read_to_string(root.join(&page)).unwrap();
        let shown = configurations(&text);
        assert!(!shown.is_empty(), "{page} shows no configuration");
        for block in shown {
            if let Err(problems) = sidetone::config::parse(&with_secrets(&block, folder.path()), &page, root) {
                panic!("{page}:\n{problems}");
            }
        }
    }
}

/// A monitor for each dialect, each with a name of its own.
#[test]
fn the_dialects_fit_into_one_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/dialects.md")).unwrap();
    let shown = configurations(&text);
    assert_eq!(shown.len(), sidetone::dialect::Provider::ALL.len() + 1, "with `raw`");
    match sidetone::config::parse(&shown.concat(), "docs/dialects.md", root) {
        Ok(config) => assert_eq!(config.notes, [""; 0]),
        Err(problems) => panic!("{problems}"),
    }
}

/// A monitor for each provider of a webhook.
#[test]
fn every_provider_of_a_webhook_is_shown() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/webhooks.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut kinds = Vec::new();
    for block in configurations(&text) {
        let config = sidetone::config::parse(&with_secrets(&block, folder.path()), "docs/webhooks.md", root);
        let config = config.unwrap_or_else(|problems| panic!("{problems}"));
        kinds.extend(config.monitors.iter().filter_map(|monitor| match &monitor.endpoint {
            sidetone::monitor::Endpoint::Webhook(webhook) => Some(webhook.kind),
            sidetone::monitor::Endpoint::Stream(_) => None,
        }));
    }
    for kind in sidetone::webhook::Kind::ALL {
        assert!(kinds.contains(kind), "no configuration with {kind}");
    }
}

/// Every page about an incident is in the list, and everything in the list is there.
#[test]
fn incidents_are_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = std::fs::read_to_string(root.join("docs/incidents/README.md")).unwrap();
    let links = list.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let mut listed: Vec<_> = links.filter(|link| !link.contains('/')).map(|link| format!("docs/incidents/{link}")).collect();
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(listed, incidents(root));
}

#[test]
fn webhooks() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/webhooks.md");
    let written = std::fs::read_to_string(path).unwrap();
    let made = sidetone::webhook::markdown(&written);
    same("docs/webhooks.md", &made.unwrap_or_else(|part| panic!("docs/webhooks.md has no place for its part {part}")));
}

const DIAGNOSIS: &str = "docs/diagnosis.md";
/// What follows is out of real probes, and written by the tests in `suspects`.
const SUSPECTS: &str = "\n<!-- The rest is written by tests/it/suspects.rs. -->\n\n";

/// Two tests write this page, a part each, and each leaves the other's as it is.
fn diagnosis_page() -> (MutexGuard<'static, ()>, String) {
    static WRITERS: Mutex<()> = Mutex::new(());
    let alone = WRITERS.lock().unwrap_or_else(PoisonError::into_inner);
    let written = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(DIAGNOSIS)).unwrap();
    (alone, written)
}

#[test]
fn diagnosis() {
    let (_alone, written) = diagnosis_page();
    let suspects = written.split_once(SUSPECTS).map_or("", |(_, suspects)| suspects);
    same(DIAGNOSIS, &[&sidetone::diagnosis::markdown(), SUSPECTS, suspects].concat());
}

/// The part of `docs/diagnosis.md` about suspects.
pub(crate) fn suspects(made: &str) {
    let (_alone, written) = diagnosis_page();
    let before = written.split_once(SUSPECTS).map_or(written.as_str(), |(before, _)| before);
    same(DIAGNOSIS, &[before, SUSPECTS, made].concat());
}

#[test]
fn dialects() {
    same("docs/dialects.md", &sidetone::dialect::markdown());
}

#[test]
fn reasons() {
    same("docs/reasons.md", &sidetone::cli::reasons_markdown());
}
