//! Lists in files: every file that matches, read in whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::ListError;
use crate::config::open_regular;
use crate::fleet::{InvalidList, LONGEST_LIST, TargetGroup, parse_json, parse_yaml};
use crate::text::Printable;

/// The largest file, in bytes: a hundred thousand targets with labels.
const LARGEST: u64 = 32 << 20;
/// The most files of one list.
const MOST_FILES: usize = 1_000;

/// The files of a list, as they were when they were last good.
#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<PathBuf, Known>);

#[derive(Debug)]
struct Known {
    content: Vec<u8>,
    groups: Vec<TargetGroup>,
}

impl Files {
    /// Reads the files that match `patterns` now. One that is gone takes its targets with it; one that is bad keeps those that it had. What
    /// is wrong with the first of these is returned.
    pub(super) fn read(&mut self, patterns: &[PathBuf]) -> Option<ListError> {
        let (paths, mut problem) = match find(patterns) {
            Ok(paths) => (paths, None),
            // What cannot be listed is not gone.
            Err(problem) => return Some(problem),
        };
        self.0.retain(|path, _| paths.contains(path));
        for path in paths {
            if let Err(says) = self.read_file(&path) {
                problem.get_or_insert_with(|| ListError::File { path: printable(&path), says });
            }
        }
        let targets: usize = self.groups_by_file().map(|group| group.targets.len()).sum();
        if targets > LONGEST_LIST {
            let (path, says) = (Printable::trusted("the files of this list"), InvalidList::TooLong(targets).to_string());
            self.0.clear();
            return Some(ListError::File { path, says });
        }
        problem
    }

    /// Is no file known?
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The groups of all files, in the order of their paths.
    pub(super) fn groups(&self) -> Vec<TargetGroup> {
        self.groups_by_file().cloned().collect()
    }

    fn groups_by_file(&self) -> impl Iterator<Item = &TargetGroup> {
        self.0.values().flat_map(|known| &known.groups)
    }

    fn read_file(&mut self, path: &Path) -> Result<(), String> {
        let content = content(path).map_err(|error| format!("cannot be read: {error}"))?;
        if self.0.get(path).is_some_and(|known| known.content == content) {
            return Ok(());
        }
        let text = std::str::from_utf8(&content).map_err(|_| "it is not UTF-8".to_owned())?;
        let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let groups = if is_json { parse_json(text) } else { parse_yaml(text) }.map_err(|error| error.to_string())?;
        self.0.insert(path.to_owned(), Known { content, groups });
        Ok(())
    }
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let file: File = open_regular(path)?;
    file.take(LARGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LARGEST { Err(io::Error::other("it is larger than 32 MiB")) } else { Ok(content) }
}

/// The files that match, each once. A plain path has to be there; a pattern may match nothing.
fn find(patterns: &[PathBuf]) -> Result<Vec<PathBuf>, ListError> {
    let mut found = Vec::new();
    for pattern in patterns {
        let bad = |says: String| ListError::File { path: printable(pattern), says };
        let name = pattern.file_name().unwrap_or_default().to_string_lossy();
        if !name.contains('*') {
            found.push(pattern.clone());
            continue;
        }
        let folder = pattern.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let wanted = glob::Pattern::new(&name).map_err(|error| bad(error.to_string()))?;
        let entries = folder.read_dir().map_err(|error| bad(format!("the folder cannot be read: {error}")))?;
        for entry in entries {
            let entry = entry.map_err(|error| bad(format!("the folder cannot be read: {error}")))?;
            if wanted.matches(&entry.file_name().to_string_lossy()) {
                found.push(folder.join(entry.file_name()));
            }
            if found.len() > MOST_FILES {
                return Err(bad(format!("more than {MOST_FILES} files match")));
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn printable(path: &Path) -> Printable {
    Printable::capture(path.to_string_lossy().as_bytes(), 300)
}
