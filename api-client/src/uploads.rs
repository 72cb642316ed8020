//! How an upload fares on the server, as it is told.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::error::Error;
use crate::operations as ops;
use crate::told::Word;

/// As long as an upload may take.
const LONGEST: Duration = Duration::from_secs(600);

/// How an upload stands.
#[derive(Debug, Serialize, Deserialize)]
pub struct Upload {
    /// Such as `receiving`.
    pub state: String,
    /// So far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_bytes: Option<u64>,
    /// What is done with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// What it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A word about an upload. What a newer server says beyond that is passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum UploadWord {
    /// It comes in.
    Receiving {},
    /// Others are compiled before it.
    Waiting {},
    /// It is being made a version of.
    Stage {
        /// What is done with it.
        stage: String,
    },
    /// It is one.
    Published {},
    /// It is none.
    Refused {},
    /// What a newer server says.
    #[serde(other)]
    Other,
}

impl Api {
    /// Tells every word about one's own upload of this name, until it is published or refused, or the connection is lost: it is a
    /// courtesy beside the upload itself.
    pub async fn follow_upload(&self, name: &str, tell: &mut dyn FnMut(UploadWord)) -> Result<(), Error> {
        let mut told = self.call(ops::GET_UPLOAD_EVENTS, &[name]).told(None);
        let follow = async {
            while let Word::Event(event) = told.word().await? {
                if event.data.is_empty() {
                    continue;
                }
                let word = told.read(&event)?;
                let over = matches!(word, UploadWord::Published {} | UploadWord::Refused {});
                tell(word);
                if over {
                    break;
                }
            }
            Ok(())
        };
        tokio::time::timeout(LONGEST, follow).await.unwrap_or(Ok(()))
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
