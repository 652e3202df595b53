//! The TLS handshake: the name in the ClientHello picks what meets it.

use std::io;
use std::time::Duration;

use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

use super::behaviour::{Behaviour, Stage};
use super::certificates::Certificates;
use super::script::{Ending, Identity, Script, TlsScript};
use super::wire::Wire;

/// From the first byte to the end of the handshake; longer than any client waits.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(60);

/// The alert unrecognized_name (RFC 6066 section 3).
const UNRECOGNIZED_NAME: u8 = 112;

/// Shakes hands with a caller. `None` if the behaviour ended the connection here.
pub(super) async fn accept(stream: TcpStream, certificates: &Certificates) -> io::Result<Option<Wire>> {
    let start = timeout(HANDSHAKE_TIMEOUT, LazyConfigAcceptor::new(Acceptor::default(), stream)).await??;
    let name = start.client_hello().server_name().unwrap_or_default().to_owned();
    match script_of_name(&name) {
        TlsScript::Handshake(identity) => {
            let handshake = start.into_stream(certificates.config(identity)).into_fallible();
            match timeout(HANDSHAKE_TIMEOUT, handshake).await? {
                Ok(stream) => Ok(Some(Wire::tls(stream))),
                Err((error, stream)) => {
                    // Read on, so that no RST overtakes our alert: over TLS 1.3 the caller's request is on its way already.
                    Wire::plain(stream).end(Ending::Close).await;
                    Err(error)
                }
            }
        }
        TlsScript::Alert(description) => {
            // A fatal alert in a record of its own (RFC 8446 sections 5.1 and 6).
            end_below_tls(start, &[0x15, 0x03, 0x03, 0x00, 0x02, 0x02, description], Ending::Close).await?;
            Ok(None)
        }
        TlsScript::Bytes(bytes, how) => {
            end_below_tls(start, bytes, how).await?;
            Ok(None)
        }
    }
}

async fn end_below_tls(start: StartHandshake<TcpStream>, bytes: &[u8], how: Ending) -> io::Result<()> {
    let mut wire = Wire::plain(start.io);
    if !bytes.is_empty() {
        wire.send(bytes).await?;
    }
    wire.end(how).await;
    Ok(())
}

/// A name that looks like a behaviour and is none is refused, so that a misspelt drill does not come out green.
fn script_of_name(name: &str) -> TlsScript {
    let name = name.to_ascii_lowercase();
    let label = name.strip_suffix(".localhost").or_else(|| name.strip_suffix(".practice.test")).unwrap_or_default();
    match Behaviour::find(label) {
        Some(Behaviour { stage: Stage::Tls, script: Script::Tls(script), .. }) => *script,
        None if label.starts_with("tls-") => TlsScript::Alert(UNRECOGNIZED_NAME),
        Some(_) | None => TlsScript::Handshake(Identity::Good),
    }
}
