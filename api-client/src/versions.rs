//! Versions of games: uploading them, their settings and pages, and taking them out of play.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api::Api;
use crate::error::Error;
use crate::operations as ops;

/// An upload is compiled before it is answered, and may wait for others.
const UPLOADED_WITHIN: Duration = Duration::from_secs(300);

/// A version.
#[derive(Debug, Serialize, Deserialize)]
pub struct Published {
    /// Of which game.
    pub game: String,
    /// The hash of its component.
    pub version: String,
    /// The first characters of that.
    pub short: String,
    /// For people.
    pub title: String,
    /// What its messages are written in.
    pub schema_hash: String,
    /// With fewer it does not begin.
    pub seats_min: u16,
    /// More do not fit.
    pub seats_max: u16,
    /// Ticks a second; 0: as things happen.
    pub rate: u16,
    /// Whether images of its matches can be taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_checkpoints: Option<Finding>,
    /// Whether its prepared state is part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_image: Option<Finding>,
    /// What it took to compile it.
    #[serde(default)]
    pub compile_cpu_ms: u32,
    /// Of its component.
    #[serde(default)]
    pub size_bytes: u64,
    /// Why no match is made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Quarantine>,
    /// Channels that point at it.
    #[serde(default)]
    pub channels: Vec<String>,
    /// When it was uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Since when no new match is made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated_at: Option<String>,
}

/// Why no match is made of a version.
#[derive(Debug, Serialize, Deserialize)]
pub struct Quarantine {
    /// Since when.
    pub since: String,
    /// What happened on every start.
    pub because: String,
}

/// What the server found out about a version when it compiled it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Finding {
    /// Whether it is so.
    pub yes: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// Pages of a version.
#[derive(Clone, Debug)]
pub struct Bundle<'a> {
    /// A tar archive.
    pub tar: Bytes,
    /// Whether its scripts may compile wasm.
    pub wasm: bool,
    /// Whether they may stand within its pages.
    pub inline: bool,
    /// Whether it wants to be isolated from other origins.
    pub isolated: bool,
    /// With whom it may speak beside this server.
    pub connect: &'a [String],
}

/// The answer to pages.
#[derive(Debug, Serialize, Deserialize)]
pub struct PublishedBundle {
    /// The hash of all of them.
    pub bundle: String,
    /// How many.
    pub files: u64,
    /// How long.
    pub bytes: u64,
    /// Where they are shown.
    pub play: String,
}

/// Told how many bytes of an upload have left; from the start again where it is sent again.
pub type Sent = Arc<dyn Fn(u64) + Send + Sync>;

impl Api {
    /// Uploads a version, to the channel `stable`; `sent` is told how many bytes have left.
    pub async fn publish(
        &self,
        game: &str,
        wasm: Bytes,
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Published, Error> {
        self.publish_to(game, &[], wasm, sent).await
    }

    /// The same with the query of the call: `channel`, `percent`, `upload`.
    pub async fn publish_to(
        &self,
        game: &str,
        query: &[(&str, String)],
        wasm: Bytes,
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Published, Error> {
        let call = self.call(ops::PUBLISH_VERSION, &[game]).within(UPLOADED_WITHIN);
        let call = query.iter().fold(call, |call, (name, value)| call.query(name, value));
        call.upload("application/wasm", wasm, Arc::new(sent)).send().await
    }

    /// Gives a version its settings, in place of those it was given before.
    pub async fn set(&self, game: &str, version: &str, settings: &[(String, String)]) -> Result<Published, Error> {
        let settings: Map<String, Value> =
            settings.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
        self.call(ops::SET_SETTINGS, &[game, version]).json(&settings).send().await
    }

    /// The newest versions of a game, deprecated ones too, newest first: two hundred.
    pub async fn versions(&self, game: &str) -> Result<Vec<Published>, Error> {
        self.call(ops::LIST_VERSIONS, &[game]).first(200).await
    }

    /// Puts a version that failed on every start back in play.
    pub async fn lift_quarantine(&self, game: &str, version: &str) -> Result<(), Error> {
        self.call(ops::LIFT_QUARANTINE, &[game, version]).send().await
    }

    /// The schema of a version; `None`: it speaks raw bytes.
    pub async fn schema(&self, game: &str, version: &str) -> Result<Option<Bytes>, Error> {
        let schema = self.call(ops::GET_SCHEMA, &[game, version]).send().await?;
        Ok(Some(schema).filter(|schema| !schema.is_empty()))
    }

    /// The component of a version: for its owner alone.
    pub async fn component(&self, game: &str, version: &str) -> Result<Bytes, Error> {
        self.call(ops::GET_COMPONENT, &[game, version]).send().await
    }

    /// Gives a version its pages.
    pub async fn publish_web(&self, game: &str, version: &str, bundle: &Bundle<'_>) -> Result<PublishedBundle, Error> {
        let call = self.call(ops::PUBLISH_WEB, &[game, version]).within(UPLOADED_WITHIN);
        let call = call.query("wasm", bundle.wasm).query("inline", bundle.inline).query("isolated", bundle.isolated);
        let call = call.query("connect", bundle.connect.join(","));
        call.file("application/x-tar", bundle.tar.clone()).send().await
    }
}
