//! `POST /v1/sessions`: signing in by name and password.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;

use super::register::CredentialsBody;
use super::{TokensBody, tokens};
use crate::App;
use crate::accounts::{Challenged, SignInError};
use crate::http::{AuditSlot, ClientAddress, Extras, Fault, JsonBody, Kind, Problem};

impl Fault for SignInError {
    fn kind(&self) -> Kind {
        match self {
            SignInError::Limit(error) => error.kind(),
            SignInError::Password(error) => error.kind(),
            SignInError::Wrong | SignInError::Challenge | SignInError::WrongCode => Kind::SignInRefused,
            SignInError::Challenged(error) => error.kind(),
            SignInError::Store(error) => error.kind(),
            SignInError::Coordination(error) => error.kind(),
        }
    }

    fn extras(&self) -> Extras {
        match self {
            SignInError::Limit(error) => error.extras(),
            SignInError::Password(error) => error.extras(),
            SignInError::Wrong | SignInError::Challenge | SignInError::WrongCode => Extras::default(),
            SignInError::Challenged(error) => error.extras(),
            SignInError::Store(error) => error.extras(),
            SignInError::Coordination(error) => error.extras(),
        }
    }
}

impl Fault for Challenged {
    fn kind(&self) -> Kind {
        Kind::SecondFactorRequired
    }

    fn extras(&self) -> Extras {
        Extras { challenge: Some(self.challenge.clone()), ..Extras::default() }
    }
}

/// Sign in
///
/// With the name and the password of an account. Tries are limited for each address and account, and lock nobody out. An account
/// with a second factor answers 401 `second-factor-required` with a `challenge`: go on with `POST /v1/sessions/second-factor`.
#[utoipa::path(
    post, path = "/v1/sessions", tag = "accounts", request_body = CredentialsBody,
    responses(
        (status = 200, description = "The account's tokens.", body = TokensBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the name or the password is wrong"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "the body lacks a field"),
        (status = 429, description = "too many of these requests from here"),
        (status = 503, description = "too many sign-ins at once; try again in a second"),
    )
)]
pub(crate) async fn create_session(
    State(app): State<Arc<App>>,
    ClientAddress(from): ClientAddress,
    audit: AuditSlot,
    JsonBody(body): JsonBody<CredentialsBody>,
) -> Result<Response, Problem> {
    audit.target(&body.name);
    // A name that nobody can have is one that nobody has.
    let name = body.name.parse().map_err(|_| SignInError::Wrong)?;
    let signed_in = app.accounts.sign_in(from, name, body.password).await.inspect_err(|error| {
        // That the password was right is worth noting.
        if let SignInError::Challenged(challenged) = error {
            audit.actor(&challenged.account);
        }
    })?;
    audit.actor(&signed_in.account.id);
    Ok(tokens(StatusCode::OK, signed_in))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn only_name_and_password_together_let_in() {
        let stage = Stage::new().await;
        stage.post("/v1/accounts", json!({"name": "ann", "password": "correct horse"})).await.expect(201);
        stage.post("/v1/sessions", json!({"name": "ANN", "password": "correct horse"})).await.expect(200);
        let mut told = Vec::new();
        for (name, password) in [("ann", "wrong horse"), ("nobody", "correct horse"), ("a n n", "correct horse")] {
            let refused = stage.post("/v1/sessions", json!({"name": name, "password": password})).await.expect(401);
            told.push(refused["detail"].clone());
        }
        assert!(told.iter().all(|detail| *detail == told[0]), "nobody learns which names exist: {told:?}");
    }

    #[tokio::test]
    async fn guessing_is_slowed_down_for_known_and_unknown_names_alike() {
        for name in ["ann", "nobody"] {
            let stage = Stage::with(|config| config.accounts.sign_ins_by_account.burst = 3).await;
            stage.post("/v1/accounts", json!({"name": "ann", "password": "correct horse"})).await.expect(201);
            let guess = json!({"name": name, "password": "wrong horse"});
            // Three of the account's, then the last three of the address.
            for _ in 0..6 {
                stage.post("/v1/sessions", guess.clone()).await.expect(401);
            }
            assert_ne!(stage.post("/v1/sessions", guess).await.header("retry-after"), "");
        }
    }

    #[tokio::test]
    async fn a_password_that_was_hashed_more_cheaply_is_hashed_anew() {
        let dir = tempfile::tempdir().unwrap();
        let credentials = json!({"name": "ann", "password": "correct horse"});
        let before = Stage::on_disk(dir.path()).await;
        let ann = before.post("/v1/accounts", credentials.clone()).await.expect(201);
        before.finish().await;
        let dearer = Stage::on_disk_with(dir.path(), |config| config.accounts.password.passes = 3).await;
        dearer.post("/v1/sessions", credentials.clone()).await.expect(200);
        let id = ann["player"]["id"].as_str().unwrap().parse().unwrap();
        let kept = dearer.store.password(&id).await.unwrap().unwrap();
        assert!(kept.0.contains("t=3"), "{}", kept.0);
        dearer.post("/v1/sessions", credentials).await.expect(200);
    }
}
