//! Passwords: argon2id (RFC 9106), a few at a time.

use std::path::Path;
use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::{breached, common};
use crate::clock::{Rng, random};
use crate::model::PasswordHash;

/// Shortest password, in characters (OWASP ASVS 5.0, 6.2.1).
pub(crate) const SHORTEST: usize = 8;

/// Longest password, in characters (ASVS 6.2.9 asks for 64 or more): hashing cost must not be the caller's to choose.
pub(crate) const LONGEST: usize = 128;

/// The same in bytes: characters of UTF-8 have up to four.
const LONGEST_BYTES: usize = 4 * LONGEST;

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
    #[error("passwords have 8 to 128 characters, any characters")]
    Length,
    /// Guessers try it first.
    #[error("this password is among those that guessers try first; take another: several words, for example")]
    Common,
    /// Somebody has published it.
    #[error("this password is known from a breach of another service; take another: several words, for example")]
    Breached,
    /// It could not be looked up whether it is known from a breach.
    #[error("passwords cannot be checked right now; try again later")]
    Unchecked,
    /// It is the name and little else.
    #[error("this password is the name that it belongs to; take another")]
    Name,
    /// Too many are being hashed.
    #[error("too many sign-ins at once; try again in a second")]
    Busy,
}

/// Hashes and compares passwords.
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    /// What the password of an unknown name is compared with, so that the answer takes as long as for a known one.
    nobody: PasswordHash,
    cost: PasswordCost,
    rng: Arc<dyn Rng>,
    /// A list of passwords known from breaches.
    breached: Option<Arc<Path>>,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

/// What comparing a password with a kept one found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is another one, or there is none.
    Wrong,
    /// It is that one.
    Right,
    /// It is that one, and was hashed at another cost than hashes are now: to be hashed anew.
    RightAndDated,
}

impl Passwords {
    /// With a cost that [`crate::Config::validate`] accepted.
    pub(crate) fn new(cost: PasswordCost, breached: Option<&Path>, rng: Arc<dyn Rng>) -> Passwords {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).expect("the configuration was validated");
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = hash(&argon2, &random::<16>(&*rng), &random(&*rng));
        Passwords {
            argon2,
            nobody,
            cost,
            rng,
            breached: breached.map(Arc::from),
            running: Arc::new(Semaphore::new(cost.at_once as usize)),
            admitted: Arc::new(Semaphore::new((cost.at_once + cost.waiting) as usize)),
        }
    }

    /// A new password of somebody of this name, as it will be kept.
    pub(crate) async fn hash(&self, password: String, name: &str) -> Result<PasswordHash, PasswordError> {
        acceptable(&password, name)?;
        if let Some(list) = self.breached.clone() {
            let new = password.clone();
            let known = self.run(move |_| breached::holds(&list, &new)).await?;
            match known {
                Ok(false) => {}
                Ok(true) => return Err(PasswordError::Breached),
                Err(error) => {
                    tracing::error!(%error, "the list of breached passwords does not read: nobody gets a new password");
                    return Err(PasswordError::Unchecked);
                }
            }
        }
        self.rehash(password).await
    }

    /// A password that is somebody's already, as it will be kept: rules of today do not apply to it.
    pub(crate) async fn rehash(&self, password: String) -> Result<PasswordHash, PasswordError> {
        let salt = random(&*self.rng);
        self.run(move |argon2| hash(argon2, password.as_bytes(), &salt)).await
    }

    /// Compares a password with the kept one. For an unknown name `kept` is `None`: the same work, and never a match.
    pub(crate) async fn verify(&self, password: String, kept: Option<PasswordHash>) -> Result<Verdict, PasswordError> {
        let known = kept.is_some();
        let kept = kept.unwrap_or_else(|| self.nobody.clone());
        // A password that can be nobody's costs the same as any other.
        let password = if password.len() > LONGEST_BYTES { String::new() } else { password };
        let cost = self.cost;
        let verdict = self.run(move |argon2| compare(argon2, &password, &kept, cost)).await?;
        Ok(if known { verdict } else { Verdict::Wrong })
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

/// The rules for new passwords (ASVS 6.2): length, and that nobody guesses them at once. Which characters is their owner's
/// affair, and all of them count.
fn acceptable(password: &str, name: &str) -> Result<(), PasswordError> {
    if !(SHORTEST..=LONGEST).contains(&password.chars().count()) {
        return Err(PasswordError::Length);
    }
    if common::is_common(password) {
        return Err(PasswordError::Common);
    }
    if common::is_about(password, name) {
        return Err(PasswordError::Name);
    }
    Ok(())
}

fn compare(argon2: &Argon2<'_>, password: &str, kept: &PasswordHash, cost: PasswordCost) -> Verdict {
    let Ok(kept) = phc::PasswordHash::new(&kept.0) else { return Verdict::Wrong };
    if argon2.verify_password(password.as_bytes(), &kept).is_err() {
        return Verdict::Wrong;
    }
    match Params::try_from(&kept) {
        Ok(params) if (params.m_cost(), params.t_cost()) == (cost.memory_kib, cost.passes) => Verdict::Right,
        _ => Verdict::RightAndDated,
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

    fn of(cost: PasswordCost) -> Passwords {
        Passwords::new(cost, None, Arc::new(SystemRng))
    }

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let passwords = of(CHEAP);
        let kept = passwords.hash("correct horse".into(), "ann").await.unwrap();
        assert!(kept.0.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{}", kept.0);
        assert_eq!(passwords.verify("correct horse".into(), Some(kept.clone())).await, Ok(Verdict::Right));
        for (password, kept) in [("wrong horse", Some(kept.clone())), ("", Some(kept)), ("correct horse", None)] {
            assert_eq!(passwords.verify(password.into(), kept).await, Ok(Verdict::Wrong));
        }
    }

    #[tokio::test]
    async fn new_passwords_follow_the_rules_whatever_their_characters() {
        let passwords = of(CHEAP);
        for (password, refusal) in [
            ("short".to_owned(), PasswordError::Length),
            ("seven67".to_owned(), PasswordError::Length),
            ("xyz!".repeat(32) + "x", PasswordError::Length),
            ("Password123".to_owned(), PasswordError::Common),
            ("margarethe".to_owned(), PasswordError::Name),
        ] {
            assert_eq!(passwords.hash(password.clone(), "Margarethe").await.unwrap_err(), refusal, "{password}");
        }
        for password in
            ["xyz!".repeat(32), "дом стоит у реки".to_owned(), "only lower case".to_owned(), "  spaced  x".to_owned()]
        {
            let kept = passwords.hash(password.clone(), "ann").await.unwrap();
            let cut: String = password.chars().skip(1).collect();
            assert_eq!(passwords.verify(cut, Some(kept.clone())).await, Ok(Verdict::Wrong));
            assert_eq!(passwords.verify(password, Some(kept)).await, Ok(Verdict::Right), "all characters count");
        }
    }

    #[tokio::test]
    async fn a_password_from_a_breach_is_refused_and_one_that_cannot_be_looked_up_too() {
        let list = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(list.path(), "4A78CC9FD5CD33E1C5A9A7C7C2A54C2A2D2A2F0F:3\n").unwrap();
        let passwords = Passwords::new(CHEAP, Some(list.path()), Arc::new(SystemRng));
        let kept = passwords.hash("correct horse".into(), "ann").await.unwrap();
        let hash = "2F9E53523B62ABC141A2B4D6019D23CBA835DBD0";
        std::fs::write(list.path(), format!("{hash}:3\n")).unwrap();
        assert_eq!(passwords.hash("correct horse".into(), "ann").await.unwrap_err(), PasswordError::Breached);
        assert_eq!(passwords.verify("correct horse".into(), Some(kept)).await, Ok(Verdict::Right), "it is somebody's");
        list.close().unwrap();
        assert_eq!(passwords.hash("correct horse".into(), "ann").await.unwrap_err(), PasswordError::Unchecked);
    }

    #[tokio::test]
    async fn a_password_of_another_cost_matches_and_is_dated() {
        let kept = of(CHEAP).hash("correct horse".into(), "ann").await.unwrap();
        let dearer = of(PasswordCost { passes: 2, ..CHEAP });
        assert_eq!(dearer.verify("correct horse".into(), Some(kept)).await, Ok(Verdict::RightAndDated));
        let anew = dearer.rehash("correct horse".into()).await.unwrap();
        assert_eq!(dearer.verify("correct horse".into(), Some(anew)).await, Ok(Verdict::Right));
    }

    /// Rounds of the comparison below. Whatever else the machine does makes a round longer and never shorter: the shortest counts.
    const ROUNDS: usize = 25;

    #[tokio::test]
    async fn an_unknown_name_takes_as_long_as_a_known_one() {
        let passwords = of(PasswordCost { memory_kib: 4096, ..CHEAP });
        let kept = passwords.hash("correct horse".into(), "ann").await.unwrap();
        let mut shortest = [std::time::Duration::MAX; 2];
        for _ in 0..ROUNDS {
            for (shortest, kept) in shortest.iter_mut().zip([Some(kept.clone()), None]) {
                let began = tokio::time::Instant::now();
                assert_eq!(passwords.verify("wrong horse".into(), kept).await, Ok(Verdict::Wrong));
                *shortest = began.elapsed().min(*shortest);
            }
        }
        let [known, unknown] = shortest.map(|took| took.as_secs_f64());
        assert!((0.5..2.0).contains(&(unknown / known)), "known {known} s, unknown {unknown} s");
    }

    #[tokio::test]
    async fn more_than_may_wait_are_sent_away() {
        let passwords = of(CHEAP);
        let _busy = passwords.admitted.clone().try_acquire_owned().unwrap();
        assert_eq!(passwords.verify("x".into(), None).await.unwrap_err(), PasswordError::Busy);
    }
}
