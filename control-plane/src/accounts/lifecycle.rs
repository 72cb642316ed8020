//! What becomes of an account after it was made: other passwords and roles, a guest who registers, signing out everywhere,
//! and its end.

use stadion_protocol::PlayerId;

use super::limits::{self, LimitError, Limited};
use super::password::{PasswordError, Verdict};
use super::service::{Accounts, NewAccount, SignedIn};
use super::token::Caller;
use crate::coordination::CoordinationError;
use crate::model::{AccountName, Role, SessionId};
use crate::store::{DeleteAccountError, StoreError};

/// Why an account stays as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    #[error(transparent)]
    Limit(#[from] LimitError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The present password was not given.
    #[error("the password is not this account's")]
    WrongPassword,
    /// A guest, or somebody who comes by a key or a provider alone.
    #[error("this account has no password")]
    NoPassword,
    /// It has one.
    #[error("this account has a second factor; remove it before you begin another one")]
    SecondFactorThere,
    /// It has none.
    #[error("this account has no second factor; begin one with POST /v1/me/second-factor")]
    NoSecondFactor,
    /// Not the app's, or of a time that is over, or used.
    #[error("that is no code of this account's second factor, or it was used before; wait for the next one")]
    WrongCode,
    /// Somebody else changed it at the same time.
    #[error("the account was changed meanwhile; look and try again")]
    Raced,
    /// Deleting takes naming what is to be deleted.
    #[error("`confirm` is the id of your account, as GET /v1/me says it")]
    NotConfirmed,
    /// It has a name to sign in with.
    #[error("this account is registered already")]
    Registered,
    /// No such account.
    #[error("there is no account {0}")]
    Unknown(PlayerId),
    /// Nobody takes the last thing that lets them in from themselves.
    #[error("an operator cannot change the own role; another operator can")]
    OwnRole,
    #[error(transparent)]
    Delete(#[from] DeleteAccountError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
}

/// Which password is exchanged for which.
pub(crate) struct PasswordChange {
    pub(crate) current: String,
    pub(crate) new: String,
}

impl Accounts {
    /// Takes one from the bucket for what is seldom and costly: changes of one account.
    pub(crate) async fn limit_changes(&self, account: &PlayerId) -> Result<Limited, LimitError> {
        limits::by_caller(&*self.coordination, "changes", account.as_str(), self.config.changes_by_account).await
    }

    /// Ends every session of an account but one: access tokens are void before this returns.
    pub(crate) async fn sign_out_everywhere(
        &self,
        account: &PlayerId,
        except: Option<SessionId>,
    ) -> Result<(), ChangeError> {
        // Noted first: whatever fails after that, a token that should be void is.
        let live = self.store.sessions(account, self.clock.now()).await?;
        for session in live.iter().filter(|session| Some(session.id) != except) {
            self.void(session.id).await?;
        }
        for id in self.store.revoke_sessions(account, except, self.clock.now()).await? {
            self.void(id).await?;
        }
        Ok(())
    }

    /// Ends one session of the caller's own: whether there was such a live one.
    pub(crate) async fn end_session(&self, caller: &Caller, id: SessionId) -> Result<bool, ChangeError> {
        let live = self.store.sessions(&caller.account, self.clock.now()).await?;
        if !live.iter().any(|session| session.id == id) {
            return Ok(false);
        }
        self.void(id).await?;
        self.store.revoke_session(id, self.clock.now()).await?;
        Ok(true)
    }

    /// Puts a new password in the place of the present one, and ends every session but the caller's.
    pub(crate) async fn change_password(&self, caller: &Caller, change: PasswordChange) -> Result<(), ChangeError> {
        self.limit_changes(&caller.account).await?;
        let kept = self.store.password(&caller.account).await?.ok_or(ChangeError::NoPassword)?;
        if self.passwords.verify(change.current, Some(kept.clone())).await? == Verdict::Wrong {
            return Err(ChangeError::WrongPassword);
        }
        let new = self.passwords.hash(change.new, caller.name.as_str()).await?;
        if !self.store.set_password(&caller.account, &kept, &new).await? {
            return Err(ChangeError::Raced);
        }
        self.sign_out_everywhere(&caller.account, caller.session).await
    }

    /// Gives a guest (or whoever comes by a provider or a key alone) a name and a password; id, seats and all that hangs on
    /// the id stay.
    pub(crate) async fn register_caller(
        &self,
        caller: &Caller,
        name: AccountName,
        password: String,
    ) -> Result<SignedIn, RegisterError> {
        let limit = self.limit_changes(&caller.account).await.map_err(NewAccount::from)?;
        let hash = self.passwords.hash(password, name.as_str()).await.map_err(NewAccount::from)?;
        if !self.store.register_account(&caller.account, &name, &hash).await.map_err(NewAccount::from)? {
            return Err(ChangeError::Registered.into());
        }
        let account = self.store.account(&caller.account).await.map_err(ChangeError::from)?;
        let account = account.ok_or_else(|| ChangeError::Unknown(caller.account.clone()))?;
        let session = match caller.session {
            Some(id) => self.store.session(id).await.map_err(ChangeError::from)?,
            None => None,
        };
        let session = match session {
            Some(session) => session,
            None => {
                let session = self.new_session(&account.id);
                self.store.create_session(&session).await.map_err(ChangeError::from)?;
                session
            }
        };
        Ok(self.signed_in(account, &session, Some(limit)))
    }

    /// Deletes the caller's account with its data.
    pub(crate) async fn delete_caller(
        &self,
        caller: &Caller,
        confirm: &str,
        password: Option<String>,
    ) -> Result<(), ChangeError> {
        self.limit_changes(&caller.account).await?;
        if confirm != caller.account.as_str() {
            return Err(ChangeError::NotConfirmed);
        }
        if let Some(kept) = self.store.password(&caller.account).await? {
            let password = password.ok_or(ChangeError::WrongPassword)?;
            if self.passwords.verify(password, Some(kept)).await? == Verdict::Wrong {
                return Err(ChangeError::WrongPassword);
            }
        }
        let live = self.store.sessions(&caller.account, self.clock.now()).await?;
        self.store.delete_account(&caller.account).await?;
        for session in live {
            self.void(session.id).await?;
        }
        self.known_keys.forget();
        Ok(())
    }

    /// Gives an account a role. It signs in anew: tokens that say another role are void.
    pub(crate) async fn set_role(&self, caller: &Caller, account: &PlayerId, role: Role) -> Result<(), ChangeError> {
        if caller.account == *account {
            return Err(ChangeError::OwnRole);
        }
        if !self.store.set_role(account, role).await? {
            return Err(ChangeError::Unknown(account.clone()));
        }
        self.known_keys.forget();
        self.sign_out_everywhere(account, None).await
    }
}

/// Why somebody was not registered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegisterError {
    #[error(transparent)]
    New(#[from] NewAccount),
    #[error(transparent)]
    Change(#[from] ChangeError),
}
