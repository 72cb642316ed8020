//! The smallest HTTP/1.1 client (RFC 9112) that a benchmark needs: one kept connection, one request at a time, on the
//! caller's own thread, so that what is measured is the server and not a client's machinery.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

/// How long one answer may take; an upload compiles in that time.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// The longest answer that is read.
const MAX_BODY: usize = 1 << 20;
/// The most header lines of an answer.
const MAX_HEADERS: usize = 64;

/// One connection to a server on this machine.
pub(crate) struct Http {
    reader: BufReader<TcpStream>,
    host: String,
    /// Header lines that every request has besides.
    more: String,
}

/// What is asked.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    /// The bearer token; empty: none.
    pub(super) key: &'a str,
    /// The type of the body.
    pub(super) kind: &'a str,
    pub(super) body: &'a [u8],
}

impl Http {
    /// Connects to `http://host:port`.
    pub(crate) fn connect(url: &str) -> anyhow::Result<Http> {
        let host = url.strip_prefix("http://").context("the server's address is not http://")?.trim_end_matches('/');
        let stream = TcpStream::connect(host).with_context(|| format!("connecting to {host}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        Ok(Http { reader: BufReader::new(stream), host: host.to_owned(), more: String::new() })
    }

    /// Calls in the name of somebody at this address from now on: the server must trust its callers to say so.
    pub(crate) fn call_for(&mut self, address: Ipv4Addr) {
        self.more = format!("x-forwarded-for: {address}\r\n");
    }

    /// One request with its answer's status and JSON (null when empty).
    pub(super) fn call(&mut self, request: &Request<'_>) -> anyhow::Result<(u16, Value)> {
        let Request { method, path, key, kind, body } = request;
        let bearer = if key.is_empty() { String::new() } else { format!("authorization: Bearer {key}\r\n") };
        let (host, more, length) = (&self.host, &self.more, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\n{more}{bearer}content-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
        );
        self.reader.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        let (status, length) = self.head().with_context(|| format!("{method} {path}"))?;
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body)?;
        let value = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).context("an answer that is no JSON")?
        };
        Ok((status, value))
    }

    /// Like [`Http::call`] with JSON, where only a 2xx answer will do.
    pub(crate) fn json(&mut self, method: &str, path: &str, key: &str, body: &[u8]) -> anyhow::Result<Value> {
        let (status, value) = self.call(&Request { method, path, key, kind: "application/json", body })?;
        ensure!((200..300).contains(&status), "{method} {path}: {status} {value}");
        Ok(value)
    }

    /// Status and content length.
    fn head(&mut self) -> anyhow::Result<(u16, usize)> {
        let status = self.line()?.split(' ').nth(1).and_then(|code| code.parse().ok()).context("no status line")?;
        let mut length = 0;
        for _ in 0..MAX_HEADERS {
            let line = self.line()?;
            if line.is_empty() {
                ensure!(length <= MAX_BODY, "an answer of {length} bytes");
                return Ok((status, length));
            }
            let (name, value) = line.split_once(':').context("a header without a colon")?;
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse()?,
                "transfer-encoding" => bail!("an answer without a length"),
                _ => {}
            }
        }
        bail!("too many headers")
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.reader.by_ref().take(8 << 10).read_line(&mut line)?;
        ensure!(line.ends_with('\n'), "the server closed the connection");
        Ok(line.trim_end().to_owned())
    }
}
