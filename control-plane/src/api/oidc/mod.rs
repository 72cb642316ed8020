//! Signing in at an identity provider.

pub(super) mod finish;
pub(super) mod list;
pub(super) mod start;
#[cfg(test)]
mod stories;
pub(super) mod unlink;

use crate::accounts::OidcError;
use crate::http::{Extras, Fault, Kind};
use crate::store::NewAccountError;

impl Fault for OidcError {
    fn kind(&self) -> Kind {
        match self {
            OidcError::Limit(error) => error.kind(),
            OidcError::UnknownProvider(_) => Kind::NotFound,
            OidcError::Redirect => Kind::Invalid,
            OidcError::State | OidcError::Refused(_) => Kind::SignInRefused,
            OidcError::Provider(_) => Kind::Unavailable,
            OidcError::LinkedElsewhere | OidcError::Account(NewAccountError::NameTaken) => Kind::Conflict,
            OidcError::SignIn(error) => error.kind(),
            OidcError::Account(NewAccountError::Store(error)) | OidcError::Store(error) => error.kind(),
            OidcError::Coordination(error) => error.kind(),
        }
    }

    fn extras(&self) -> Extras {
        match self {
            OidcError::Limit(error) => error.extras(),
            OidcError::Provider(_) => {
                Extras { retry_after: Some(std::time::Duration::from_secs(10)), ..Extras::default() }
            }
            OidcError::SignIn(error) => error.extras(),
            OidcError::Account(NewAccountError::Store(error)) | OidcError::Store(error) => error.extras(),
            OidcError::Coordination(error) => error.extras(),
            _ => Extras::default(),
        }
    }
}
