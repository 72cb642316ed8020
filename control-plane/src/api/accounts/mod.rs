//! Signing in and out, and what becomes of accounts.

pub(super) mod delete;
pub(super) mod end_session;
pub(super) mod end_sessions;
pub(super) mod export;
pub(super) mod guest;
pub(super) mod history;
pub(super) mod me;
pub(super) mod password;
pub(super) mod refresh;
pub(super) mod register;
pub(super) mod role;
pub(super) mod sessions;
pub(super) mod sign_in;
pub(super) mod sign_out;
pub(super) mod sign_out_everywhere;
pub(super) mod upgrade;

use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::{NewAccount, SignedIn};
use crate::http::{Extras, Fault, Kind, rate_limit_headers};
use crate::model::Account;
use crate::store::NewAccountError;

/// Tokens, and whose they are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokensBody {
    /// For `Authorization: Bearer ..`, a JWT.
    #[schema(example = "eyJhbGciOiJFZERTQSIsImtpZCI6Ii4uIn0...")]
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 900)]
    expires_in_s: u64,
    /// Gives new tokens, once, at `POST /v1/sessions/refresh`.
    #[schema(example = "rt-6iYb0wU5...")]
    refresh_token: String,
    /// Whose they are.
    player: AccountBody,
}

/// An account as it sees itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountBody {
    /// Opaque account id.
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    id: String,
    /// The name that others see.
    #[schema(example = "Ann")]
    name: String,
    /// Without a password: gone with its refresh token.
    guest: bool,
    /// `player`, `developer` or `operator`.
    #[schema(example = "player")]
    role: &'static str,
}

impl From<&Account> for AccountBody {
    fn from(account: &Account) -> AccountBody {
        AccountBody {
            id: account.id.to_string(),
            name: account.name.as_str().to_owned(),
            guest: account.is_guest(),
            role: account.role.as_str(),
        }
    }
}

pub(super) fn tokens(status: StatusCode, signed_in: SignedIn) -> Response {
    let body = TokensBody {
        player: AccountBody::from(&signed_in.account),
        access_token: signed_in.access_token,
        token_type: "Bearer",
        expires_in_s: signed_in.expires_in.as_secs(),
        refresh_token: signed_in.refresh_token,
    };
    let mut response = (status, axum::Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(limit) = &signed_in.limit {
        rate_limit_headers(headers, limit);
    }
    response
}

impl Fault for NewAccount {
    fn kind(&self) -> Kind {
        match self {
            NewAccount::Limit(error) => error.kind(),
            NewAccount::Password(error) => error.kind(),
            NewAccount::Store(NewAccountError::NameTaken) => Kind::NameTaken,
            NewAccount::Store(NewAccountError::Store(error)) => error.kind(),
        }
    }

    fn extras(&self) -> Extras {
        match self {
            NewAccount::Limit(error) => error.extras(),
            NewAccount::Password(error) => error.extras(),
            NewAccount::Store(NewAccountError::NameTaken) => Extras::default(),
            NewAccount::Store(NewAccountError::Store(error)) => error.extras(),
        }
    }
}
