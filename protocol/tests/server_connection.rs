//! The server's connection machine against good and bad clients.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::server::{Closing, Connection, ConnectionConfig, Received};
use stadion_protocol::token::SchemaHash;
use stadion_protocol::wire::{
    ClientDatagram, ClientFrame, ClientId, Credential, FrameReader, Hello, MAX_SERVER_FRAME, MAX_UNRELIABLE,
    PROTOCOL_VERSION, Reassembly, ServerDatagram, ServerFrame, Speaker,
};
use stadion_protocol::{CloseCode, Incarnation, Moment, Tick};

fn hello() -> Hello {
    Hello {
        protocol_version: PROTOCOL_VERSION,
        schema: SchemaHash([5; 8]),
        speaker: Speaker { client: ClientId([6; 8]), connection: 1 },
        credential: Credential::Join { token: "token".into(), nonce: [1; 16] },
        last_out_seq: 0,
        incarnation: 0,
        last_tick: Tick(0),
        fresh: true,
        options: Bytes::from_static(b"options"),
    }
}

const START: Moment = Moment(1_000);

fn connection() -> Connection {
    Connection::new(ConnectionConfig::default(), START)
}

fn open() -> Connection {
    let mut connection = connection();
    connection.on_stream(START, &ClientFrame::Hello(Box::new(hello())).encode()).unwrap();
    assert_eq!(connection.poll_received(), Some(Received::Hello(Box::new(hello()))));
    connection
}

fn code(result: Result<(), Closing>) -> CloseCode {
    result.expect_err("a refusal").code
}

fn inputs(first: u64, bytes: &[u8]) -> Bytes {
    let inputs = bytes.iter().map(|&byte| Bytes::from(vec![byte])).collect();
    ClientDatagram::Inputs { first, inputs }.encode()
}

fn received(connection: &mut Connection) -> Vec<Received> {
    std::iter::from_fn(|| connection.poll_received()).collect()
}

fn unreliable(byte: u8) -> Received {
    Received::Unreliable { data: Bytes::from(vec![byte]) }
}

#[test]
fn a_client_that_never_says_hello_is_closed_after_three_seconds() {
    let mut connection = connection();
    assert_eq!(connection.next_timeout(), Some(START + Duration::from_secs(3)));
    assert_eq!(connection.on_timeout(START + Duration::from_millis(2_999)), Ok(()));
    assert_eq!(code(connection.on_timeout(START + Duration::from_secs(3))), CloseCode::TimedOut);
}

#[test]
fn a_hello_that_comes_byte_by_byte_has_the_same_three_seconds() {
    let mut connection = connection();
    let bytes = ClientFrame::Hello(Box::new(hello())).encode();
    let step = Duration::from_millis(100);
    let end = (1..).zip(bytes.iter()).find_map(|(i, byte)| connection.on_stream(START + step * i, &[*byte]).err());
    assert_eq!(end.map(|closing| closing.code), Some(CloseCode::TimedOut));
}

#[test]
fn a_future_protocol_version_is_told_apart_from_nonsense() {
    let mut future = ClientFrame::Hello(Box::new(hello())).encode().to_vec();
    future[2..4].copy_from_slice(&2u16.to_le_bytes());
    let truncated = [4, 0x01, 9, 0, 77];
    for bytes in [&future[..], &truncated] {
        let closing = connection().on_stream(START, bytes).unwrap_err();
        assert_eq!(closing.code, CloseCode::OutdatedClient, "{closing}");
    }
}

#[test]
fn whatever_is_not_the_protocol_closes_the_connection() {
    let cases: [(&str, Vec<u8>); 7] = [
        ("no hello first", ClientFrame::Leave.encode().to_vec()),
        ("an unknown kind", vec![1, 0x7f]),
        ("a server's frame", ServerFrame::Ack { in_seq: 1 }.encode().to_vec()),
        ("an empty frame", vec![0]),
        ("a frame over the limit", vec![0xff, 0xff, 0x7f]),
        ("HTTP", b"GET / HTTP/1.1\r\n".repeat(8)),
        ("a second hello", ClientFrame::Hello(Box::new(hello())).encode().repeat(2)),
    ];
    for (what, bytes) in cases {
        let mut connection = connection();
        let result = connection.on_stream(START, &bytes);
        assert_eq!(code(result), CloseCode::ProtocolError, "{what}");
        assert_eq!(code(connection.on_stream(START, &[])), CloseCode::ProtocolError, "an error is final");
    }
}

#[test]
fn what_came_before_the_fault_still_counts() {
    let mut connection = open();
    let mut bytes = ClientFrame::Ack { out_seq: 7 }.encode().to_vec();
    bytes.push(0);
    assert!(connection.on_stream(START, &bytes).is_err());
    assert_eq!(received(&mut connection), [Received::Ack { out_seq: 7 }]);
}

#[test]
fn repeated_and_reordered_inputs_count_once() {
    let mut connection = open();
    for datagram in
        [inputs(1, &[1]), inputs(1, &[1, 2]), inputs(3, &[3, 4, 5]), inputs(1, &[1, 2, 3]), inputs(3, &[3, 4])]
    {
        connection.on_datagram(START, &datagram).unwrap();
    }
    assert_eq!(received(&mut connection), [1, 2, 3, 4, 5].map(unreliable));
    connection.on_datagram(START, &inputs(100, &[9])).unwrap();
    connection.on_datagram(START, &inputs(30, &[8])).unwrap();
    assert_eq!(received(&mut connection), [unreliable(9)], "too old to know");
}

#[test]
fn a_datagram_that_outruns_the_hello_is_dropped() {
    let mut connection = connection();
    connection.on_datagram(START, &inputs(1, &[1])).unwrap();
    assert_eq!(connection.poll_received(), None);
}

#[test]
fn ten_thousand_messages_a_second_are_too_fast() {
    for reliable in [true, false] {
        let mut connection = open();
        let step = Duration::from_micros(100);
        let end = (1..10_000u64).find_map(|n| {
            let now = START + step * n as u32;
            let result = if reliable {
                connection.on_stream(now, &ClientFrame::Input { in_seq: n, data: Bytes::new() }.encode())
            } else {
                connection.on_datagram(now, &inputs(n, &[0]))
            };
            result.err().map(|closing| (n, closing.code))
        });
        let (count, code) = end.expect("closed");
        assert_eq!(code, CloseCode::TooFast);
        assert!((500..800).contains(&count), "{count} messages got through");
    }
}

#[test]
fn a_fast_player_is_not_too_fast() {
    let mut connection = open();
    for n in 1..6_000u64 {
        let now = START + Duration::from_millis(5) * n as u32;
        connection.on_datagram(now, &inputs(n, &[0; 1])).unwrap();
        while connection.poll_received().is_some() {}
    }
}

#[test]
fn megabytes_are_too_fast_even_in_few_messages() {
    let mut connection = open();
    let large = ClientFrame::Input { in_seq: 1, data: vec![0; 16 * 1024].into() }.encode();
    let end = (0..64).find_map(|_| connection.on_stream(START, &large).err());
    assert_eq!(end.map(|closing| closing.code), Some(CloseCode::TooFast));
}

#[test]
fn a_ping_is_answered_and_a_flood_of_them_is_not_buffered() {
    let mut connection = open();
    (1..=100).for_each(|token| connection.on_stream(START, &ClientFrame::Ping { token }.encode()).unwrap());
    let replies: Vec<Bytes> = std::iter::from_fn(|| connection.poll_reply()).collect();
    assert_eq!(replies.len(), 4);
    let mut reader = FrameReader::new(MAX_SERVER_FRAME);
    reader.push(&replies[0]);
    assert_eq!(ServerFrame::decode(reader.next_frame().unwrap().unwrap()), Ok(ServerFrame::Pong { token: 1 }));
}

#[test]
fn unreliable_messages_are_numbered_within_their_tick_and_split_to_fit() {
    let mut connection = open();
    connection.set_max_datagram(1_121);
    let large = Bytes::from(vec![7; MAX_UNRELIABLE]);
    let mut sent = Vec::new();
    for (tick, data) in [(1, Bytes::new()), (1, large.clone()), (2, Bytes::new())] {
        sent.extend(connection.unreliable(Incarnation(1), Tick(tick), data).unwrap());
    }
    assert!(sent.iter().all(|datagram| datagram.len() <= 1_121));
    let mut parts = Reassembly::new();
    let whole = sent.iter().filter_map(|datagram| {
        let ServerDatagram::Unreliable { id, fragment, data } = ServerDatagram::decode(datagram).unwrap();
        let data = match fragment {
            Some(fragment) => parts.push(id, fragment, data)?,
            None => data,
        };
        Some((id.tick.0, id.index, data.len()))
    });
    assert_eq!(whole.collect::<Vec<_>>(), [(1, 0, 0), (1, 1, large.len()), (2, 0, 0)]);
    assert!(connection.unreliable(Incarnation(1), Tick(3), vec![0; MAX_UNRELIABLE + 1].into()).is_err());
    connection.set_max_datagram(100);
    assert!(connection.unreliable(Incarnation(1), Tick(3), large).is_err(), "more parts than allowed");
}
