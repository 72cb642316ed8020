//! Signing in: passwords, tokens, sessions, API keys, what becomes of accounts, and the limits that keep guessing slow.

pub(crate) mod breached;
mod common;
mod external;
mod keys;
mod lifecycle;
pub(crate) mod limits;
mod oidc;
mod password;
mod second_factor;
mod service;
mod token;
mod totp;

pub(crate) use external::{DATA as EXTERNAL_DATA, ExternalPlayer, InvalidExternal};
pub(crate) use keys::{NewKey, NewKeyError};
pub(crate) use lifecycle::{ChangeError, PasswordChange, RegisterError};
pub(crate) use limits::{LimitError, Limited};
pub(crate) use oidc::{OidcError, PATIENCE as OIDC_PATIENCE, Returned};
pub use password::PasswordCost;
pub(crate) use password::PasswordError;
pub(crate) use second_factor::Challenged;
pub(crate) use service::{AccountParts, Accounts, AuthenticateError, NewAccount, RefreshError, SignInError, SignedIn};
pub use token::API_AUDIENCE;
pub(crate) use token::{Caller, TokenError, TokenMint};
#[cfg(test)]
pub(crate) use totp::code_of;
