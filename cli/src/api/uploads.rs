//! How an upload fares on the server, as it is told.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::ACCEPT;
use serde::Deserialize;

use super::{Api, sse};
use crate::failure::{Failure, Outcome};

/// As long as an upload may take.
const LONGEST: Duration = Duration::from_secs(600);

/// A word about an upload. What a newer server says beyond that is passed over.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(crate) enum UploadWord {
    Receiving {},
    Waiting {},
    Stage {
        stage: String,
    },
    Published {},
    Refused {},
    #[serde(other)]
    Other,
}

impl Api {
    /// Tells every word about one's own upload of this name, until it is published or refused.
    pub(crate) async fn follow_upload(&self, name: &str, tell: &mut dyn FnMut(UploadWord)) -> Outcome {
        let request =
            self.get(&format!("/v1/uploads/{name}/events")).timeout(LONGEST).header(ACCEPT, "text/event-stream");
        let mut bytes = self.send(request).await?.bytes_stream();
        let mut events = sse::Reader::default();
        while let Some(Ok(chunk)) = bytes.next().await {
            for event in events.read(&chunk)? {
                let word = serde_json::from_str(&event.data);
                let word = word.map_err(|error| Failure::failed(format!("a word about the upload: {error}")))?;
                let over = matches!(word, UploadWord::Published {} | UploadWord::Refused {});
                tell(word);
                if over {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_newer_servers_are_passed_over() {
        let read = |text| serde_json::from_str::<UploadWord>(text).unwrap();
        assert_eq!(read(r#"{"state":"stage","stage":"compile"}"#), UploadWord::Stage { stage: "compile".to_owned() });
        assert_eq!(read(r#"{"state":"waiting","received_bytes":5}"#), UploadWord::Waiting {});
        assert_eq!(read(r#"{"state":"blessed"}"#), UploadWord::Other);
    }
}
