//! "Did you mean …?"

/// The candidate nearest to `word`, if it is near enough to be a slip of the finger.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase().replace('-', "_");
    let most = (word.len() / 3).min(3);
    let near = |candidate: &&str| candidate.len().abs_diff(word.len()) <= most;
    let rated = candidates.into_iter().filter(near).map(|candidate| (distance(&word, candidate), candidate));
    rated.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// Levenshtein's distance in bytes: insertions, deletions and replacements that make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let keys = ["interval", "interval_failing", "hold", "ip", "ca_file"];
        let rows = [
            ("intervall", Some("interval")),
            ("Interval", Some("interval")),
            ("interval-failing", Some("interval_failing")),
            ("hodl", None),
            ("holt", Some("hold")),
            ("cafile", Some("ca_file")),
            ("", None),
            ("io", None),
            ("colour", None),
        ];
        for (word, expected) in rows {
            assert_eq!(nearest(word, keys), expected, "{word}");
        }
    }

    #[test]
    fn distances() {
        for (a, b, expected) in [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("hold", "hold", 0), ("hodl", "hold", 2)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
