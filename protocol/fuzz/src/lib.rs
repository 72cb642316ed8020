//! What is fuzzed: every decoder, and both machines fed by a peer that keeps to nothing.
//!
//! Also compiled into the crate's own tests, so that it never falls behind the code.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::Moment;
use stadion_protocol::client::{Client, ClientConfig, Endpoint, Input, PathId, Transmit};
use stadion_protocol::server::{Connection, ConnectionConfig, SeatLink};
use stadion_protocol::token::SchemaHash;
use stadion_protocol::wire::{ClientDatagram, ClientFrame, Credential, ServerDatagram, ServerFrame};

/// Feeds `bytes` to all of it. It must not panic, and nothing may grow past its bound.
pub fn everything(bytes: &[u8]) {
    decoders(bytes);
    server(bytes);
    client(bytes);
}

fn decoders(bytes: &[u8]) {
    let _ = ClientFrame::decode(bytes);
    let _ = ServerFrame::decode(bytes);
    let _ = ClientDatagram::decode(bytes);
    let _ = ServerDatagram::decode(bytes);
}

/// Cuts bytes into steps: one byte says what kind and how long, the rest is content.
fn steps(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (&head, rest) = bytes.split_first()?;
        let (step, rest) = rest.split_at(usize::from(head >> 2).min(rest.len()));
        bytes = rest;
        Some((head & 3, step))
    })
}

fn server(bytes: &[u8]) {
    for greeted in [false, true] {
        let mut now = Moment(0);
        let mut connection = Connection::new(ConnectionConfig::default(), now);
        let mut link = SeatLink::new();
        if greeted {
            // A hello of the client machine itself: what follows it gets past the door.
            connection.on_stream(now, &first_hello()).expect("an honest hello");
        }
        for (kind, step) in steps(bytes) {
            now = now + Duration::from_millis(20);
            let result = match kind {
                0 | 1 => connection.on_stream(now, step),
                2 => connection.on_datagram(now, step),
                _ => connection.on_timeout(now),
            };
            while let Some(received) = connection.poll_received() {
                use stadion_protocol::server::Received;
                match received {
                    Received::Hello(hello) => drop(link.resume(hello.fresh, hello.last_out_seq)),
                    Received::Input { in_seq, .. } => drop(link.accept(in_seq)),
                    Received::Ack { out_seq } => drop(link.ack(out_seq)),
                    Received::Unreliable { .. } | Received::Quality(_) | Received::Leave => {}
                }
            }
            while connection.poll_reply().is_some() {}
            if result.is_err() {
                break;
            }
        }
    }
}

fn new_client() -> Client {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let join = Credential::Join { token: "join".into(), nonce: [0; 16] };
    let endpoint = Endpoint { address, certificate_hashes: Vec::new() };
    Client::new(ClientConfig::new(vec![endpoint], join, SchemaHash::default(), 1), Moment(0))
}

fn first_hello() -> Bytes {
    let mut client = new_client();
    client.handle(Moment(0), Input::Connected { path: PathId(1), max_datagram: None });
    let hello = std::iter::from_fn(|| client.poll_transmit()).find_map(|transmit| match transmit {
        Transmit::Stream { data, .. } => Some(data),
        _ => None,
    });
    hello.expect("a connected client says hello")
}

/// A welcome of seat 0 in session 1: `kind, flags, seat, incarnation, tick, in_seq, next_out_seq, rate`.
const WELCOME: [u8; 9] = [8, 0x41, 1, 0, 1, 0, 0, 1, 20];

fn client(bytes: &[u8]) {
    let mut client = new_client();
    let mut now = Moment(0);
    let path = PathId(1);
    client.handle(now, Input::Connected { path, max_datagram: Some(1_121) });
    client.handle(now, Input::Stream { path, chunk: &WELCOME });
    for (kind, step) in steps(bytes) {
        match kind {
            0 => {
                let path = newest(&mut client, now);
                client.handle(now, Input::Stream { path, chunk: step });
            }
            1 => client.handle(now, Input::Stream { path, chunk: step }),
            2 => client.handle(now, Input::Datagram { path, data: step }),
            _ => {
                now = now + Duration::from_millis(u64::from(step.first().copied().unwrap_or(0)) * 8);
                client.on_timeout(now);
                let _ = client.send(Bytes::copy_from_slice(step));
                let _ = client.send_unreliable(now, Bytes::copy_from_slice(step));
            }
        }
        let next = client.next_timeout();
        assert!(client.is_closed() == next.is_none(), "a client that lives has a timer");
        while client.poll_event().is_some() {}
    }
}

/// Connects whatever the client asks for; the newest of them.
fn newest(client: &mut Client, now: Moment) -> PathId {
    let asked = std::iter::from_fn(|| client.poll_transmit()).filter_map(|transmit| match transmit {
        Transmit::Connect { path, .. } => Some(path),
        _ => None,
    });
    let newest = asked.collect::<Vec<_>>();
    for &path in &newest {
        client.handle(now, Input::Connected { path, max_datagram: None });
    }
    newest.last().copied().unwrap_or(PathId(1))
}
