//! What clients are told to connect to.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use crate::failure::{Failure, Outcome};

/// An address as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Advertise {
    /// A name or an address.
    pub(crate) host: String,
    /// The port, where it differs from the one listened on.
    pub(crate) port: Option<u16>,
}

impl Advertise {
    /// Its addresses now. Names are looked up once, at the start.
    pub(crate) fn resolve(&self, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        Ok((self.host.as_str(), self.port.unwrap_or(port)).to_socket_addrs()?.collect())
    }
}

/// `HOST` or `HOST:PORT`; IPv6 addresses with a port stand in brackets.
pub(super) fn parse(text: &str) -> Outcome<Advertise> {
    let refuse = || {
        Failure::usage(format!("--advertise {text:?} is neither HOST nor HOST:PORT"))
            .fix("for example --advertise play.example.com or --advertise 203.0.113.7:7878")
    };
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(Advertise { host: address.ip().to_string(), port: Some(address.port()) });
    }
    if text.parse::<IpAddr>().is_ok() {
        return Ok(Advertise { host: text.to_owned(), port: None });
    }
    let (host, port) = match text.split_once(':') {
        None => (text, None),
        Some((host, port)) => (host, Some(port.parse().map_err(|_| refuse())?)),
    };
    let named = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    if named { Ok(Advertise { host: host.to_owned(), port }) } else { Err(refuse()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_to_advertise() {
        for (text, host, port) in [
            ("play.example.com", "play.example.com", None),
            ("play.example.com:99", "play.example.com", Some(99)),
            ("203.0.113.7", "203.0.113.7", None),
            ("203.0.113.7:7878", "203.0.113.7", Some(7878)),
            ("2001:db8::1", "2001:db8::1", None),
            ("[2001:db8::1]:80", "2001:db8::1", Some(80)),
        ] {
            assert_eq!(parse(text).unwrap(), Advertise { host: host.to_owned(), port }, "{text}");
        }
        for bad in ["", ":7878", "a b", "host:port", "http://host"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
