//! Documents that are made from code are compared with it; `UPDATE_DOCS=1 cargo test` writes them anew.

use std::path::Path;

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

/// What the pages show can be loaded as it stands, once the files and variables that it names are there.
#[test]
fn shown_configurations_load() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for page in ["README.md", "docs/operating.md", "docs/dialects.md"] {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        let shown = configurations(&text);
        assert!(!shown.is_empty(), "{page} shows no configuration");
        for block in shown {
            if let Err(problems) = sidetone::config::parse(&block, page, root) {
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

#[test]
fn dialects() {
    same("docs/dialects.md", &sidetone::dialect::markdown());
}

#[test]
fn reasons() {
    same("docs/reasons.md", &sidetone::cli::reasons_markdown());
}
