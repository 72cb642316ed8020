//! Signing in at an identity provider: OpenID Connect Core 1.0, authorization code flow with PKCE (RFC 7636).
//!
//! ```text
//!   client          this server                         provider
//!     | start ------->|  state, nonce, verifier kept      |
//!     |<-- URL, flow -|                                   |
//!     | -- opens the URL -------------------------------->|  signs somebody in
//!     |<-- code, state (at an address of the client) -----|
//!     | finish ------>|  state and flow match, once       |
//!     |               | -- code, verifier --------------->|
//!     |               |<-- ID token: signature, issuer, audience, expiry, nonce are checked
//!     |<-- tokens ----|
//! ```
//! `state` travels by the browser, `flow` never leaves the client: nobody finishes what somebody else has started, and nobody
//! is signed in to another's account by a link.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, IssuerUrl, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::limits::{self, LimitError};
use super::service::{Accounts, SignInError, SignedIn};
use super::token::Caller;
use crate::clock::random;
use crate::config::OidcProvider;
use crate::coordination::CoordinationError;
use crate::http::outbound;
use crate::model::{Account, DisplayName, Identity, Role, UnixMs};
use crate::store::{NewAccountError, StoreError};

/// How long somebody may take to sign in at the provider.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

/// How long what a provider says about itself, its keys too, is taken for granted.
const METADATA_FOR: Duration = Duration::from_secs(3600);

/// Characters of a provider's name for somebody at most (OpenID Connect Core, section 2).
const LONGEST_SUBJECT: usize = 255;

/// Why nobody was signed in by a provider.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OidcError {
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// Not in the configuration.
    #[error("there is no identity provider {0}; GET /v1/oidc lists them")]
    UnknownProvider(String),
    /// Not in the configuration either: codes are sent nowhere else.
    #[error("the provider's `redirects` in the server's configuration do not name this redirect_uri")]
    Redirect,
    /// Another client's, used before, or too late.
    #[error("this sign-in was not started here, is over, or took longer than 10 minutes; start again")]
    State,
    /// The provider's answer does not hold. Why is for the log.
    #[error("the identity provider did not vouch for anybody; start again")]
    Refused(String),
    /// The provider does not answer.
    #[error("the identity provider does not answer; try again in a while")]
    Provider(String),
    /// The caller has an account and the identity another.
    #[error("this identity belongs to another account; sign in with it instead, or unlink it there")]
    LinkedElsewhere,
    #[error(transparent)]
    SignIn(#[from] SignInError),
    #[error(transparent)]
    Account(#[from] NewAccountError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
}

/// A sign-in that has begun.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) url: String,
    pub(crate) state: String,
    pub(crate) flow: String,
}

/// What a client comes back with.
pub(crate) struct Returned {
    pub(crate) state: String,
    pub(crate) code: String,
    pub(crate) flow: String,
}

/// What is kept between start and finish.
#[derive(Serialize, Deserialize)]
struct Kept {
    provider: String,
    redirect: String,
    nonce: String,
    verifier: String,
    flow_hash: [u8; 32],
}

/// What providers said about themselves, until when that is taken for granted.
#[derive(Default)]
pub(super) struct KnownProviders(Mutex<HashMap<String, (CoreProviderMetadata, UnixMs)>>);

impl KnownProviders {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (CoreProviderMetadata, UnixMs)>> {
        // A map of copies: whatever panicked while holding it, its entries are whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody, as a provider vouches.
struct Vouched {
    subject: String,
    name: Option<DisplayName>,
}

impl Accounts {
    /// Begins a sign-in at a provider.
    pub(crate) async fn start_oidc(&self, from: IpAddr, provider: &str, redirect: &str) -> Result<Started, OidcError> {
        limits::by_address(&*self.coordination, "oidc", from, self.config.sign_ins_by_address).await?;
        let provider = self.provider(provider)?;
        if !provider.redirects.iter().any(|allowed| allowed == redirect) {
            return Err(OidcError::Redirect);
        }
        let [state, nonce, verifier, flow] = [(); 4].map(|()| URL_SAFE_NO_PAD.encode(random::<32>(&*self.rng)));
        let verifier = PkceCodeVerifier::new(verifier);
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        let redirect_url = RedirectUrl::new(redirect.to_owned()).map_err(|_| OidcError::Redirect)?;
        let client = client_of(provider, self.metadata(provider).await?).set_redirect_uri(redirect_url);
        let (state_token, nonce_token) = (CsrfToken::new(state.clone()), Nonce::new(nonce.clone()));
        let (url, ..) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || state_token, move || nonce_token)
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let kept = Kept {
            provider: provider.name.clone(),
            redirect: redirect.to_owned(),
            nonce,
            verifier: verifier.secret().clone(),
            flow_hash: Sha256::digest(&flow).into(),
        };
        let kept = serde_json::to_vec(&kept).expect("plain texts");
        self.coordination.put(&kept_key(&state), &kept, PATIENCE).await?;
        Ok(Started { url: url.to_string(), state, flow })
    }

    /// Ends it: whoever the provider vouches for is signed in. With a caller, the identity becomes the caller's, who stays
    /// who that is; a guest is none from then on.
    pub(crate) async fn finish_oidc(
        &self,
        from: IpAddr,
        provider: &str,
        returned: Returned,
        caller: Option<&Caller>,
    ) -> Result<SignedIn, OidcError> {
        limits::by_address(&*self.coordination, "oidc", from, self.config.sign_ins_by_address).await?;
        let provider = self.provider(provider)?;
        let kept = self.take_kept(&returned).await?.filter(|kept| kept.provider == provider.name);
        let kept = kept.ok_or(OidcError::State)?;
        let vouched = self.exchange(provider, kept, returned.code).await.inspect_err(|error| {
            if let OidcError::Refused(why) | OidcError::Provider(why) = error {
                tracing::info!(provider = %provider.name, %why, "an identity provider vouched for nobody");
            }
        })?;
        let account = self.account_of(provider, vouched, caller).await?;
        // Whoever links an identity is in already.
        if caller.is_none()
            && let Some(challenged) = self.challenge(&account.id).await?
        {
            return Err(SignInError::from(challenged).into());
        }
        let session = self.begin_session(&account.id).await?;
        Ok(self.signed_in(account, &session, None))
    }

    fn provider(&self, name: &str) -> Result<&OidcProvider, OidcError> {
        let known = self.config.oidc.iter().find(|provider| provider.name == name);
        known.ok_or_else(|| OidcError::UnknownProvider(name.chars().take(40).collect()))
    }

    /// What was kept for a state, once: whoever comes second finds it used.
    async fn take_kept(&self, returned: &Returned) -> Result<Option<Kept>, OidcError> {
        let key = kept_key(&returned.state);
        let Some(bytes) = self.coordination.get(&key).await? else { return Ok(None) };
        let kept: Kept = serde_json::from_slice(&bytes).map_err(|_| OidcError::State)?;
        // Hashes of 256 random bits: how long comparing them takes says nothing.
        if kept.flow_hash != <[u8; 32]>::from(Sha256::digest(&returned.flow)) {
            return Ok(None);
        }
        let first = self.coordination.put_new(&format!("{key}/used"), b"", PATIENCE).await?.is_none();
        self.coordination.remove(&key).await?;
        Ok(first.then_some(kept))
    }

    async fn exchange(&self, provider: &OidcProvider, kept: Kept, code: String) -> Result<Vouched, OidcError> {
        let metadata = self.metadata(provider).await?;
        let redirect = RedirectUrl::new(kept.redirect).map_err(|_| OidcError::Redirect)?;
        let client = client_of(provider, metadata).set_redirect_uri(redirect);
        let refused = |error: &dyn std::error::Error| OidcError::Refused(chain(error));
        let http = |request: HttpRequest| outbound::call(request);
        let answer = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| refused(&error))?
            .set_pkce_verifier(PkceCodeVerifier::new(kept.verifier))
            .request_async(&http)
            .await
            .map_err(|error| refused(&error))?;
        let token = answer.id_token().ok_or_else(|| OidcError::Refused("no ID token in the answer".to_owned()))?;
        let verifier = client.id_token_verifier();
        let claims = token.claims(&verifier, &Nonce::new(kept.nonce)).map_err(|error| {
            // It may have changed its keys: the next sign-in asks for them.
            self.providers.lock().remove(&provider.name);
            refused(&error)
        })?;
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = token.signing_alg().map_err(|error| refused(&error))?;
            let key = token.signing_key(&verifier).map_err(|error| refused(&error))?;
            let actual = openidconnect::AccessTokenHash::from_token(answer.access_token(), algorithm, key);
            if actual.map_err(|error| refused(&error))? != *expected {
                return Err(OidcError::Refused("the access token is not the ID token's".to_owned()));
            }
        }
        let subject = claims.subject().as_str();
        if subject.is_empty() || subject.len() > LONGEST_SUBJECT {
            return Err(OidcError::Refused("the subject has another length than 1 to 255".to_owned()));
        }
        let full_name = claims.name().and_then(|name| name.get(None)).map(|name| name.as_str());
        let name = full_name.or(claims.preferred_username().map(|name| name.as_str()));
        Ok(Vouched { subject: subject.to_owned(), name: name.and_then(|name| name.parse().ok()) })
    }

    async fn account_of(
        &self,
        provider: &OidcProvider,
        vouched: Vouched,
        caller: Option<&Caller>,
    ) -> Result<Account, OidcError> {
        if let Some(account) = self.store.account_of_identity(&provider.name, &vouched.subject).await? {
            let other = caller.is_some_and(|caller| caller.account != account.id);
            return if other { Err(OidcError::LinkedElsewhere) } else { Ok(account) };
        }
        let id = match caller {
            Some(caller) => caller.account.clone(),
            None => {
                let name = vouched.name.unwrap_or_else(|| self.guest_name());
                let account = self.new_account(name, None, Role::Player);
                self.store.create_account(&account, None, None).await?;
                account.id
            }
        };
        let identity = Identity {
            provider: provider.name.clone(),
            subject: vouched.subject,
            account: id.clone(),
            linked_at: self.clock.now(),
        };
        if !self.store.link_identity(&identity).await? && caller.is_some() {
            return Err(OidcError::LinkedElsewhere);
        }
        // Of two first sign-ins at once one has linked its account: both go on with that.
        let account = self.store.account_of_identity(&identity.provider, &identity.subject).await?;
        account.ok_or(OidcError::State)
    }

    async fn metadata(&self, provider: &OidcProvider) -> Result<CoreProviderMetadata, OidcError> {
        let now = self.clock.now();
        if let Some((metadata, until)) = self.providers.lock().get(&provider.name)
            && *until > now
        {
            return Ok(metadata.clone());
        }
        let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(|error| OidcError::Provider(error.to_string()))?;
        let http = |request: HttpRequest| outbound::call(request);
        let metadata = CoreProviderMetadata::discover_async(issuer, &http)
            .await
            .map_err(|error| OidcError::Provider(chain(&error)))?;
        self.providers.lock().insert(provider.name.clone(), (metadata.clone(), now.plus(METADATA_FOR)));
        Ok(metadata)
    }
}

/// A client of a provider, before it is known where codes are sent.
type ProviderClient = CoreClient<
    openidconnect::EndpointSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointMaybeSet,
    openidconnect::EndpointMaybeSet,
>;

fn client_of(provider: &OidcProvider, metadata: CoreProviderMetadata) -> ProviderClient {
    let secret = provider.client_secret.as_ref().map(|secret| ClientSecret::new(secret.0.clone()));
    CoreClient::from_provider_metadata(metadata, ClientId::new(provider.client_id.clone()), secret)
}

fn kept_key(state: &str) -> String {
    format!("oidc/{}", hex::encode(Sha256::digest(state)))
}

/// An error with its causes: the crate's own texts leave them out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
