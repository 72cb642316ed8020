//! Signatures by the convention of Standard Webhooks: receivers check them with the libraries that there are for it.
//!
//! What is signed is `{webhook-id}.{webhook-timestamp}.{body}`, by HMAC-SHA256; the signature is `v1,` and its base64. While a
//! secret is being replaced a message carries a signature by each of the two, with a blank between them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::model::{Salt, Salts, UnixMs, WebhookId};

/// What secrets are written with.
const PREFIX: &str = "whsec_";

/// Derives the secrets of webhooks from a key of the deployment.
#[derive(Clone)]
pub(crate) struct Secrets {
    key: [u8; 32],
}

/// The secret of a webhook.
pub(crate) struct WebhookSecret([u8; 32]);

/// The headers of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SignedHeaders {
    /// `webhook-id`.
    pub(crate) id: String,
    /// `webhook-timestamp`, Unix seconds.
    pub(crate) timestamp: String,
    /// `webhook-signature`.
    pub(crate) signature: String,
}

impl Secrets {
    pub(crate) fn new(key: [u8; 32]) -> Secrets {
        Secrets { key }
    }

    /// The secret of a webhook that a salt stands for.
    pub(crate) fn of(&self, webhook: WebhookId, salt: &Salt) -> WebhookSecret {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&webhook.0).update(salt);
        WebhookSecret(*hasher.finalize().as_bytes())
    }

    /// Signs a message with all secrets that are good now.
    pub(crate) fn sign(
        &self,
        (webhook, salts): (WebhookId, &Salts),
        id: &str,
        now: UnixMs,
        body: &[u8],
    ) -> SignedHeaders {
        let previous = salts.previous.filter(|(_, until)| now < *until).map(|(salt, _)| salt);
        let timestamp = now.seconds().to_string();
        let signatures = [salts.current].into_iter().chain(previous).map(|salt| {
            let secret = self.of(webhook, &salt);
            secret.sign(id, &timestamp, body)
        });
        let signature = signatures.collect::<Vec<_>>().join(" ");
        SignedHeaders { id: id.to_owned(), timestamp, signature }
    }
}

impl WebhookSecret {
    /// As its owner keeps it: `whsec_` and base64.
    pub(crate) fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0))
    }

    fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut context = hmac::Context::with_key(&key);
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            context.update(part);
        }
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOOK: WebhookId = WebhookId([1; 8]);

    /// The example of the convention's own documents and libraries.
    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let signed = hmac::sign(&key, b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}");
        assert_eq!(STANDARD.encode(signed), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let ours = WebhookSecret([7; 32]);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let expected = STANDARD.encode(hmac::sign(&key, b"msg_1.5.{}"));
        assert_eq!(ours.sign("msg_1", "5", b"{}"), format!("v1,{expected}"));
        assert_eq!(ours.text(), format!("whsec_{}", STANDARD.encode([7; 32])));
    }

    #[test]
    fn both_secrets_sign_until_the_old_one_is_over() {
        let secrets = Secrets::new([3; 32]);
        let salts = Salts { current: [2; 16], previous: Some(([1; 16], UnixMs(10_000))) };
        let sign = |now| secrets.sign((HOOK, &salts), "msg_1", UnixMs(now), b"{}").signature;
        let alone = |salt: Salt, seconds: &str| secrets.of(HOOK, &salt).sign("msg_1", seconds, b"{}");
        assert_eq!(sign(9_999), format!("{} {}", alone([2; 16], "9"), alone([1; 16], "9")));
        assert_eq!(sign(10_000), alone([2; 16], "10"));
    }

    #[test]
    fn secrets_differ_by_webhook_salt_and_deployment() {
        let of = |key: u8, hook: u8, salt: u8| Secrets::new([key; 32]).of(WebhookId([hook; 8]), &[salt; 16]).text();
        let all = [of(1, 1, 1), of(2, 1, 1), of(1, 2, 1), of(1, 1, 2)];
        assert!(all.iter().collect::<std::collections::BTreeSet<_>>().len() == all.len(), "{all:?}");
        assert_eq!(of(1, 1, 1), of(1, 1, 1));
    }
}
