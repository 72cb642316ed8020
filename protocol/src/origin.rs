//! Which web pages may talk to a server: origins (RFC 6454) and lists of them.
//!
//! Nothing here guards a secret: whoever talks to a server shows a token, and browsers send none by themselves. It keeps
//! a page that an operator does not know from playing on the operator's machines with its visitors' hands.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The longest origin that is looked at, bytes: a scheme, the longest name of a host (RFC 1035 section 2.3.4), a port.
const LONGEST: usize = 8 + 255 + 6;

/// The most entries of a list.
pub const MAX_ORIGINS: usize = 64;

/// Decides about web pages. Programs that are no browsers name no origin and are not asked for one.
pub trait Origins: fmt::Debug + Send + Sync + 'static {
    /// Whether pages of this origin, as a browser names it, may talk to the server that they reached as `authority` (a
    /// host, perhaps with a port).
    fn allows(&self, origin: &str, authority: &str) -> bool;
}

/// One entry of a list: an origin, such as `https://play.example`, or one for all names under a domain, such as
/// `https://*.example`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// `http` or `https`.
    scheme: &'static str,
    /// In lower case, IPv6 in brackets.
    host: String,
    port: u16,
}

/// A text that is no origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no origin: write https://play.example, http://127.0.0.1:8080 or https://*.example")]
pub struct InvalidOrigin(pub String);

impl Origin {
    /// Whether a page of `page` is meant. An entry with a star means every name under its domain.
    fn covers(&self, page: &Origin) -> bool {
        let host = match self.host.strip_prefix('*') {
            Some(domain) => page.host.len() > domain.len() && page.host.ends_with(domain),
            None => self.host == page.host,
        };
        host && (self.scheme, self.port) == (page.scheme, page.port)
    }

    /// Whether it is of the machine that the browser runs on.
    fn is_local(&self) -> bool {
        let name = self.host.trim_matches(['[', ']']);
        name == "localhost"
            || name.ends_with(".localhost")
            || name.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback())
            || name.parse().is_ok_and(|ip: Ipv6Addr| ip.is_loopback())
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Origin, InvalidOrigin> {
        let invalid = || InvalidOrigin(text.chars().take(LONGEST).collect());
        let (scheme, authority) = text.split_once("://").filter(|_| text.len() <= LONGEST).ok_or_else(invalid)?;
        let (scheme, default_port) = match scheme {
            "http" => ("http", 80),
            "https" => ("https", 443),
            _ => return Err(invalid()),
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| invalid())?),
            _ => (authority, default_port),
        };
        let host = host.to_ascii_lowercase();
        if is_host(&host) { Ok(Origin { scheme, host, port }) } else { Err(invalid()) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        match (self.scheme, self.port) {
            ("http", 80) | ("https", 443) => Ok(()),
            (_, port) => write!(f, ":{port}"),
        }
    }
}

/// A name, an address, or a star before the names under a domain.
fn is_host(host: &str) -> bool {
    if let Some(v6) = host.strip_prefix('[') {
        return v6.strip_suffix(']').is_some_and(|v6| v6.parse::<Ipv6Addr>().is_ok());
    }
    let name = host.strip_prefix("*.").unwrap_or(host);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain)
}

/// Pages that a server takes besides those of its own host: by default those of the browser's own machine, for
/// development.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedOrigins {
    any: bool,
    local: bool,
    listed: Vec<Origin>,
}

impl Default for AllowedOrigins {
    fn default() -> AllowedOrigins {
        AllowedOrigins { any: false, local: true, listed: Vec::new() }
    }
}

impl FromStr for AllowedOrigins {
    type Err = InvalidOrigin;

    /// Entries with commas between them: origins, `localhost` for the browser's own machine, `*` for all pages. The
    /// default holds only as long as nothing is said: an empty list allows the server's own pages alone.
    fn from_str(text: &str) -> Result<AllowedOrigins, InvalidOrigin> {
        let mut allowed = AllowedOrigins { any: false, local: false, listed: Vec::new() };
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            match entry {
                "*" => allowed.any = true,
                "localhost" => allowed.local = true,
                _ if allowed.listed.len() == MAX_ORIGINS => return Err(InvalidOrigin(entry.to_owned())),
                _ => allowed.listed.push(entry.parse()?),
            }
        }
        Ok(allowed)
    }
}

impl Origins for AllowedOrigins {
    fn allows(&self, origin: &str, authority: &str) -> bool {
        if self.any {
            return true;
        }
        let Ok(page) = origin.parse::<Origin>() else { return false };
        // Ports may differ: a proxy carries HTTP on one, players' packets go past it to another.
        // And a server on the browser's own machine has several names there.
        let own = format!("http://{authority}").parse::<Origin>();
        let own = own.is_ok_and(|own| own.host == page.host || (own.is_local() && page.is_local()));
        own || (self.local && page.is_local()) || is_listed(&self.listed, &page)
    }
}

/// Whether a page is of one of these origins.
pub fn lists(listed: &[Origin], origin: &str) -> bool {
    origin.parse().is_ok_and(|page| is_listed(listed, &page))
}

fn is_listed(listed: &[Origin], page: &Origin) -> bool {
    // A page's own origin never has a star.
    !page.host.starts_with('*') && listed.iter().any(|entry| entry.covers(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "play.example:7878";

    fn allowed(list: &str) -> AllowedOrigins {
        list.parse().unwrap()
    }

    #[test]
    fn by_default_the_servers_own_pages_and_those_of_the_browsers_machine_are_taken() {
        let default = AllowedOrigins::default();
        for (origin, taken) in [
            ("https://play.example", true),
            ("http://PLAY.example:7878", true),
            ("http://localhost:5173", true),
            ("http://hello.localhost:5173", true),
            ("http://127.0.0.1", true),
            ("http://[::1]:8080", true),
            ("https://evil.example", false),
            ("https://play.example.evil.example", false),
            ("https://localhost.evil.example", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(default.allows(origin, SERVER), taken, "{origin}");
        }
    }

    #[test]
    fn a_list_takes_the_place_of_the_default() {
        let list = allowed("https://a.example, https://*.games.example:8443,http://[2001:db8::1]");
        for (origin, taken) in [
            ("https://a.example", true),
            ("https://a.example:443", true),
            ("http://a.example", false),
            ("https://a.example:444", false),
            ("https://x.games.example:8443", true),
            ("https://x.y.games.example:8443", true),
            ("https://games.example:8443", false),
            ("https://*.games.example:8443", false),
            ("http://[2001:db8::1]:80", true),
            ("https://play.example", true),
            ("http://localhost:5173", false),
        ] {
            assert_eq!(list.allows(origin, SERVER), taken, "{origin}");
        }
        assert!(!allowed("").allows("http://localhost", SERVER));
        assert!(allowed("").allows("http://localhost:7878", "127.0.0.1:7878"), "two names of one machine");
        assert!(allowed("localhost").allows("http://localhost", SERVER));
        assert!(allowed("*").allows("null", SERVER));
    }

    #[test]
    fn a_text_that_is_no_origin_is_refused_with_examples() {
        for text in [
            "play.example",
            "ftp://a",
            "https://",
            "https://a/b",
            "https://a:b",
            "https://*",
            "https://.a",
            "https://[::x]",
        ] {
            let error = text.parse::<AllowedOrigins>().unwrap_err();
            assert!(error.to_string().contains("https://play.example"), "{text}");
        }
        let many = vec!["https://a.example"; MAX_ORIGINS + 1].join(",");
        assert!(many.parse::<AllowedOrigins>().is_err());
    }

    #[test]
    fn an_origin_reads_as_browsers_write_it() {
        for (text, shown) in
            [("https://A.example:443", "https://a.example"), ("http://a.example:8080", "http://a.example:8080")]
        {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), shown);
        }
    }
}
