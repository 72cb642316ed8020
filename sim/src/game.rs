//! A toy game that writes a document: a deterministic function whose every reliable message says where in its seat's history it stands and what
//! the game was when it was said, so that nothing lost, doubled or undone goes unnoticed.

use stadion_host::model::{Delivery, DocumentAction, Event, Output, Stepped, Target, TickInput, Wake};
use stadion_protocol::Seat;
use stadion_protocol::contract::RequestOutcome;

/// Requests without an answer: as many as the limits of these stories allow.
const OPEN: u64 = 4;

/// What a player sends: the number of its page, counted from 1, and of the input on it, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) page: u64,
    pub(crate) number: u64,
}

/// What a player is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Counted from 1 for each seat, by the game.
    pub(crate) number: u64,
    /// The tick that said it.
    pub(crate) tick: u64,
    /// Of everything that happened before.
    pub(crate) history: u64,
}

fn words<const N: usize>(bytes: &[u8]) -> Option<[u64; N]> {
    let mut chunks = bytes.chunks_exact(8).map(|chunk| u64::from_le_bytes(chunk.try_into().expect("8 bytes")));
    let words = std::array::from_fn(|_| chunks.next().unwrap_or(0));
    (bytes.len() == N * 8).then_some(words)
}

fn bytes(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

impl Input {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        bytes(&[self.page, self.number])
    }

    fn from_bytes(data: &[u8]) -> Option<Input> {
        let [page, number] = words(data)?;
        Some(Input { page, number })
    }
}

impl Told {
    pub(crate) fn from_bytes(data: &[u8]) -> Option<Told> {
        let [number, tick, history] = words(data)?;
        Some(Told { number, tick, history })
    }
}

/// What the game knows of a seat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeatState {
    pub(crate) joined: bool,
    /// The newest page heard of and its newest input.
    pub(crate) page: u64,
    pub(crate) newest: u64,
    /// Messages so far.
    pub(crate) told: u64,
}

/// See the module's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Game {
    pub(crate) seats: Vec<SeatState>,
    history: u64,
    /// Requests so far, and how many of them are answered.
    pub(crate) asked: u64,
    pub(crate) answered: u64,
    /// What no player may ever cause.
    pub(crate) fault: Option<String>,
}

impl Game {
    pub(crate) fn new(seats: u16) -> Game {
        Game { seats: vec![SeatState::default(); usize::from(seats)], history: 1, asked: 0, answered: 0, fault: None }
    }

    /// What `start` asks for.
    pub(crate) fn started() -> Stepped {
        Stepped { wake: Wake::Next, outputs: Vec::new() }
    }

    pub(crate) fn step(&mut self, input: &TickInput) -> Stepped {
        let mut outputs = Vec::new();
        for event in &input.events {
            self.happened(event, input.number, &mut outputs);
        }
        if input.number.is_multiple_of(16) {
            self.tell_all(input.number, &mut outputs);
        }
        let data = bytes(&[input.number]);
        outputs.push(Output::Send { to: Target::Everyone, via: Delivery::Unreliable, data });
        Stepped { wake: Wake::Next, outputs }
    }

    fn happened(&mut self, event: &Event, tick: u64, outputs: &mut Vec<Output>) {
        match event {
            Event::Joined { seat, .. } => self.seats[usize::from(seat.0)].joined = true,
            Event::Connected { seat, fresh: true } => self.tell(*seat, tick, outputs),
            Event::Message { seat, via: Delivery::Reliable, data } => {
                self.heard(*seat, data);
                self.tell_all(tick, outputs);
                self.write(outputs);
            }
            Event::Answer { request, outcome } => self.answer(*request, outcome),
            _ => {}
        }
    }

    /// Writes the one document, unless too much is open.
    fn write(&mut self, outputs: &mut Vec<Output>) {
        if self.asked - self.answered < OPEN {
            self.asked += 1;
            let op = DocumentAction::Put { expect: None, data: bytes(&[self.history]) };
            outputs.push(Output::Storage { request: self.asked, player: None, key: "notes".to_owned(), op });
        }
    }

    /// Every write is answered once, in order, and the document was written as often as it was asked for.
    fn answer(&mut self, request: u64, outcome: &RequestOutcome) {
        let version = outcome.as_ref().ok().and_then(|bytes| words(bytes)).map(|[version]| version);
        if request != self.answered + 1 || version != Some(request) {
            let fault = format!("request {request} of {} was answered {outcome:?} after {}", self.asked, self.answered);
            self.fault.get_or_insert(fault);
        }
        self.answered = request;
    }

    fn heard(&mut self, seat: Seat, data: &[u8]) {
        let Some(input) = Input::from_bytes(data) else {
            self.fault = Some(format!("{seat} sent {data:?}"));
            return;
        };
        let state = &mut self.seats[usize::from(seat.0)];
        let expected = if input.page > state.page { 1 } else { state.newest + 1 };
        if input.page < state.page || input.number != expected {
            let fault =
                format!("the game got {input:?} of seat {} after page {}, input {}", seat.0, state.page, state.newest);
            self.fault.get_or_insert(fault);
        }
        (state.page, state.newest) = (input.page, input.number);
        for word in [u64::from(seat.0), input.page, input.number] {
            self.history = (self.history ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(17);
        }
    }

    fn tell_all(&mut self, tick: u64, outputs: &mut Vec<Output>) {
        (0..self.seats.len() as u16).for_each(|seat| self.tell(Seat(seat), tick, outputs));
    }

    fn tell(&mut self, seat: Seat, tick: u64, outputs: &mut Vec<Output>) {
        let state = &mut self.seats[usize::from(seat.0)];
        if state.joined {
            state.told += 1;
            let data = bytes(&[state.told, tick, self.history]);
            outputs.push(Output::Send { to: Target::Seat(seat), via: Delivery::Reliable, data });
        }
    }

    /// For a checkpoint.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let seat = |seat: &SeatState| [u64::from(seat.joined), seat.page, seat.newest, seat.told];
        let seats: Vec<u64> = self.seats.iter().flat_map(seat).collect();
        bytes(&[&[self.history, self.asked, self.answered][..], &seats].concat())
    }

    /// From a checkpoint.
    pub(crate) fn from_bytes(data: &[u8]) -> Game {
        let [history, asked, answered] = words(&data[..24]).expect("a checkpoint of this game");
        let seat = |data: &[u8]| {
            let [joined, page, newest, told] = words(data).expect("a checkpoint of this game");
            SeatState { joined: joined == 1, page, newest, told }
        };
        Game { seats: data[24..].chunks_exact(32).map(seat).collect(), history, asked, answered, fault: None }
    }
}
