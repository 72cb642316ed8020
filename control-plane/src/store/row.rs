//! Values of rows as ours and back, the same for every SQL database: integers are signed, ids are text, hashes are bytes,
//! and what is looked at as a whole only is JSON. What a row says is read here and beside each trait of the store, once, through
//! [`Columns`]; queries are each database's own.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::DeserializeOwned;

use super::StoreError;
use crate::model::UnixMs;

/// A row of any database, whose columns are read by their names.
pub(super) trait Columns {
    /// An integer, if there is one.
    fn maybe_int(&self, column: &str) -> Result<Option<i64>, StoreError>;

    /// A text, if there is one.
    fn maybe_str(&self, column: &str) -> Result<Option<&str>, StoreError>;

    /// Bytes, if there are any.
    fn maybe_slice(&self, column: &str) -> Result<Option<&[u8]>, StoreError>;

    /// Whether something is so.
    fn flag(&self, column: &str) -> Result<bool, StoreError>;

    /// A number that is not whole.
    fn float(&self, column: &str) -> Result<f64, StoreError>;

    /// An integer.
    fn int(&self, column: &str) -> Result<i64, StoreError> {
        there(self.maybe_int(column)?, column)
    }

    /// An integer as the type it is ours as.
    fn uint<T: TryFrom<i64>>(&self, column: &str) -> Result<T, StoreError> {
        uint(self.int(column)?)
    }

    /// The same, if there is one.
    fn maybe_uint<T: TryFrom<i64>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        self.maybe_int(column)?.map(uint).transpose()
    }

    /// A time.
    fn time(&self, column: &str) -> Result<UnixMs, StoreError> {
        self.uint(column).map(UnixMs)
    }

    /// A time, if there is one.
    fn maybe_time(&self, column: &str) -> Result<Option<UnixMs>, StoreError> {
        Ok(self.maybe_uint(column)?.map(UnixMs))
    }

    /// A text.
    fn text(&self, column: &str) -> Result<String, StoreError> {
        there(self.maybe_text(column)?, column)
    }

    /// A text of one's own, if there is one.
    fn maybe_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(self.maybe_str(column)?.map(str::to_owned))
    }

    /// A text as the type it is ours as.
    fn parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T, StoreError> {
        parsed(there(self.maybe_str(column)?, column)?)
    }

    /// The same, if there is one.
    fn maybe_parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        self.maybe_str(column)?.map(parsed).transpose()
    }

    /// Bytes.
    fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        there(self.maybe_bytes(column)?, column)
    }

    /// Bytes of one's own, if there are any.
    fn maybe_bytes(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.maybe_slice(column)?.map(<[u8]>::to_vec))
    }

    /// Bytes as a fixed-size hash or id.
    fn array<const N: usize>(&self, column: &str) -> Result<[u8; N], StoreError> {
        array(there(self.maybe_slice(column)?, column)?)
    }

    /// The same, if there are any.
    fn maybe_array<const N: usize>(&self, column: &str) -> Result<Option<[u8; N]>, StoreError> {
        self.maybe_slice(column)?.map(array).transpose()
    }

    /// JSON.
    fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        from_json(there(self.maybe_str(column)?, column)?)
    }

    /// JSON, if there is any.
    fn maybe_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        self.maybe_str(column)?.map(from_json).transpose()
    }
}

fn there<T>(value: Option<T>, column: &str) -> Result<T, StoreError> {
    value.ok_or_else(|| StoreError::Corrupt(format!("nothing where {column} belongs")))
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        match &error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                StoreError::Corrupt(error.to_string())
            }
            sqlx::Error::Database(refused) if refused.code().is_some_and(|code| is_about_a_value(&code)) => {
                StoreError::Corrupt(error.to_string())
            }
            _ => StoreError::Unavailable(error.to_string()),
        }
    }
}

/// Whether trying again cannot help: classes 22 (data exception) and 23 (integrity constraint violation) of SQLSTATE, which
/// PostgreSQL tells. SQLite's codes are other numbers, of up to four digits.
fn is_about_a_value(code: &str) -> bool {
    code.len() == 5 && (code.starts_with("22") || code.starts_with("23"))
}

/// SQL's integers are signed; ours are counts and times far below the sign.
pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// An integer of a row as the type it is ours as.
pub(super) fn uint<T: TryFrom<i64>>(value: i64) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_| StoreError::Corrupt(format!("{value} is out of range")))
}

/// A text of a row as the type it is ours as.
pub(super) fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, StoreError>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| StoreError::Corrupt(format!("{error}")))
}

/// Bytes of a row as a fixed-size hash or id.
pub(super) fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Corrupt(format!("{} bytes where {N} belong", bytes.len())))
}

/// JSON of a row.
pub(super) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// JSON for a row. Only contract types with text keys get here, which always encode.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("contract types have only text keys")
}
