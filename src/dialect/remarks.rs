//! What is odd about what comes: each kind once, with its first instances and a count.

use crate::outcome::Warning;
use crate::text::Printable;

/// The longest sentence that is kept, in bytes.
const LONGEST: usize = 256;
/// How many different sentences of a kind are kept.
const MOST_SENTENCES: usize = 3;
/// How many instances of a kind are looked at for another sentence; after that they are only counted.
const LOOKED_AT: u64 = 1_000;

/// One kind of oddity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Which one.
    pub warning: Warning,
    /// The first instance, in a sentence.
    pub says: Printable,
    /// The next instances that read differently, two at most.
    pub also: Vec<Printable>,
    /// How often it was seen.
    pub count: u64,
}

impl Remark {
    /// Its sentences.
    #[must_use]
    pub fn text(&self) -> String {
        self.also.iter().fold(self.says.to_string(), |text, says| format!("{text}; {says}"))
    }
}

/// The oddities of one call; never more than there are kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remarks(Vec<Remark>);

impl Remarks {
    /// Notes an oddity. The sentence, which may quote the server, is made only as long as another one of this kind is kept.
    pub fn note(&mut self, warning: Warning, says: impl FnOnce() -> String) {
        match self.0.iter_mut().find(|remark| remark.warning == warning) {
            Some(remark) => {
                remark.count += 1;
                if remark.count <= LOOKED_AT && remark.also.len() + 1 < MOST_SENTENCES {
                    let says = Printable::capture(says().as_bytes(), LONGEST);
                    if says != remark.says && !remark.also.contains(&says) {
                        remark.also.push(says);
                    }
                }
            }
            None => {
                let says = Printable::capture(says().as_bytes(), LONGEST);
                self.0.push(Remark { warning, says, also: Vec::new(), count: 1 });
            }
        }
    }

    /// How often this kind was seen.
    #[must_use]
    pub fn count(&self, warning: Warning) -> u64 {
        self.0.iter().find(|remark| remark.warning == warning).map_or(0, |remark| remark.count)
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
        let three = "event \\u{1b}[31m0; event \\u{1b}[31m1; event \\u{1b}[31m2";
        assert_eq!((list[0].says.as_str(), list[0].text().as_str(), list[0].count), ("event \\u{1b}[31m0", three, 1000));
        assert_eq!((remarks.count(Warning::NotJson), remarks.count(Warning::InvalidField)), (1000, 0));
        assert_eq!(list[1].text(), list[1].says.as_str(), "the same sentence again is not kept");
        assert!(list[1].says.as_str().len() <= LONGEST + '…'.len_utf8());
    }

    #[test]
    fn sentences_are_made_for_a_while_only() {
        let mut remarks = Remarks::default();
        let mut made = 0;
        for _ in 0..5_000 {
            remarks.note(Warning::NotJson, || {
                made += 1;
                "no JSON".to_owned()
            });
        }
        assert_eq!(made, LOOKED_AT);
    }
}
