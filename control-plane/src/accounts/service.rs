//! What signing in, up and out does.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use stadion_protocol::PlayerId;

use super::keys::KnownKeys;
use super::limits::{self, LimitError, Limited};
use super::oidc::KnownProviders;
use super::password::{PasswordError, Passwords, Verdict};
use super::second_factor::Challenged;
use super::token::{self, Caller, TokenError};
use crate::clock::{Clock, Rng, random};
use crate::config::AccountConfig;
use crate::coordination::{Coordination, CoordinationError};
use crate::keys::Keys;
use crate::model::{Account, AccountName, DisplayName, PasswordHash, Refresh, Role, Session, SessionId, UnixMs};
use crate::store::{NewAccountError, Store, StoreError};

/// Sessions of one account at the same time.
const SESSIONS: usize = 100;

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
    /// See [`Challenged`].
    #[error(transparent)]
    Challenged(#[from] Challenged),
    /// Not a challenge of ours, or its time is over.
    #[error("the challenge is not good any more; sign in again from the first step")]
    Challenge,
    /// The second step was not passed.
    #[error("that is no code of this account's second factor, or it was used before; wait for the next one")]
    WrongCode,
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
    Limit(#[from] LimitError),
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
    pub(super) config: AccountConfig,
    pub(super) passwords: Passwords,
    pub(super) known_keys: KnownKeys,
    pub(super) providers: KnownProviders,
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
        let passwords = Passwords::new(config.password, config.breached_passwords.as_deref(), rng.clone());
        Accounts {
            store,
            coordination,
            keys,
            clock,
            rng,
            config,
            passwords,
            known_keys: KnownKeys::default(),
            providers: KnownProviders::default(),
        }
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
        let hash = self.passwords.hash(password, name.as_str()).await?;
        let account = self.new_account(name.clone().into(), Some(name), Role::Player);
        let session = self.new_session(&account.id);
        self.store.create_account(&account, Some(&hash), Some(&session)).await?;
        Ok(self.signed_in(account, &session, Some(limit)))
    }

    /// Lets somebody in by name and password, or asks for the second factor of whoever has one. A name that nobody has takes as long as any other.
    pub(crate) async fn sign_in(
        &self,
        from: IpAddr,
        name: AccountName,
        password: String,
    ) -> Result<SignedIn, SignInError> {
        limits::by_address(&*self.coordination, "sessions", from, self.config.sign_ins_by_address).await?;
        let limit = limits::by_account(&*self.coordination, &name.key(), from, self.config.sign_ins_by_account).await?;
        let (account, hash) = self.store.credentials(&name).await?.unzip();
        let verdict = self.passwords.verify(password.clone(), hash.clone()).await?;
        let known = account.zip(hash).filter(|_| verdict != Verdict::Wrong);
        let Some((account, hash)) = known else { return Err(SignInError::Wrong) };
        if verdict == Verdict::RightAndDated {
            self.renew_hash(&account.id, &hash, password).await;
        }
        if let Some(challenged) = self.challenge(&account.id).await? {
            return Err(challenged.into());
        }
        let session = self.begin_session(&account.id).await?;
        limits::remember(&*self.coordination, &name.key(), from).await?;
        Ok(self.signed_in(account, &session, Some(limit)))
    }

    /// Hashes a password at the present cost. That it could not be done keeps nobody out: the next sign-in tries again.
    async fn renew_hash(&self, account: &PlayerId, kept: &PasswordHash, password: String) {
        let renewed = match self.passwords.rehash(password).await {
            Ok(anew) => self.store.set_password(account, kept, &anew).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = renewed {
            tracing::warn!(%account, %error, "a password keeps its old hash for now");
        }
    }

    /// A new session of an account; of too many the ones that were used least lately end.
    pub(super) async fn begin_session(&self, account: &PlayerId) -> Result<Session, SignInError> {
        let session = self.new_session(account);
        self.store.create_session(&session).await?;
        let live = self.store.sessions(account, self.clock.now()).await?;
        for ended in live.iter().skip(SESSIONS) {
            self.void(ended.id).await?;
            self.store.revoke_session(ended.id, self.clock.now()).await?;
        }
        Ok(session)
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
        self.void(id).await?;
        self.store.revoke_session(id, self.clock.now()).await?;
        Ok(())
    }

    /// Makes the access tokens of a session void: as long as one can be good, everybody is told.
    pub(super) async fn void(&self, id: SessionId) -> Result<(), CoordinationError> {
        self.coordination.put(&revoked_key(id), b"", self.config.access_token).await
    }

    /// Notes again which access tokens are void, from the store: as many as may still be good otherwise.
    pub(crate) async fn note_revoked_again(&self) -> Result<(), RefreshError> {
        let life = self.config.access_token;
        let since = UnixMs(self.clock.now().since(UnixMs(0).plus(life)).as_millis() as u64);
        for id in self.store.revoked_since(since).await? {
            self.coordination.put(&revoked_key(id), b"", life).await?;
        }
        Ok(())
    }

    /// Who holds this bearer token.
    pub(crate) async fn authenticate(&self, bearer: &str) -> Result<Caller, AuthenticateError> {
        if let Some(hash) = token::key_hash(bearer) {
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

    pub(super) fn new_account(&self, name: DisplayName, sign_in: Option<AccountName>, role: Role) -> Account {
        let id = format!("p-{}", hex::encode(random::<12>(&*self.rng)));
        let id: PlayerId = id.parse().expect("26 printable characters");
        Account { id, name, sign_in, role, linked: false, created_at: self.clock.now() }
    }

    pub(super) fn guest_name(&self) -> DisplayName {
        let number = u16::from_le_bytes(random(&*self.rng)) % 9000 + 1000;
        format!("Guest {number}").parse().expect("a short plain name")
    }

    pub(super) fn new_session(&self, account: &PlayerId) -> Session {
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

    pub(super) fn signed_in(&self, account: Account, session: &Session, limit: Option<Limited>) -> SignedIn {
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
