//! Rules of the source tree: imports point down, the lower layers are pure, `unsafe` stays where it is, files stay small.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules from the ground up. A module may use those before it, and nothing else of ours.
const ORDER: &[&str] = &[
    // words
    "outcome",
    "text",
    "secret",
    "wall",
    "audio",
    "signature",
    "report", // rules
    "dialect",
    "monitor",
    "webhook",
    "hold",
    "verdict",
    "diagnosis",
    "schedule",
    "standing",
    "fleet", // edges
    "lag",
    "config",
    "probe",
    "discovery", // memory
    "history",
    "metrics", // running
    "supervisor",
    "http", // entry
    "telemetry",
    "daemon",
    "prober",
    "control_line",
    "practice",
    "cli",
];

/// Words and rules: no clock, no I/O, no foreign error types.
const PURE: &[&str] = &[
    "outcome",
    "text",
    "secret",
    "audio",
    "signature",
    "report",
    "dialect",
    "monitor",
    "webhook",
    "hold",
    "verdict",
    "diagnosis",
    "schedule",
    "standing",
    "fleet",
];

/// What pure code must not name.
const IMPURE: &[&str] =
    &["tokio", "rustls", "tungstenite", "axum::", "prometheus", "hickory_resolver", "Instant", "std::fs", "std::io", "std::env"];

/// Lines of a file before its tests.
const LONGEST_FILE: usize = 500;

struct Source {
    path: PathBuf,
    module: String,
    /// Without the unit tests at the end.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(read(&root, path));
            }
        }
    }
    found
}

fn read(root: &Path, path: PathBuf) -> Source {
    let relative = path.strip_prefix(root).unwrap();
    let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
    let module = first.trim_end_matches(".rs").to_owned();
    let text = fs::read_to_string(&path).unwrap();
    let is_tests =
        path.file_stem().is_some_and(|stem| stem == "tests") || relative.components().any(|part| part.as_os_str() == "tests");
    let code = if is_tests { "" } else { text.split("#[cfg(test)]\nmod tests {").next().unwrap_or("") };
    Source { module, code: code.to_owned(), path }
}

/// The modules of ours that a file names.
fn used(code: &str) -> Vec<String> {
    let word = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    assert!(!code.contains("crate::{"), "a grouped import of our own modules hides them from this test");
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| line.split("crate::").skip(1).map(word).collect::<Vec<_>>()).collect()
}

#[test]
fn imports_point_down() {
    let rank = |module: &str| ORDER.iter().position(|name| *name == module);
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !matches!(source.module.as_str(), "lib" | "main")) {
        let own = rank(&source.module).unwrap_or_else(|| panic!("{} is not in the order of modules", source.module));
        for other in used(&source.code) {
            if rank(&other).is_some_and(|other| other > own) {
                wrong.push(format!("{} uses {other}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports that point up:\n{}", wrong.join("\n"));
}

#[test]
fn words_and_rules_are_pure() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| PURE.contains(&source.module.as_str())) {
        let code = source.code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        for word in IMPURE.iter().filter(|word| code.contains(**word)) {
            wrong.push(format!("{} names {word}", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "impure:\n{}", wrong.join("\n"));
}

#[test]
fn unsafe_stays_in_one_module() {
    let has_unsafe =
        |code: &str| ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"].iter().any(|form| code.contains(form));
    let with_unsafe = sources().into_iter().filter(|source| has_unsafe(&source.code));
    let files: Vec<_> = with_unsafe.map(|source| source.path.file_name().unwrap().to_owned()).collect();
    assert_eq!(files, ["kernel.rs"]);
}

#[test]
fn files_stay_small() {
    let long = sources().into_iter().filter(|source| source.code.lines().count() > LONGEST_FILE);
    let files: Vec<_> = long.map(|source| format!("{}: {}", source.path.display(), source.code.lines().count())).collect();
    assert!(files.is_empty(), "files with more than {LONGEST_FILE} lines before their tests:\n{}", files.join("\n"));
}
