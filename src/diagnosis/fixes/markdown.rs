//! The table of fixes as a page of the documentation.

use super::fix::{Fix, Whom};
use super::table;

/// The whole table in Markdown, without the snippets themselves.
#[must_use]
pub fn markdown() -> String {
    let mut page =
        String::from("| for whom | on which findings and reasons | what it does | known | source |\n|---|---|---|---|---|\n");
    for fix in table() {
        let calls = fix.findings.iter().map(|finding| format!("`{finding}`"));
        let calls: Vec<_> = calls.chain(fix.reasons.iter().map(|reason| format!("`{reason}`"))).collect();
        page.push_str(&format!(
            "| {} | {} | {} | {} | <{}> |\n",
            whom(fix),
            calls.join(" "),
            fix.says.replace('|', "\\|"),
            fix.standing,
            fix.source
        ));
    }
    page
}

fn whom(fix: &Fix) -> String {
    let labels: Vec<&str> = match fix.whom {
        Whom::Layers(list) => list.iter().map(|layer| layer.label()).collect(),
        Whom::Providers(list) => list.iter().map(|provider| provider.label()).collect(),
        Whom::Anyone => vec!["anyone"],
    };
    labels.join(", ")
}
