//! API keys: made, listed, revoked, and recognized.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::limits::{self, LimitError};
use super::service::{Accounts, AuthenticateError};
use super::token::{self, Caller, TokenError};
use crate::clock::random;
use crate::model::{ApiKey, ApiKeyId, DisplayName, Role, Scopes, UnixMs};
use crate::store::{NewAccountError, StoreError};

/// Keys of one account.
const KEYS: usize = 100;

/// Keys that are remembered, so that an upload or a bench does not ask the store each time.
const REMEMBERED: usize = 1024;

/// For how long: a key that another replica revokes stays good for that long here.
const REMEMBER_FOR: Duration = Duration::from_secs(10);

/// A key that is to be.
#[derive(Debug)]
pub(crate) struct NewKey {
    pub(crate) label: DisplayName,
    pub(crate) scopes: Scopes,
    /// How long it is good; `None`: until it is revoked.
    pub(crate) good_for: Option<Duration>,
}

/// Why there is no new key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewKeyError {
    /// The account has as many as it may.
    #[error("an account has {KEYS} keys at most; revoke one")]
    TooMany,
    #[error(transparent)]
    Limit(#[from] LimitError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Hash of a key -> who comes with it, until when that is remembered.
#[derive(Default)]
pub(super) struct KnownKeys(Mutex<HashMap<[u8; 32], (Caller, UnixMs)>>);

impl KnownKeys {
    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], (Caller, UnixMs)>> {
        // A map of copies: whatever panicked while holding it, its entries are whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, hash: &[u8; 32], now: UnixMs) -> Option<Caller> {
        self.lock().get(hash).filter(|(_, until)| *until > now).map(|(caller, _)| caller.clone())
    }

    fn put(&self, hash: [u8; 32], caller: Caller, until: UnixMs) {
        let mut known = self.lock();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(hash, (caller, until));
    }

    /// What was remembered of any key may not hold any more.
    pub(super) fn forget(&self) {
        self.lock().clear();
    }
}

impl Accounts {
    /// Who comes with a key.
    pub(super) async fn authenticate_key(&self, hash: [u8; 32]) -> Result<Caller, AuthenticateError> {
        let now = self.clock.now();
        let caller = match self.known_keys.get(&hash, now) {
            Some(caller) => caller,
            None => self.look_key_up(hash, now).await?,
        };
        let rate = self.config.requests_by_key;
        limits::by_caller(&*self.coordination, "keys", &hex::encode(&hash[..8]), rate).await?;
        Ok(caller)
    }

    async fn look_key_up(&self, hash: [u8; 32], now: UnixMs) -> Result<Caller, AuthenticateError> {
        let (key, account) = self.store.api_key(&hash).await?.ok_or(TokenError::UnknownKey)?;
        if key.expires_at.is_some_and(|at| at <= now) {
            return Err(TokenError::Expired.into());
        }
        let caller = Caller { scopes: key.scopes, ..Caller::of(&account, None) };
        let until = now.plus(REMEMBER_FOR);
        self.known_keys.put(hash, caller.clone(), key.expires_at.map_or(until, |at| at.min(until)));
        Ok(caller)
    }

    /// Makes a key of the caller's account, and answers it with its text, which is nowhere else.
    pub(crate) async fn create_scoped_key(
        &self,
        caller: &Caller,
        new: NewKey,
    ) -> Result<(ApiKey, String), NewKeyError> {
        self.limit_changes(&caller.account).await?;
        if self.store.api_keys(&caller.account).await?.len() >= KEYS {
            return Err(NewKeyError::TooMany);
        }
        let text = token::scoped_key(random(&*self.rng));
        let now = self.clock.now();
        let key = ApiKey {
            hash: token::key_hash(&text).expect("it was just made in that shape"),
            account: caller.account.clone(),
            label: new.label.as_str().to_owned(),
            scopes: new.scopes,
            created_at: now,
            expires_at: new.good_for.map(|good_for| now.plus(good_for)),
        };
        self.store.create_api_key(&key).await?;
        Ok((key, text))
    }

    /// Revokes a key of the caller's account: whether it had one of this id.
    pub(crate) async fn revoke_key(&self, caller: &Caller, id: ApiKeyId) -> Result<bool, StoreError> {
        let removed = self.store.remove_api_key(&caller.account, id).await?;
        self.known_keys.forget();
        Ok(removed)
    }

    /// Makes an account with a key of its own, which may do all that the account may.
    pub(crate) async fn create_key(&self, name: DisplayName, role: Role) -> Result<String, NewAccountError> {
        let account = self.new_account(name, None, role);
        self.store.create_account(&account, None, None).await?;
        let text = token::developer_key(random(&*self.rng));
        let key = ApiKey {
            hash: token::key_hash(&text).expect("it was just made in that shape"),
            label: account.name.as_str().to_owned(),
            account: account.id,
            scopes: Scopes::Everything,
            created_at: self.clock.now(),
            expires_at: None,
        };
        self.store.create_api_key(&key).await?;
        Ok(text)
    }
}
