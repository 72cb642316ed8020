//! What a server says once it is ready: where it is, what it has, what to try first.

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

/// A server that is ready. With `--json` exactly this is printed, on one line.
#[derive(Debug, Serialize)]
pub(crate) struct Ready {
    /// Where its REST API is, as seen from this machine.
    pub(crate) http: String,
    /// Where players connect, as they are told.
    pub(crate) quic: String,
    /// A key of a developer.
    pub(crate) developer_key: String,
    /// A key for everything: it is on this line and in the data folder alone.
    pub(crate) operator_key: String,
    /// SHA-256 of the certificates that players may pin, hexadecimal.
    pub(crate) certificate_hashes: Vec<String>,
    /// Of this process.
    pub(crate) pid: u32,
}

/// What people are told besides.
pub(crate) struct Surroundings {
    /// The address that was bound.
    pub(crate) bound: SocketAddr,
    /// This machine's address on its network.
    pub(crate) lan: Option<IpAddr>,
    /// Where state is kept; `None`: nowhere.
    pub(crate) data: Option<String>,
    /// Where address and key were left for other commands.
    pub(crate) saved: Option<String>,
    /// Games that can be played.
    pub(crate) games: Vec<String>,
}

/// An address of this machine that reaches what is bound: a wildcard is none.
pub(crate) fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port())
}

/// The lines for people.
pub(crate) fn lines(ready: &Ready, around: &Surroundings) -> Vec<String> {
    let lan = match around.lan {
        Some(ip) if around.bound.ip().is_unspecified() => {
            format!("   LAN http://{}", SocketAddr::new(ip, around.bound.port()))
        }
        _ => String::new(),
    };
    let mut lines = vec![format!("stadion {} ready      {}{lan}", env!("CARGO_PKG_VERSION"), ready.http)];
    lines.push(format!("players    QUIC (UDP) {}", ready.quic));
    if let Some(game) = around.games.iter().find(|game| *game != "relay-arena").or(around.games.first()) {
        lines.push(format!("games      {}", around.games.join("  ")));
        lines.push(format!("play       stadion play {game}          bot: stadion bot {game} --players 1"));
    } else {
        lines.push("games      none yet: stadion new hello && cd hello && stadion publish".to_owned());
    }
    lines.push(format!(
        "upload     curl -T game.wasm {}/v1/games/hello/versions -H \"authorization: Bearer {}\"",
        ready.http, ready.developer_key
    ));
    lines.push(format!("state      {}", around.data.as_deref().unwrap_or("in memory, gone with this process")));
    if let Some(saved) = &around.saved {
        lines.push(format!("commands   find this server and its key in {saved}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_can_be_copied_into_a_shell() {
        let ready = Ready {
            http: "http://127.0.0.1:7878".to_owned(),
            quic: "192.168.1.5:7878".to_owned(),
            developer_key: "dev-0f".to_owned(),
            operator_key: "dev-1f".to_owned(),
            certificate_hashes: vec![],
            pid: 1,
        };
        let around = Surroundings {
            bound: "0.0.0.0:7878".parse().unwrap(),
            lan: Some("192.168.1.5".parse().unwrap()),
            data: Some("/srv/.stadion".to_owned()),
            saved: None,
            games: vec!["relay-arena".to_owned(), "tictactoe".to_owned()],
        };
        let text = lines(&ready, &around).join("\n");
        for part in [
            "LAN http://192.168.1.5:7878",
            "stadion play tictactoe",
            "curl -T game.wasm http://127.0.0.1:7878/v1/games/hello/versions -H \"authorization: Bearer dev-0f\"",
            "/srv/.stadion",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }

    #[test]
    fn a_wildcard_is_reached_by_the_loopback() {
        for (bound, reached) in [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.1:1", "10.0.0.1:1")] {
            assert_eq!(reachable(bound.parse().unwrap()).to_string(), reached);
        }
    }
}
