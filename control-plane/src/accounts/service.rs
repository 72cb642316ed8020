//! What signing in, up and out does.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stadion_protocol::PlayerId;

use super::limits::{self, LimitError, Limited};
use super::password::{PasswordError, Passwords};
use super::token::{self, Caller, TokenError};
use crate::clock::{Clock, Rng, random};
use crate::config::AccountConfig;
use crate::coordination::{Coordination, CoordinationError};
use crate::keys::Keys;
use crate::model::{Account, AccountName, ApiKey, DisplayName, Refresh, Role, Session, SessionId, UnixMs};
use crate::store::{NewAccountError, Store, StoreError};

/// Developer keys that are remembered, so that an upload or a bench does not ask the store each time.
const REMEMBERED_KEYS: usize = 1024;

/// For how long: a key that another replica revokes stays good for that long here.
const REMEMBER_KEYS_FOR: Duration = Duration::from_secs(10);

/// Somebody is in.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) account: Account,
    pub(crate) access_token: String,
    pub(crate) expires_in: Duration,
    pub(crate) refresh_token: String,
    /// The limit that this counted against, where one did.
    pub(crate) limit: Option<Limited>,
}

/// Why no account was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewAccount {
    #[error(transparent)]
    Limit(#[from] LimitError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Store(#[from] NewAccountError),
}

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    #[error(transparent)]
    Limit(#[from] LimitError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Unknown name or another password: not told apart.
    #[error("the name or the password is wrong")]
    Wrong,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
}

/// Why a refresh token gave no new tokens.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefreshError {
    /// Not a token of ours, of a session that is over, or used before.
    #[error("the refresh token is not good any more; sign in again")]
    Refused(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
}

/// Why a bearer token let nobody in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthenticateError {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
}

/// See the module.
pub(crate) struct Accounts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) coordination: Arc<dyn Coordination>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    config: AccountConfig,
    passwords: Passwords,
    /// Hash of the key -> whose, until when.
    known_keys: Mutex<HashMap<[u8; 32], (Caller, UnixMs)>>,
}

/// What [`Accounts`] stand on.
pub(crate) struct AccountParts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) coordination: Arc<dyn Coordination>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
}

impl Accounts {
    pub(crate) fn new(config: AccountConfig, parts: AccountParts) -> Accounts {
        let AccountParts { store, coordination, keys, clock, rng } = parts;
        let passwords = Passwords::new(config.password, &*rng);
        Accounts { store, coordination, keys, clock, rng, config, passwords, known_keys: Mutex::default() }
    }

    /// Makes an account without a password, for whoever just wants to play.
    pub(crate) async fn guest(&self, from: IpAddr, name: Option<DisplayName>) -> Result<SignedIn, NewAccount> {
        let limit = limits::by_address(&*self.coordination, "guests", from, self.config.guests).await?;
        let name = name.unwrap_or_else(|| self.guest_name());
        let account = self.new_account(name, None, Role::Player);
        let session = self.new_session(&account.id);
        self.store.create_account(&account, None, Some(&session)).await?;
        Ok(self.signed_in(account, &session, Some(limit)))
    }

    /// Makes an account that signs in by name and password.
    pub(crate) async fn register(
        &self,
        from: IpAddr,
        name: AccountName,
        password: String,
    ) -> Result<SignedIn, NewAccount> {
        let limit = limits::by_address(&*self.coordination, "accounts", from, self.config.registrations).await?;
        let hash = self.passwords.hash(password, random(&*self.rng)).await?;
        let account = self.new_account(name.clone().into(), Some(name), Role::Player);
        let session = self.new_session(&account.id);
        self.store.create_account(&account, Some(&hash), Some(&session)).await?;
        Ok(self.signed_in(account, &session, Some(limit)))
    }

    /// Lets somebody in by name and password. A name that nobody has takes as long as any other.
    pub(crate) async fn sign_in(
        &self,
        from: IpAddr,
        name: AccountName,
        password: String,
    ) -> Result<SignedIn, SignInError> {
        limits::by_address(&*self.coordination, "sessions", from, self.config.sign_ins_by_address).await?;
        let limit = limits::by_account(&*self.coordination, &name.key(), from, self.config.sign_ins_by_account).await?;
        let (account, hash) = self.store.credentials(&name).await?.unzip();
        let matches = self.passwords.verify(password, hash).await?;
        let Some(account) = account.filter(|_| matches) else { return Err(SignInError::Wrong) };
        let session = self.new_session(&account.id);
        self.store.create_session(&session).await?;
        limits::remember(&*self.coordination, &name.key(), from).await?;
        Ok(self.signed_in(account, &session, Some(limit)))
    }

    /// New tokens for a refresh token, by the rule of [`Session::refresh`].
    pub(crate) async fn refresh(&self, presented: &str) -> Result<SignedIn, RefreshError> {
        let (id, generation) =
            token::read_refresh(&self.keys, presented).map_err(|_| RefreshError::Refused("not a token of ours"))?;
        let session = self.store.session(id).await?.ok_or(RefreshError::Refused("unknown session"))?;
        let now = self.clock.now();
        let current = match session.refresh(generation, now) {
            // Whoever loses the race for the rotation is a retry of whoever won it.
            Refresh::Rotate => {
                self.store.rotate_session(id, generation, now).await?;
                generation + 1
            }
            Refresh::Retry => session.generation,
            Refresh::Reused => {
                tracing::warn!(account = %session.account, "a used refresh token came back: its session is revoked");
                self.revoke(id).await?;
                return Err(RefreshError::Refused("used before"));
            }
            Refresh::Over => return Err(RefreshError::Refused("the session is over")),
        };
        let account = self.store.account(&session.account).await?.ok_or(RefreshError::Refused("unknown account"))?;
        Ok(self.signed_in(account, &Session { generation: current, ..session }, None))
    }

    /// Makes every token of a session void, access tokens too.
    pub(crate) async fn revoke(&self, id: SessionId) -> Result<(), RefreshError> {
        self.coordination.put(&revoked_key(id), b"", self.config.access_token).await?;
        self.store.revoke_session(id).await?;
        Ok(())
    }

    /// Who holds this bearer token.
    pub(crate) async fn authenticate(&self, bearer: &str) -> Result<Caller, AuthenticateError> {
        if let Some(hash) = token::developer_key_hash(bearer) {
            return self.authenticate_key(hash).await;
        }
        let caller = token::read_access(&self.keys, bearer, self.clock.now())?;
        if let Some(session) = caller.session
            && self.coordination.get(&revoked_key(session)).await?.is_some()
        {
            return Err(TokenError::Revoked.into());
        }
        Ok(caller)
    }

    async fn authenticate_key(&self, hash: [u8; 32]) -> Result<Caller, AuthenticateError> {
        let now = self.clock.now();
        if let Some((caller, until)) = self.remembered().get(&hash)
            && *until > now
        {
            return Ok(caller.clone());
        }
        let account = self.store.account_of_api_key(&hash).await?.ok_or(TokenError::UnknownKey)?;
        let caller = Caller::of(&account, None);
        let mut known = self.remembered();
        if known.len() >= REMEMBERED_KEYS {
            known.clear();
        }
        known.insert(hash, (caller.clone(), now.plus(REMEMBER_KEYS_FOR)));
        Ok(caller)
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], (Caller, UnixMs)>> {
        // A map of copies: whatever panicked while holding it, its entries are whole.
        self.known_keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an account with a key of its own.
    pub(crate) async fn create_key(&self, name: DisplayName, role: Role) -> Result<String, NewAccountError> {
        let account = self.new_account(name, None, role);
        self.store.create_account(&account, None, None).await?;
        let key = token::developer_key(random(&*self.rng));
        let hash = token::developer_key_hash(&key).expect("it was just made in that shape");
        let label = account.name.as_str().to_owned();
        self.store.create_api_key(&ApiKey { hash, account: account.id, label, created_at: self.clock.now() }).await?;
        Ok(key)
    }

    fn new_account(&self, name: DisplayName, sign_in: Option<AccountName>, role: Role) -> Account {
        let id = format!("p-{}", hex::encode(random::<12>(&*self.rng)));
        let id: PlayerId = id.parse().expect("26 printable characters");
        Account { id, name, sign_in, role, created_at: self.clock.now() }
    }

    fn guest_name(&self) -> DisplayName {
        let number = u16::from_le_bytes(random(&*self.rng)) % 9000 + 1000;
        format!("Guest {number}").parse().expect("a short plain name")
    }

    fn new_session(&self, account: &PlayerId) -> Session {
        let now = self.clock.now();
        Session {
            id: SessionId(random(&*self.rng)),
            account: account.clone(),
            generation: 1,
            rotated_at: now,
            expires_at: now.plus(self.config.refresh_token),
            revoked: false,
        }
    }

    fn signed_in(&self, account: Account, session: &Session, limit: Option<Limited>) -> SignedIn {
        let (now, expires_in) = (self.clock.now(), self.config.access_token);
        let caller = Caller::of(&account, Some(session.id));
        SignedIn {
            access_token: token::access(&self.keys, &caller, now, now.plus(expires_in)),
            refresh_token: token::refresh(&self.keys, session.id, session.generation),
            account,
            expires_in,
            limit,
        }
    }
}

fn revoked_key(id: SessionId) -> String {
    format!("revoked/{}", hex::encode(id.0))
}
