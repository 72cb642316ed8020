//! TLS on the API: a certificate and its key from PEM files, read again when they change, so that whoever renews them
//! replaces files and restarts nothing. TLS 1.3 alone.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Where a certificate lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, PEM: the server's own certificate first.
    pub certificates: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// A certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct TlsError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

/// What tells that files have changed: time of change and length.
type Seen = [Option<(SystemTime, u64)>; 2];

/// What connections to the API are secured with.
pub struct Tls {
    files: TlsFiles,
    seen: Mutex<Seen>,
    config: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the files.
    pub fn load(files: TlsFiles) -> Result<Tls, TlsError> {
        let seen = look(&files);
        let config = RwLock::new(read(&files)?);
        Ok(Tls { files, seen: Mutex::new(seen), config })
    }

    /// Reads the files again if they have changed: whether they had. What does not fit together leaves everything as it was,
    /// and is told once: the next change is the next chance.
    pub fn reread(&self) -> Result<bool, TlsError> {
        let now = look(&self.files);
        let before = std::mem::replace(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner), now);
        if before == now {
            return Ok(false);
        }
        let config = read(&self.files)?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(true)
    }

    /// For the next connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn look(files: &TlsFiles) -> Seen {
    [&files.certificates, &files.key].map(|path| {
        let file = std::fs::metadata(path).ok()?;
        Some((file.modified().ok()?, file.len()))
    })
}

fn read(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let refuse = |path: &Path, problem: String| TlsError { path: path.to_owned(), problem };
    let (path, key_path) = (&files.certificates, &files.key);
    let chain = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| refuse(path, format!("{error}; it must be a certificate chain in PEM")))?;
    let key = PrivateKeyDer::from_pem_file(key_path)
        .map_err(|error| refuse(key_path, format!("{error}; it must be the certificate's private key in PEM")))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("the provider knows TLS 1.3");
    let mut config = builder
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| refuse(key_path, format!("{error}; give the key of the certificate in {}", path.display())))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, RootCertStore};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::oneshot;
    use tokio_rustls::TlsConnector;

    use super::*;
    use crate::testing::Stage;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// A new certificate for `localhost` in a folder: its files, and itself in DER.
    fn certify(folder: &Path) -> (TlsFiles, CertificateDer<'static>) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let files = TlsFiles { certificates: folder.join("chain.pem"), key: folder.join("key.pem") };
        std::fs::write(&files.certificates, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        (files, made.cert.der().clone())
    }

    async fn get(address: SocketAddr, trusted: &CertificateDer<'static>) -> std::io::Result<String> {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let connector = TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()));
        let stream = TcpStream::connect(address).await?;
        let mut stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await?;
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn the_api_speaks_tls_and_takes_over_a_renewed_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let (files, first) = certify(folder.path());
        let tls = Arc::new(Tls::load(files).unwrap());
        let stage = Stage::with(|config| config.http.header_timeout = Duration::from_millis(300)).await;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = stage.control_plane.serve_tls(listener, tls.clone(), async {
            let _ = stopped.await;
        });
        let client = async {
            assert!(get(address, &first).await.unwrap().starts_with("HTTP/1.1 200 OK"));
            let mut plain = TcpStream::connect(address).await.unwrap();
            plain.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            let mut answer = Vec::new();
            let _ = plain.read_to_end(&mut answer).await;
            assert!(!answer.starts_with(b"HTTP"), "nothing is said in plain text");
            let mut silent = TcpStream::connect(address).await.unwrap();
            let _ = silent.read_to_end(&mut answer).await;

            assert!(!tls.reread().unwrap(), "nothing has changed");
            let (_, second) = certify(folder.path());
            assert!(tls.reread().unwrap());
            assert!(get(address, &second).await.unwrap().starts_with("HTTP/1.1 200 OK"));
            assert!(get(address, &first).await.is_err());

            std::fs::write(folder.path().join("key.pem"), "no key").unwrap();
            assert!(tls.reread().is_err());
            assert!(get(address, &second).await.is_ok(), "the one before is still served");
            drop(stop);
        };
        tokio::time::timeout(PATIENCE, async { tokio::join!(serving, client) }).await.expect("nothing hangs");
    }

    #[test]
    fn a_key_of_another_certificate_is_refused_with_what_to_do() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (files, _) = certify(one.path());
        let (others, _) = certify(other.path());
        let refused = Tls::load(TlsFiles { key: others.key, ..files }).err().unwrap();
        assert!(refused.to_string().contains("give the key of the certificate in"), "{refused}");
    }
}
