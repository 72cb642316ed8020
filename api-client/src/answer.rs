//! As what answers are read.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an operation is answered with.
pub trait Answer {
    /// In Rust.
    type Value;
    /// Its media type; `None`: it has no body.
    const MEDIA: Option<&'static str>;
    /// The longest that is read, bytes.
    const LONGEST: usize;
    /// From the bytes of a body.
    fn read(body: bytes::Bytes) -> Result<Self::Value, serde_json::Error>;
    /// What is understood of an answer in JSON.
    fn understood(answer: &Value) -> Result<Value, serde_json::Error>;
}

/// A list of a hundred matches with all that is said of each is far below.
const LONGEST_JSON: usize = 64 << 20;
/// A journal of a long match, a component.
const LONGEST_FILE: usize = 2 << 30;

/// One thing.
#[derive(Debug)]
pub struct Json<T>(PhantomData<T>);

/// A page of a list.
#[derive(Debug)]
pub struct Items<T>(PhantomData<T>);

/// That it is done.
#[derive(Debug)]
pub struct Nothing;

/// A file.
#[derive(Debug)]
pub struct Bytes;

/// Server-sent events, each of them a `T` in JSON.
#[derive(Debug)]
pub struct Events<T>(PhantomData<T>);

/// A page of a list, and where the next one begins.
#[derive(Debug, Serialize, Deserialize)]
pub struct Page<T> {
    /// In their order.
    pub items: Vec<T>,
    /// Absent: these are the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T: Serialize + DeserializeOwned> Answer for Json<T> {
    type Value = T;
    const MEDIA: Option<&'static str> = Some("application/json");
    const LONGEST: usize = LONGEST_JSON;

    fn read(body: bytes::Bytes) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&body)
    }

    fn understood(answer: &Value) -> Result<Value, serde_json::Error> {
        serde_json::to_value(T::deserialize(answer)?)
    }
}

impl<T: Serialize + DeserializeOwned> Answer for Items<T> {
    type Value = Page<T>;
    const MEDIA: Option<&'static str> = Some("application/json");
    const LONGEST: usize = LONGEST_JSON;

    fn read(body: bytes::Bytes) -> Result<Page<T>, serde_json::Error> {
        serde_json::from_slice(&body)
    }

    fn understood(answer: &Value) -> Result<Value, serde_json::Error> {
        serde_json::to_value(Page::<T>::deserialize(answer)?)
    }
}

impl Answer for Nothing {
    type Value = ();
    const MEDIA: Option<&'static str> = None;
    const LONGEST: usize = LONGEST_JSON;

    fn read(_: bytes::Bytes) -> Result<(), serde_json::Error> {
        Ok(())
    }

    fn understood(_: &Value) -> Result<Value, serde_json::Error> {
        Ok(Value::Null)
    }
}

impl Answer for Bytes {
    type Value = bytes::Bytes;
    const MEDIA: Option<&'static str> = Some("application/octet-stream");
    const LONGEST: usize = LONGEST_FILE;

    fn read(body: bytes::Bytes) -> Result<bytes::Bytes, serde_json::Error> {
        Ok(body)
    }

    fn understood(_: &Value) -> Result<Value, serde_json::Error> {
        Ok(Value::Null)
    }
}

impl<T: Serialize + DeserializeOwned> Answer for Events<T> {
    type Value = T;
    const MEDIA: Option<&'static str> = Some("text/event-stream");
    const LONGEST: usize = LONGEST_JSON;

    /// Of one event.
    fn read(data: bytes::Bytes) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&data)
    }

    fn understood(event: &Value) -> Result<Value, serde_json::Error> {
        serde_json::to_value(T::deserialize(event)?)
    }
}
