//! `GET /v1/audit`: who did what, from where.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use stadion_protocol::{InvalidId, PlayerId};
use utoipa::{IntoParams, ToSchema};

use super::wire::{PageError, limit, read_cursor, write_cursor};
use crate::App;
use crate::http::{Authenticated, Problem, UrlQuery};
use crate::model::{AuditEntry, AuditFilter, PageRequest};

/// Which entries are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditQuery {
    /// By this account alone.
    #[param(example = "p-5f1c0ad2b6e94c1d01020304")]
    actor: Option<String>,
    /// Of actions that begin with this.
    #[param(example = "POST /v1/sessions")]
    action: Option<String>,
    /// `next_cursor` of the page before; none: from the newest.
    cursor: Option<String>,
    /// Entries of the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// The newest first.
    items: Vec<AuditBody>,
    /// For the next page; none: this was the last.
    #[schema(example = "Y2hlc3M")]
    next_cursor: Option<String>,
}

/// One thing that somebody did or tried.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditBody {
    /// When.
    #[schema(example = "2026-11-20T10:00:00.000Z")]
    at: String,
    /// Who; none: nobody was recognized.
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    actor: Option<String>,
    /// What: an endpoint as this document names it.
    #[schema(example = "PUT /v1/games/{game}/versions")]
    action: String,
    /// On what: the path that was asked, or the name that somebody tried to sign in with.
    #[schema(example = "/v1/games/tictactoe/versions")]
    target: String,
    /// The HTTP status of the answer.
    #[schema(example = 201)]
    status: u16,
    /// From where.
    #[schema(example = "192.0.2.1")]
    address: String,
    /// Leads to it in the server's log.
    #[schema(example = "5f1c0ad2b6e94c1d")]
    request_id: String,
}

impl From<(u64, AuditEntry)> for AuditBody {
    fn from((_, entry): (u64, AuditEntry)) -> AuditBody {
        AuditBody {
            at: entry.at.to_string(),
            actor: entry.actor.map(|actor| actor.to_string()),
            action: entry.action,
            target: entry.target,
            status: entry.status,
            address: entry.from.to_string(),
            request_id: entry.request,
        }
    }
}

/// Read the audit log
///
/// For operators: changes by developers and operators, and everything about signing in, accounts and keys. Entries are kept
/// for 90 days unless the configuration says otherwise.
#[utoipa::path(
    get, path = "/v1/audit", tag = "system", security(("bearer" = [])), params(AuditQuery),
    responses(
        (status = 200, description = "A page of entries.", body = AuditPage),
        (status = 400, description = "limit: a page has 1 to 200 items"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role operator"),
        (status = 422, description = "that is no id of an account, or a cursor that is not one of `next_cursor`"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_audit(
    State(app): State<Arc<App>>,
    _caller: Authenticated,
    UrlQuery(query): UrlQuery<AuditQuery>,
) -> Result<Json<AuditPage>, Problem> {
    let actor = query.actor.as_deref().map(str::parse::<PlayerId>).transpose();
    let filter = AuditFilter { actor: actor.map_err(|error: InvalidId| error)?, action: query.action };
    let after = query.cursor.as_deref().map(place).transpose()?;
    let page = PageRequest { after, limit: limit(query.limit)? };
    app.auditor.flush().await;
    let page = app.store.audit(&filter, &page).await?;
    let next_cursor = page.next.map(|number| write_cursor(&number.to_string()));
    Ok(Json(AuditPage { items: page.items.into_iter().map(AuditBody::from).collect(), next_cursor }))
}

fn place(cursor: &str) -> Result<u64, PageError> {
    read_cursor(cursor)?.parse().map_err(|_| PageError::Cursor)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Stage;

    async fn audit(stage: &Stage, operator: &str, query: &str) -> Value {
        stage.get(&format!("/v1/audit{query}")).bearer(operator).await.expect(200)
    }

    #[tokio::test]
    async fn operators_read_who_did_what_page_by_page() {
        let stage = Stage::new().await;
        let operator = stage.control_plane.create_operator_key("operator").await.unwrap();
        stage.publish("chess").await;
        let ann = stage.post("/v1/accounts", json!({"name": "ann", "password": "correct horse"})).await.expect(201);
        stage.post("/v1/sessions", json!({"name": "ann", "password": "wrong horse"})).await.expect(401);
        let first = audit(&stage, &operator, "?limit=2").await;
        assert_eq!(
            (&first["items"][0]["action"], &first["items"][0]["status"], &first["items"][0]["target"]),
            (&json!("POST /v1/sessions"), &json!(401), &json!("ann"))
        );
        assert_eq!(first["items"][1]["actor"], ann["player"]["id"]);
        let rest = audit(&stage, &operator, &format!("?cursor={}", first["next_cursor"].as_str().unwrap())).await;
        assert_eq!(rest["items"][0]["action"], "PUT /v1/games/{game}/versions");
        assert_eq!(rest["items"][0]["target"], "/v1/games/chess/versions");
        assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null));
        let own = format!("?actor={}", ann["player"]["id"].as_str().unwrap());
        assert_eq!(audit(&stage, &operator, &own).await["items"].as_array().unwrap().len(), 1);
        let secrets = audit(&stage, &operator, "?limit=200").await.to_string();
        assert!(!secrets.contains("horse") && !secrets.contains("dev-"), "{secrets}");
    }

    #[tokio::test]
    async fn nobody_else_reads_it() {
        let stage = Stage::new().await;
        stage.get("/v1/audit").bearer(&stage.developer_key).await.expect(403);
        stage.get("/v1/audit").bearer(&stage.guest().await).await.expect(403);
        stage.get("/v1/audit").await.expect(401);
    }
}
