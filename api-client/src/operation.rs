//! What may be asked of a server: a verb, a path with places for names in it, and what it is answered with.

use std::marker::PhantomData;

use serde_json::Value;
use url::Url;

use crate::answer::Answer;
use crate::error::Error;

/// How a path is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Looks; may be asked again.
    Get,
    /// Puts something in its place; may be asked again.
    Put,
    /// Takes something away; may be asked again.
    Delete,
    /// Does something: asked again only where a key says that it is the same.
    Post,
    /// The same, and the server takes an `Idempotency-Key`: may be asked again.
    KeyedPost,
}

impl Verb {
    /// As HTTP says it.
    pub fn method(self) -> reqwest::Method {
        match self {
            Verb::Get => reqwest::Method::GET,
            Verb::Put => reqwest::Method::PUT,
            Verb::Delete => reqwest::Method::DELETE,
            Verb::Post | Verb::KeyedPost => reqwest::Method::POST,
        }
    }
}

/// One call of the API, answered as `A` says.
#[derive(Debug)]
pub struct Operation<A> {
    /// Of the API's document.
    pub id: &'static str,
    /// How it is asked.
    pub verb: Verb,
    /// With `{..}` where names belong.
    pub path: &'static str,
    answer: PhantomData<fn() -> A>,
}

impl<A> Clone for Operation<A> {
    fn clone(&self) -> Operation<A> {
        *self
    }
}

impl<A> Copy for Operation<A> {}

/// An operation without its type, for whoever goes through all of them.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Of the API's document.
    pub id: &'static str,
    /// How it is asked.
    pub verb: Verb,
    /// With `{..}` where names belong.
    pub path: &'static str,
    /// As which media type it is answered; `None`: without a body.
    pub media: Option<&'static str>,
    /// Reads an answer of that shape, and says what was understood of it.
    pub understood: fn(&Value) -> Result<Value, serde_json::Error>,
}

impl<A: Answer> Operation<A> {
    pub(crate) const fn new(id: &'static str, verb: Verb, path: &'static str) -> Operation<A> {
        Operation { id, verb, path, answer: PhantomData }
    }

    pub(crate) const fn shape(self) -> Shape {
        Shape { id: self.id, verb: self.verb, path: self.path, media: A::MEDIA, understood: A::understood }
    }

    /// The path with these names in its places. A name is one segment, whatever it holds.
    pub(crate) fn path_of(&self, names: &[&str]) -> Result<String, Error> {
        let mut url = Url::parse("http://stadion").expect("an address");
        let mut names = names.iter();
        {
            let mut path = url.path_segments_mut().expect("addresses of servers have paths");
            path.clear();
            for segment in self.path.split('/').skip(1) {
                let segment =
                    if segment.starts_with('{') { names.next().expect("a name for each place") } else { segment };
                if matches!(segment, "." | "..") {
                    return Err(Error::Unaddressable { name: segment.to_owned() });
                }
                path.push(segment);
            }
        }
        debug_assert!(names.next().is_none(), "{}: more names than places", self.id);
        Ok(url.path().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use crate::operations::GET_DOCUMENT;

    #[test]
    fn a_name_is_one_segment_whatever_it_holds() {
        for (key, path) in [
            ("record", "/v1/games/chess/storage/record"),
            ("a/b ü?", "/v1/games/chess/storage/a%2Fb%20%C3%BC%3F"),
            ("50%", "/v1/games/chess/storage/50%25"),
            ("", "/v1/games/chess/storage/"),
        ] {
            assert_eq!(GET_DOCUMENT.path_of(&["chess", key]).unwrap(), path);
        }
        for key in [".", ".."] {
            assert!(GET_DOCUMENT.path_of(&["chess", key]).is_err(), "another address");
        }
    }
}
