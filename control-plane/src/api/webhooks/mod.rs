//! Webhooks: where owners of games are told what happens in them, and what was told.

mod create;
mod deliveries;
mod list;
mod redeliver;
mod remove;
mod rotate;
mod set;
#[cfg(test)]
mod stories;
mod test;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stadion_protocol::GameName;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::accounts::Caller;
use crate::games::CatalogError;
use crate::http::{Extras, Fault, Kind, Problem};
use crate::model::{
    Delivery, DeliveryStatus, InvalidDeliveryId, InvalidWebhookName, Role, Webhook, WebhookKind, WebhookName,
    WebhookState,
};
use crate::store::NewWebhookError;
use crate::webhooks::{Wanted, WebhookError};

/// Endpoints with their documentation.
pub(super) fn endpoints() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::list_webhooks, create::create_webhook))
        .routes(routes!(list::get_webhook, set::set_webhook, remove::delete_webhook))
        .routes(routes!(rotate::rotate_webhook))
        .routes(routes!(test::test_webhook))
        .routes(routes!(deliveries::list_deliveries))
        .routes(routes!(redeliver::redeliver))
}

/// Something that a webhook can be told of.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
pub(crate) enum KindName {
    /// A match was created.
    #[serde(rename = "match.started")]
    MatchStarted,
    /// A match is over: with its results, where it has any.
    #[serde(rename = "match.ended")]
    MatchEnded,
    /// A match is over because something went wrong in it.
    #[serde(rename = "match.failed")]
    MatchFailed,
    /// A version failed on every start and is out of play.
    #[serde(rename = "version.quarantined")]
    VersionQuarantined,
    /// A match reported something, as its game named it.
    #[serde(rename = "game.report")]
    GameReport,
    /// A player reported another.
    #[serde(rename = "report.filed")]
    ReportFiled,
    /// Such a report was closed.
    #[serde(rename = "report.closed")]
    ReportClosed,
}

impl From<KindName> for WebhookKind {
    fn from(name: KindName) -> WebhookKind {
        match name {
            KindName::MatchStarted => WebhookKind::MatchStarted,
            KindName::MatchEnded => WebhookKind::MatchEnded,
            KindName::MatchFailed => WebhookKind::MatchFailed,
            KindName::VersionQuarantined => WebhookKind::VersionQuarantined,
            KindName::GameReport => WebhookKind::GameReport,
            KindName::ReportFiled => WebhookKind::ReportFiled,
            KindName::ReportClosed => WebhookKind::ReportClosed,
        }
    }
}

/// What a webhook is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedBody {
    /// Where messages go: https, without user and password, at most 2,000 bytes. Servers for developing take http to their own
    /// machine too.
    #[schema(example = "https://hooks.example.com/stadion")]
    url: String,
    /// What it is told of; none: nothing, it is there for the game's own calls.
    #[schema(example = json!(["match.ended", "match.failed"]))]
    kinds: Vec<KindName>,
    /// Whether it is told [default: true]. One that was turned off because it did not answer is enabled so again.
    enabled: Option<bool>,
}

impl From<WantedBody> for Wanted {
    fn from(body: WantedBody) -> Wanted {
        let kinds: BTreeSet<WebhookKind> = body.kinds.into_iter().map(WebhookKind::from).collect();
        Wanted { url: body.url, kinds, enabled: body.enabled.unwrap_or(true) }
    }
}

/// A webhook, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookBody {
    /// What its owner calls it, and its game when it calls it.
    #[schema(example = "results")]
    name: String,
    /// Of which game.
    #[schema(example = "tictactoe")]
    game: String,
    /// Where messages go.
    #[schema(example = "https://hooks.example.com/stadion")]
    url: String,
    /// What it is told of.
    #[schema(example = json!(["match.ended", "match.failed"]))]
    kinds: Vec<&'static str>,
    /// `enabled`; `paused`: its owner wants nothing for now; `disabled`: it did not answer.
    #[schema(example = "enabled")]
    state: &'static str,
    /// Why it was turned off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "it answered 410 Gone: whoever is there wants no more messages")]
    disabled_because: Option<String>,
    /// Since when no message has reached it, if the last one did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// Until when the secret before signs beside the present one, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    previous_secret_until: Option<String>,
    /// Since when there is one.
    #[schema(example = "2026-11-20T10:00:00.000Z", format = DateTime)]
    created_at: String,
}

impl WebhookBody {
    pub(crate) fn new(webhook: Webhook, now: crate::model::UnixMs) -> WebhookBody {
        let (state, disabled_because) = match webhook.state {
            WebhookState::Enabled => ("enabled", None),
            WebhookState::Paused => ("paused", None),
            WebhookState::Disabled(because) => ("disabled", Some(because)),
        };
        let previous = webhook.salts.previous.filter(|(_, until)| now < *until);
        WebhookBody {
            name: webhook.name.to_string(),
            game: webhook.game.to_string(),
            url: webhook.url,
            kinds: webhook.kinds.iter().map(|kind| kind.as_str()).collect(),
            state,
            disabled_because,
            failing_since: webhook.failing_since.map(|at| at.to_string()),
            previous_secret_until: previous.map(|(_, until)| until.to_string()),
            created_at: webhook.created_at.to_string(),
        }
    }
}

/// A message to a webhook, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryBody {
    /// What the receiver knows it by: `webhook-id`.
    #[schema(example = "msg_5f1c0ad2b6e94c1d5f1c0ad2b6e94c1d")]
    id: String,
    /// Of which kind.
    #[schema(example = "match.ended")]
    kind: &'static str,
    /// `pending`, `delivered` or `failed`.
    #[schema(example = "delivered")]
    status: &'static str,
    /// How often it was tried.
    #[schema(example = 1)]
    attempts: u32,
    /// When it is tried next, while it is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    next_at: Option<String>,
    /// When it was tried last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    tried_at: Option<String>,
    /// The HTTP status that it was answered with then, if it was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 204)]
    code: Option<u16>,
    /// Why that did not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "no answer within 10 s")]
    error: Option<String>,
    /// Since when there is one.
    #[schema(example = "2026-11-20T10:00:00.000Z", format = DateTime)]
    created_at: String,
}

impl From<Delivery> for DeliveryBody {
    fn from(delivery: Delivery) -> DeliveryBody {
        let pending = delivery.status == DeliveryStatus::Pending;
        let (tried_at, code, error) = match delivery.last {
            Some(last) => (Some(last.at.to_string()), last.code, last.error),
            None => (None, None, None),
        };
        DeliveryBody {
            id: delivery.id.to_string(),
            kind: delivery.kind.as_str(),
            status: delivery.status.as_str(),
            attempts: delivery.attempts,
            next_at: pending.then(|| delivery.next_at.to_string()),
            tried_at,
            code,
            error,
            created_at: delivery.created_at.to_string(),
        }
    }
}

/// A webhook in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the path; handlers take the names themselves")]
pub(crate) struct WebhookPath {
    /// The game's name.
    #[param(example = "tictactoe", pattern = "^[a-z][a-z0-9-]{0,39}$")]
    game: String,
    /// The webhook's name.
    #[param(example = "results", pattern = "^[a-z][a-z0-9-]{0,39}$")]
    webhook: String,
}

/// Somebody else's game.
#[derive(Debug, thiserror::Error)]
#[error("only the owner of the game and operators may do that")]
struct NotOwner;

impl Fault for NotOwner {
    fn kind(&self) -> Kind {
        Kind::Forbidden
    }
}

impl Fault for InvalidWebhookName {
    fn kind(&self) -> Kind {
        Kind::BadRequest
    }
}

impl Fault for InvalidDeliveryId {
    fn kind(&self) -> Kind {
        Kind::BadRequest
    }
}

impl Fault for WebhookError {
    fn kind(&self) -> Kind {
        match self {
            WebhookError::Url(_) => Kind::Invalid,
            WebhookError::New(NewWebhookError::NameTaken) => Kind::NameTaken,
            WebhookError::New(NewWebhookError::TooMany(_)) | WebhookError::Rotating => Kind::Conflict,
            WebhookError::Unknown(..) | WebhookError::UnknownDelivery(_) => Kind::NotFound,
            WebhookError::New(NewWebhookError::Store(error)) | WebhookError::Store(error) => error.kind(),
        }
    }

    fn extras(&self) -> Extras {
        match self {
            WebhookError::New(NewWebhookError::Store(error)) | WebhookError::Store(error) => error.extras(),
            _ => Extras::default(),
        }
    }
}

/// Whether the caller may look after a game's webhooks.
async fn permit(app: &App, caller: &Caller, game: &GameName) -> Result<(), Problem> {
    let entry = app.store.game(game).await?.ok_or_else(|| CatalogError::UnknownGame(game.clone()))?;
    if entry.game.owner != caller.account && caller.role != Role::Operator {
        return Err(NotOwner.into());
    }
    Ok(())
}

/// The webhook of a path, of a game that the caller may look after.
async fn find(app: &App, caller: &Caller, (game, name): (&GameName, &str)) -> Result<Webhook, Problem> {
    let name: WebhookName = name.parse().map_err(|error: InvalidWebhookName| error)?;
    permit(app, caller, game).await?;
    Ok(app.webhooks.find(game, &name).await?)
}
