//! The page that strangers write clients from says what the code does.

use bytes::Bytes;
use stadion_protocol::client::Timers;
use stadion_protocol::server::{ConnectionConfig, InputLimits};
use stadion_protocol::token::SchemaHash;
use stadion_protocol::wire::{self, ClientFrame, ClientId, Credential, Hello, Speaker};
use stadion_protocol::{CloseCode, Tick};

const PAGE: &str = include_str!("../PROTOCOL.md");

#[test]
fn the_worked_hello_is_what_the_encoder_writes() {
    let hello = Hello {
        protocol_version: wire::PROTOCOL_VERSION,
        schema: "71ab09c2d4e5f607".parse::<SchemaHash>().unwrap(),
        speaker: Speaker { client: ClientId(std::array::from_fn(|i| 0xa0 + i as u8)), connection: 1 },
        credential: Credential::Join { token: "token".into(), nonce: std::array::from_fn(|i| i as u8) },
        last_out_seq: 0,
        incarnation: 0,
        last_tick: Tick(0),
        fresh: true,
        options: Bytes::from_static(b"hi"),
    };
    let encoded = ClientFrame::Hello(Box::new(hello)).encode();
    let hex: Vec<String> = encoded.iter().map(|byte| format!("{byte:02x}")).collect();
    let example = PAGE.split("```hex\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(example.split_whitespace().collect::<Vec<_>>().join(" "), hex.join(" "));
    assert!(PAGE.contains(&format!("`{}`: {} bytes follow", hex[0], encoded.len() - 1)));
}

#[test]
fn every_close_code_is_on_the_page() {
    for code in CloseCode::ALL {
        let row = PAGE.lines().find(|line| line.starts_with(&format!("| {} |", code.number())));
        let row = row.unwrap_or_else(|| panic!("{code:?} is missing"));
        let name: String = format!("{code:?}")
            .chars()
            .flat_map(|c| if c.is_uppercase() { vec!['-', c.to_ascii_lowercase()] } else { vec![c] })
            .collect();
        assert!(row.contains(&name[1..]), "{row}");
        let retry = row.rsplit('|').nth(1).unwrap().trim();
        assert_eq!(retry.starts_with("yes"), code.worth_retrying(), "{row}");
    }
}

#[test]
fn limits_and_timers_on_the_page_are_the_codes() {
    let grouped = |number: usize| {
        let digits = number.to_string();
        let groups: Vec<&str> =
            digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
        groups.join(",")
    };
    let InputLimits { messages_per_second, messages_burst, bytes_per_second, bytes_burst } = InputLimits::default();
    let rows = [
        format!("| reliable input | {} bytes |", grouped(wire::MAX_INPUT)),
        format!("| reliable message | {} bytes |", grouped(wire::MAX_MESSAGE)),
        format!(
            "| unreliable payload | {} bytes, {} parts, {} inputs a datagram |",
            grouped(wire::MAX_UNRELIABLE),
            wire::MAX_FRAGMENTS,
            wire::MAX_REPEATS
        ),
        format!(
            "| join token, options, reason | {}, {} and {} bytes |",
            grouped(wire::MAX_JOIN_TOKEN),
            grouped(wire::MAX_OPTIONS),
            wire::MAX_REASON
        ),
        format!(
            "| body of a frame, from client / from server | {} / {} bytes |",
            grouped(wire::MAX_CLIENT_FRAME),
            grouped(wire::MAX_SERVER_FRAME)
        ),
        format!("| certificate hashes in a prepare-move | {} |", wire::MAX_CERTIFICATE_HASHES),
        format!("| `hello` whole within | {} s |", ConnectionConfig::default().hello_within.as_secs()),
        format!("| frames and datagrams a second, default | {messages_per_second}, {messages_burst} at once |"),
        format!(
            "| bytes a second, default | {}, and {} at once |",
            grouped(bytes_per_second as usize),
            grouped(bytes_burst as usize)
        ),
    ];
    for row in rows {
        assert!(PAGE.lines().any(|line| line == row), "the page lacks {row:?}");
    }
    let Timers { ping, silence, give_up, longest_backoff, .. } = Timers::default();
    for said in [
        format!("nothing was heard for {} ms.", ping.as_millis()),
        format!("nothing was heard for {} s,", silence.as_secs()),
        format!("Give up after {} s,", give_up.as_secs()),
        format!("doubled each time up to {} s,", longest_backoff.as_secs()),
        format!("{} bytes of payload fit one datagram", grouped(wire::UNRELIABLE_PAYLOAD)),
    ] {
        assert!(PAGE.contains(&said), "the page lacks {said:?}");
    }
}
