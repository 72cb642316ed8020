//! A second factor: codes of an authenticator app, and recovery codes for whoever has lost it.
//!
//! Whoever has one signs in in two steps. The first, by password or by an identity provider, gives no session but a challenge:
//! who passed it, and until when it may be answered, with a MAC over both. The second brings it back with a code. Nothing is kept
//! between the two, so any replica takes the second.
//!
//! A secret is derived from a key of the server and a salt of the account: a copy of the database makes no codes.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use stadion_protocol::PlayerId;

use super::lifecycle::ChangeError;
use super::limits::{self, LimitError};
use super::password::Verdict;
use super::service::{Accounts, SignInError, SignedIn};
use super::token::Caller;
use super::totp::{Secret, Typed, recovery_code};
use crate::clock::random;
use crate::model::{Account, AccountName, FactorSalt, SecondFactor, UnixMs};
use crate::store::StoreError;

/// How long a challenge may be answered: long enough to find the phone.
const CHALLENGE_FOR: Duration = Duration::from_secs(300);

/// Recovery codes of an account.
const RECOVERY_CODES: usize = 10;

const CHALLENGE_PREFIX: &str = "sf-";

/// Bytes of a challenge before the id of the account: until when, Unix milliseconds, and the MAC.
const CHALLENGE_HEAD: usize = 8 + 32;

/// Separate the uses of the key (BLAKE3, `derive_key`).
const SECRETS: &str = "stadion 2026-11-20 secrets of second factors";
const CHALLENGES: &str = "stadion 2026-11-20 challenges of sign-ins";

/// Somebody has passed the first step of signing in, and a code is asked for.
#[derive(Clone, Debug, thiserror::Error)]
#[error("this account has a second factor: send this challenge with a code to POST /v1/sessions/second-factor")]
pub(crate) struct Challenged {
    pub(crate) account: PlayerId,
    pub(crate) challenge: String,
}

/// What an authenticator app is to know.
pub(crate) struct Enrolment {
    pub(crate) secret: String,
    pub(crate) uri: String,
}

/// What a limit is counted for: the account as its owner names it when signing in.
fn limit_key(account: &Account) -> String {
    account.sign_in.as_ref().map_or_else(|| account.id.to_string(), AccountName::key)
}

impl Accounts {
    /// Begins a second factor, which takes the password. It is not asked for before [`Accounts::confirm_second_factor`].
    pub(crate) async fn enrol_second_factor(
        &self,
        caller: &Caller,
        password: String,
    ) -> Result<Enrolment, ChangeError> {
        self.check_password(caller, password).await?;
        let salt = random(&*self.rng);
        if !self.store.enrol_second_factor(&caller.account, &salt).await? {
            return Err(ChangeError::SecondFactorThere);
        }
        let secret = self.secret(&caller.account, &salt);
        let account = self.known(&caller.account).await?;
        let name = account.sign_in.as_ref().map_or(account.id.as_str(), AccountName::as_str);
        Ok(Enrolment { secret: secret.text(), uri: secret.uri(name) })
    }

    /// Turns it on with a code that shows that the app has the secret. Every other sign-in ends: whoever is in without it goes.
    /// Answers with the recovery codes, which nobody sees again.
    pub(crate) async fn confirm_second_factor(&self, caller: &Caller, code: &str) -> Result<Vec<String>, ChangeError> {
        self.limit_changes(&caller.account).await?;
        let begun = self.store.second_factor(&caller.account).await?.ok_or(ChangeError::NoSecondFactor)?;
        if begun.confirmed_at.is_some() {
            return Err(ChangeError::SecondFactorThere);
        }
        let now = self.clock.now();
        let period = match Typed::read(code) {
            Some(Typed::Code(code)) => self.secret(&caller.account, &begun.salt).accept(code, now, 0),
            _ => None,
        };
        let period = period.ok_or(ChangeError::WrongCode)?;
        let (shown, kept): (Vec<_>, Vec<_>) = (0..RECOVERY_CODES).map(|_| recovery_code(&random(&*self.rng))).unzip();
        if !self.store.confirm_second_factor(&caller.account, &begun.salt, (period, now), &kept).await? {
            return Err(ChangeError::Raced);
        }
        self.sign_out_everywhere(&caller.account, caller.session).await?;
        Ok(shown)
    }

    /// Takes it away: with the password and a code. Every other sign-in ends.
    pub(crate) async fn remove_second_factor(
        &self,
        caller: &Caller,
        from: IpAddr,
        (password, code): (String, &str),
    ) -> Result<(), ChangeError> {
        self.check_password(caller, password).await?;
        let account = self.known(&caller.account).await?;
        let factor = self.second_factor(&account.id).await?.ok_or(ChangeError::NoSecondFactor)?;
        if !self.is_code_of::<ChangeError>((&account, &factor), from, code).await? {
            return Err(ChangeError::WrongCode);
        }
        self.store.remove_second_factor(&caller.account).await?;
        self.sign_out_everywhere(&caller.account, caller.session).await
    }

    /// Takes somebody's away who has lost it and shown an operator who that is. Every sign-in ends.
    pub(crate) async fn reset_second_factor(&self, account: &PlayerId) -> Result<(), ChangeError> {
        if !self.store.remove_second_factor(account).await? {
            return Err(ChangeError::NoSecondFactor);
        }
        self.sign_out_everywhere(account, None).await
    }

    /// An account's, if it is asked for one.
    pub(crate) async fn second_factor(&self, account: &PlayerId) -> Result<Option<SecondFactor>, StoreError> {
        let factor = self.store.second_factor(account).await?;
        Ok(factor.filter(|factor| factor.confirmed_at.is_some()))
    }

    /// The end of the first step of signing in, for whoever has a second factor.
    pub(super) async fn challenge(&self, account: &PlayerId) -> Result<Option<Challenged>, StoreError> {
        if self.second_factor(account).await?.is_none() {
            return Ok(None);
        }
        let until = self.clock.now().plus(CHALLENGE_FOR);
        let head = [&until.0.to_be_bytes()[..], self.challenge_mac(account, until).as_bytes()].concat();
        let bytes = [&head[..], account.as_str().as_bytes()].concat();
        let challenge = format!("{CHALLENGE_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        Ok(Some(Challenged { account: account.clone(), challenge }))
    }

    /// Whose first step a challenge is the end of.
    pub(crate) async fn challenged(&self, challenge: &str) -> Result<Account, SignInError> {
        let account = self.read_challenge(challenge).ok_or(SignInError::Challenge)?;
        self.store.account(&account).await?.ok_or(SignInError::Challenge)
    }

    /// The second step: a code for somebody who was challenged.
    pub(crate) async fn answer_challenge(
        &self,
        from: IpAddr,
        account: Account,
        code: &str,
    ) -> Result<SignedIn, SignInError> {
        limits::by_address(&*self.coordination, "sessions", from, self.config.sign_ins_by_address).await?;
        // Taken away meanwhile: the first step alone is enough, and is done again.
        let factor = self.second_factor(&account.id).await?.ok_or(SignInError::Challenge)?;
        if !self.is_code_of::<SignInError>((&account, &factor), from, code).await? {
            return Err(SignInError::WrongCode);
        }
        let session = self.begin_session(&account.id).await?;
        limits::remember(&*self.coordination, &limit_key(&account), from).await?;
        Ok(self.signed_in(account, &session, None))
    }

    /// Whether this is a code of somebody's second factor that was not used before; it is used from then on.
    async fn is_code_of<E: From<LimitError> + From<StoreError>>(
        &self,
        (account, factor): (&Account, &SecondFactor),
        from: IpAddr,
        code: &str,
    ) -> Result<bool, E> {
        match Typed::read(code) {
            Some(Typed::Code(code)) => {
                let rate = self.config.codes_by_account;
                limits::by_second_factor(&*self.coordination, &limit_key(account), from, rate).await?;
                let secret = self.secret(&account.id, &factor.salt);
                match secret.accept(code, self.clock.now(), factor.last_period) {
                    // Whoever comes with the same code at the same time finds it used.
                    Some(period) => Ok(self.store.use_period(&account.id, period).await?),
                    None => Ok(false),
                }
            }
            // Not to be guessed, so not counted: nobody keeps the owner from using one.
            Some(Typed::Recovery(hash)) => Ok(self.store.use_recovery_code(&account.id, &hash).await?),
            None => Ok(false),
        }
    }

    async fn known(&self, account: &PlayerId) -> Result<Account, ChangeError> {
        self.store.account(account).await?.ok_or_else(|| ChangeError::Unknown(account.clone()))
    }

    async fn check_password(&self, caller: &Caller, password: String) -> Result<(), ChangeError> {
        self.limit_changes(&caller.account).await?;
        let kept = self.store.password(&caller.account).await?.ok_or(ChangeError::NoPassword)?;
        match self.passwords.verify(password, Some(kept)).await? {
            Verdict::Wrong => Err(ChangeError::WrongPassword),
            Verdict::Right | Verdict::RightAndDated => Ok(()),
        }
    }

    fn secret(&self, account: &PlayerId, salt: &FactorSalt) -> Secret {
        let key = blake3::derive_key(SECRETS, &self.keys.second_factors);
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher.update(salt).update(account.as_str().as_bytes());
        Secret::new(hasher.finalize().as_bytes())
    }

    fn challenge_mac(&self, account: &PlayerId, until: UnixMs) -> blake3::Hash {
        let key = blake3::derive_key(CHALLENGES, &self.keys.second_factors);
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher.update(&until.0.to_be_bytes()).update(account.as_str().as_bytes());
        hasher.finalize()
    }

    fn read_challenge(&self, challenge: &str) -> Option<PlayerId> {
        let bytes = URL_SAFE_NO_PAD.decode(challenge.strip_prefix(CHALLENGE_PREFIX)?).ok()?;
        let (head, account) = bytes.split_at_checked(CHALLENGE_HEAD)?;
        let (until, mac) = head.split_at(8);
        let until = UnixMs(u64::from_be_bytes(until.try_into().ok()?));
        let account: PlayerId = std::str::from_utf8(account).ok()?.parse().ok()?;
        // `blake3::Hash` compares in constant time.
        let good = self.challenge_mac(&account, until) == blake3::Hash::from_bytes(mac.try_into().ok()?);
        (good && self.clock.now() < until).then_some(account)
    }
}
