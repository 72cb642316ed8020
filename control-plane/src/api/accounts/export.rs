//! `GET /v1/me/export`: everything that is kept about somebody.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use serde::Serialize;
use utoipa::ToSchema;

use super::AccountBody;
use super::history::PlayedBody;
use super::sessions::SessionBody;
use crate::App;
use crate::accounts::{Caller, ChangeError};
use crate::api::audit::AuditBody;
use crate::api::friends::FRIENDS;
use crate::api::keys::KeyBody;
use crate::api::queues::RatingBody;
use crate::api::reports::OwnReportBody;
use crate::api::second_factor::SecondFactorBody;
use crate::api::webhooks::WebhookBody;
use crate::http::{Authenticated, Problem};
use crate::model::{AuditFilter, Document, DocumentPlace, PageRequest};

/// Matches and entries of the audit log in an export at most: the newest.
const MOST: u16 = 10_000;

/// Matches in an export with what came of them, at most: the newest.
const PLAYED: u16 = 1_000;

/// Games in an export at most.
const GAMES: u16 = 1_000;

/// Documents in an export at most.
const DOCUMENTS: u16 = 1_000;

/// What is kept about an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportBody {
    /// The account.
    account: AccountBody,
    /// What it signs in with.
    #[schema(example = "ann")]
    sign_in: Option<String>,
    /// Since when there is one.
    #[schema(example = "2026-11-20T10:00:00.000Z")]
    created_at: String,
    /// Where it is signed in.
    sessions: Vec<SessionBody>,
    /// Its keys.
    keys: Vec<KeyBody>,
    /// Who vouches for it.
    identities: Vec<IdentityBody>,
    /// Its second factor, without the secret.
    second_factor: SecondFactorBody,
    /// The newest 10,000 matches that it made or sat in; each is at `/v1/matches/{id}`.
    #[schema(example = json!(["01h455vb4pex5vsknk084sn02q"]))]
    matches: Vec<String>,
    /// What came of the newest 1,000 that are over, and of its rating.
    history: Vec<PlayedBody>,
    /// The games that it owns, at most 1,000; each is at `/v1/games/{game}`.
    #[schema(example = json!(["tictactoe"]))]
    games: Vec<String>,
    /// Account ids of friends, and of those who asked or were asked.
    #[schema(example = json!(["p-5f1c0ad2b6e94c1d01020304"]))]
    friends: Vec<String>,
    /// Account ids of those whom it blocks.
    #[schema(example = json!(["p-5f1c0ad2b6e94c1d01020304"]))]
    blocks: Vec<String>,
    /// What it reported of others: the newest 10,000.
    reports: Vec<OwnReportBody>,
    /// How good it is at what.
    ratings: Vec<RatingBody>,
    /// What games keep about it, at most 1,000 documents.
    documents: Vec<KeptBody>,
    /// The webhooks of its games, without their secrets.
    webhooks: Vec<WebhookBody>,
    /// The newest 10,000 entries of the audit log about what it did.
    audit: Vec<AuditBody>,
}

/// A document that a game keeps about somebody.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeptBody {
    /// Which game.
    #[schema(example = "tictactoe")]
    game: String,
    /// Its key.
    #[schema(example = "record")]
    key: String,
    /// When it was written.
    #[schema(example = "2026-11-20T10:00:00.000Z")]
    changed_at: String,
    /// Its content, base64.
    #[schema(example = "eyJ3b24iOjN9")]
    data: String,
}

/// An identity at a provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IdentityBody {
    /// The provider.
    #[schema(example = "acme")]
    provider: String,
    /// What it calls its user.
    #[schema(example = "248289761001")]
    subject: String,
    /// Since when it is linked.
    #[schema(example = "2026-11-20T10:00:00.000Z")]
    linked_at: String,
}

/// Export own data
///
/// Everything that is kept about the caller's account, as one JSON document.
#[utoipa::path(
    get, path = "/v1/me/export", tag = "accounts", security(("bearer" = [])),
    responses(
        (status = 200, description = "Everything that is kept about the caller.", body = ExportBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 404, description = "there is no account p-5f1c0ad2b6e94c1d01020304"),
        (status = 429, description = "too many of these requests from here"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn export_me(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Problem> {
    app.accounts.limit_changes(&caller.account).await?;
    let body = collect(&app, &caller).await?;
    let headers = [(CACHE_CONTROL, "no-store"), (CONTENT_DISPOSITION, "attachment; filename=\"stadion-export.json\"")];
    Ok((headers, Json(body)).into_response())
}

async fn collect(app: &App, caller: &Caller) -> Result<ExportBody, Problem> {
    let (store, id) = (&app.store, &caller.account);
    let account = store.account(id).await?.ok_or_else(|| ChangeError::Unknown(id.clone()))?;
    app.auditor.flush().await;
    app.matches.flush().await;
    let filter = AuditFilter { actor: Some(id.clone()), action: None };
    let audit = store.audit(&filter, &PageRequest { after: None, limit: MOST }).await?;
    let sessions = store.sessions(id, app.clock.now()).await?;
    let identities = store.identities(id).await?;
    let history = store.played(id, None, &PageRequest { after: None, limit: PLAYED }).await?;
    let documents = store.documents_of_player(id, DOCUMENTS).await?;
    Ok(ExportBody {
        account: AccountBody::from(&account),
        sign_in: account.sign_in.map(|name| name.as_str().to_owned()),
        created_at: account.created_at.to_string(),
        sessions: sessions.iter().map(|session| SessionBody::new(session, caller)).collect(),
        keys: store.api_keys(id).await?.iter().map(KeyBody::from).collect(),
        identities: identities
            .into_iter()
            .map(|identity| IdentityBody {
                provider: identity.provider,
                subject: identity.subject,
                linked_at: identity.linked_at.to_string(),
            })
            .collect(),
        second_factor: app.accounts.second_factor(id).await?.into(),
        matches: store.matches_of_player(id, MOST).await?.iter().map(ToString::to_string).collect(),
        history: history.items.into_iter().filter_map(|played| PlayedBody::new(played, id, app.clock.now())).collect(),
        games: store.games_of(id, GAMES).await?.iter().map(ToString::to_string).collect(),
        friends: store.friends(id, FRIENDS).await?.iter().map(|friend| friend.account.id.to_string()).collect(),
        blocks: store.blocked(id).await?.iter().map(ToString::to_string).collect(),
        reports: store.reports_by(id, MOST).await?.into_iter().map(OwnReportBody::from).collect(),
        ratings: store.ratings_of(id).await?.into_iter().map(RatingBody::from).collect(),
        documents: documents.into_iter().map(kept).collect(),
        webhooks: store
            .webhooks_of(id)
            .await?
            .into_iter()
            .map(|hook| WebhookBody::new(hook, app.clock.now()))
            .collect(),
        audit: audit.items.into_iter().map(AuditBody::from).collect(),
    })
}

fn kept((place, document): (DocumentPlace, Document)) -> KeptBody {
    KeptBody {
        game: place.game.to_string(),
        key: place.key.as_str().to_owned(),
        changed_at: document.changed_at.to_string(),
        data: STANDARD.encode(&document.data),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn an_export_holds_what_is_kept_and_no_secret() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let ann = stage.post("/v1/accounts", json!({"name": "ann", "password": "correct horse"})).await.expect(201);
        let token = ann["access_token"].as_str().unwrap();
        let seat = stage.play_as(token, "chess", json!({"create": "public"})).await.expect(201);
        stage.host.finish(seat["match"]["id"].as_str().unwrap());
        stage.settled().await;
        let export = stage.get("/v1/me/export").bearer(token).await;
        assert!(!String::from_utf8_lossy(&export.body).contains("argon2"));
        let export = export.expect(200);
        assert_eq!((&export["account"]["id"], &export["sign_in"]), (&ann["player"]["id"], &json!("ann")));
        assert_eq!(export["matches"], json!([seat["match"]["id"]]));
        assert_eq!(export["history"][0]["match"], seat["match"]["id"]);
        assert_eq!((&export["games"], &export["second_factor"]["enabled"]), (&json!([]), &json!(false)));
        let owner = stage.get("/v1/me/export").bearer(&stage.developer_key).await.expect(200);
        assert_eq!(owner["games"], json!(["chess"]));
        assert_eq!(export["sessions"].as_array().unwrap().len(), 1);
        assert_eq!(export["audit"][0]["action"], "POST /v1/accounts");
    }
}
