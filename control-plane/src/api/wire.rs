//! What several endpoints read and write in the same form.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use stadion_protocol::MatchId;
use utoipa::{IntoParams, ToSchema};

use crate::http::{Fault, Kind};
use crate::model::UnixMs;

/// Items of a page, when nothing else is asked for.
const DEFAULT_LIMIT: u16 = 50;

/// Items of a page at most.
const MOST: u16 = 200;

/// A part of a list that does not fit.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// Not one that an earlier page named.
    #[error("the cursor is not one of `next_cursor`")]
    Cursor,
    /// Outside of 1 to [`MOST`].
    #[error("limit: a page has 1 to {MOST} items")]
    Limit,
}

impl Fault for PageError {
    fn kind(&self) -> Kind {
        match self {
            // No schema can say which cursors there are.
            PageError::Cursor => Kind::Invalid,
            PageError::Limit => Kind::BadRequest,
        }
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// `next_cursor` of the page before; none: from the beginning.
    pub(crate) cursor: Option<String>,
    /// Items of the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<u16>,
}

/// The limit of a page that was asked for.
pub(crate) fn limit(wanted: Option<u16>) -> Result<u16, PageError> {
    match wanted {
        None => Ok(DEFAULT_LIMIT),
        Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(_) => Err(PageError::Limit),
    }
}

/// A position that callers name: the document says 64 bits with a sign, as most languages have them.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u64")]
pub(crate) struct Position(pub(crate) u64);

impl TryFrom<u64> for Position {
    type Error = String;

    fn try_from(number: u64) -> Result<Position, String> {
        let most = i64::MAX.unsigned_abs();
        if number <= most { Ok(Position(number)) } else { Err(format!("{number} is more than {most}")) }
    }
}

/// A cursor for callers, who are not to read anything into it.
pub(crate) fn write_cursor(place: &str) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

/// The place that a caller's cursor stands for.
pub(crate) fn read_cursor(cursor: &str) -> Result<String, PageError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| PageError::Cursor)?;
    String::from_utf8(bytes).map_err(|_| PageError::Cursor)
}

/// Where a list of matches goes on, for callers.
pub(crate) fn write_match_place((at, id): (UnixMs, MatchId)) -> String {
    write_cursor(&format!("{}.{id}", at.0))
}

/// The place that such a cursor stands for.
pub(crate) fn read_match_place(cursor: &str) -> Result<(UnixMs, MatchId), PageError> {
    let text = read_cursor(cursor)?;
    let (at, id) = text.split_once('.').ok_or(PageError::Cursor)?;
    Ok((UnixMs(at.parse().map_err(|_| PageError::Cursor)?), id.parse().map_err(|_| PageError::Cursor)?))
}

/// A player as others see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlayerBody {
    /// Opaque account id.
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    pub(crate) id: String,
    /// The name that others see.
    #[schema(example = "Ann")]
    pub(crate) name: String,
    /// Whether a program plays.
    pub(crate) bot: bool,
}

/// A game in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the path; handlers take the name itself")]
pub(crate) struct GamePath {
    /// The game's name.
    #[param(example = "tictactoe", pattern = "^[a-z][a-z0-9-]{0,39}$")]
    pub(crate) game: String,
}

/// A version in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the path; handlers take the id itself")]
pub(crate) struct VersionPath {
    /// The game's name.
    #[param(example = "tictactoe", pattern = "^[a-z][a-z0-9-]{0,39}$")]
    pub(crate) game: String,
    /// SHA-256 of the upload, 64 lowercase hexadecimal digits.
    #[param(pattern = "^[0-9a-f]{64}$")]
    pub(crate) version: String,
}

/// A match in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the path; handlers take the id itself")]
pub(crate) struct MatchPath {
    /// The match's id.
    #[param(example = "01h455vb4pex5vsknk084sn02q", pattern = "^[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) id: String,
}

/// What makes a request safe to repeat.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "it documents the header; `Idempotency` reads it")]
pub(crate) struct IdempotencyKey {
    /// 1 to 128 printable ASCII characters: the same request with it gets the same answer.
    #[serde(rename = "Idempotency-Key")]
    #[param(pattern = "^[!-~]([ -~]{0,126}[!-~])?$")]
    idempotency_key: Option<String>,
}
