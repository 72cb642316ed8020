//! The bytes of messages and schemas: what serde and postcard write is what the schema says.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use stadion_schema::{Describe, Root, Schema, StaticType, build, size};
use stadion_sdk::{GameModule, Message, Seat, message};

#[message]
struct Unit;
#[message]
struct Meters(f32);
#[message]
struct Pair(i16, char);
#[message]
#[derive(Copy, PartialEq)]
struct Point {
    x: i32,
    y: i8,
}
#[message]
enum Choice {
    Nothing,
    One(Point),
    Two(u64, bool),
    Named { r#type: String, at: Option<Point> },
}
/// One of everything.
#[message]
struct Everything {
    unit: Unit,
    meters: Meters,
    pair: Pair,
    choices: Vec<Choice>,
    grid: [[u8; 3]; 2],
    points: [Point; 2],
    tuple: (u8, u16, (u32,)),
    boxed: Box<i64>,
    map: BTreeMap<String, Seat>,
    set: BTreeSet<u16>,
    time: Duration,
    double: f64,
    nothing: (),
    blob: Vec<u8>,
}

const ROOTS: [&StaticType; 3] = [Everything::TYPE, <[u8; 4]>::TYPE, <(u8, u8)>::TYPE];
const SCHEMA: [u8; size(ROOTS)] = build(ROOTS);

fn choice() -> impl Strategy<Value = Choice> {
    let point = || (any::<i32>(), any::<i8>()).prop_map(|(x, y)| Point { x, y });
    prop_oneof![
        Just(Choice::Nothing),
        point().prop_map(Choice::One),
        any::<(u64, bool)>().prop_map(|(a, b)| Choice::Two(a, b)),
        (".{0,8}", prop::option::of(point())).prop_map(|(r#type, at)| Choice::Named { r#type, at }),
    ]
}

fn everything() -> impl Strategy<Value = Everything> {
    let numbers = any::<(f32, f64, i16, char, u8, u16, u32, i64)>();
    let lists = (
        prop::collection::vec(choice(), 0..4),
        any::<[[u8; 3]; 2]>(),
        prop::collection::btree_map(".{0,4}", any::<u16>().prop_map(Seat), 0..3),
        prop::collection::btree_set(any::<u16>(), 0..3),
        prop::collection::vec(any::<u8>(), 0..300),
        any::<(u64, u32)>(),
    );
    (numbers, lists).prop_map(|((f, double, i, c, a, b, d, e), (choices, grid, map, set, blob, (s, n)))| Everything {
        unit: Unit,
        meters: Meters(f),
        pair: Pair(i, c),
        choices,
        grid,
        points: [Point { x: i32::from(i), y: 1 }, Point { x: -1, y: -128 }],
        tuple: (a, b, (d,)),
        boxed: Box::new(e),
        map,
        set,
        time: Duration::new(s, n % 1_000_000_000),
        double,
        nothing: (),
        blob,
    })
}

proptest! {
    #[test]
    fn the_schema_reads_what_the_game_writes(message in everything()) {
        let schema = Schema::parse(&SCHEMA).unwrap();
        let bytes = message::encode(&message);
        let value = schema.decode(Root::In, &bytes).unwrap();
        prop_assert_eq!(schema.encode(Root::In, &value).unwrap(), bytes.clone());
        prop_assert_eq!(schema.encode(Root::In, &schema.from_json(Root::In, &value.to_json()).unwrap()).unwrap(), bytes);
    }

    #[test]
    fn json_is_what_serde_json_writes(message in everything()) {
        let value = Schema::parse(&SCHEMA).unwrap().decode(Root::In, &message::encode(&message)).unwrap();
        let mut expected = serde_json::to_value(&message).unwrap();
        // serde_json widens an f32 to its neighbours' digits; ours are the shortest.
        expected["meters"] = value.get("meters").unwrap().to_json();
        if message.map.is_empty() {
            expected["map"] = serde_json::json!([]);
        }
        prop_assert_eq!(value.to_json(), expected);
    }

    #[test]
    fn the_game_reads_what_tools_write_and_nothing_more(message in everything(), more in any::<u8>()) {
        let mut bytes = message::encode(&message);
        prop_assert_eq!(message::decode::<Everything>(&bytes), Ok(message));
        bytes.push(more);
        prop_assert!(message::decode::<Everything>(&bytes).is_err());
    }
}

/// The format is frozen: clients and journals hold these bytes.
#[test]
fn the_schema_of_a_known_game_never_changes() {
    let hex: String = SCHEMA.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, include_str!("everything.schema.hex").trim());
}

#[test]
fn arrays_are_arrays_and_tuples_are_tuples() {
    let schema = Schema::parse(&SCHEMA).unwrap();
    assert_eq!(schema.describe(schema.root(Root::Out)), "[u8; 4]");
    assert_eq!(schema.describe(schema.root(Root::View)), "(u8, u8)");
    let names: Vec<&str> = schema.types().iter().map(|named| &*named.name).collect();
    assert_eq!(names, ["Unit", "Meters", "Pair", "Point", "Choice", "Seat", "Duration", "Everything"]);
}

#[test]
fn what_the_format_refuses_does_not_get_a_schema() {
    let refused: [&'static StaticType; 4] =
        [<Vec<()>>::TYPE, <Vec<Unit>>::TYPE, <Option<Option<u8>>>::TYPE, <[[[u64; 1024]; 1024]; 1024]>::TYPE];
    for ty in refused {
        assert!(std::panic::catch_unwind(|| size([ty, ty, ty])).is_err(), "{ty:?}");
    }
}

#[test]
fn a_value_reads_as_a_line() {
    let message = Choice::Named { r#type: "a\n\u{1b}[31m".to_owned(), at: Some(Point { x: -1, y: 2 }) };
    const ROOTS: [&StaticType; 3] = [Choice::TYPE; 3];
    const BYTES: [u8; size(ROOTS)] = build(ROOTS);
    let value = Schema::parse(&BYTES).unwrap().decode(Root::In, &message::encode(&message)).unwrap();
    assert_eq!(value.to_string(), r#"Named { type: "a\n\u{1b}[31m", at: Point { x: -1, y: 2 } }"#);
    assert_eq!(value.line(10), "Named { ty..");
    assert_eq!(value.get("at").and_then(|at| at.get("x")).and_then(stadion_schema::Value::as_i64), Some(-1));
}

/// Compiles only if messages are what games may use.
fn _is_message<M: Message>() {}
fn _everything_is_a_message() {
    _is_message::<Everything>();
    _is_message::<()>();
}
fn _a_module_has_a_schema<G: GameModule>() -> &'static [u8] {
    G::SCHEMA
}
