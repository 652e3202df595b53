//! TLS: files to read, and settings that make no sense without it.

use std::path::PathBuf;

use toml::Spanned;

use super::{Desk, Scope};
use crate::config::problem::{Code, Problem, Sink, Span};
use crate::config::read::Given;
use crate::config::secret::{FileError, VariableError};
use crate::monitor::{ClientIdentity, TlsPlan};

pub(super) fn plan(scope: &Scope<'_>, desk: &mut Desk<'_>) -> TlsPlan {
    check_scheme(scope, desk.sink);
    check_insecure(scope, desk.sink);
    let settings = &scope.all;
    TlsPlan {
        roots: settings.roots.or_default(),
        extra_roots: settings.ca_file.known().and_then(|path| desk.certificates(path)).unwrap_or_default(),
        client: client(scope, desk),
        server_name: settings.server_name.get().cloned(),
        verify: !settings.insecure.or(false),
    }
}

/// Settings of TLS on a `ws://` URL. Those of `[defaults]` are meant for the other monitors.
fn check_scheme(scope: &Scope<'_>, sink: &mut Sink) {
    if scope.secure != Some(false) {
        return;
    }
    let own = scope.own;
    let set = [
        ("ca_file", own.ca_file.span()),
        ("insecure", own.insecure.known().filter(|yes| *yes.get_ref()).map(Spanned::span)),
        ("server_name", own.server_name.span()),
        ("client_cert_file", own.client_cert_file.span()),
        ("client_key_file", own.client_key_file.span()),
        ("roots", own.roots.span()),
    ];
    for (key, span) in set {
        let Some(span) = span else { continue };
        let problem = Problem::new(Code::NeedsWss, format!("`{key}` has no meaning without TLS")).at(&span, "");
        sink.push(problem.help(format!("dial a `wss://` URL, or leave `{key}` out")));
    }
}

/// `insecure` beside what only matters when the certificate is checked.
fn check_insecure(scope: &Scope<'_>, sink: &mut Sink) {
    let Given::Known(insecure) = &scope.all.insecure else { return };
    let Given::Known(ca_file) = &scope.all.ca_file else { return };
    if *insecure.get_ref() {
        let problem = Problem::new(Code::ConflictingKeys, "an authority is given, and no certificate is checked against it");
        let problem = problem.at(&insecure.span(), "checks nothing").at(&ca_file.span(), "the authority");
        sink.push(problem.help("leave `insecure` out: with `ca_file`, certificates of a private authority are trusted"));
    }
}

fn client(scope: &Scope<'_>, desk: &mut Desk<'_>) -> Option<ClientIdentity> {
    let settings = &scope.all;
    check_pair(&settings.client_cert_file, &settings.client_key_file, ("client_cert_file", "client_key_file"), desk.sink);
    check_pair(&settings.client_key_file, &settings.client_cert_file, ("client_key_file", "client_cert_file"), desk.sink);
    let (certificate, key) = (settings.client_cert_file.known()?, settings.client_key_file.known()?);
    let chain = desk.certificates(certificate);
    let key_pem = desk.surroundings.key_file(key.get_ref()).map_err(|error| desk.bad_file(&error, &key.span())).ok();
    Some(ClientIdentity { chain: chain?, key_pem: key_pem? })
}

fn check_pair(given: &Given<PathBuf>, wanted: &Given<PathBuf>, (key, other): (&str, &str), sink: &mut Sink) {
    if let Given::Known(given) = given
        && wanted.is_absent()
    {
        let problem = Problem::new(Code::ClientCertificateIncomplete, format!("`{key}` is of no use without `{other}`"));
        sink.push(problem.at(&given.span(), "").help(format!("set `{other}` as well")));
    }
}

impl Desk<'_> {
    pub(super) fn certificates(&mut self, path: &Spanned<PathBuf>) -> Option<Vec<Vec<u8>>> {
        self.surroundings.certificate_file(path.get_ref()).map_err(|error| self.bad_file(&error, &path.span())).ok()
    }

    pub(super) fn bad_file(&mut self, error: &FileError, at: &Span) {
        let code = if matches!(error, FileError::Secret { .. }) { Code::BadSecret } else { Code::BadFile };
        let problem = Problem::new(code, error.to_string()).at(at, "");
        self.sink.push(match error {
            FileError::Unreadable { .. } => problem.help("a relative path begins at the folder of the configuration file"),
            FileError::TooLarge(_)
            | FileError::NotText(_)
            | FileError::Nothing { .. }
            | FileError::Damaged { .. }
            | FileError::Encrypted(_)
            | FileError::Secret { .. } => problem,
        });
    }

    pub(super) fn bad_variable(&mut self, error: &VariableError, at: &Span) {
        let code = match error {
            VariableError::NotSet(_) => Code::VariableNotSet,
            VariableError::Bad(..) => Code::BadSecret,
        };
        let problem = Problem::new(code, error.to_string()).at(at, "");
        self.sink.push(problem.help("set it in the environment of the daemon, or use the key that names a file"));
    }
}
