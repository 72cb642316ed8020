//! Random ticks, a function of a seed, of the schema, and of what the guest asked for.

use std::collections::VecDeque;

use stadion_host::model::{Delivery, Departure, DocumentAction, Event, Output, RequestError, Stepped, TickInput};
use stadion_protocol::Seat;
use stadion_protocol::contract::PlayerInfo;
use stadion_schema::envelope::Up;
use stadion_schema::{Kind, Root, Schema, Shape, Type};

/// Ticks a second of every script.
pub(crate) const RATE: u64 = 20;
const SECOND_NS: u64 = 1_000_000_000;

/// Messages nest no deeper; sequences and strings are no longer.
const DEPTH: u32 = 6;
const LENGTH: u64 = 5;

/// Random numbers, the same on every machine (splitmix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// A number below `most`.
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.roll() % most
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Chair {
    Empty,
    Away,
    Here,
}

/// The ticks of one match.
pub(crate) struct Script {
    dice: Dice,
    schema: Option<Schema>,
    chairs: Vec<Chair>,
    number: u64,
    skipped: u64,
    /// Requests without an answer; a call to the owner's backend is answered as a read is.
    asked: VecDeque<(u64, DocumentAction)>,
}

impl Script {
    pub(crate) fn new(seed: u64, schema: Option<&[u8]>, seats: u16) -> Script {
        let schema = schema.map(|bytes| Schema::parse(bytes).unwrap());
        let chairs = vec![Chair::Empty; usize::from(seats)];
        Script { dice: Dice::new(seed), schema, chairs, number: 0, skipped: 0, asked: VecDeque::new() }
    }

    /// The next tick.
    pub(crate) fn next(&mut self) -> TickInput {
        self.number += 1;
        let skipped = if self.dice.one_in(50) { self.dice.below(40) } else { 0 };
        self.skipped += skipped;
        let mut events = Vec::new();
        for seat in 0..self.chairs.len() {
            self.happen(seat, &mut events);
        }
        while let Some((request, op)) = self.asked.pop_front() {
            let outcome = self.outcome(&op);
            events.push(Event::Answer { request, outcome });
        }
        if self.dice.one_in(40) {
            events.push(Event::Spectators(u32::try_from(self.dice.below(3)).unwrap()));
        }
        if self.dice.one_in(60) {
            let data = self.bytes();
            events.push(Event::Notice { topic: "weather".to_owned(), data });
        }
        TickInput { number: self.number, time: (self.number + self.skipped) * SECOND_NS / RATE, skipped, events }
    }

    /// Takes note of what the tick gave. `true`: the match is over.
    pub(crate) fn heard(&mut self, stepped: &Stepped) -> bool {
        let mut over = false;
        for output in &stepped.outputs {
            match output {
                Output::Storage { request, op, .. } => self.asked.push_back((*request, op.clone())),
                Output::Call { request, .. } => self.asked.push_back((*request, DocumentAction::Get)),
                Output::Finish { .. } => over = true,
                _ => {}
            }
        }
        over
    }

    fn happen(&mut self, seat: usize, events: &mut Vec<Event>) {
        let id = Seat(u16::try_from(seat).unwrap());
        match self.chairs[seat] {
            Chair::Empty if self.number == 1 || self.dice.one_in(5) => {
                events.push(Event::Joined { seat: id, player: player(id), options: self.bytes() });
                events.push(Event::Connected { seat: id, fresh: true });
                self.chairs[seat] = Chair::Here;
            }
            Chair::Away if self.dice.one_in(4) => {
                events.push(Event::Connected { seat: id, fresh: self.dice.one_in(2) });
                self.chairs[seat] = Chair::Here;
            }
            Chair::Away if self.dice.one_in(30) => {
                events.push(Event::Left { seat: id, departure: Departure::TimedOut });
                self.chairs[seat] = Chair::Empty;
            }
            Chair::Here => {
                while self.dice.one_in(3) {
                    let via = if self.dice.one_in(3) { Delivery::Unreliable } else { Delivery::Reliable };
                    events.push(Event::Message { seat: id, via, data: self.message() });
                }
                if self.dice.one_in(90) {
                    events.push(Event::Disconnected(id));
                    self.chairs[seat] = Chair::Away;
                } else if self.dice.one_in(100) {
                    let round_trip_ms = u16::try_from(self.dice.below(300)).unwrap();
                    events.push(Event::Quality { seat: id, round_trip_ms, jitter_ms: 3, loss_permille: 1 });
                }
            }
            _ => {}
        }
    }

    fn outcome(&mut self, op: &DocumentAction) -> Result<Vec<u8>, RequestError> {
        match (self.dice.below(4), op) {
            (0, _) => Err(RequestError::NotFound),
            (1, _) => Err(RequestError::Conflict(self.dice.roll())),
            (_, DocumentAction::Get) => Ok([&1u64.to_le_bytes()[..], &self.bytes()].concat()),
            _ => Ok(2u64.to_le_bytes().to_vec()),
        }
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.dice.below(40)).map(|_| self.dice.roll().to_le_bytes()[0]).collect()
    }

    /// A message of the schema; without one, or once in a while, anything.
    fn message(&mut self) -> Vec<u8> {
        match self.schema.take() {
            Some(schema) if !self.dice.one_in(20) => {
                let mut data = Vec::new();
                write(&mut self.dice, &schema, schema.root(Root::In), DEPTH, &mut data);
                self.schema = Some(schema);
                if self.dice.one_in(8) {
                    Up::Ack(self.dice.below(500)).to_bytes()
                } else {
                    Up::Message(&data).to_bytes()
                }
            }
            schema => {
                self.schema = schema;
                self.bytes()
            }
        }
    }
}

fn player(seat: Seat) -> PlayerInfo {
    let id = format!("player-{}", seat.0).parse().unwrap();
    PlayerInfo { id, name: format!("player {}", seat.0), team: 0, bot: false, data: Vec::new() }
}

/// A random value of a type, as postcard writes it.
fn write(dice: &mut Dice, schema: &Schema, ty: &Type, depth: u32, out: &mut Vec<u8>) {
    let many = |dice: &mut Dice| if depth == 0 { 0 } else { dice.below(LENGTH) };
    let inner = depth.saturating_sub(1);
    match ty {
        Type::Unit => {}
        Type::Bool => out.push(u8::from(dice.one_in(2))),
        Type::U8 | Type::I8 => out.push(small(dice).to_le_bytes()[0]),
        Type::U16 | Type::I16 => varint(out, small(dice) & 0xffff),
        Type::U32 | Type::I32 => varint(out, small(dice) & 0xffff_ffff),
        Type::U64 | Type::I64 => varint(out, small(dice)),
        Type::F32 => out.extend(dice.roll().to_le_bytes()[..4].iter()),
        Type::F64 => out.extend(dice.roll().to_le_bytes()),
        Type::Char => text(out, "ü"),
        Type::String => text(out, &"naïve"[..usize::try_from(many(dice)).unwrap().min(2)]),
        Type::Option(of) => {
            let some = depth > 0 && dice.one_in(2);
            out.push(u8::from(some));
            if some {
                write(dice, schema, of, inner, out);
            }
        }
        Type::Seq(of) => {
            let count = many(dice);
            varint(out, count);
            (0..count).for_each(|_| write(dice, schema, of, inner, out));
        }
        Type::Array(of, count) => (0..*count).for_each(|_| write(dice, schema, of, inner, out)),
        Type::Tuple(parts) => parts.iter().for_each(|part| write(dice, schema, part, inner, out)),
        Type::Map(key, value) => {
            let count = many(dice).min(1);
            varint(out, count);
            for _ in 0..count {
                write(dice, schema, key, inner, out);
                write(dice, schema, value, inner, out);
            }
        }
        Type::Named(index) => match &schema.types()[*index].kind {
            Kind::Struct(shape) => write_shape(dice, schema, shape, inner, out),
            Kind::Enum(variants) => {
                let chosen = dice.below(variants.len() as u64);
                varint(out, chosen);
                write_shape(dice, schema, &variants[usize::try_from(chosen).unwrap()].shape, inner, out);
            }
        },
    }
}

fn write_shape(dice: &mut Dice, schema: &Schema, shape: &Shape, depth: u32, out: &mut Vec<u8>) {
    match shape {
        Shape::Unit => {}
        Shape::Newtype(ty) => write(dice, schema, ty, depth, out),
        Shape::Tuple(parts) => parts.iter().for_each(|part| write(dice, schema, part, depth, out)),
        Shape::Named(fields) => fields.iter().for_each(|field| write(dice, schema, &field.ty, depth, out)),
    }
}

/// Mostly small: moves on a board are.
fn small(dice: &mut Dice) -> u64 {
    if dice.one_in(6) { dice.roll() } else { dice.below(12) }
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn text(out: &mut Vec<u8>, text: &str) {
    varint(out, text.len() as u64);
    out.extend(text.as_bytes());
}
