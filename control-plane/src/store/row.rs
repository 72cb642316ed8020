//! Values of rows as ours and back, the same for every SQL database: integers are signed, ids are text, hashes are bytes,
//! and what is looked at as a whole only is JSON.

use super::StoreError;

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
