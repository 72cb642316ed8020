//! The client machine against a server that a test plays by hand, frame by frame.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::client::{Client, ClientConfig, Endpoint, Event, Input, PathId, SendError, Transmit};
use stadion_protocol::token::{ResumeToken, SchemaHash};
use stadion_protocol::wire::{
    ClientFrame, Credential, FrameReader, Hello, MAX_CLIENT_FRAME, PrepareMove, ServerDatagram, ServerFrame,
    UnreliableId, Welcome,
};
use stadion_protocol::{CloseCode, Incarnation, MatchId, Moment, Seat, Tick};

const P1: PathId = PathId(1);
const P2: PathId = PathId(2);
const P3: PathId = PathId(3);

fn endpoint(port: u16) -> Endpoint {
    Endpoint { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), certificate_hashes: vec![[1; 32]] }
}

fn token(byte: u8) -> ResumeToken {
    ResumeToken { match_id: MatchId([2; 16]), seat: Seat(0), secret: [byte; 16] }
}

fn welcome(incarnation: u32) -> Welcome {
    Welcome {
        seat: Seat(0),
        incarnation: Incarnation(incarnation),
        tick: Tick(100),
        in_seq: 0,
        next_out_seq: 1,
        fresh: false,
        rate: 20,
    }
}

fn message(out_seq: u64) -> ServerFrame {
    ServerFrame::Message { out_seq, tick: Tick(100 + out_seq), data: Bytes::from(out_seq.to_string()) }
}

/// The client and both ends of its world, in the test's hands.
struct Story {
    client: Client,
    now: Moment,
}

impl Story {
    fn new() -> Story {
        let join = Credential::Join { token: "join".into(), nonce: [9; 16] };
        let config = ClientConfig::new(vec![endpoint(1)], join, SchemaHash::default(), 1);
        Story { client: Client::new(config, Moment(0)), now: Moment(0) }
    }

    /// Let in over path 1.
    fn welcomed() -> Story {
        let mut story = Story::new();
        story.connect(P1);
        story.server(P1, &ServerFrame::Welcome(Welcome { fresh: true, ..welcome(1) }));
        story.server(P1, &ServerFrame::ResumeToken(token(1)));
        story.events();
        story
    }

    fn handle(&mut self, input: Input<'_>) {
        self.client.handle(self.now, input);
    }

    /// The transport is up; the `hello` that this brings.
    fn connect(&mut self, path: PathId) -> Hello {
        self.handle(Input::Connected { path, max_datagram: Some(1_121) });
        let hello = self.frames(path).into_iter().find_map(|frame| match frame {
            ClientFrame::Hello(hello) => Some(*hello),
            _ => None,
        });
        hello.expect("the first frame of a connection")
    }

    fn server(&mut self, path: PathId, frame: &ServerFrame) {
        self.handle(Input::Stream { path, chunk: &frame.encode() });
    }

    fn unreliable(&mut self, path: PathId, incarnation: u32, tick: u64) {
        let id = UnreliableId { incarnation: Incarnation(incarnation), tick: Tick(tick), index: 0 };
        let datagram = ServerDatagram::Unreliable { id, fragment: None, data: Bytes::from_static(b"u") };
        self.handle(Input::Datagram { path, data: &datagram.encode() });
    }

    fn close(&mut self, path: PathId, code: Option<CloseCode>) {
        let code = code.map(|code| u64::from(code.number()));
        self.handle(Input::Closed { path, code, reason: "because" });
    }

    /// Time passes, with every timer on its moment.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.client.next_timeout().filter(|at| *at <= end) {
            self.now = at;
            self.client.on_timeout(at);
        }
        self.now = end;
    }

    fn transmits(&mut self) -> Vec<Transmit> {
        std::iter::from_fn(|| self.client.poll_transmit()).collect()
    }

    fn connects(&mut self) -> Vec<PathId> {
        let connect = |transmit| if let Transmit::Connect { path, .. } = transmit { Some(path) } else { None };
        self.transmits().into_iter().filter_map(connect).collect()
    }

    fn frames(&mut self, on: PathId) -> Vec<ClientFrame> {
        let mut reader = FrameReader::new(MAX_CLIENT_FRAME);
        for transmit in self.transmits() {
            if let Transmit::Stream { path, data } = transmit
                && path == on
            {
                reader.push(&data);
            }
        }
        std::iter::from_fn(|| reader.next_frame().unwrap().map(|body| ClientFrame::decode(body).unwrap())).collect()
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.client.poll_event()).collect()
    }

    fn texts(&mut self) -> Vec<String> {
        let text = |event| match event {
            Event::Message { data, .. } => Some(String::from_utf8(data.to_vec()).unwrap()),
            _ => None,
        };
        self.events().into_iter().filter_map(text).collect()
    }
}

fn input(in_seq: u64) -> ClientFrame {
    ClientFrame::Input { in_seq, data: Bytes::from(in_seq.to_string()) }
}

fn closed(code: CloseCode, reason: &str) -> Event {
    Event::Closed { code, reason: reason.into() }
}

#[test]
fn a_client_says_hello_and_is_live() {
    let mut story = Story::new();
    assert_eq!(story.connects(), [P1]);
    let hello = story.connect(P1);
    assert!(hello.fresh && hello.last_out_seq == 0 && hello.incarnation == 0);
    story.now = story.now + Duration::from_millis(30);
    story.server(P1, &ServerFrame::Welcome(Welcome { fresh: true, ..welcome(1) }));
    let [Event::Welcome { fresh: true, rate: 20, .. }, Event::Live { round_trip }] = story.events()[..] else {
        panic!("welcome, live")
    };
    assert_eq!(round_trip, Duration::from_millis(30));
    story.pass(Duration::from_millis(85));
    assert_eq!(story.client.estimated_tick(story.now), 102.0, "100 ms and a half round trip after tick 100, at 20 Hz");
}

#[test]
fn inputs_from_before_the_welcome_are_sent_with_it() {
    let mut story = Story::new();
    story.client.send("1".into()).unwrap();
    assert_eq!(story.client.send_unreliable(story.now, "x".into()), Err(SendError::NotConnected));
    story.connect(P1);
    story.server(P1, &ServerFrame::Welcome(welcome(1)));
    assert_eq!(story.frames(P1), [input(1)]);
}

#[test]
fn a_lost_connection_is_replaced_and_unacknowledged_inputs_are_sent_again() {
    let mut story = Story::welcomed();
    (1..=3).for_each(|n: u32| story.client.send(n.to_string().into()).unwrap());
    story.server(P1, &message(1));
    story.server(P1, &ServerFrame::Ack { in_seq: 1 });
    (0..6).for_each(|_| {
        story.pass(Duration::from_millis(500));
        story.server(P1, &ServerFrame::Ack { in_seq: 1 });
    });
    story.events();
    story.transmits();
    story.close(P1, None);
    assert_eq!(story.events(), [Event::Stalled]);
    assert_eq!(story.connects(), [P2], "at once: the connection had lived for a while");
    let hello = story.connect(P2);
    assert_eq!((hello.credential, hello.last_out_seq, hello.fresh), (Credential::Resume(token(1)), 1, false));
    story.server(P2, &ServerFrame::Welcome(Welcome { in_seq: 2, next_out_seq: 2, ..welcome(1) }));
    assert_eq!(story.frames(P2), [input(3)]);
    assert_eq!(story.client.unacknowledged(), 1);
}

#[test]
fn a_silent_connection_gets_a_second_beside_it_and_the_winner_replaces_the_loser() {
    let mut story = Story::welcomed();
    story.transmits();
    story.pass(Duration::from_millis(999));
    assert_eq!((story.events(), story.connects()), (vec![], vec![]));
    story.pass(Duration::from_millis(1));
    assert_eq!(story.events(), [Event::Stalled]);
    assert_eq!(story.connects(), [P2]);
    story.connect(P2);
    story.server(P2, &ServerFrame::Welcome(welcome(1)));
    assert!(story.transmits().contains(&Transmit::Close { path: P1, code: CloseCode::Superseded }));
    assert!(matches!(story.events()[..], [Event::Welcome { .. }, Event::Live { .. }]));
    story.server(P1, &message(1));
    assert!(story.texts().is_empty(), "the loser is not heard any more");
}

#[test]
fn a_connection_that_speaks_again_needs_no_second() {
    let mut story = Story::welcomed();
    story.pass(Duration::from_millis(1_100));
    assert_eq!(story.connects(), [P2]);
    story.server(P1, &message(1));
    assert!(story.transmits().contains(&Transmit::Close { path: P2, code: CloseCode::Superseded }));
    assert!(matches!(story.events()[..], [Event::Stalled, Event::Live { .. }, Event::Message { .. }]));
}

#[test]
fn messages_are_acknowledged_together_and_duplicates_dropped() {
    let mut story = Story::welcomed();
    story.transmits();
    for out_seq in [1, 2, 2, 1, 3] {
        story.server(P1, &message(out_seq));
    }
    assert_eq!(story.texts(), ["1", "2", "3"]);
    story.pass(Duration::from_millis(40));
    assert_eq!(story.frames(P1), [ClientFrame::Ack { out_seq: 3 }]);
}

#[test]
fn a_gap_between_messages_breaks_the_connection_not_the_game() {
    let mut story = Story::welcomed();
    story.server(P1, &message(2));
    assert!(story.texts().is_empty());
    assert!(story.transmits().contains(&Transmit::Close { path: P1, code: CloseCode::ProtocolError }));
    story.pass(Duration::from_millis(500));
    let hello = story.connect(P2);
    assert_eq!(hello.last_out_seq, 0);
}

#[test]
fn an_older_session_is_not_believed() {
    let mut story = Story::welcomed();
    story.close(P1, None);
    story.pass(Duration::from_millis(300));
    story.connect(P2);
    story.server(P2, &ServerFrame::Welcome(welcome(4)));
    let rewound = Event::Rewound { incarnation: Incarnation(4), tick: Tick(100) };
    assert!(story.events().contains(&rewound));
    story.unreliable(P2, 3, 200);
    story.unreliable(P2, 4, 101);
    assert!(matches!(story.events()[..], [Event::Unreliable { tick: Tick(101), .. }]));
    story.close(P2, None);
    story.pass(Duration::from_millis(600));
    story.connect(P3);
    story.server(P3, &ServerFrame::Welcome(welcome(3)));
    assert!(story.transmits().contains(&Transmit::Close { path: P3, code: CloseCode::ProtocolError }));
}

#[test]
fn ticks_past_a_recovery_did_not_happen() {
    let mut story = Story::welcomed();
    story.unreliable(P1, 1, 150);
    assert_eq!(story.client.newest_tick(), Tick(150));
    story.close(P1, None);
    story.pass(Duration::from_millis(300));
    assert_eq!(story.connect(P2).last_tick, Tick(150));
    story.server(P2, &ServerFrame::Welcome(Welcome { tick: Tick(140), ..welcome(2) }));
    assert_eq!(story.client.newest_tick(), Tick(140));
}

#[test]
fn a_match_moves_and_the_client_is_there_before_it() {
    let mut story = Story::welcomed();
    story.transmits();
    let target = endpoint(2);
    let prepare =
        PrepareMove { address: target.address, certificate_hashes: target.certificate_hashes.clone(), token: token(5) };
    story.server(P1, &ServerFrame::PrepareMove(prepare));
    assert_eq!(story.transmits(), [Transmit::Connect { path: P2, endpoint: target.clone() }]);
    assert_eq!(story.connect(P2).credential, Credential::Resume(token(5)));
    story.server(P1, &message(1));
    story.server(P1, &ServerFrame::Moved { incarnation: Incarnation(2), tick: Tick(101), out_seq: 1 });
    story.close(P1, Some(CloseCode::Moved));
    story.server(P2, &ServerFrame::Welcome(Welcome { next_out_seq: 1, ..welcome(2) }));
    story.server(P2, &message(1));
    story.server(P2, &message(2));
    let events = story.events();
    assert!(events.contains(&Event::Moved { incarnation: Incarnation(2), tick: Tick(101) }));
    assert!(!events.contains(&Event::Stalled), "it never noticed");
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Message { .. })).count(), 2);
    assert_eq!(story.client.endpoint(), Some(&target));
}

#[test]
fn a_target_that_refuses_leaves_the_match_where_it_is() {
    let mut story = Story::welcomed();
    let prepare = PrepareMove { address: endpoint(2).address, certificate_hashes: vec![], token: token(5) };
    story.server(P1, &ServerFrame::PrepareMove(prepare));
    story.connect(P2);
    story.close(P2, Some(CloseCode::Refused));
    story.server(P1, &message(1));
    assert_eq!(story.texts(), ["1"]);
    assert_eq!(story.client.resume_token(), Some(token(1)));
}

#[test]
fn every_final_close_code_is_told_and_final() {
    for code in CloseCode::ALL.into_iter().filter(|code| !code.worth_retrying()) {
        let mut story = Story::welcomed();
        story.close(P1, Some(code));
        assert_eq!(story.events(), [closed(code, "because")], "{code:?}");
        assert_eq!(story.client.next_timeout(), None);
        assert_eq!(story.client.send("x".into()), Err(SendError::Closed));
    }
}

#[test]
fn other_close_codes_are_tried_again() {
    for code in CloseCode::ALL.into_iter().filter(|code| code.worth_retrying()) {
        let mut story = Story::welcomed();
        story.transmits();
        story.close(P1, Some(code));
        story.pass(Duration::from_millis(300));
        assert_eq!(story.events(), [Event::Stalled], "{code:?}");
        assert_eq!(story.connects(), [P2], "{code:?}");
    }
}

#[test]
fn the_end_is_told_once_whatever_closes_after_it() {
    for how in [Some(CloseCode::Finished), None] {
        let mut story = Story::welcomed();
        story.server(P1, &message(1));
        story.transmits();
        story.server(P1, &ServerFrame::Ended { code: CloseCode::Finished, reason: "over".into() });
        assert_eq!(story.frames(P1), [ClientFrame::Ack { out_seq: 1 }], "at once: the server lingers for it");
        story.close(P1, how);
        let ended = Event::Ended { code: CloseCode::Finished, reason: "over".into() };
        assert_eq!(story.events()[1..], [ended, closed(CloseCode::Finished, "over")]);
    }
}

#[test]
fn a_server_that_never_closes_is_not_waited_for() {
    let mut story = Story::welcomed();
    story.server(P1, &ServerFrame::Ended { code: CloseCode::GameFailed, reason: "trap".into() });
    story.pass(Duration::from_secs(11));
    assert_eq!(story.events().last(), Some(&closed(CloseCode::GameFailed, "trap")));
}

#[test]
fn a_player_who_leaves_says_so() {
    let mut story = Story::welcomed();
    story.transmits();
    story.client.leave(story.now);
    assert_eq!(story.frames(P1), [ClientFrame::Leave]);
    story.close(P1, Some(CloseCode::Left));
    assert_eq!(story.events(), [closed(CloseCode::Left, "left")]);

    let mut alone = Story::new();
    alone.client.leave(alone.now);
    assert_eq!(alone.events(), [closed(CloseCode::Left, "left")]);
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let mut story = Story::new();
    story.pass(Duration::from_secs(31));
    assert_eq!(story.events(), [closed(CloseCode::TimedOut, "the server did not answer")]);
    let attempts = story.connects().len();
    assert!((20..40).contains(&attempts), "{attempts} attempts in 30 s");
}

#[test]
fn a_server_that_was_down_is_found_though_older_attempts_still_hang() {
    let mut story = Story::welcomed();
    story.pass(Duration::from_secs(6));
    story.transmits();
    story.close(P1, None);
    let [new] = story.connects()[..] else {
        panic!("its reset says that it is back: now, and not when a timer says so")
    };
    story.connect(new);
    story.server(new, &ServerFrame::Welcome(welcome(2)));
    let closed = |transmit: &Transmit| matches!(transmit, Transmit::Close { code: CloseCode::Superseded, .. });
    assert_eq!(story.transmits().iter().filter(|one| closed(one)).count(), 2, "those that hang make room");
}

#[test]
fn a_silent_connection_is_knocked_at_so_that_a_new_server_resets_it() {
    let mut story = Story::welcomed();
    story.pass(Duration::from_secs(1));
    story.transmits();
    story.pass(Duration::from_secs(2));
    let pings = story.frames(P1).iter().filter(|frame| matches!(frame, ClientFrame::Ping { .. })).count();
    assert_eq!(pings, 4, "every half second");
}

#[test]
fn attempts_that_fail_at_once_are_spaced_out() {
    let mut story = Story::new();
    let mut attempts = 0;
    while story.now < Moment(0) + Duration::from_secs(20) {
        for path in story.connects() {
            attempts += 1;
            story.close(path, None);
        }
        story.pass(Duration::from_millis(10));
    }
    assert!((7..20).contains(&attempts), "{attempts} attempts in 20 s");
}

#[test]
fn a_lost_welcome_is_asked_for_again_with_the_same_nonce() {
    let mut story = Story::new();
    let first = story.connect(P1);
    story.close(P1, None);
    story.pass(Duration::from_millis(300));
    let again = story.connect(P2);
    assert_eq!((first.speaker.connection, again.speaker.connection), (1, 2));
    assert_eq!(Hello { speaker: first.speaker, ..again }, first, "an honest retry");
}

#[test]
fn a_newer_token_is_used_from_then_on() {
    let mut story = Story::welcomed();
    assert_eq!(story.client.resume_token(), Some(token(1)));
    story.server(P1, &ServerFrame::ResumeToken(token(2)));
    story.close(P1, None);
    story.pass(Duration::from_millis(300));
    assert_eq!(story.connect(P2).credential, Credential::Resume(token(2)));
}

#[test]
fn a_connection_replaced_by_another_device_is_lost_for_good_and_by_itself_is_not() {
    let mut story = Story::welcomed();
    story.close(P1, Some(CloseCode::Replaced));
    assert_eq!(story.events(), [closed(CloseCode::Replaced, "because")]);

    // The server tells them apart by what a hello says, whatever else this client has under way.
    let mut story = Story::welcomed();
    story.pass(Duration::from_millis(1_100));
    assert_eq!(story.connect(P2).speaker.connection, 2);
    story.close(P2, Some(CloseCode::Replaced));
    assert_eq!(story.events(), [Event::Stalled, closed(CloseCode::Replaced, "because")]);

    let mut story = Story::welcomed();
    story.pass(Duration::from_millis(1_100));
    story.connect(P2);
    story.close(P1, Some(CloseCode::Superseded));
    story.server(P2, &ServerFrame::Welcome(welcome(1)));
    assert!(matches!(story.events()[..], [Event::Stalled, Event::Welcome { .. }, Event::Live { .. }]));
}

#[test]
fn nonsense_from_a_server_never_ends_the_game() {
    for nonsense in [&[0xff, 0xff, 0xff][..], &[1, 0x99], &[1, 0x41], &[0]] {
        let mut story = Story::welcomed();
        story.handle(Input::Stream { path: P1, chunk: nonsense });
        assert!(story.transmits().contains(&Transmit::Close { path: P1, code: CloseCode::ProtocolError }));
        story.pass(Duration::from_millis(300));
        assert_eq!(story.connects(), [P2]);
    }
}
