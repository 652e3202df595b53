//! What is odd about what comes: each kind once, with its first instance and a count.

use crate::outcome::Warning;
use crate::text::Printable;

/// The longest sentence that is kept, in bytes.
const LONGEST: usize = 256;

/// One kind of oddity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Which one.
    pub warning: Warning,
    /// The first instance, in a sentence.
    pub says: Printable,
    /// How often it was seen.
    pub count: u64,
}

/// The oddities of one call; never more than there are kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remarks(Vec<Remark>);

impl Remarks {
    /// Notes an oddity. The sentence is made for the first of its kind only; it may quote the server.
    pub fn note(&mut self, warning: Warning, says: impl FnOnce() -> String) {
        match self.0.iter_mut().find(|remark| remark.warning == warning) {
            Some(remark) => remark.count += 1,
            None => {
                let says = Printable::capture(says().as_bytes(), LONGEST);
                self.0.push(Remark { warning, says, count: 1 });
            }
        }
    }

    /// The oddities in the order in which they were first seen.
    pub fn iter(&self) -> impl Iterator<Item = &Remark> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_kept_once_and_counted() {
        let mut remarks = Remarks::default();
        for n in 0..1000 {
            remarks.note(Warning::UnknownEvent, || format!("event \x1b[31m{n}"));
            remarks.note(Warning::NotJson, || "x".repeat(10_000));
        }
        let list: Vec<_> = remarks.iter().collect();
        assert_eq!(list.len(), 2);
        assert_eq!((list[0].says.as_str(), list[0].count), ("event \\u{1b}[31m0", 1000));
        assert!(list[1].says.as_str().len() <= LONGEST + '…'.len_utf8());
    }
}
