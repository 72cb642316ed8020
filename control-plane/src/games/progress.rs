//! How an upload fares, told to whoever published it: on any replica, whichever of them receives it.
//!
//! The publisher names its upload; what happens to it is told on a topic of its account and that name, and the last word of it is
//! kept for a while. Nothing depends on it: a lost word is no harm.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use stadion_protocol::PlayerId;
use stadion_protocol::contract::{CompileStage, StageSink};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::coordination::{Coordination, CoordinationError, KEPT_FOR, Listener};

/// Words about what was received: so many for a whole upload, so that all of its words fit into what a topic keeps.
const WORDS: u64 = 16;

/// Bytes between two of them at least.
const LEAST_STEP: u64 = 256 * 1024;

/// Stages that wait to be told; there are fewer.
const WAITING: usize = 16;

/// How long the last word is kept.
const KEEP: Duration = Duration::from_secs(600);

/// What a publisher calls an upload of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UploadName(String);

/// A text that names no upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an upload is named by 8 to 64 characters of A-Z, a-z, 0-9, `_` and `-`, chosen by its publisher")]
pub(crate) struct InvalidUploadName;

impl FromStr for UploadName {
    type Err = InvalidUploadName;

    fn from_str(text: &str) -> Result<UploadName, InvalidUploadName> {
        let fits = (8..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if fits { Ok(UploadName(text.to_owned())) } else { Err(InvalidUploadName) }
    }
}

/// A word about an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(crate) enum UploadWord {
    /// It comes.
    Receiving { received_bytes: u64 },
    /// It is here, and waits for the compiler.
    Waiting { received_bytes: u64 },
    /// A stage of what is done with it has begun.
    Stage { stage: &'static str },
    /// It is a version now.
    Published { version: String },
    /// It was not accepted; why is the answer to the upload.
    Refused,
}

/// Tells of one upload.
#[derive(Clone)]
pub(crate) struct Progress {
    coordination: Arc<dyn Coordination>,
    /// `None`: nobody wants to know.
    topic: Option<String>,
}

impl Progress {
    pub(crate) fn new(
        coordination: Arc<dyn Coordination>,
        publisher: &PlayerId,
        name: Option<&UploadName>,
    ) -> Progress {
        Progress { coordination, topic: name.map(|name| topic(publisher, name)) }
    }

    pub(crate) async fn tell(&self, word: &UploadWord) {
        let Some(topic) = &self.topic else { return };
        let json = serde_json::to_vec(word).expect("words are plain JSON");
        let kept = self.coordination.put(topic, &json, KEEP).await;
        if let Err(error) = kept.and(self.coordination.tell(topic, &json).await.map(drop)) {
            tracing::debug!(%error, topic, "a publisher is not told how its upload fares");
        }
    }

    /// How many more bytes are received before the next word about it.
    pub(crate) fn step(&self, announced: u64) -> u64 {
        if self.topic.is_some() { (announced / WORDS).max(LEAST_STEP) } else { u64::MAX }
    }

    /// For the compiler, which waits for nobody; and what ends once all that it told is told on.
    pub(crate) fn stages(&self) -> (StageSink, JoinHandle<()>) {
        let (sender, mut stages) = mpsc::channel(WAITING);
        let this = self.clone();
        let telling = tokio::spawn(async move {
            while let Some(stage) = stages.recv().await {
                this.tell(&UploadWord::Stage { stage: stage_name(stage) }).await;
            }
        });
        let sink = move |stage| {
            // A stage that finds no room is not told.
            let _ = sender.try_send(stage);
        };
        (Arc::new(sink), telling)
    }
}

/// As in the API.
pub(crate) fn stage_name(stage: CompileStage) -> &'static str {
    match stage {
        CompileStage::Validate => "validate",
        CompileStage::Componentize => "componentize",
        CompileStage::Contract => "contract",
        CompileStage::Limits => "limits",
        CompileStage::Compile => "compile",
        CompileStage::Describe => "describe",
        CompileStage::Prepare => "prepare",
    }
}

/// The last word about an upload, as JSON.
pub(crate) async fn last_word(
    coordination: &dyn Coordination,
    publisher: &PlayerId,
    name: &UploadName,
) -> Result<Option<Vec<u8>>, CoordinationError> {
    coordination.get(&topic(publisher, name)).await
}

/// Every word about an upload of the last [`KEPT_FOR`], or those behind one, and then as they come.
pub(crate) async fn listen(
    coordination: &dyn Coordination,
    publisher: &PlayerId,
    name: &UploadName,
    after: Option<u64>,
) -> Result<Listener, CoordinationError> {
    debug_assert!(KEEP >= KEPT_FOR, "the last word outlives the others");
    coordination.listen(&topic(publisher, name), Some(after.unwrap_or(0))).await
}

fn topic(publisher: &PlayerId, UploadName(name): &UploadName) -> String {
    format!("upload/{publisher}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_have_names_that_nobody_else_hits_upon_by_accident() {
        for (text, good) in [("a1b2c3d4", true), ("short", false), ("with space", false), (&"x".repeat(65), false)] {
            assert_eq!(text.parse::<UploadName>().is_ok(), good, "{text}");
        }
    }
}
