//! Whom to trust: certificates by their hash, or by the system's roots and those that this process was given.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};
use stadion_protocol::wire::ALPN;

use crate::error::Error;

/// A TLS configuration for one endpoint: by hashes if there are any, else by roots.
pub(crate) fn config(hashes: &[[u8; 32]]) -> Result<rustls::ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("ring speaks TLS 1.3");
    let mut config = if hashes.is_empty() {
        builder.with_root_certificates(roots()?).with_no_client_auth()
    } else {
        let pinned = Pinned { hashes: hashes.to_vec(), provider };
        builder.dangerous().with_custom_certificate_verifier(Arc::new(pinned)).with_no_client_auth()
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

/// What [`trust_also`] was given.
static ALSO: RwLock<Vec<CertificateDer<'static>>> = RwLock::new(Vec::new());

/// Has this process trust further authorities beside the system's, for everything it connects to from now on, REST over TLS and
/// QUIC alike: a studio's own, whose certificate is on no list. `pem` holds one or several certificates.
pub fn trust_also(pem: &[u8]) -> Result<(), Error> {
    let refuse = |problem: String| Error::Untrusted(format!("no authority can be read: {problem}"));
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|error| refuse(error.to_string()))?;
    if found.is_empty() {
        return Err(refuse("there is no certificate in PEM".to_owned()));
    }
    let mut fresh = RootCertStore::empty();
    for certificate in &found {
        fresh.add(certificate.clone()).map_err(|error| refuse(error.to_string()))?;
    }
    // Nothing panics under this lock.
    ALSO.write().unwrap_or_else(PoisonError::into_inner).extend(found);
    Ok(())
}

/// What REST over TLS (1.3 or 1.2) is spoken with, for programs with an HTTP client of their own.
pub fn https() -> Result<rustls::ClientConfig, Error> {
    let builder = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("ring speaks TLS 1.3");
    Ok(builder.with_root_certificates(roots()?).with_no_client_auth())
}

fn roots() -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(ALSO.read().unwrap_or_else(PoisonError::into_inner).iter().cloned());
    if roots.is_empty() { Err(Error::NoRoots) } else { Ok(roots) }
}

/// Accepts exactly the certificates with these hashes, whatever their names and dates say: the hash came over a
/// connection that was trusted already. Who cannot sign with the certificate's key is still refused.
#[derive(Debug)]
struct Pinned {
    hashes: Vec<[u8; 32]>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let hash: [u8; 32] = Sha256::digest(end_entity).into();
        if self.hashes.contains(&hash) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::PeerIncompatible(rustls::PeerIncompatible::Tls13RequiredForQuic))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
