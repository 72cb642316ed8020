//! Documents of games: what outlives their matches.

use stadion_protocol::contract::{MAX_DOCUMENT_BYTES, MAX_KEY_BYTES, RequestError, RequestKey};
use stadion_protocol::{GameName, MatchId, PlayerId};

use super::UnixMs;

/// Where a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentPlace {
    /// Of which game.
    pub game: GameName,
    /// Whose; `None`: the game's own.
    pub player: Option<PlayerId>,
    /// Which.
    pub key: DocumentKey,
}

/// The key of a document: 1 to 256 bytes of text without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentKey(String);

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key of a document is 1 to {MAX_KEY_BYTES} bytes of text without control characters")]
pub struct InvalidDocumentKey;

impl DocumentKey {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for DocumentKey {
    type Err = InvalidDocumentKey;

    fn from_str(text: &str) -> Result<DocumentKey, InvalidDocumentKey> {
        let fits = (1..=MAX_KEY_BYTES).contains(&text.len()) && !text.chars().any(char::is_control);
        fits.then(|| DocumentKey(text.to_owned())).ok_or(InvalidDocumentKey)
    }
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Rises with every write of any document of its game, so no version of it ever comes back.
    pub version: u64,
    /// When it was written.
    pub changed_at: UnixMs,
    /// The content.
    pub data: Vec<u8>,
}

/// What lists say of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentHead {
    /// Which.
    pub key: DocumentKey,
    /// See [`Document`].
    pub version: u64,
    /// When it was written.
    pub changed_at: UnixMs,
    /// Bytes of its content.
    pub size: u32,
}

/// A document is to be written or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentChange {
    /// Which.
    pub place: DocumentPlace,
    /// The version that must be there, 0 for none; `None`: any.
    pub expect: Option<u64>,
    /// The new content; `None`: it goes.
    pub data: Option<Vec<u8>>,
    /// Asked again under this name, it is not done again.
    pub once: Option<OnceKey>,
}

/// Names a change that a match asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnceKey {
    /// Who asks.
    pub match_id: MatchId,
    /// Which of its requests.
    pub key: RequestKey,
    /// Whatever is lower is never asked again.
    pub settled_below: RequestKey,
}

/// Why a document was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// There is none to remove.
    #[error("there is no such document")]
    NotFound,
    /// Another version is there.
    #[error("version {0} of the document is there (0: none), and another one was expected")]
    Conflict(u64),
    /// Over the size of one.
    #[error("a document has at most {MAX_DOCUMENT_BYTES} bytes")]
    TooLarge,
    /// The player's documents take too much room.
    #[error("the documents of this player in this game take too much room")]
    PlayerQuota,
    /// The game's documents do.
    #[error("the documents of this game take too much room")]
    GameQuota,
    /// The account was deleted.
    #[error("the player's account was deleted: nothing more is kept of it")]
    Forgotten,
}

impl From<DocumentError> for RequestError {
    fn from(error: DocumentError) -> RequestError {
        match error {
            DocumentError::NotFound => RequestError::NotFound,
            DocumentError::Conflict(version) => RequestError::Conflict(version),
            DocumentError::TooLarge => RequestError::TooLarge,
            DocumentError::PlayerQuota | DocumentError::GameQuota => RequestError::OverQuota,
            DocumentError::Forgotten => RequestError::Denied,
        }
    }
}

/// How much room documents may take. Keys count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentLimits {
    /// Documents of one player in one game.
    pub of_player: u32,
    /// Their bytes.
    pub bytes_of_player: u64,
    /// Documents of one game, its players' with its own.
    pub of_game: u64,
    /// Their bytes.
    pub bytes_of_game: u64,
}

impl Default for DocumentLimits {
    fn default() -> DocumentLimits {
        DocumentLimits {
            of_player: 256,
            bytes_of_player: 1 << 20,
            // A million players with a kilobyte each.
            of_game: 2_000_000,
            bytes_of_game: 1 << 30,
        }
    }
}

/// What players may do with their own documents by the API. Their games may always do everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlayerAccess {
    /// Nothing.
    #[default]
    None,
    /// Read them.
    Read,
    /// Read and write them: what is in them is then the player's word.
    Write,
}

impl PlayerAccess {
    /// As settings write it.
    pub fn as_str(self) -> &'static str {
        match self {
            PlayerAccess::None => "none",
            PlayerAccess::Read => "read",
            PlayerAccess::Write => "write",
        }
    }
}

impl std::str::FromStr for PlayerAccess {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<PlayerAccess, &'static str> {
        match text {
            "none" => Ok(PlayerAccess::None),
            "read" => Ok(PlayerAccess::Read),
            "write" => Ok(PlayerAccess::Write),
            _ => Err("none, read or write"),
        }
    }
}
