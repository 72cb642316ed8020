//! Which certificates replicas show one another, where they speak TLS.
//!
//! Whoever asks checks the certificate of whoever answers, by the replicas' own authority and by no other; whoever answers checks
//! the proof of whoever asks ([`super::Proofs`]). So neither needs to be told of the others, and no secret is sent.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::http::TlsError;

/// The authority of the replicas' certificates.
#[derive(Clone, Debug)]
pub struct ReplicaTrust(pub(super) ClientConfig);

impl ReplicaTrust {
    /// Reads it: PEM, one certificate or several.
    pub fn load(path: &Path) -> Result<ReplicaTrust, TlsError> {
        let refuse = |problem: String| TlsError { path: path.to_owned(), problem };
        let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut roots = RootCertStore::empty();
        for certificate in found.map_err(|error| refuse(error.to_string()))? {
            roots.add(certificate).map_err(|error| refuse(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(refuse("there is no certificate in it; it must be the authority's, in PEM".to_owned()));
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).expect("ring speaks TLS 1.3");
        Ok(ReplicaTrust(builder.with_root_certificates(roots).with_no_client_auth()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::{HeaderMap, StatusCode};
    use tokio::net::TcpListener;

    use super::super::{ForwardError, Forwarder, Peer, Proofs};
    use super::*;
    use crate::clock::SystemRng;
    use crate::http::{Tls, TlsFiles};
    use crate::keys::Keys;
    use crate::testing::{Stage, TestClock};

    const PATIENCE: Duration = Duration::from_secs(20);

    /// An authority in a file, and a certificate of it for `localhost`.
    fn certify(folder: &Path) -> (std::path::PathBuf, TlsFiles) {
        let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority_key = rcgen::KeyPair::generate().unwrap();
        let signed = authority.self_signed(&authority_key).unwrap();
        let issuer = rcgen::Issuer::new(authority, authority_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let server = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let ca = folder.join("ca.pem");
        let files = TlsFiles { certificates: folder.join("chain.pem"), key: folder.join("key.pem") };
        std::fs::write(&ca, signed.pem()).unwrap();
        std::fs::write(&files.certificates, server.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        (ca, files)
    }

    #[tokio::test]
    async fn replicas_ask_one_another_over_tls_and_no_other_way() {
        let (own, foreign) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (ca, files) = certify(own.path());
        let (other_ca, _) = certify(foreign.path());
        let stage = Stage::new().await;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let tls = Arc::new(Tls::load(files).unwrap());
        let serving = stage.control_plane.serve_tls(listener, tls, async {
            let _ = stopped.await;
        });
        let keys = Keys::in_memory(&SystemRng);
        let ask = async |trust: Option<&Path>, scheme: &str| -> Result<StatusCode, ForwardError> {
            let trust = trust.map(|path| ReplicaTrust::load(path).unwrap());
            let proofs = Proofs::new(&keys, Arc::new(TestClock::default()));
            let forwarder = Forwarder::new("h-1".parse().unwrap(), proofs, trust);
            let peer = Peer { name: "h-2".parse().unwrap(), url: format!("{scheme}://localhost:{port}") };
            let answer = forwarder.ask(&peer, "/v1/nowhere", Vec::new(), HeaderMap::new()).await;
            answer.map(|(status, _)| status)
        };
        let asked = async {
            assert_eq!(ask(Some(&ca), "https").await, Ok(StatusCode::NOT_FOUND), "it was heard");
            assert!(ask(Some(&other_ca), "https").await.is_err(), "somebody else's certificate");
            assert!(ask(Some(&ca), "http").await.is_err(), "never in plain text");
            assert!(ask(None, "https").await.is_err(), "by no authority at all");
            assert!(ReplicaTrust::load(&own.path().join("key.pem")).is_err(), "a key is no authority");
            drop(stop);
        };
        tokio::time::timeout(PATIENCE, async { tokio::join!(serving, asked) }).await.expect("nothing hangs");
    }
}
