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

#[test]
fn dialects() {
    same("docs/dialects.md", &sidetone::dialect::markdown());
}

#[test]
fn reasons() {
    same("docs/reasons.md", &sidetone::cli::reasons_markdown());
}
