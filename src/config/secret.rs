//! Secrets and certificates from files and environment variables: what `*_file` and `*_env` name.
//!
//! Invariant: an error says which file or variable, never what is in it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use x509_parser::pem::Pem;

use super::file;
use super::sound::{BadSound, read_wav, resample};
use super::values::{check_header_value, shown};
use crate::audio::{AudioFormat, Sound};
use crate::secret::Secret;
use crate::text::Printable;

/// The largest file that a key may name: a list of some hundred authorities.
const LARGEST_FILE: u64 = 1 << 20;

/// Why a file that a key names cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// As configured.
        path: Printable,
        /// What the system said.
        source: io::Error,
    },
    /// Larger than anything that belongs here.
    #[error("{0} is larger than 1 MiB")]
    TooLarge(Printable),
    /// Not text.
    #[error("{0} is not UTF-8 text")]
    NotText(Printable),
    /// A PEM file without what is looked for.
    #[error("{path} has no {wanted} in it (PEM: `-----BEGIN {begin}-----`)")]
    Nothing {
        /// As configured.
        path: Printable,
        /// In words.
        wanted: &'static str,
        /// The PEM label.
        begin: &'static str,
    },
    /// A PEM block that cannot be read.
    #[error("{path}: certificate number {number} cannot be read")]
    Damaged {
        /// As configured.
        path: Printable,
        /// Counted from 1.
        number: usize,
    },
    /// A private key behind a passphrase.
    #[error("the key in {0} is encrypted; sidetone runs unattended and has no passphrase")]
    Encrypted(Printable),
    /// A secret that is unfit for a header.
    #[error("{path} {error}")]
    Secret {
        /// As configured.
        path: Printable,
        /// Why.
        error: BadSecret,
    },
}

/// Why a secret is unfit for a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// It could break the request.
    #[error("has a line break or other characters that no header can carry")]
    Unprintable,
}

/// Why an environment variable cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum VariableError {
    #[error("the environment variable {0} is not set")]
    NotSet(Printable),
    #[error("the environment variable {0} {1}")]
    Bad(Printable, BadSecret),
}

/// Reads a secret: the file's text without the line break at its end.
///
/// # Errors
/// If it cannot be read, is empty, or has characters that no header can carry.
pub fn read_secret_file(path: &Path) -> Result<Secret, FileError> {
    secret_of_file(path, printable(path), Carrier::Header)
}

/// Reads the certificates of a PEM file, as DER.
///
/// # Errors
/// If it cannot be read or has no certificate, or one of them is damaged.
pub fn read_ca_file(path: &Path) -> Result<Vec<Vec<u8>>, FileError> {
    certificates_of_file(path, printable(path))
}

fn secret_of_file(path: &Path, name: Printable, carrier: Carrier) -> Result<Secret, FileError> {
    let text = read_text(path, name.clone())?;
    checked_secret(text.trim_end_matches(['\r', '\n']), carrier).map_err(|error| FileError::Secret { path: name, error })
}

fn certificates_of_file(path: &Path, name: Printable) -> Result<Vec<Vec<u8>>, FileError> {
    let bytes = read_bytes(path, &name)?;
    let mut certificates = Vec::new();
    for block in Pem::iter_from_buffer(&bytes) {
        let damaged = || FileError::Damaged { path: name.clone(), number: certificates.len() + 1 };
        let block = block.map_err(|_| damaged())?;
        if block.label != "CERTIFICATE" && block.label != "TRUSTED CERTIFICATE" {
            continue;
        }
        block.parse_x509().map_err(|_| damaged())?;
        certificates.push(block.contents);
    }
    if certificates.is_empty() {
        return Err(FileError::Nothing { path: name, wanted: "certificate", begin: "CERTIFICATE" });
    }
    Ok(certificates)
}

fn key_of_file(path: &Path, name: Printable) -> Result<Secret, FileError> {
    let text = read_text(path, name.clone())?;
    if text.contains("ENCRYPTED") {
        return Err(FileError::Encrypted(name));
    }
    // A block that cannot be read is an error of the file, and its label is unknown; it counts as no key.
    let found = Pem::iter_from_buffer(text.as_bytes()).flatten().any(|block| block.label.ends_with("PRIVATE KEY"));
    if found {
        Ok(Secret::new(text))
    } else {
        Err(FileError::Nothing { path: name, wanted: "private key", begin: "PRIVATE KEY" })
    }
}

/// What a value is carried in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// A header: printable ASCII on one line.
    Header,
    /// A form or JSON: any text.
    Body,
}

fn checked_secret(text: &str, carrier: Carrier) -> Result<Secret, BadSecret> {
    if text.is_empty() {
        return Err(BadSecret::Empty);
    }
    if carrier == Carrier::Header {
        check_header_value(text).map_err(|_| BadSecret::Unprintable)?;
    }
    Ok(Secret::new(text))
}

fn read_text(path: &Path, name: Printable) -> Result<String, FileError> {
    let bytes = read_bytes(path, &name)?;
    String::from_utf8(bytes).map_err(|_| FileError::NotText(name))
}

fn read_bytes(path: &Path, name: &Printable) -> Result<Vec<u8>, FileError> {
    let unreadable = |source| FileError::Unreadable { path: name.clone(), source };
    let mut bytes = Vec::new();
    file::open(path).and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_FILE { Err(FileError::TooLarge(name.clone())) } else { Ok(bytes) }
}

fn printable(path: &Path) -> Printable {
    Printable::trusted(shown(&path.to_string_lossy()))
}

/// Where relative paths begin and where variables come from. Certificates and recordings are kept, as many monitors may name one file.
pub(super) struct Surroundings<'e> {
    base: &'e Path,
    variable: &'e dyn Fn(&str) -> Option<OsString>,
    certificates: HashMap<PathBuf, Vec<Vec<u8>>>,
    recordings: Vec<Recording>,
}

/// A recording as it is said: a file, in a format, cut into frames.
struct Recording {
    path: PathBuf,
    frame: Duration,
    repeat: bool,
    sound: Sound,
}

impl<'e> Surroundings<'e> {
    pub(super) fn new(base: &'e Path, variable: &'e dyn Fn(&str) -> Option<OsString>) -> Self {
        Self { base, variable, certificates: HashMap::new(), recordings: Vec::new() }
    }

    /// Where relative paths begin.
    pub(super) const fn base(&self) -> &'e Path {
        self.base
    }

    pub(super) fn secret_file(&self, path: &Path, carrier: Carrier) -> Result<Secret, FileError> {
        secret_of_file(&self.base.join(path), printable(path), carrier)
    }

    pub(super) fn key_file(&self, path: &Path) -> Result<Secret, FileError> {
        key_of_file(&self.base.join(path), printable(path))
    }

    pub(super) fn certificate_file(&mut self, path: &Path) -> Result<Vec<Vec<u8>>, FileError> {
        if let Some(known) = self.certificates.get(path) {
            return Ok(known.clone());
        }
        let read = certificates_of_file(&self.base.join(path), printable(path))?;
        self.certificates.insert(path.to_owned(), read.clone());
        Ok(read)
    }

    /// The recording at `path`, resampled and encoded, in frames of `frame`.
    pub(super) fn recording(
        &mut self,
        path: &Path,
        format: AudioFormat,
        frame: Duration,
        repeat: bool,
    ) -> Result<Sound, BadSound> {
        let same = |known: &&Recording| {
            known.path == path && known.sound.format() == format && (known.frame, known.repeat) == (frame, repeat)
        };
        if let Some(known) = self.recordings.iter().find(same) {
            return Ok(known.sound.clone());
        }
        let speech = read_wav(&self.base.join(path))?;
        let samples = resample(&speech.samples, speech.sample_rate, format.sample_rate);
        let sound = Sound::speech(format, frame, &samples, repeat);
        self.recordings.push(Recording { path: path.to_owned(), frame, repeat, sound: sound.clone() });
        Ok(sound)
    }

    pub(super) fn secret_variable(&self, name: &str, carrier: Carrier) -> Result<Secret, VariableError> {
        let label = || Printable::trusted(variable_shown(name));
        let value = (self.variable)(name).ok_or_else(|| VariableError::NotSet(label()))?;
        let value = value.to_str().ok_or_else(|| VariableError::Bad(label(), BadSecret::Unprintable))?;
        checked_secret(value, carrier).map_err(|error| VariableError::Bad(label(), error))
    }
}

/// The name of a variable for a message. What is not written like one may be the secret itself, put in the wrong place.
fn variable_shown(name: &str) -> String {
    let usual = name.len() <= 64 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if usual { format!("`{name}`") } else { "that is named here".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_lose_their_last_line_break_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let rows = [("canary\n", Ok("canary")), ("canary\r\n", Ok("canary")), ("can ary", Ok("can ary"))];
        for (content, expected) in rows {
            std::fs::write(&path, content).unwrap();
            assert_eq!(read_secret_file(&path).as_ref().map(Secret::expose).map_err(|_| ()), expected);
        }
        for content in ["", "\n", "canary\ncanary", " canary", "can\0ary"] {
            std::fs::write(&path, content).unwrap();
            let message = read_secret_file(&path).unwrap_err().to_string();
            assert!(!message.contains("canary"), "{message}");
        }
    }

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let error = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            read_ca_file(&path).unwrap_err()
        };
        assert!(matches!(error(b"hello"), FileError::Nothing { .. }));
        assert!(matches!(error(&vec![b'x'; (1 << 20) + 1]), FileError::TooLarge(_)));
        assert!(matches!(
            error(b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"),
            FileError::Damaged { number: 1, .. }
        ));
        assert!(matches!(read_ca_file(folder.path()).unwrap_err(), FileError::Unreadable { .. }), "a folder");
        assert!(matches!(read_secret_file(&folder.path().join("none")).unwrap_err(), FileError::Unreadable { .. }));
    }

    #[test]
    fn certificates_and_keys_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["voice.example.com".to_owned()]).unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        std::fs::write(folder.path().join("ca.pem"), format!("# our authority\n{certificate}{certificate}")).unwrap();
        std::fs::write(folder.path().join("key.pem"), &key).unwrap();
        let mut surroundings = Surroundings::new(folder.path(), &|_| None);
        let expected = vec![made.cert.der().to_vec(); 2];
        for _ in 0..2 {
            assert_eq!(surroundings.certificate_file(Path::new("ca.pem")).unwrap(), expected);
        }
        assert_eq!(surroundings.key_file(Path::new("key.pem")).unwrap(), Secret::new(key.clone()));
        assert!(matches!(surroundings.key_file(Path::new("ca.pem")), Err(FileError::Nothing { .. })));
        std::fs::write(folder.path().join("key.pem"), key.replace("PRIVATE", "ENCRYPTED PRIVATE")).unwrap();
        assert!(matches!(surroundings.key_file(Path::new("key.pem")), Err(FileError::Encrypted(_))));
    }

    #[test]
    fn a_secret_in_place_of_a_variable_name_is_not_repeated() {
        let surroundings = Surroundings::new(Path::new("."), &|_| None);
        let message = |name| surroundings.secret_variable(name, Carrier::Header).unwrap_err().to_string();
        assert_eq!(message("VOICE_TOKEN"), "the environment variable `VOICE_TOKEN` is not set");
        assert_eq!(message("hunter2"), "the environment variable that is named here is not set");
    }
}
