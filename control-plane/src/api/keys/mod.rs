//! API keys: what a studio's programs come with.

pub(super) mod create;
pub(super) mod list;
pub(super) mod revoke;

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::ApiKey;

/// A key as it is listed: never its text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyBody {
    /// For revoking it.
    #[schema(example = "5f1c0ad2b6e94c1d")]
    id: String,
    /// What its owner calls it.
    #[schema(example = "matchmaking backend")]
    label: String,
    /// What it may do; `*`: all that its account may.
    #[schema(example = json!(["players"]))]
    scopes: Vec<&'static str>,
    /// Since when.
    #[schema(example = "2026-11-20T10:00:00.000Z")]
    created_at: String,
    /// Until when; none: until it is revoked.
    #[schema(example = "2027-11-20T10:00:00.000Z")]
    expires_at: Option<String>,
}

impl From<&ApiKey> for KeyBody {
    fn from(key: &ApiKey) -> KeyBody {
        KeyBody {
            id: key.id().to_string(),
            label: key.label.clone(),
            scopes: key.scopes.names(),
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.map(|at| at.to_string()),
        }
    }
}
