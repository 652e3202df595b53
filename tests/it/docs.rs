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

#[test]
fn reasons() {
    same("docs/reasons.md", &sidetone::cli::reasons_markdown());
}
