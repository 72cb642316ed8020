//! Requests to where others want them: owners of games name the URLs, so that every one of them is looked at first.
//!
//! A name is resolved once, its addresses are held against [`Reach`], and the connection goes to an address that passed: what the
//! name means a moment later is of no account. No redirects, no proxies, no cookies; time and bytes are bounded.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST};
use hyper::http::uri::Scheme;
use hyper::http::{HeaderValue, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::addresses::Reach;
use super::outbound::trust;

/// The longest URL, bytes.
pub(crate) const LONGEST_URL: usize = 2_000;

/// Addresses of a name that are tried at most.
const MOST_ADDRESSES: usize = 4;

/// How long a connection to one address may take.
const CONNECT: Duration = Duration::from_secs(3);

/// Why a URL is none that this server asks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlFault {
    /// It does not read.
    #[error("give a whole URL, such as https://hooks.example.com/stadion, of at most {LONGEST_URL} bytes")]
    Malformed,
    /// Neither https nor http.
    #[error("the URL begins with https://")]
    Scheme,
    /// It has a name or a password in it.
    #[error("leave user and password out of the URL: the signature says who sends")]
    Credentials,
    /// In plain text over a network.
    #[error("the URL begins with https://: in plain text {0}")]
    PlainText(&'static str),
    /// Not where this server sends anything.
    #[error("{0} is an address that this server sends nothing to{1}")]
    Address(IpAddr, &'static str),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// See [`UrlFault`].
    #[error("{0}")]
    Url(#[from] UrlFault),
    /// Its name means nothing now.
    #[error("the name {0} has no address")]
    Name(String),
    /// No connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// No TLS with it.
    #[error("no TLS 1.3 with it: {0}")]
    Tls(String),
    /// It does not speak HTTP as it should.
    #[error("no HTTP answer: {0}")]
    Http(#[from] hyper::Error),
    /// Longer than is read.
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    /// It took too long.
    #[error("no answer within {0:?}")]
    Late(Duration),
}

/// How much of an answer is wanted, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// With everything.
    pub(crate) within: Duration,
    /// Bytes of its body at most; `None`: its body is not read.
    pub(crate) body: Option<usize>,
}

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guarded {
    reach: Reach,
}

struct Target {
    host: String,
    port: u16,
    secure: bool,
}

impl Guarded {
    pub(crate) fn new(reach: Reach) -> Guarded {
        Guarded { reach }
    }

    /// Whether a URL is one that may be asked, as far as it says itself: what its name means is looked at when it is asked.
    pub(crate) fn check(&self, url: &str) -> Result<(), UrlFault> {
        let uri = read(url)?;
        let target = target(&uri)?;
        match target.host.parse() {
            Ok(address) => self.admit(address, target.secure),
            Err(_) if !target.secure && self.reach == Reach::Public => Err(UrlFault::PlainText(NOT_HERE)),
            Err(_) => Ok(()),
        }
    }

    /// Asks. The request's URL is absolute.
    pub(crate) async fn send(&self, request: Request<Bytes>, bounds: Bounds) -> Result<Response<Bytes>, SendError> {
        let answer = tokio::time::timeout(bounds.within, self.ask(request, bounds)).await;
        answer.unwrap_or(Err(SendError::Late(bounds.within)))
    }

    async fn ask(&self, mut request: Request<Bytes>, bounds: Bounds) -> Result<Response<Bytes>, SendError> {
        let uri = request.uri().clone();
        let target = target(&uri)?;
        let stream = self.connect(&target).await?;
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        request.headers_mut().insert(HOST, HeaderValue::try_from(authority).map_err(|_| UrlFault::Malformed)?);
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse().map_err(|_| UrlFault::Malformed)?;
        if target.secure {
            let name = ServerName::try_from(target.host).map_err(|_| UrlFault::Malformed)?;
            let stream = TlsConnector::from(trust()).connect(name, stream).await;
            converse(stream.map_err(|error| SendError::Tls(error.to_string()))?, request, bounds).await
        } else {
            converse(stream, request, bounds).await
        }
    }

    /// A connection to an address that passed.
    async fn connect(&self, target: &Target) -> Result<TcpStream, SendError> {
        let mut last = None;
        for address in self.resolve(target).await? {
            match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = Some(error.to_string()),
                Err(_) => last = Some(format!("{address} takes longer than {CONNECT:?}")),
            }
        }
        Err(SendError::Connect(last.unwrap_or_default()))
    }

    /// The addresses of a target, once, and those alone that this server sends to.
    async fn resolve(&self, target: &Target) -> Result<Vec<SocketAddr>, SendError> {
        let unknown = || SendError::Name(target.host.clone());
        let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await.map_err(|_| unknown())?;
        let (mut good, mut refused) = (Vec::new(), None);
        for address in found.take(MOST_ADDRESSES) {
            match self.admit(address.ip(), target.secure) {
                Ok(()) => good.push(address),
                Err(fault) => refused = Some(fault),
            }
        }
        match refused {
            Some(fault) if good.is_empty() => Err(fault.into()),
            _ if good.is_empty() => Err(unknown()),
            _ => Ok(good),
        }
    }

    fn admit(&self, address: IpAddr, secure: bool) -> Result<(), UrlFault> {
        if !self.reach.covers(address) {
            let fix = if Reach::Private.covers(address) { "; its operator can allow that: --webhooks" } else { "" };
            return Err(UrlFault::Address(address, fix));
        }
        if !secure && !self.reach.in_plain_text(address) {
            return Err(UrlFault::PlainText(NOT_HERE));
        }
        Ok(())
    }
}

/// Where nothing is sent without TLS.
const NOT_HERE: &str = "this server sends to nobody on the internet";

/// A whole URL.
fn read(url: &str) -> Result<Uri, UrlFault> {
    let plain = !url.is_empty() && url.len() <= LONGEST_URL && url.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
    // Nothing behind a `#` is ever sent: whoever writes one expects something else.
    if !plain || url.contains('#') {
        return Err(UrlFault::Malformed);
    }
    url.parse().map_err(|_| UrlFault::Malformed)
}

fn target(uri: &Uri) -> Result<Target, UrlFault> {
    let secure = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => true,
        Some(scheme) if *scheme == Scheme::HTTP => false,
        Some(_) => return Err(UrlFault::Scheme),
        None => return Err(UrlFault::Malformed),
    };
    if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        return Err(UrlFault::Credentials);
    }
    let host = uri.host().map(|host| host.trim_start_matches('[').trim_end_matches(']')).unwrap_or_default();
    if host.is_empty() {
        return Err(UrlFault::Malformed);
    }
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    Ok(Target { host: host.to_owned(), port, secure })
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Bytes>,
    bounds: Bounds,
) -> Result<Response<Bytes>, SendError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with this function, however that ends.
    let _driving = AbortOnDrop(tokio::spawn(connection));
    let answer = sender.send_request(request.map(Full::new)).await?;
    let (head, body) = answer.into_parts();
    let body = match bounds.body {
        Some(most) => collect(body, most).await?,
        None => Bytes::new(),
    };
    Ok(Response::from_parts(head, body))
}

struct AbortOnDrop(tokio::task::JoinHandle<Result<(), hyper::Error>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn collect(mut body: Incoming, most: usize) -> Result<Bytes, SendError> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if whole.len() + data.len() > most {
            return Err(SendError::TooLarge(most));
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.into())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const BOUNDS: Bounds = Bounds { within: Duration::from_secs(20), body: Some(100) };

    fn here() -> Guarded {
        Guarded::new(Reach::ThisMachine)
    }

    #[test]
    fn urls_are_looked_at_when_they_are_given() {
        for (reach, url, good) in [
            (Reach::Public, "https://hooks.example.com/a?b=c", true),
            (Reach::Public, "https://hooks.example.com:8443", true),
            (Reach::Public, "https://[2606:4700::1]/", true),
            (Reach::Public, "http://hooks.example.com/", false),
            (Reach::Public, "http://localhost/", false),
            (Reach::Public, "https://127.0.0.1/", false),
            (Reach::Public, "https://[::1]/", false),
            (Reach::Public, "https://[::ffff:10.0.0.1]/", false),
            (Reach::Public, "https://169.254.169.254/latest/meta-data", false),
            (Reach::Public, "https://me:secret@hooks.example.com/", false),
            (Reach::Public, "https://hooks.example.com/#a", false),
            (Reach::Public, "ftp://hooks.example.com/", false),
            (Reach::Public, "/hooks", false),
            (Reach::Public, "https://", false),
            (Reach::Public, "https:///a", false),
            (Reach::Public, "hooks.example.com", false),
            (Reach::Public, "", false),
            (Reach::Public, "https://hooks.example.com/ a", false),
            (Reach::Public, "https://hooks.example.com/ä", false),
            (Reach::ThisMachine, "http://127.0.0.1:8080/", true),
            (Reach::ThisMachine, "http://localhost:8080/", true),
            (Reach::ThisMachine, "http://10.0.0.1/", false),
            (Reach::ThisMachine, "http://1.1.1.1/", false),
            (Reach::Private, "http://10.0.0.1/", true),
            (Reach::Private, "http://169.254.169.254/", false),
        ] {
            assert_eq!(Guarded::new(reach).check(url).is_ok(), good, "{reach:?} {url}");
        }
        assert_eq!(here().check(&format!("https://a.example/{}", "a".repeat(2_000))), Err(UrlFault::Malformed));
    }

    /// Answers one request with these bytes, then keeps the connection; what it was asked comes back.
    async fn server(answer: &'static [u8]) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/in?a=b", listener.local_addr().unwrap().port());
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"hello") {
                assert_ne!(stream.read_buf(&mut asked).await.unwrap(), 0);
            }
            stream.write_all(answer).await.unwrap();
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            String::from_utf8(asked).unwrap()
        });
        (url, asked)
    }

    async fn ask(guarded: Guarded, url: &str, bounds: Bounds) -> Result<Response<Bytes>, SendError> {
        guarded.send(Request::post(url).body(Bytes::from("hello")).unwrap(), bounds).await
    }

    #[tokio::test]
    async fn a_request_goes_out_whole_and_its_answer_comes_back() {
        let (url, asked) = server(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok").await;
        let answer = ask(here(), &url, BOUNDS).await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (201, &b"ok"[..]));
        let asked = asked.await.unwrap();
        assert!(asked.starts_with("POST /in?a=b HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("host: localhost:"), "{asked}");
    }

    #[tokio::test]
    async fn a_name_that_leads_where_nothing_is_sent_is_refused_when_it_is_asked() {
        let (url, asked) = server(b"").await;
        let refused = ask(Guarded::new(Reach::Public), &url.replace("http:", "https:"), BOUNDS).await;
        assert!(matches!(refused, Err(SendError::Url(UrlFault::Address(..)))), "{refused:?}");
        let refused = ask(Guarded::new(Reach::Public), &url, BOUNDS).await;
        assert!(matches!(refused, Err(SendError::Url(_))), "{refused:?}");
        assert!(!asked.is_finished(), "nobody came");
        asked.abort();
    }

    #[tokio::test]
    async fn redirects_are_answers_like_others() {
        let (url, _asked) =
            server(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(ask(here(), &url, BOUNDS).await.unwrap().status(), 302);
    }

    #[tokio::test]
    async fn long_answers_late_answers_and_nonsense_are_bounded() {
        let (url, _asked) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").await;
        assert!(matches!(ask(here(), &url, BOUNDS).await, Err(SendError::TooLarge(100))));
        let (url, _asked) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await;
        assert_eq!(ask(here(), &url, Bounds { body: None, ..BOUNDS }).await.unwrap().status(), 200);
        let short = Bounds { within: Duration::from_millis(50), ..BOUNDS };
        let (url, _asked) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n").await;
        assert!(matches!(ask(here(), &url, short).await, Err(SendError::Late(_))));
        let (url, _asked) = server(b"SSH-2.0-OpenSSH\r\n\r\n").await;
        assert!(matches!(ask(here(), &url, BOUNDS).await, Err(SendError::Http(_))));
    }
}
