//! Accounts: registering, signing in and out, keys for programs, and what is kept about somebody.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::api::Api;
use crate::error::Error;
use crate::operations as ops;

/// Somebody is signed in.
#[derive(Debug, Serialize, Deserialize)]
pub struct SignedIn {
    /// Who.
    pub player: Account,
    /// The bearer token of calls.
    pub access_token: String,
    /// Gives the next ones, once.
    pub refresh_token: String,
    /// How long the access token is good, seconds.
    pub expires_in_s: u64,
}

/// An account.
#[derive(Debug, Serialize, Deserialize)]
pub struct Account {
    /// Opaque.
    pub id: String,
    /// What others see.
    pub name: String,
    /// `player`, `developer` or `operator`.
    pub role: String,
    /// It cannot be signed in to again.
    pub guest: bool,
}

/// A place where an account is signed in.
#[derive(Debug, Serialize, Deserialize)]
pub struct SignIn {
    /// Names it.
    pub id: String,
    /// When its tokens were last exchanged.
    pub refreshed_at: String,
    /// When it is over.
    pub expires_at: String,
    /// This very one.
    pub current: bool,
}

/// What is kept about an account. Sorted by what it is, not taken apart.
#[derive(Debug, Serialize, Deserialize)]
pub struct Export {
    /// The account.
    pub account: Account,
    /// Everything else, as the server says it.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// An account elsewhere with which somebody signs in.
#[derive(Debug, Serialize, Deserialize)]
pub struct Identity {
    /// Of which provider.
    pub provider: String,
    /// As the provider calls it.
    pub subject: String,
    /// Since when.
    pub linked_at: String,
}

/// Who signs people in for this server.
#[derive(Debug, Serialize, Deserialize)]
pub struct Provider {
    /// In paths.
    pub name: String,
    /// Its address.
    pub issuer: String,
}

/// A sign-in that goes on at a provider.
#[derive(Debug, Serialize, Deserialize)]
pub struct StartedSignIn {
    /// Where the player goes.
    pub authorization_url: String,
    /// To be handed back.
    pub flow: String,
    /// To be handed back, and compared.
    pub state: String,
    /// How long it may take, seconds.
    pub expires_in_s: u64,
}

/// A key for programs, without its text.
#[derive(Debug, Serialize, Deserialize)]
pub struct Key {
    /// Names it.
    pub id: String,
    /// What its owner calls it.
    pub label: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Since when.
    pub created_at: String,
    /// Until when; absent: until it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// A key that was made.
#[derive(Debug, Serialize, Deserialize)]
pub struct CreatedKey {
    /// Its text, shown this once.
    pub key: String,
    /// The key.
    #[serde(flatten)]
    pub made: Key,
}

/// A key that is wanted.
#[derive(Debug, Serialize)]
pub struct NewKey<'a> {
    /// What its owner calls it.
    pub label: &'a str,
    /// `publish`, `players`, `matches`.
    pub scopes: &'a [String],
    /// Absent: until it is revoked.
    pub expires_in_s: Option<u64>,
}

/// Keys of tokens that were changed.
#[derive(Debug, Serialize, Deserialize)]
pub struct RotatedKeys {
    /// Signs from now on.
    pub kid: String,
    /// What is still good.
    pub good: Vec<String>,
    /// Until when what the keys before signed is.
    pub previous_until: String,
}

/// A key that was changed.
#[derive(Debug, Serialize, Deserialize)]
pub struct RotatedKey {
    /// Until when what the key before signed is good.
    pub previous_until: String,
}

/// Whether signing in asks for a code.
#[derive(Debug, Serialize, Deserialize)]
pub struct SecondFactor {
    /// It does.
    pub enabled: bool,
    /// Since when.
    pub since: Option<String>,
    /// Recovery codes that were not used.
    pub recovery_codes_left: u16,
}

/// What an authenticator app is to know.
#[derive(Debug, Serialize, Deserialize)]
pub struct Enrolment {
    /// To type, base32.
    pub secret: String,
    /// The same for a QR code.
    pub uri: String,
}

/// For whoever loses the app.
#[derive(Debug, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// Each signs in once.
    pub recovery_codes: Vec<String>,
}

/// What was done that others may want to know of.
#[derive(Debug, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: String,
    /// By whom, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What.
    pub action: String,
    /// To what.
    pub target: String,
    /// How it ended: an HTTP status.
    pub status: u16,
    /// From where.
    pub address: String,
    /// In the server's log.
    pub request_id: String,
}

impl Api {
    /// Makes an account.
    pub async fn register(&self, name: &str, password: &str) -> Result<SignedIn, Error> {
        self.call(ops::CREATE_ACCOUNT, &[]).json(&json!({"name": name, "password": password})).send().await
    }

    /// Signs a guest in.
    pub async fn guest(&self, name: &str) -> Result<SignedIn, Error> {
        self.call(ops::CREATE_GUEST, &[]).json(&json!({ "name": name })).send().await
    }

    /// Signs in. An account with a second factor refuses with a [`crate::Problem::challenge`], for [`Api::answer_challenge`].
    pub async fn sign_in(&self, name: &str, password: &str) -> Result<SignedIn, Error> {
        self.call(ops::CREATE_SESSION, &[]).json(&json!({"name": name, "password": password})).send().await
    }

    /// Signs in with a code of the second factor, or a recovery code.
    pub async fn answer_challenge(&self, challenge: &str, code: &str) -> Result<SignedIn, Error> {
        self.call(ops::ANSWER_SECOND_FACTOR, &[]).json(&json!({"challenge": challenge, "code": code})).send().await
    }

    /// Whether the account has a second factor.
    pub async fn second_factor(&self) -> Result<SecondFactor, Error> {
        self.call(ops::GET_SECOND_FACTOR, &[]).send().await
    }

    /// Begins one.
    pub async fn enrol_second_factor(&self, password: &str) -> Result<Enrolment, Error> {
        self.call(ops::ENROL_SECOND_FACTOR, &[]).json(&json!({ "password": password })).send().await
    }

    /// Turns it on, and ends every other sign-in.
    pub async fn confirm_second_factor(&self, code: &str) -> Result<RecoveryCodes, Error> {
        self.call(ops::CONFIRM_SECOND_FACTOR, &[]).json(&json!({ "code": code })).send().await
    }

    /// Takes it away, and ends every other sign-in.
    pub async fn remove_second_factor(&self, password: &str, code: &str) -> Result<(), Error> {
        let body = json!({"password": password, "code": code});
        self.call(ops::REMOVE_SECOND_FACTOR, &[]).json(&body).send().await
    }

    /// Takes somebody's away who has lost it: for operators.
    pub async fn reset_second_factor(&self, account: &str) -> Result<(), Error> {
        self.call(ops::RESET_SECOND_FACTOR, &[account]).send().await
    }

    /// Lets go of what a provider vouches for.
    pub async fn unlink_identity(&self, provider: &str) -> Result<(), Error> {
        self.call(ops::UNLINK_IDENTITY, &[provider]).send().await
    }

    /// New tokens.
    pub async fn refresh(&self, token: &str) -> Result<SignedIn, Error> {
        self.call(ops::REFRESH_SESSION, &[]).json(&json!({"refresh_token": token})).send().await
    }

    /// Ends this sign-in.
    pub async fn sign_out(&self) -> Result<(), Error> {
        self.call(ops::DELETE_SESSION, &[]).send().await
    }

    /// Ends every sign-in of the account.
    pub async fn sign_out_everywhere(&self) -> Result<(), Error> {
        self.call(ops::DELETE_SESSIONS, &[]).send().await
    }

    /// Where the account is signed in.
    pub async fn sign_ins(&self) -> Result<Vec<SignIn>, Error> {
        Ok(self.call(ops::LIST_SESSIONS, &[]).send().await?.items)
    }

    /// Ends one of them.
    pub async fn end_sign_in(&self, id: &str) -> Result<(), Error> {
        self.call(ops::END_SESSION, &[id]).send().await
    }

    /// Who asks: that the server answers and knows the key.
    pub async fn whoami(&self) -> Result<Account, Error> {
        self.call(ops::GET_ME, &[]).send().await
    }

    /// Changes the password, and ends every other sign-in.
    pub async fn change_password(&self, current: &str, new: &str) -> Result<(), Error> {
        let body = json!({"current_password": current, "new_password": new});
        self.call(ops::CHANGE_PASSWORD, &[]).json(&body).send().await
    }

    /// Everything that is kept about the account.
    pub async fn export(&self) -> Result<Export, Error> {
        self.call(ops::EXPORT_ME, &[]).send().await
    }

    /// Deletes the account, whose id confirms it.
    pub async fn delete_account(&self, confirm: &str, password: &str) -> Result<(), Error> {
        self.call(ops::DELETE_ME, &[]).json(&json!({"confirm": confirm, "password": password})).send().await
    }

    /// Gives an account a role: for operators.
    pub async fn set_role(&self, account: &str, role: &str) -> Result<(), Error> {
        self.call(ops::SET_ROLE, &[account]).json(&json!({ "role": role })).send().await
    }

    /// Keys for programs.
    pub async fn keys(&self) -> Result<Vec<Key>, Error> {
        Ok(self.call(ops::LIST_KEYS, &[]).send().await?.items)
    }

    /// Makes one.
    pub async fn create_key(&self, wanted: &NewKey<'_>) -> Result<CreatedKey, Error> {
        self.call(ops::CREATE_KEY, &[]).json(wanted).send().await
    }

    /// Revokes one.
    pub async fn revoke_key(&self, id: &str) -> Result<(), Error> {
        self.call(ops::REVOKE_KEY, &[id]).send().await
    }

    /// Changes the keys that tokens are signed with: for operators.
    pub async fn rotate_keys(&self) -> Result<RotatedKeys, Error> {
        self.call(ops::ROTATE_KEYS, &[]).send().await
    }

    /// Changes the key of refresh tokens: for operators.
    pub async fn rotate_refresh_key(&self) -> Result<RotatedKey, Error> {
        self.call(ops::ROTATE_REFRESH_KEY, &[]).send().await
    }

    /// Changes the key of artifacts: for operators.
    pub async fn rotate_artifact_key(&self) -> Result<RotatedKey, Error> {
        self.call(ops::ROTATE_ARTIFACT_KEY, &[]).send().await
    }
}
