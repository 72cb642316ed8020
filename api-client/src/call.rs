//! One call: what goes with it, how it is sent, when it is sent again, and how its answer is read.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use reqwest::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::Serialize;

use crate::answer::Answer;
use crate::api::Api;
use crate::error::{Error, Refusal};
use crate::operation::{Operation, Verb};
use crate::patience::{Pauses, Why};

/// An answer that takes longer does not come: all but uploads and streams take milliseconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Bytes of an upload between two words about it.
const UPLOAD_CHUNK: usize = 64 * 1024;
/// The longest text of a refusal that is read.
const LONGEST_REFUSAL: usize = 64 * 1024;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Told how many bytes of an upload have left; from the start again where it is sent again.
pub(crate) type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// A call that was not sent yet.
pub struct Call<A> {
    pub(crate) api: Api,
    operation: Operation<A>,
    names: Vec<String>,
    query: Vec<(String, String)>,
    headers: Vec<(HeaderName, String)>,
    body: Body,
    within: Duration,
    /// It is not idempotent, whatever its verb says: done once, it is refused the next time.
    is_conditional: bool,
}

impl<A> Clone for Call<A> {
    fn clone(&self) -> Call<A> {
        let Call { api, operation, names, query, headers, body, within, is_conditional } = self;
        Call {
            api: api.clone(),
            operation: *operation,
            names: names.clone(),
            query: query.clone(),
            headers: headers.clone(),
            body: body.clone(),
            within: *within,
            is_conditional: *is_conditional,
        }
    }
}

#[derive(Clone)]
enum Body {
    None,
    Json(Result<Bytes, String>),
    File { kind: &'static str, bytes: Bytes, progress: Option<Progress> },
}

/// A value, how it was given, and its entity tag if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged<T> {
    /// The answer.
    pub value: T,
    /// Tells what was made (201) from what was there (200).
    pub status: StatusCode,
    /// For [`Call::if_match`].
    pub tag: Option<String>,
}

/// An answer with its body.
struct Whole {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// A try that brought no answer.
struct Lost {
    error: Error,
    /// The request may have been carried out.
    reached: bool,
}

impl<A: Answer> Call<A> {
    pub(crate) fn new(api: Api, operation: Operation<A>, names: &[&str]) -> Call<A> {
        Call {
            api,
            operation,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::None,
            within: ANSWER_WITHIN,
            is_conditional: false,
        }
    }

    /// With a query parameter.
    #[allow(clippy::needless_pass_by_value, reason = "numbers and texts read better without a reference")]
    pub fn query(mut self, name: &str, value: impl ToString) -> Call<A> {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// With a query parameter, if there is one.
    pub fn query_if(self, name: &str, value: Option<impl ToString>) -> Call<A> {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// The same call with another value of a query parameter.
    pub(crate) fn set_query(&mut self, name: &str, value: String) {
        self.query.retain(|(there, _)| there != name);
        self.query.push((name.to_owned(), value));
    }

    /// With a body in JSON.
    pub fn json(mut self, body: &impl Serialize) -> Call<A> {
        self.body = Body::Json(serde_json::to_vec(body).map(Bytes::from).map_err(|error| error.to_string()));
        self
    }

    /// With a body of bytes.
    pub fn file(mut self, kind: &'static str, bytes: impl Into<Bytes>) -> Call<A> {
        self.body = Body::File { kind, bytes: bytes.into(), progress: None };
        self
    }

    /// With a body of bytes whose way is told.
    pub(crate) fn upload(mut self, kind: &'static str, bytes: Bytes, progress: Progress) -> Call<A> {
        self.body = Body::File { kind, bytes, progress: Some(progress) };
        self
    }

    /// Only if what is there has this entity tag.
    pub fn if_match(mut self, tag: &str) -> Call<A> {
        self.is_conditional = true;
        self.header(IF_MATCH, tag)
    }

    /// Only if nothing is there.
    pub fn if_absent(mut self) -> Call<A> {
        self.is_conditional = true;
        self.header(IF_NONE_MATCH, "*")
    }

    /// Under a key of the caller's own, for what takes one: what was carried out under it before is answered again.
    pub fn keyed(self, key: &str) -> Call<A> {
        self.header(IDEMPOTENCY_KEY, key)
    }

    /// Answered within this.
    pub fn within(mut self, time: Duration) -> Call<A> {
        self.within = time;
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Call<A> {
        self.headers.retain(|(there, _)| *there != name);
        self.headers.push((name, value.to_string()));
        self
    }

    /// Asks, and reads the answer.
    pub async fn send(&self) -> Result<A::Value, Error> {
        Ok(self.send_tagged().await?.value)
    }

    /// Asks, and reads the answer with its status and entity tag.
    pub async fn send_tagged(&self) -> Result<Tagged<A::Value>, Error> {
        let whole = self.answered().await?;
        let tag = whole.headers.get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let value = A::read(whole.body).map_err(|error| self.unexpected(&error))?;
        Ok(Tagged { value, status: whole.status, tag })
    }

    pub(crate) fn unexpected(&self, error: &serde_json::Error) -> Error {
        Error::Unexpected { server: self.api.who.url.clone(), why: error.to_string() }
    }

    /// An answer whose body has yet to come.
    pub(crate) async fn open(&self) -> Result<Response, Error> {
        let ids = self.ids()?;
        let response = self.sent(&ids).await.map_err(|lost| lost.error)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let whole = self.whole(response).await.map_err(|lost| lost.error)?;
        Err(self.refusal(&whole))
    }

    /// A success, after as many tries as patience lasts for.
    async fn answered(&self) -> Result<Whole, Error> {
        let ids = self.ids()?;
        let mut pauses = Pauses::new(self.api.who.patience);
        loop {
            let tried = match self.sent(&ids).await {
                Ok(response) => self.whole(response).await,
                Err(lost) => Err(lost),
            };
            let (error, why) = match tried {
                Ok(whole) if whole.status.is_success() => return Ok(whole),
                Ok(whole) => {
                    let error = self.refusal(&whole);
                    let why = error.refusal().and_then(|refusal| self.comes_again(refusal));
                    (error, why)
                }
                Err(Lost { error, reached }) => (error, (!reached || self.is_idempotent()).then_some(Why::Lost)),
            };
            let Some(why) = why else { return Err(error) };
            let [spread] = random()?;
            let Some(pause) = pauses.next(why, spread) else { return Err(error) };
            tokio::time::sleep(pause).await;
        }
    }

    fn is_idempotent(&self) -> bool {
        self.operation.verb != Verb::Post && !self.is_conditional
    }

    /// Whether what was refused now may be had later. Of what is not idempotent only what surely was not carried out.
    fn comes_again(&self, refusal: &Refusal) -> Option<Why> {
        let surely_not = refusal.status == StatusCode::TOO_MANY_REQUESTS;
        refusal.retry_after.filter(|_| surely_not || self.is_idempotent()).map(Why::Busy)
    }

    /// What names this call, however often it is sent.
    fn ids(&self) -> Result<Vec<(HeaderName, String)>, Error> {
        let mut ids = vec![(REQUEST_ID, hex::encode(random::<8>()?))];
        if self.operation.verb == Verb::KeyedPost {
            ids.push((IDEMPOTENCY_KEY, hex::encode(random::<16>()?)));
        }
        ids.retain(|(name, _)| self.headers.iter().all(|(own, _)| own != name));
        Ok(ids)
    }

    async fn sent(&self, ids: &[(HeaderName, String)]) -> Result<Response, Lost> {
        let request = self.request(ids).map_err(|error| Lost { error, reached: true })?;
        request.send().await.map_err(|error| self.lost(&error))
    }

    fn request(&self, ids: &[(HeaderName, String)]) -> Result<RequestBuilder, Error> {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let url = self.api.url(&self.operation.path_of(&names)?);
        let mut request = self.api.http.request(self.operation.verb.method(), url).timeout(self.within);
        if !self.query.is_empty() {
            request = request.query(&self.query);
        }
        for (name, value) in ids.iter().chain(&self.headers) {
            request = request.header(name, value);
        }
        if let Some(media) = A::MEDIA {
            request = request.header("accept", accepted(media));
        }
        if let Some(bearer) = self.api.bearer() {
            request = request.bearer_auth(bearer);
        }
        match &self.body {
            Body::None => Ok(request),
            Body::Json(Ok(body)) => Ok(request.header("content-type", "application/json").body(body.clone())),
            Body::Json(Err(why)) => Err(Error::Client(why.clone())),
            Body::File { kind, bytes, progress: None } => Ok(request.header("content-type", *kind).body(bytes.clone())),
            Body::File { kind, bytes, progress: Some(progress) } => {
                let request = request.header("content-type", *kind).header("content-length", bytes.len());
                Ok(request.body(told(bytes.clone(), progress.clone())))
            }
        }
    }

    async fn whole(&self, mut response: Response) -> Result<Whole, Lost> {
        let (status, headers) = (response.status(), response.headers().clone());
        let most = if status.is_success() { A::LONGEST } else { LONGEST_REFUSAL };
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.lost(&error))? {
            if body.len() + chunk.len() > most {
                return Err(Lost { error: Error::TooMuch, reached: true });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Whole { status, headers, body: body.freeze() })
    }

    fn lost(&self, error: &reqwest::Error) -> Lost {
        let why = if error.is_timeout() { "no answer in time".to_owned() } else { innermost(error) };
        Lost { error: Error::Unreachable { server: self.api.who.url.clone(), why }, reached: !error.is_connect() }
    }

    fn refusal(&self, whole: &Whole) -> Error {
        let header = |name: HeaderName| whole.headers.get(name).and_then(|value| value.to_str().ok());
        Error::Refused(Box::new(Refusal {
            status: whole.status,
            problem: serde_json::from_slice(&whole.body).ok(),
            request_id: header(REQUEST_ID).map(str::to_owned),
            // RFC 9110, section 10.2.3: our servers say seconds.
            retry_after: header(RETRY_AFTER).and_then(|after| after.parse().ok()).map(Duration::from_secs),
            had_bearer: self.api.bearer().is_some(),
        }))
    }
}

/// Problems come as what they are, whatever else is asked for.
fn accepted(media: &str) -> String {
    if media == "application/octet-stream" { "*/*".to_owned() } else { format!("{media}, application/problem+json") }
}

/// In pieces, each of which is told once it is on its way.
fn told(bytes: Bytes, progress: Progress) -> reqwest::Body {
    let length = bytes.len();
    let chunks = (0..length).step_by(UPLOAD_CHUNK).map(move |at| {
        let end = length.min(at + UPLOAD_CHUNK);
        progress(end as u64);
        Ok::<Bytes, std::io::Error>(bytes.slice(at..end))
    });
    reqwest::Body::wrap_stream(stream::iter(chunks))
}

/// reqwest's own texts name the URL again and say nothing; the cause says why.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Client(format!("random numbers: {error}")))?;
    Ok(bytes)
}
