//! Saved matches: CBOR (RFC 8949), because it says what is what. A new version of a game may add fields (with `#[serde(default)]`)
//! and still load what an older one saved.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// How deep lists may lie in lists: the guest's stack is small.
const DEEPEST: usize = 128;

/// Writes anything that serde can.
pub(crate) fn to_cbor<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes)
        .expect("memory cannot fail; a state whose own Serialize fails is a bug of the game");
    bytes
}

/// Reads what [`to_cbor`] wrote, possibly by an older version of the game.
pub(crate) fn from_cbor<T: DeserializeOwned>(mut bytes: &[u8]) -> Result<T, String> {
    let value = ciborium::de::from_reader_with_recursion_limit(&mut bytes, DEEPEST)
        .map_err(|error| format!("the saved match does not fit this version: {error}"))?;
    if !bytes.is_empty() {
        return Err(format!("the saved match has {} bytes too many", bytes.len()));
    }
    Ok(value)
}

/// `#[serde(with = ..)]` for bytes: one string of bytes instead of a list of numbers.
pub(crate) mod bytes {
    use std::fmt;

    use serde::de::{Deserializer, Visitor};
    use serde::ser::Serializer;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_byte_buf(Bytes)
    }

    struct Bytes;

    impl Visitor<'_> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }

        fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
            Ok(bytes)
        }
    }
}

/// `#[serde(with = ..)]` for an optional shared value, as if it were not shared.
pub(crate) mod shared {
    use std::rc::Rc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Rc<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_deref().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Rc<T>>, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map(Rc::new))
    }
}

#[cfg(test)]
mod tests;
