//! The commands over TLS, to a server whose certificate is of an authority on no list.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Output;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::Value;
use stadion_tests::{Server, programs};

/// An authority, and a certificate of it for this machine, with its key.
fn certify(folder: &Path) -> [PathBuf; 3] {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let signed = authority.self_signed(&authority_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let server = server.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
    let files = ["ca.pem", "chain.pem", "key.pem"].map(|name| folder.join(name));
    for (file, pem) in files.iter().zip([signed.pem(), server.pem(), key.serialize_pem()]) {
        std::fs::write(file, pem).unwrap();
    }
    files
}

/// Free a moment ago: the server says its port for TLS to nobody.
fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

#[tokio::test]
async fn commands_and_players_trust_the_authority_that_they_are_given() {
    let folder = tempfile::tempdir().unwrap();
    let files = certify(folder.path());
    let [ca, chain, key] = files.each_ref().map(|file| file.to_str().unwrap());
    let port = free_port();
    let server = Server::durable(&["--tls-cert", chain, "--tls-key", key, "--https-port", &port]);
    server.api().publish("tictactoe", programs::game("tictactoe")).await;
    let url = format!("https://localhost:{port}");
    let run = |words: &[&str]| -> Output {
        let mut command = server.stadion();
        command.env("STADION_SERVER", &url).env("STADION_PASSWORD", "correct horse battery");
        command.args(words).arg("--json").output().unwrap()
    };
    let refused = run(&["games"]);
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    let nonsense = run(&["games", "--ca", key]);
    assert_eq!(nonsense.status.code(), Some(2), "a key is no authority: {nonsense:?}");
    let says = |words: &[&str]| -> Value {
        let output = run(&[words, &["--ca", ca]].concat());
        assert!(output.status.success(), "{words:?}: {output:?}");
        serde_json::from_str(String::from_utf8_lossy(&output.stdout).lines().last().unwrap()).unwrap()
    };
    assert_eq!(says(&["games"])["name"], "tictactoe");
    assert_eq!(says(&["account", "register", "ann"])["server"], url.as_str());
    assert_eq!(says(&["account"])["name"], "ann", "signed in");
    // Over QUIC the server shows the same certificate.
    says(&["bot", "tictactoe", "--players", "2"]);
}
