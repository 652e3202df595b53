//! The table of signatures as a page of the documentation.

use super::signature::{Sign, Signature};
use super::table::signatures;

/// The whole table in Markdown: first the marks by which a layer is recognised, then the answers that mean something.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from("| layer | kind | its marks | known | source |\n|---|---|---|---|---|\n");
    for row in signatures().filter(|row| row.meaning.is_none()) {
        let layer = row.layer.map_or(("any", "any"), |layer| (layer.label(), layer.tier().label()));
        page.push_str(&format!("| {} | {} | {} | {} | {} |\n", layer.0, layer.1, signs(row), row.standing, source(row)));
    }
    page.push_str(
        "\n| who answers | what the answer shows | finding | at most | it means | who must act | what to do | known | source |\n",
    );
    page.push_str("|---|---|---|---|---|---|---|---|---|\n");
    for row in signatures() {
        let Some(meaning) = &row.meaning else { continue };
        page.push_str(&format!(
            "| {} | {} | `{}` | {} | {} | {} | {} | {} | {} |\n",
            row.layer.map_or("anything", super::Layer::label),
            signs(row),
            meaning.finding,
            meaning.at_most,
            cell(meaning.says),
            meaning.owner,
            cell(meaning.fix),
            row.standing,
            source(row),
        ));
    }
    page
}

fn signs(row: &Signature) -> String {
    row.signs.iter().map(words).collect::<Vec<_>>().join(" · ")
}

fn words(sign: &Sign) -> String {
    let list = |words: &[&str]| words.iter().map(|word| code(word)).collect::<Vec<_>>().join(", ");
    match *sign {
        Sign::Status(codes) => codes.iter().map(u16::to_string).collect::<Vec<_>>().join(", "),
        Sign::Header(name) => code(name),
        Sign::HeaderIs(name, value) => code(&format!("{name}: {value}")),
        Sign::HeaderBegins(name, value) => code(&format!("{name}: {value}…")),
        Sign::HeaderContains(name, value) => code(&format!("{name}: …{value}…")),
        Sign::Product(name, product) => code(&format!("{name}: {product}[/version]")),
        Sign::Via(proxy) => code(&format!("via: 1.1 {proxy}")),
        Sign::NoHeader(name) => format!("no {}", code(name)),
        Sign::Body(text) => format!("body has {}", code(text)),
        Sign::BodyIs("") => "empty body".to_owned(),
        Sign::BodyIs(text) => format!("body is {}", code(text)),
        Sign::Certificate(text) => format!("certificate has {}", code(text)),
        Sign::Host(suffixes) => format!("host ends in {}", list(suffixes)),
        Sign::Moved(kind) => format!("redirect to {kind}"),
        Sign::Took(from, to) => format!("after {from} to {to} s"),
        Sign::Upgrade => "to an upgrade".to_owned(),
    }
}

/// Source files are named after their repository's address, several with commas between them.
fn source(row: &Signature) -> String {
    let one = |part: &str| match part.split_once(' ') {
        Some((address, file)) if address.starts_with("https://") => format!("<{address}> {}", code(file)),
        _ if part.starts_with("https://") => format!("<{part}>"),
        _ => code(part),
    };
    row.source.split(", ").map(one).collect::<Vec<_>>().join(", ")
}

/// Text with back quotes of its own takes two around it.
fn code(text: &str) -> String {
    let text = cell(text);
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
