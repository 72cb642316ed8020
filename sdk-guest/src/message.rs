//! Typed messages: what may be one, and their bytes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use stadion_schema::Describe;

/// What players and games may say to each other. Implemented for everything that the pieces are implemented for: your
/// own types under [`#[message]`](macro@crate::message), and the standard library's plain ones.
pub trait Message: Describe + Serialize + DeserializeOwned + Clone + PartialEq + std::fmt::Debug + 'static {}

impl<T: Describe + Serialize + DeserializeOwned + Clone + PartialEq + std::fmt::Debug + 'static> Message for T {}

/// Bytes that are not a message of the wanted type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadMessage;

impl std::fmt::Display for BadMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a message of this type")
    }
}

impl std::error::Error for BadMessage {}

/// The bytes of a message, as the schema describes them.
pub fn encode<M: Message>(message: &M) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_into(message, &mut bytes);
    bytes
}

/// Reads the bytes of a message. Bytes left over are an error.
pub fn decode<M: Message>(bytes: &[u8]) -> Result<M, BadMessage> {
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Ok(message),
        _ => Err(BadMessage),
    }
}

/// Appends the bytes of a message.
pub(crate) fn encode_into<M: Message>(message: &M, bytes: &mut Vec<u8>) {
    let written = postcard::serialize_with_flavor(message, Append(bytes));
    written.expect("memory cannot fail, and every type that #[message] accepts can be encoded");
}

/// Where postcard writes to.
struct Append<'a>(&'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Append<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
