//! Identity providers, as an operator sets them.

use std::fmt;

use crate::config::Faults;
use crate::http::outbound;

/// Characters of a secret at least: fewer are guessed.
const SHORTEST_SECRET: usize = 16;

/// Where accounts of others sign in (OpenID Connect).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcProvider {
    /// What it is called in URLs: `a-z`, `0-9` and `-`.
    pub name: String,
    /// Its issuer, whose `/.well-known/openid-configuration` says the rest.
    pub issuer: String,
    /// What it calls this server.
    pub client_id: String,
    /// What this server shows it; `None` for a public client, which PKCE protects.
    pub client_secret: Option<Secret>,
    /// Where it may send people back to, exactly.
    pub redirects: Vec<String>,
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl OidcProvider {
    pub(crate) fn validate(&self, faults: &mut Faults) {
        let name = format!("oidc.{}", self.name);
        let mut fault = |what: &str, problem: &str| faults.0.push(format!("{name}.{what}: {problem}"));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > 40 || !self.name.chars().all(plain) {
            fault("name", "1 to 40 characters of a-z, 0-9 and -");
        }
        if !outbound::is_acceptable(&self.issuer) {
            fault("issuer", "an https URL (http on this machine alone)");
        }
        if self.client_id.is_empty() {
            fault("client-id", "as the provider calls this server");
        }
        if self.client_secret.as_ref().is_some_and(|secret| is_weak(&secret.0)) {
            fault("client-secret", "weak: at least 16 characters, as the provider made it");
        }
        if self.redirects.is_empty() {
            fault("redirects", "at least one URL to which it may send people back");
        }
    }
}

/// Short, or of few characters: an example that was left in place.
fn is_weak(secret: &str) -> bool {
    let mut distinct: Vec<char> = secret.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let lower = secret.to_lowercase();
    let example = ["secret", "change", "example", "password", "your-"].iter().any(|word| lower.contains(word));
    secret.chars().count() < SHORTEST_SECRET || distinct.len() < SHORTEST_SECRET / 2 || example
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn weak_secrets_and_plain_text_are_named_all_at_once() {
        let mut config = Config::default();
        config.accounts.oidc = vec![OidcProvider {
            name: "Acme!".to_owned(),
            issuer: "http://accounts.example".to_owned(),
            client_id: String::new(),
            client_secret: Some(Secret("change-me-change-me".to_owned())),
            redirects: Vec::new(),
        }];
        let faults = config.validate().unwrap_err().faults;
        assert_eq!(faults.len(), 5, "{faults:?}");
        assert!(!format!("{:?}", config.accounts.oidc).contains("change-me"));
    }

    #[test]
    fn secrets_that_providers_make_are_taken() {
        for (secret, weak) in [
            ("GOCSPX-4u9v8Hq3_Tt0LxW2mYkB7cRz", false),
            ("3f9c00112233445566778899aabbccdd", false),
            ("short", true),
            ("aaaaaaaaaaaaaaaaaaaaaaaa", true),
            ("your-client-secret-here", true),
        ] {
            assert_eq!(is_weak(secret), weak, "{secret}");
        }
    }
}
