//! A player who listens to its events.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use serde_json::Value;

use super::Stage;

/// How long an event may take: generous, it only says that nothing hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open stream of events.
pub(crate) struct Ears {
    body: Body,
    buffer: String,
    last_id: String,
}

impl Ears {
    /// Listens from now on.
    pub(crate) async fn of(stage: &Stage, token: &str) -> Ears {
        Ears::open(stage.get("/v1/events").bearer(token), stage).await
    }

    /// Listens from behind an event.
    pub(crate) async fn after(stage: &Stage, token: &str, last: &str) -> Ears {
        Ears::open(stage.get("/v1/events").bearer(token).with("last-event-id", last), stage).await
    }

    /// Listens to what a call answers.
    pub(crate) async fn on(stage: &Stage, call: super::stage::Call<'_>) -> Ears {
        Ears::open(call, stage).await
    }

    async fn open(call: super::stage::Call<'_>, stage: &Stage) -> Ears {
        let response = stage.stream(call).await;
        assert_eq!(response.status(), 200);
        let mut ears = Ears { body: response.into_body(), buffer: String::new(), last_id: String::new() };
        assert!(ears.block().await.unwrap().contains("listening"));
        ears
    }

    /// The next event of this name; others are passed over.
    pub(crate) async fn next(&mut self, name: &str) -> Value {
        let heard = tokio::time::timeout(PATIENCE, self.hear(name)).await;
        heard.unwrap_or_else(|_| panic!("{name} was not told in time"))
    }

    async fn hear(&mut self, name: &str) -> Value {
        loop {
            let block = self.block().await.unwrap_or_else(|| panic!("the stream is over; waited for {name}"));
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            if let Some(id) = field("id:") {
                id.clone_into(&mut self.last_id);
            }
            if field("event:") == Some(name) {
                return serde_json::from_str(field("data:").unwrap()).unwrap();
            }
        }
    }

    /// Of the last event that was heard.
    pub(crate) fn last_id(&self) -> &str {
        &self.last_id
    }

    /// Whether nothing more comes.
    pub(crate) async fn is_over(&mut self) -> bool {
        tokio::time::timeout(PATIENCE, self.block()).await.expect("the stream ends in time").is_none()
    }

    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.buffer = rest;
                return Some(block);
            }
            let frame = self.body.frame().await?.unwrap();
            self.buffer += std::str::from_utf8(frame.data_ref()?).unwrap();
        }
    }
}
