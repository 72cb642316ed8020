//! Passwords: argon2id (RFC 9106), a few at a time.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::clock::{Rng, random};
use crate::model::PasswordHash;

/// Shortest password, in bytes (NIST SP 800-63B: at least 8 characters).
pub(crate) const SHORTEST: usize = 8;

/// Longest password, in bytes: hashing cost must not be the caller's to choose.
pub(crate) const LONGEST: usize = 256;

/// What hashing one password costs us and whoever guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Hashed at the same time; each holds a core and the memory.
    pub at_once: u32,
    /// Waiting for their turn; past it, callers are asked to come back.
    pub waiting: u32,
}

impl Default for PasswordCost {
    /// 19 MiB and 2 passes (OWASP's first choice), two cores at most.
    fn default() -> PasswordCost {
        PasswordCost { memory_kib: 19 * 1024, passes: 2, at_once: 2, waiting: 64 }
    }
}

/// Why a password was not hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasswordError {
    /// Outside of [`SHORTEST`] to [`LONGEST`].
    #[error("passwords are 8 to 256 bytes long")]
    Length,
    /// Too many are being hashed.
    #[error("too many sign-ins at once; try again in a second")]
    Busy,
}

/// Hashes and compares passwords.
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    /// What the password of an unknown name is compared with, so that the answer takes as long as for a known one.
    nobody: PasswordHash,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

impl Passwords {
    /// With a cost that [`crate::Config::validate`] accepted.
    pub(crate) fn new(cost: PasswordCost, rng: &dyn Rng) -> Passwords {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).expect("the configuration was validated");
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = hash(&argon2, &random::<16>(rng), &random(rng));
        Passwords {
            argon2,
            nobody,
            running: Arc::new(Semaphore::new(cost.at_once as usize)),
            admitted: Arc::new(Semaphore::new((cost.at_once + cost.waiting) as usize)),
        }
    }

    /// A new password as it will be kept.
    pub(crate) async fn hash(&self, password: String, salt: [u8; 16]) -> Result<PasswordHash, PasswordError> {
        if !(SHORTEST..=LONGEST).contains(&password.len()) {
            return Err(PasswordError::Length);
        }
        self.run(move |argon2| hash(argon2, password.as_bytes(), &salt)).await
    }

    /// Whether the password is the kept one. For an unknown name `kept` is `None`: the same work, and never a match.
    pub(crate) async fn verify(&self, password: String, kept: Option<PasswordHash>) -> Result<bool, PasswordError> {
        let known = kept.is_some();
        let kept = kept.unwrap_or_else(|| self.nobody.clone());
        // A password that can be nobody's costs the same as any other.
        let password = if password.len() > LONGEST { String::new() } else { password };
        let matches = self
            .run(move |argon2| {
                phc::PasswordHash::new(&kept.0)
                    .is_ok_and(|kept| argon2.verify_password(password.as_bytes(), &kept).is_ok())
            })
            .await?;
        Ok(matches && known)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let admitted = self.admitted.clone().try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let running = self.running.clone().acquire_owned().await.map_err(|_| PasswordError::Busy)?;
        let argon2 = self.argon2.clone();
        // The permits go along: a caller who hangs up does not make room for more work than is allowed.
        let done = tokio::task::spawn_blocking(move || {
            let _permits = (admitted, running);
            work(&argon2)
        });
        done.await.map_err(|_| PasswordError::Busy)
    }
}

fn hash(argon2: &Argon2<'_>, password: &[u8], salt: &[u8; 16]) -> PasswordHash {
    let hash: phc::PasswordHash =
        argon2.hash_password_with_salt(password, salt).expect("lengths of salt and output are constant and valid");
    PasswordHash(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRng;

    const CHEAP: PasswordCost = PasswordCost { memory_kib: 8, passes: 1, at_once: 1, waiting: 0 };

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let passwords = Passwords::new(CHEAP, &SystemRng);
        let kept = passwords.hash("correct horse".into(), [1; 16]).await.unwrap();
        assert!(kept.0.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{}", kept.0);
        assert!(passwords.verify("correct horse".into(), Some(kept.clone())).await.unwrap());
        for (password, kept) in [("wrong horse", Some(kept.clone())), ("", Some(kept)), ("correct horse", None)] {
            assert!(!passwords.verify(password.into(), kept).await.unwrap());
        }
    }

    #[tokio::test]
    async fn lengths_are_bounded() {
        let passwords = Passwords::new(CHEAP, &SystemRng);
        for password in ["short".to_owned(), "x".repeat(257)] {
            assert_eq!(passwords.hash(password, [1; 16]).await.unwrap_err(), PasswordError::Length);
        }
    }

    #[tokio::test]
    async fn more_than_may_wait_are_sent_away() {
        let passwords = Passwords::new(CHEAP, &SystemRng);
        let _busy = passwords.admitted.clone().try_acquire_owned().unwrap();
        assert_eq!(passwords.verify("x".into(), None).await.unwrap_err(), PasswordError::Busy);
    }
}
