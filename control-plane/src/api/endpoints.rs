//! Where players connect, as `play` tells them: addresses for programs, URLs for browsers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::{HOST, HeaderName};
use serde::Serialize;
use stadion_protocol::contract::{Endpoints, WebAddress};
use stadion_protocol::wire::CONNECT_PATH;
use utoipa::ToSchema;

use crate::http::header_text;

/// Says by which protocol a proxy was reached.
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// The longest name of a host (RFC 1035 section 2.3.4), with a port.
const LONGEST_AUTHORITY: usize = 255 + 6;

/// Where to connect, and how to know the server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndpointsBody {
    /// Over QUIC, ALPN `stadion/1`, in order of preference.
    #[schema(example = json!(["192.0.2.1:7878"]))]
    quic: Vec<String>,
    /// Over WebTransport; none: not offered.
    #[schema(example = "https://192.0.2.1:7878/v1/connect")]
    webtransport: Option<String>,
    /// Over WebSocket, subprotocol `stadion.1`; none: not offered.
    #[schema(example = "ws://192.0.2.1:7878/v1/connect")]
    websocket: Option<String>,
    /// SHA-256 of the certificates that may be pinned over QUIC and WebTransport, base64; none: verify by the system's
    /// roots.
    #[schema(example = json!(["BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="]))]
    certificate_hashes: Vec<String>,
}

impl EndpointsBody {
    /// For whoever sent these headers: a browser that found this API by a name finds the rest by it too.
    pub(crate) fn new(endpoints: &Endpoints, headers: &HeaderMap) -> EndpointsBody {
        let reached = Reached::read(headers);
        let websocket = if reached.secure { "wss" } else { "ws" };
        let url = |scheme: &str, address: &Option<WebAddress>| {
            let authority = reached.authority(address.as_ref()?)?;
            Some(format!("{scheme}://{authority}{CONNECT_PATH}"))
        };
        let webtransport = endpoints.webtransport.as_ref().map(|address| reached.over_udp(address, &endpoints.quic));
        EndpointsBody {
            quic: endpoints.quic.iter().map(ToString::to_string).collect(),
            webtransport: url("https", &webtransport),
            websocket: url(websocket, &endpoints.websocket),
            certificate_hashes: endpoints.certificate_hashes.iter().map(|hash| STANDARD.encode(hash)).collect(),
        }
    }
}

/// The headers that say how the caller reached this API.
pub(crate) fn reached(headers: &HeaderMap) -> HeaderMap {
    let wanted = [HOST, HeaderName::from_static(FORWARDED_PROTO)];
    wanted.into_iter().filter_map(|name| Some((name.clone(), headers.get(&name)?.clone()))).collect()
}

/// The origins at which a browser that sent these headers connects, as a content security policy names them: addresses of
/// IPv6 have no form there.
pub(crate) fn browser_origins(endpoints: &Endpoints, headers: &HeaderMap) -> Vec<String> {
    let body = EndpointsBody::new(endpoints, headers);
    let urls = [body.webtransport, body.websocket].into_iter().flatten();
    let origin = |url: String| url.strip_suffix(CONNECT_PATH).map(str::to_owned);
    urls.filter_map(origin).filter(|origin| !origin.contains('[')).collect()
}

/// How the caller reached this API. It only ever shapes the caller's own answer.
#[derive(Debug, PartialEq, Eq)]
struct Reached<'a> {
    /// A name or an address, IPv6 in brackets.
    host: Option<&'a str>,
    port: Option<u16>,
    /// By TLS, which a proxy in front of this API took off.
    secure: bool,
}

impl<'a> Reached<'a> {
    fn read(headers: &'a HeaderMap) -> Reached<'a> {
        let secure = header_text(headers, FORWARDED_PROTO) == Some("https");
        let (host, port) = match header_text(headers, HOST.as_str()).and_then(split) {
            Some((host, port)) => (Some(host), port),
            None => (None, None),
        };
        Reached { host, port, secure }
    }

    /// `localhost` is two addresses, and over UDP a browser tries the first alone: it is told the one where the gateway is.
    fn over_udp(&self, address: &WebAddress, quic: &[SocketAddr]) -> WebAddress {
        let local = self.host.is_some_and(|host| host == "localhost" || host.ends_with(".localhost"));
        if address.host.is_some() || !local {
            return address.clone();
        }
        let v4 = quic.is_empty() || quic.iter().any(SocketAddr::is_ipv4);
        let host = if v4 { IpAddr::from(Ipv4Addr::LOCALHOST) } else { IpAddr::from(Ipv6Addr::LOCALHOST) };
        WebAddress { host: Some(host.to_string()), port: address.port }
    }

    /// `None` where neither the operator nor the caller named a host.
    fn authority(&self, address: &WebAddress) -> Option<String> {
        let host = match &address.host {
            Some(host) if host.contains(':') => format!("[{host}]"),
            Some(host) => host.clone(),
            None => self.host?.to_owned(),
        };
        Some(match address.port.or(self.port) {
            Some(port) => format!("{host}:{port}"),
            None => host,
        })
    }
}

/// Host and port of an authority; `None`: it is none.
fn split(authority: &str) -> Option<(&str, Option<u16>)> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    if authority.is_empty() || authority.len() > LONGEST_AUTHORITY || !authority.bytes().all(plain) {
        return None;
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => Some((host, Some(port.parse().ok()?))),
        _ => Some((authority, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(headers: &[(&'static str, &str)], webtransport: WebAddress) -> (Option<String>, Option<String>) {
        let headers = headers.iter().map(|(name, value)| {
            (hyper::header::HeaderName::from_static(name), hyper::header::HeaderValue::try_from(*value).unwrap())
        });
        let endpoints = Endpoints {
            webtransport: Some(webtransport),
            websocket: Some(WebAddress::default()),
            ..Endpoints::default()
        };
        let body = EndpointsBody::new(&endpoints, &headers.collect());
        (body.webtransport, body.websocket)
    }

    #[test]
    fn a_browser_connects_by_the_name_that_it_knows_already() {
        let same_port = || WebAddress { host: None, port: Some(7878) };
        for (host, webtransport, websocket) in [
            ("localhost:7878", "https://127.0.0.1:7878/v1/connect", "ws://localhost:7878/v1/connect"),
            ("p-1.localhost:7878", "https://127.0.0.1:7878/v1/connect", "ws://p-1.localhost:7878/v1/connect"),
            ("127.0.0.1:7878", "https://127.0.0.1:7878/v1/connect", "ws://127.0.0.1:7878/v1/connect"),
            ("[::1]:7878", "https://[::1]:7878/v1/connect", "ws://[::1]:7878/v1/connect"),
            ("play.example", "https://play.example:7878/v1/connect", "ws://play.example/v1/connect"),
            ("[::1]", "https://[::1]:7878/v1/connect", "ws://[::1]/v1/connect"),
        ] {
            let told = told(&[("host", host)], same_port());
            assert_eq!(told, (Some(webtransport.to_owned()), Some(websocket.to_owned())), "{host}");
        }
    }

    #[test]
    fn a_gateway_on_the_other_localhost_is_found_there() {
        let reached = Reached { host: Some("localhost"), port: Some(7878), secure: false };
        let told = |quic: &str| reached.over_udp(&WebAddress::default(), &[quic.parse().unwrap()]).host.unwrap();
        assert_eq!((told("[::1]:7878"), told("192.0.2.1:7878")), ("::1".to_owned(), "127.0.0.1".to_owned()));
    }

    #[test]
    fn behind_a_proxy_with_tls_the_socket_is_secure_and_udp_goes_past_it() {
        let headers = [("host", "play.example"), ("x-forwarded-proto", "https")];
        let (webtransport, websocket) =
            told(&headers, WebAddress { host: Some("2001:db8::1".to_owned()), port: Some(99) });
        assert_eq!(webtransport.as_deref(), Some("https://[2001:db8::1]:99/v1/connect"));
        assert_eq!(websocket.as_deref(), Some("wss://play.example/v1/connect"));
    }

    #[test]
    fn a_host_that_is_none_leads_nowhere() {
        for host in ["", "a b", "host/path", "user@host", "host:port", &"x".repeat(300)] {
            assert_eq!(told(&[("host", host)], WebAddress::default()), (None, None), "{host}");
        }
        assert_eq!(told(&[], WebAddress::default()), (None, None));
    }
}
