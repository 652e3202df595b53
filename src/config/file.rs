//! Opening the files that a configuration consists of, without ever waiting for one.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a regular file. A pipe would hang the start or a reload until somebody writes to it, and a device may never end.
///
/// # Errors
/// If it cannot be opened, or is anything else.
pub fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    // Opening a pipe waits for its other end; on regular files the flag has no effect.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(path)?;
    // Asked of what is open and not of the path, which may be another file by now.
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "text").unwrap();
        assert!(open(&folder.path().join("file")).is_ok());
        assert_eq!(open(&folder.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(open(folder.path()).is_err(), "a folder");
    }

    #[cfg(unix)]
    #[test]
    fn pipes_and_devices_are_refused_at_once() {
        use std::sync::mpsc;
        use std::time::Duration;
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let (done, answer) = mpsc::channel();
        std::thread::spawn(move || {
            let pages = [
                crate::config::load(&pipe).unwrap_err().to_string(),
                crate::config::load(Path::new("/dev/zero")).unwrap_err().to_string(),
                crate::config::read_secret_file(&pipe).unwrap_err().to_string(),
                crate::config::read_ca_file(&pipe).unwrap_err().to_string(),
            ];
            done.send(pages).unwrap();
        });
        let pages = answer.recv_timeout(Duration::from_secs(30)).expect("a pipe is not waited for");
        for page in pages {
            assert!(page.contains("it is not a regular file"), "{page}");
        }
    }
}
