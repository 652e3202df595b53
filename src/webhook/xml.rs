//! XML as it may come from a stranger: no document type, no entities of its own, few elements, little depth.

use roxmltree::{Document, Error, Node, ParsingOptions, TextPos};

use super::notes::{Notes, quoted};
use super::{Lint, Located, body};

/// Nodes of a document, texts and comments included.
const MOST_NODES: u32 = 4_000;
/// Signs that could be attributes; parsers compare attributes with each other.
const MOST_ATTRIBUTES: usize = 4_000;
/// Elements within elements.
const DEEPEST: usize = 32;

/// Parses `text`. Without a result, it has been said why.
pub(super) fn parse<'a>(text: &'a str, notes: &mut Notes<'_>) -> Option<Document<'a>> {
    if let Some(at) = text.find("<?xml").filter(|at| *at > 0)
        && !text[..at].contains('<')
    {
        let line = body::line_at(text, at);
        let before = text[..at].trim();
        let what = if before.is_empty() { "white space".to_owned() } else { format!("`{}`", quoted(before)) };
        notes.add(Lint::XmlDeclarationNotFirst, Some(line), format!("{what} comes before `<?xml`, which has to come first"));
        return None;
    }
    if text.bytes().filter(|byte| *byte == b'=').count() > MOST_ATTRIBUTES {
        notes.add(Lint::DocumentTooComplex, None, format!("the document has more than {MOST_ATTRIBUTES} attributes"));
        return None;
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, entity_resolver: None };
    let document = match Document::parse_with_options(text, options) {
        Ok(document) => document,
        Err(error) => {
            refuse(&error, notes);
            return None;
        }
    };
    shallow(&document, notes).then_some(document)
}

fn refuse(error: &Error, notes: &mut Notes<'_>) {
    let TextPos { row, col } = error.pos();
    if matches!(error, Error::DtdDetected) {
        notes.add(Lint::XmlDoctype, None, "the document has a `<!DOCTYPE`");
    } else if matches!(error, Error::NodesLimitReached | Error::AttributesLimitReached | Error::NamespacesLimitReached) {
        notes.add(Lint::DocumentTooComplex, None, format!("the document has more than {MOST_NODES} nodes"));
    } else if matches!(error, Error::UnknownEntityReference(..) | Error::MalformedEntityReference(_)) {
        let says = format!("column {col}: an `&` that begins none of XML's own entities");
        notes.add(Lint::XmlAmpersand, Some(row), says);
    } else if matches!(error, Error::NoRootNode) {
        notes.add(Lint::XmlInvalid, None, "there is no element in the document");
    } else if matches!(error, Error::UnclosedRootNode) {
        notes.add(Lint::XmlInvalid, None, "the document ends within an element: it was cut, or a tag is not closed");
    } else {
        notes.add(Lint::XmlInvalid, Some(row), error.to_string());
    }
}

/// The parser gives nodes in the order of the document: a parent comes before its children.
fn shallow(document: &Document<'_>, notes: &mut Notes<'_>) -> bool {
    let mut depths: Vec<usize> = Vec::new();
    for node in document.descendants() {
        let above = node.parent().and_then(|parent| depths.get(parent.id().get_usize()).copied());
        let depth = above.map_or(0, |depth| depth + 1);
        depths.push(depth);
        if depth > DEEPEST {
            let line = line(node);
            notes.add(Lint::DocumentTooDeep, Some(line), format!("elements within elements, {DEEPEST} deep at line {line}"));
            return false;
        }
    }
    true
}

/// The line of a node, from 1.
pub(super) fn line(node: Node<'_, '_>) -> u32 {
    node.document().text_pos_at(node.range().start).row
}

/// The outermost element, if it is one of `names`.
pub(super) fn root<'a, 'i>(document: &'a Document<'i>, names: &[&'static str], notes: &mut Notes<'_>) -> Option<Node<'a, 'i>> {
    let root = document.root_element();
    if known(root, names, notes).is_some() {
        return Some(root);
    }
    let found = quoted(root.tag_name().name());
    let (line, due) = (line(root), names.first().copied().unwrap_or_default());
    notes.add_with(
        Lint::RootWrong,
        Some(line),
        format!("the outermost element is `<{found}>`, and `<{due}>` is due"),
        format!("put everything into `<{due}>…</{due}>`; upper and lower case count"),
    );
    None
}

/// Which of `names` the element has. One that has it in other letters is said to be misspelt, and not taken: the provider does not.
pub(super) fn known(node: Node<'_, '_>, names: &[&'static str], notes: &mut Notes<'_>) -> Option<&'static str> {
    let name = node.tag_name().name();
    if let Some(exact) = names.iter().copied().find(|known| *known == name) {
        return Some(exact);
    }
    let meant = names.iter().copied().find(|known| known.eq_ignore_ascii_case(name))?;
    misspelt(&format!("<{name}>"), &format!("<{meant}>"), line(node), notes);
    None
}

/// Says that a name is in other letters than the provider's.
pub(super) fn misspelt(found: &str, meant: &str, line: u32, notes: &mut Notes<'_>) {
    let says = format!("`{}` is not `{meant}`: upper and lower case count", quoted(found));
    notes.add_with(Lint::NameMisspelt, Some(line), says, format!("write `{meant}`"));
}

/// The attribute's value and line. One with the name in other letters is said to be misspelt, and not taken: the provider does not.
pub(super) fn attribute(node: Node<'_, '_>, name: &str, notes: &mut Notes<'_>) -> Option<Located> {
    let at = |start: usize| node.document().text_pos_at(start).row;
    for found in node.attributes().filter(|found| found.namespace().is_none()) {
        if found.name() == name {
            return Some(Located { text: found.value().to_owned(), line: at(found.range().start) });
        }
        if found.name().eq_ignore_ascii_case(name) {
            misspelt(found.name(), name, at(found.range().start), notes);
        }
    }
    None
}

/// The attribute's value.
pub(super) fn value(node: Node<'_, '_>, name: &str, notes: &mut Notes<'_>) -> Option<String> {
    attribute(node, name, notes).map(|found| found.text)
}

/// The elements right below this one.
pub(super) fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl DoubleEndedIterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

/// What the document does instead of opening a stream: the names of its first verbs.
pub(super) fn summary(root: Node<'_, '_>) -> String {
    let names: Vec<String> = elements(root).take(6).map(|verb| format!("<{}>", quoted(verb.tag_name().name()))).collect();
    if names.is_empty() { "nothing at all".to_owned() } else { names.join(", ") }
}
