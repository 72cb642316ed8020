//! Signing in: passwords, tokens, sessions, developer keys, and the limits that keep guessing slow.

mod limits;
mod password;
mod service;
mod token;

pub(crate) use limits::{LimitError, Limited};
pub use password::PasswordCost;
pub(crate) use password::PasswordError;
pub(crate) use service::{AccountParts, Accounts, AuthenticateError, NewAccount, RefreshError, SignInError, SignedIn};
pub use token::API_AUDIENCE;
pub(crate) use token::{Caller, TokenError, TokenMint};
