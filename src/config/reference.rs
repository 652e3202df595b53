//! The reference of the keys, made from the tables in [`super::raw`]: a part of `docs/configuration.md`.

use super::raw::TABLES;
use super::read::Key;

/// A Markdown table for each table of `monitors.toml`: every key with its kind, its default and its meaning.
#[must_use]
pub fn reference() -> String {
    let sections = TABLES.iter().map(|table| {
        let rows: String = table.keys.iter().map(row).collect();
        let about: String = table.about.concat();
        format!("### {}\n\n{}\n\n| key | value | default | meaning |\n|---|---|---|---|\n{rows}", table.place, about.trim())
    });
    sections.collect::<Vec<_>>().join("\n")
}

fn row(key: &Key) -> String {
    let limits = (key.limits)().map_or_else(String::new, |limits| format!(" ({limits})"));
    let default = if key.default == "_" { "–".to_owned() } else { format!("`{}`", key.default) };
    let meaning: String = key.doc.concat();
    // A bar would end the cell.
    let what = key.what.replace('|', "\\|");
    format!("| `{}` | {what}{limits} | {default} | {} |\n", key.name, meaning.trim().replace('|', "\\|"))
}
