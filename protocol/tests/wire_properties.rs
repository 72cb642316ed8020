//! Every frame and datagram survives the wire, and nothing else passes for one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use stadion_protocol::token::{ResumeToken, SchemaHash};
use stadion_protocol::wire::{
    ClientDatagram, ClientFrame, ClientId, Credential, Fragment, FrameReader, Hello, MAX_CLIENT_FRAME, MAX_INPUT,
    MAX_MESSAGE, MAX_SERVER_FRAME, MAX_UNRELIABLE, PROTOCOL_VERSION, PrepareMove, Quality, ServerDatagram, ServerFrame,
    Speaker, UnreliableId, Welcome, WireError,
};
use stadion_protocol::{CloseCode, Incarnation, MatchId, Seat, Tick};

fn data(most: usize) -> impl Strategy<Value = Bytes> {
    prop_oneof![9 => vec(any::<u8>(), 0..100), 1 => vec(any::<u8>(), most..=most)].prop_map(Bytes::from)
}

fn resume_token() -> impl Strategy<Value = ResumeToken> {
    any::<([u8; 16], u16, [u8; 16])>().prop_map(|(id, seat, secret)| ResumeToken {
        match_id: MatchId(id),
        seat: Seat(seat),
        secret,
    })
}

fn credential() -> impl Strategy<Value = Credential> {
    prop_oneof![
        ("[ -~]{0,300}", any::<[u8; 16]>()).prop_map(|(token, nonce)| Credential::Join { token, nonce }),
        resume_token().prop_map(Credential::Resume),
    ]
}

fn hello() -> impl Strategy<Value = Hello> {
    let numbers = any::<([u8; 8], u64, u32, u64, bool)>();
    let speaker = any::<([u8; 8], u32)>();
    (credential(), speaker, numbers, vec(any::<u8>(), 0..200)).prop_map(
        |(credential, (client, connection), (schema, last_out_seq, incarnation, last_tick, fresh), options)| Hello {
            protocol_version: PROTOCOL_VERSION,
            schema: SchemaHash(schema),
            speaker: Speaker { client: ClientId(client), connection },
            credential,
            last_out_seq,
            incarnation,
            last_tick: Tick(last_tick),
            fresh,
            options: options.into(),
        },
    )
}

fn client_frame() -> impl Strategy<Value = ClientFrame> {
    prop_oneof![
        hello().prop_map(|hello| ClientFrame::Hello(Box::new(hello))),
        (any::<u64>(), data(MAX_INPUT)).prop_map(|(in_seq, data)| ClientFrame::Input { in_seq, data }),
        any::<u64>().prop_map(|out_seq| ClientFrame::Ack { out_seq }),
        Just(ClientFrame::Leave),
        any::<u64>().prop_map(|token| ClientFrame::Ping { token }),
        (any::<u16>(), any::<u16>(), 0..=1_000u16).prop_map(|(round_trip_ms, jitter_ms, loss_permille)| {
            ClientFrame::Quality(Quality { round_trip_ms, jitter_ms, loss_permille })
        }),
    ]
}

fn welcome() -> impl Strategy<Value = Welcome> {
    any::<(u16, u32, u64, u64, u64, bool, u16)>().prop_map(
        |(seat, incarnation, tick, in_seq, next_out_seq, fresh, rate)| Welcome {
            seat: Seat(seat),
            incarnation: Incarnation(incarnation),
            tick: Tick(tick),
            in_seq,
            next_out_seq,
            fresh,
            rate,
        },
    )
}

fn prepare_move() -> impl Strategy<Value = PrepareMove> {
    (any::<IpAddr>(), any::<u16>(), vec(any::<[u8; 32]>(), 0..=4), resume_token()).prop_map(
        |(ip, port, certificate_hashes, token)| PrepareMove {
            address: SocketAddr::new(ip, port),
            certificate_hashes,
            token,
        },
    )
}

fn server_frame() -> impl Strategy<Value = ServerFrame> {
    prop_oneof![
        welcome().prop_map(ServerFrame::Welcome),
        resume_token().prop_map(ServerFrame::ResumeToken),
        (any::<(u64, u64)>(), data(MAX_MESSAGE)).prop_map(|((out_seq, tick), data)| ServerFrame::Message {
            out_seq,
            tick: Tick(tick),
            data
        }),
        any::<u64>().prop_map(|in_seq| ServerFrame::Ack { in_seq }),
        prepare_move().prop_map(ServerFrame::PrepareMove),
        any::<(u32, u64, u64)>().prop_map(|(incarnation, tick, out_seq)| ServerFrame::Moved {
            incarnation: Incarnation(incarnation),
            tick: Tick(tick),
            out_seq
        }),
        (prop::sample::select(&CloseCode::ALL), "\\PC{0,50}")
            .prop_map(|(code, reason)| ServerFrame::Ended { code, reason }),
        any::<u64>().prop_map(|token| ServerFrame::Pong { token }),
    ]
}

fn fragment() -> impl Strategy<Value = Fragment> {
    (2..=16u8).prop_flat_map(|count| (0..count, Just(count))).prop_map(|(number, count)| Fragment { number, count })
}

fn part() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 1..1_100).prop_map(Bytes::from)
}

fn client_datagram() -> impl Strategy<Value = ClientDatagram> {
    prop_oneof![
        (1..u64::MAX - 8, vec(data(MAX_UNRELIABLE), 1..=8))
            .prop_map(|(first, inputs)| ClientDatagram::Inputs { first, inputs }),
        (1..=u64::MAX, fragment(), part()).prop_map(|(number, fragment, data)| ClientDatagram::Fragment {
            number,
            fragment,
            data
        }),
    ]
}

fn server_datagram() -> impl Strategy<Value = ServerDatagram> {
    let id = any::<(u32, u64, u16)>().prop_map(|(incarnation, tick, index)| UnreliableId {
        incarnation: Incarnation(incarnation),
        tick: Tick(tick),
        index,
    });
    let content = prop_oneof![
        data(MAX_UNRELIABLE).prop_map(|data| (None, data)),
        (fragment(), part()).prop_map(|(fragment, data)| (Some(fragment), data)),
    ];
    (id, content).prop_map(|(id, (fragment, data))| ServerDatagram::Unreliable { id, fragment, data })
}

/// The body of a stream that holds one frame, cut in two on the way.
fn body(stream: &[u8], max_body: usize, cut: usize) -> Vec<u8> {
    let mut reader = FrameReader::new(max_body);
    let (head, tail) = stream.split_at(cut % stream.len());
    reader.push(head);
    assert_eq!(reader.next_frame(), Ok(None));
    reader.push(tail);
    let body = reader.next_frame().unwrap().unwrap().to_vec();
    assert_eq!(reader.pending(), 0);
    body
}

/// Whatever decodes is what the encoder writes for it: there is one encoding of each value.
fn canonical<T>(bytes: &[u8], decode: impl Fn(&[u8]) -> Result<T, WireError>, encode: impl Fn(&T) -> Vec<u8>) {
    if let Ok(value) = decode(bytes) {
        assert_eq!(encode(&value), bytes);
    }
}

fn unframed(stream: &Bytes) -> Vec<u8> {
    let prefix = stream.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    stream[prefix..].to_vec()
}

fn check_canonical(bytes: &[u8]) {
    canonical(bytes, ClientFrame::decode, |frame| unframed(&frame.encode()));
    canonical(bytes, ServerFrame::decode, |frame| unframed(&frame.encode()));
    canonical(bytes, ClientDatagram::decode, |datagram| datagram.encode().to_vec());
    canonical(bytes, ServerDatagram::decode, |datagram| datagram.encode().to_vec());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn frames_of_clients_survive_the_wire(frame in client_frame(), cut: usize) {
        prop_assert_eq!(ClientFrame::decode(&body(&frame.encode(), MAX_CLIENT_FRAME, cut)), Ok(frame));
    }

    #[test]
    fn frames_of_servers_survive_the_wire(frame in server_frame(), cut: usize) {
        prop_assert_eq!(ServerFrame::decode(&body(&frame.encode(), MAX_SERVER_FRAME, cut)), Ok(frame));
    }

    #[test]
    fn datagrams_survive_the_wire(client in client_datagram(), server in server_datagram()) {
        prop_assert_eq!(ClientDatagram::decode(&client.encode()), Ok(client));
        prop_assert_eq!(ServerDatagram::decode(&server.encode()), Ok(server));
    }

    #[test]
    fn random_bytes_decode_to_nothing_or_to_what_encodes_back(bytes in vec(any::<u8>(), 0..80)) {
        check_canonical(&bytes);
    }

    #[test]
    fn damaged_frames_decode_to_nothing_or_to_what_encodes_back(
        frame in client_frame(), answer in server_frame(), at: usize, bit in 0..8u8, cut: usize,
    ) {
        for stream in [frame.encode(), answer.encode()] {
            let mut body = unframed(&stream);
            check_canonical(&body[..cut % body.len()]);
            let at = at % body.len();
            body[at] ^= 1 << bit;
            check_canonical(&body);
        }
    }
}
