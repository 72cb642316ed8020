use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;

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
    #[serde(with = "crate::save::bytes")]
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
        let bytes = to_vec(&state).unwrap();
        prop_assert_eq!(from_slice::<State>(&bytes).unwrap(), state);
    }

    /// Another implementation of CBOR reads what is written here.
    #[test]
    fn it_is_cbor(state in state()) {
        let bytes = to_vec(&state).unwrap();
        prop_assert_eq!(ciborium::from_reader::<State, _>(bytes.as_slice()).unwrap(), state);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = from_slice::<State>(&bytes);
        let _ = from_slice::<Vec<Choice>>(&bytes);
    }

    #[test]
    fn cut_bytes_are_refused(state in state(), at in any::<prop::sample::Index>()) {
        let bytes = to_vec(&state).unwrap();
        prop_assert!(from_slice::<State>(&bytes[..at.index(bytes.len())]).is_err());
    }
}

#[test]
fn the_bytes_are_those_of_the_standard() {
    // RFC 8949, appendix A.
    assert_eq!(
        to_vec(&(1_000_000u32, -1_000i16, "IETF", [1u8, 2], None::<u8>)).unwrap(),
        [0x85, 0x1a, 0x00, 0x0f, 0x42, 0x40, 0x39, 0x03, 0xe7, 0x64, 0x49, 0x45, 0x54, 0x46, 0x82, 0x01, 0x02, 0xf6]
    );
    assert_eq!(to_vec(&100_000.0f32).unwrap(), [0xfa, 0x47, 0xc3, 0x50, 0x00]);
    assert_eq!(from_slice::<Vec<u8>>(&[0x9f, 0x01, 0x02, 0xff]).unwrap(), [1, 2], "of indefinite length");
    assert_eq!(from_slice::<(u128, i128)>(&to_vec(&(u128::MAX, -1i128)).unwrap()).unwrap(), (u128::MAX, -1));
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
    assert_eq!(from_slice::<New>(&to_vec(&old).unwrap()).unwrap(), new);
}

#[test]
fn lists_in_lists_without_end_are_refused() {
    #[derive(Debug, Deserialize)]
    struct Nest(#[allow(dead_code, reason = "only read")] Vec<Nest>);
    assert!(from_slice::<Nest>(&[0x81; 10_000]).is_err());
}
