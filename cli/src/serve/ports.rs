//! HTTP and QUIC share a port number: one on TCP, one on UDP.

use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpListener;

use super::port::{self, Transport};
use crate::failure::{Failure, Outcome};

/// With any port, this many are tried until one is free on both transports.
const TRIES: usize = 16;

/// Binds TCP, then lets `udp` bind the same number, again with other numbers while any will do.
pub(crate) async fn bind<T, E: std::fmt::Display>(
    ip: IpAddr,
    port: u16,
    mut udp: impl FnMut(SocketAddr) -> Result<T, E>,
) -> Outcome<(TcpListener, T)> {
    for left in (0..if port == 0 { TRIES } else { 1 }).rev() {
        let address = SocketAddr::new(ip, port);
        let listener = TcpListener::bind(address).await.map_err(|error| taken(Transport::Tcp, address, &error))?;
        let bound = listener.local_addr().map_err(|error| Failure::failed(format!("the bound address: {error}")))?;
        match udp(bound) {
            Ok(udp) => return Ok((listener, udp)),
            Err(error) if left == 0 => return Err(taken(Transport::Udp, bound, &error)),
            Err(_) => {}
        }
    }
    unreachable!("the last try returns")
}

/// Says who has the port, where that can be known.
fn taken(transport: Transport, address: SocketAddr, error: &dyn std::fmt::Display) -> Failure {
    let what = format!("{} port {}", transport.name(), address.port());
    match port::holder(transport, address.port()) {
        Some(holder) => Failure::failed(format!("{what} is taken by {holder}"))
            .fix("end it, or choose another port: stadion serve --port 7879"),
        None => Failure::failed(format!("{what} on {} cannot be used: {error}", address.ip()))
            .fix("choose another port: stadion serve --port 7879"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCALHOST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn udp(address: SocketAddr) -> std::io::Result<std::net::UdpSocket> {
        std::net::UdpSocket::bind(address)
    }

    #[tokio::test]
    async fn both_transports_share_the_number() {
        let (tcp, udp) = bind(LOCALHOST, 0, udp).await.unwrap();
        assert_eq!(tcp.local_addr().unwrap(), udp.local_addr().unwrap());
    }

    #[tokio::test]
    async fn a_taken_port_is_explained_with_what_to_do() {
        let (tcp, other) = bind(LOCALHOST, 0, udp).await.unwrap();
        let port = tcp.local_addr().unwrap().port();
        let failure = bind(LOCALHOST, port, udp).await.unwrap_err();
        assert!(failure.message.contains(&format!("TCP port {port}")), "{failure}");
        drop(tcp);
        let failure = bind(LOCALHOST, port, udp).await.unwrap_err();
        assert!(failure.message.contains(&format!("UDP port {port}")), "{failure}");
        assert!(failure.fix.is_some_and(|fix| fix.contains("--port")));
        if cfg!(target_os = "linux") {
            assert!(failure.message.contains(&format!("(process {})", std::process::id())), "{}", failure.message);
        }
        drop(other);
    }
}
