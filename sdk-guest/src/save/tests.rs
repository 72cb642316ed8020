//! What is saved is loaded, by later versions too.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{bytes, from_cbor, to_cbor};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Choice {
    Nothing,
    One(Box<Option<Choice>>),
    Two(i64, String),
    Named { a: Option<u8>, b: char },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(u32);
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Nothing;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct State {
    choices: Vec<Choice>,
    by_name: BTreeMap<String, Wrapped>,
    by_number: HashMap<i16, bool>,
    pair: (i32, f32),
    cells: [[u16; 2]; 2],
    double: f64,
    nothing: Nothing,
    unit: (),
    #[serde(with = "bytes")]
    blob: Vec<u8>,
}

fn choice() -> impl Strategy<Value = Choice> {
    let leaf = prop_oneof![
        Just(Choice::Nothing),
        (any::<i64>(), ".{0,30}").prop_map(|(a, b)| Choice::Two(a, b)),
        (any::<Option<u8>>(), any::<char>()).prop_map(|(a, b)| Choice::Named { a, b }),
    ];
    leaf.prop_recursive(4, 8, 1, |inner| prop::option::of(inner).prop_map(|inner| Choice::One(Box::new(inner))))
}

fn state() -> impl Strategy<Value = State> {
    let parts = (
        prop::collection::vec(choice(), 0..30),
        prop::collection::btree_map(".{0,8}", any::<u32>().prop_map(Wrapped), 0..4),
        prop::collection::hash_map(any::<i16>(), any::<bool>(), 0..4),
        any::<(i32, f32)>(),
        any::<[[u16; 2]; 2]>(),
        any::<f64>(),
        prop::collection::vec(any::<u8>(), 0..400),
    );
    parts.prop_map(|(choices, by_name, by_number, pair, cells, double, blob)| State {
        choices,
        by_name,
        by_number,
        pair,
        cells,
        double,
        nothing: Nothing,
        unit: (),
        blob,
    })
}

proptest! {
    #[test]
    fn what_is_saved_is_loaded(state in state()) {
        let bytes = to_cbor(&state);
        prop_assert_eq!(from_cbor::<State>(&bytes).unwrap(), state);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = from_cbor::<State>(&bytes);
        let _ = from_cbor::<Vec<Choice>>(&bytes);
    }

    #[test]
    fn cut_bytes_are_refused(state in state(), at in any::<prop::sample::Index>()) {
        let bytes = to_cbor(&state);
        prop_assert!(from_cbor::<State>(&bytes[..at.index(bytes.len())]).is_err());
    }
}

#[test]
fn a_later_version_may_add_drop_and_reorder_fields() {
    #[derive(Serialize)]
    struct Old {
        kept: u8,
        dropped: Vec<(u8, String)>,
        last: Choice,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct New {
        last: Choice,
        #[serde(default)]
        added: u32,
        kept: u64,
    }
    let old = Old { kept: 7, dropped: vec![(1, "x".to_owned())], last: Choice::Two(-1, "y".to_owned()) };
    let new = New { last: Choice::Two(-1, "y".to_owned()), added: 0, kept: 7 };
    assert_eq!(from_cbor::<New>(&to_cbor(&old)).unwrap(), new);
}

#[test]
fn lists_in_lists_without_end_are_refused() {
    #[derive(Debug, Deserialize)]
    struct Nest(#[allow(dead_code, reason = "only read")] Vec<Nest>);
    assert!(from_cbor::<Nest>(&[0x81; 10_000]).is_err());
}
