//! Random schemas, random values, random bytes.

use proptest::prelude::*;
use stadion_schema::{BadSchema, DecodeError, Fields, Kind, Root, Schema, Shape, Type, Value};

/// Draws decisions from a list of random bytes, zeros when it is used up: every list is some schema and some value.
struct Dice<'a>(std::slice::Iter<'a, u8>);

impl Dice<'_> {
    fn below(&mut self, limit: u8) -> u8 {
        self.0.next().map_or(0, |byte| byte % limit)
    }

    fn u64(&mut self) -> u64 {
        let width = u32::from(self.below(65));
        let bits = (0..8).fold(0, |bits, _| bits << 8 | u64::from(self.below(255)));
        bits.checked_shr(64 - width).unwrap_or(0)
    }
}

/// Writes schema bytes, independently of the crate's own writer.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn name(&mut self, name: &str) {
        self.0.push(name.len() as u8);
        self.0.extend(name.bytes());
    }

    fn schema(dice: &mut Dice) -> Vec<u8> {
        let mut bytes = Bytes(vec![1]);
        let named = dice.below(5);
        bytes.0.push(named);
        for index in 0..named {
            bytes.name(&format!("Type{index}"));
            match dice.below(2) {
                0 => {
                    bytes.0.push(0);
                    bytes.shape(dice, index);
                }
                _ => {
                    let variants = 1 + dice.below(4);
                    bytes.0.extend([1, variants]);
                    for variant in 0..variants {
                        bytes.name(&format!("V{variant}"));
                        bytes.shape(dice, index);
                    }
                }
            }
        }
        (0..3).for_each(|_| bytes.ty(dice, named, 0));
        bytes.0
    }

    fn shape(&mut self, dice: &mut Dice, named: u8) {
        match dice.below(4) {
            0 => self.0.push(0),
            1 => {
                self.0.push(1);
                self.ty(dice, named, 0);
            }
            shape => {
                let count = dice.below(4);
                self.0.extend([shape, count]);
                for field in 0..count {
                    if shape == 3 {
                        self.name(&format!("field_{field}"));
                    }
                    self.ty(dice, named, 0);
                }
            }
        }
    }

    fn ty(&mut self, dice: &mut Dice, named: u8, depth: u8) {
        let code = dice.below(if depth > 3 { 0x0e } else { 0x14 });
        match code {
            0x10 => self.0.extend([code, dice.below(5)]),
            0x11 => {
                let count = dice.below(4);
                self.0.extend([code, count]);
                (0..count).for_each(|_| self.ty(dice, named, depth + 1));
                return;
            }
            0x13 if named == 0 => return self.0.push(0x02),
            0x13 => return self.0.extend([code, dice.below(named)]),
            _ => self.0.push(code),
        }
        match code {
            0x0e..=0x10 => self.ty(dice, named, depth + 1),
            0x12 => (0..2).for_each(|_| self.ty(dice, named, depth + 1)),
            _ => {}
        }
    }
}

/// Some value of a type.
fn value(schema: &Schema, ty: &Type, dice: &mut Dice) -> Value {
    let many = |dice: &mut Dice, ty: &Type, count: usize| match ty {
        Type::U8 => Value::Bytes((0..count).map(|_| dice.below(255)).collect()),
        ty => Value::List((0..count).map(|_| value(schema, ty, dice)).collect()),
    };
    match ty {
        Type::Unit => Value::Unit,
        Type::Bool => Value::Bool(dice.below(2) == 1),
        Type::U8 => Value::Unsigned(dice.u64() & 0xff),
        Type::U16 => Value::Unsigned(dice.u64() & 0xffff),
        Type::U32 => Value::Unsigned(dice.u64() & 0xffff_ffff),
        Type::U64 => Value::Unsigned(dice.u64()),
        Type::I8 => Value::Signed(i64::from(dice.u64() as i8)),
        Type::I16 => Value::Signed(i64::from(dice.u64() as i16)),
        Type::I32 => Value::Signed(i64::from(dice.u64() as i32)),
        Type::I64 => Value::Signed(dice.u64() as i64),
        Type::F32 => Value::F32(dice.u64() as f32 / 3.0),
        Type::F64 => Value::F64(dice.u64() as f64 / -3.0),
        Type::Char => Value::Char(char::from_u32(dice.u64() as u32 & 0xffff).unwrap_or('x')),
        Type::String => Value::Text((0..dice.below(5)).map(|_| char::from(b'a' + dice.below(26))).collect()),
        Type::Option(inner) => Value::Option((dice.below(2) == 1).then(|| Box::new(value(schema, inner, dice)))),
        Type::Seq(inner) => {
            let count = usize::from(dice.below(4));
            many(dice, inner, count)
        }
        Type::Array(inner, length) => many(dice, inner, *length),
        Type::Tuple(parts) => Value::List(parts.iter().map(|part| value(schema, part, dice)).collect()),
        Type::Map(k, v) => {
            // One entry: objects in JSON cannot hold a key twice.
            Value::Map((0..dice.below(2)).map(|_| (value(schema, k, dice), value(schema, v, dice))).collect())
        }
        Type::Named(index) => {
            let named = &schema.types()[*index];
            let name = named.name.clone();
            match &named.kind {
                Kind::Struct(shape) => Value::Struct { name, fields: fields(schema, shape, dice) },
                Kind::Enum(variants) => {
                    let index = dice.below(variants.len() as u8);
                    let variant = &variants[usize::from(index)];
                    let fields = fields(schema, &variant.shape, dice);
                    Value::Enum { name, variant: variant.name.clone(), index: u32::from(index), fields }
                }
            }
        }
    }
}

fn fields(schema: &Schema, shape: &Shape, dice: &mut Dice) -> Fields {
    match shape {
        Shape::Unit => Fields::Unit,
        Shape::Newtype(ty) => Fields::Newtype(Box::new(value(schema, ty, dice))),
        Shape::Tuple(types) => Fields::Tuple(types.iter().map(|ty| value(schema, ty, dice)).collect()),
        Shape::Named(named) => {
            Fields::Named(named.iter().map(|field| (field.name.clone(), value(schema, &field.ty, dice))).collect())
        }
    }
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn values_survive_bytes_and_json(seed in bytes(300)) {
        let mut dice = Dice(seed.iter());
        // Not every random schema is a valid one: what is refused must be refused for its meaning, not its form.
        let schema = match Schema::parse(&Bytes::schema(&mut dice)) {
            Ok(schema) => schema,
            Err(BadSchema::Ambiguous(_)) => return Ok(()),
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };
        for root in Root::ALL {
            let value = value(&schema, schema.root(root), &mut dice);
            let bytes = schema.encode(root, &value).unwrap();
            prop_assert_eq!(&schema.decode(root, &bytes).unwrap(), &value);
            let json = value.to_json();
            let read = schema.from_json(root, &json).unwrap();
            prop_assert_eq!(schema.encode(root, &read).unwrap(), bytes, "{}", json);
            prop_assert!(value.line(40).chars().count() <= 42);
        }
    }

    #[test]
    fn random_bytes_are_refused_or_read_but_never_panic(seed in bytes(200), message in bytes(200)) {
        let _ = Schema::parse(&message);
        if let Ok(schema) = Schema::parse(&Bytes::schema(&mut Dice(seed.iter()))) {
            for root in Root::ALL {
                if let Ok(value) = schema.decode(root, &message) {
                    // The shortest spelling of what was read says the same.
                    let again = schema.encode(root, &value).unwrap();
                    prop_assert!(again.len() <= message.len());
                    prop_assert_eq!(value.to_string(), schema.decode(root, &again).unwrap().to_string());
                }
            }
        }
    }

    #[test]
    fn damaged_schemas_never_panic(seed in bytes(300), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = Bytes::schema(&mut Dice(seed.iter()));
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(schema) = Schema::parse(&bytes) {
            Root::ALL.into_iter().for_each(|root| drop(schema.decode(root, &seed)));
        }
    }
}

/// A schema whose three roots are this one type.
fn schema_of(named: &[&[u8]], ty: &[u8]) -> Result<Schema, BadSchema> {
    Schema::parse(&[&[1, named.len() as u8], named.concat().as_slice(), ty, ty, ty].concat())
}

#[test]
fn what_could_make_decoding_expensive_is_refused_in_the_schema() {
    let cases: [(&[&[u8]], &[u8]); 6] = [
        (&[], &[0x0f, 0x00]),                               // Vec<()>
        (&[], &[0x10, 0xff, 0xff, 0xff, 0x7f, 0x00]),       // [(); many]
        (&[], &[0x10, 0xff, 0xff, 0xff, 0x7f, 0x0b]),       // [f64; many]
        (&[], &[0x12, 0x00, 0x00]),                         // BTreeMap<(), ()>
        (&[], &[0x0e, 0x0e, 0x02]),                         // Option<Option<u8>>
        (&[b"\x01A\x00\x01\x0e\x02"], &[0x0e, 0x13, 0x00]), // Option<A(Option<u8>)>
    ];
    for (named, ty) in cases {
        let refusal = schema_of(named, ty).unwrap_err();
        assert!(matches!(refusal, BadSchema::Ambiguous(_) | BadSchema::OverLimit(_)), "{ty:x?}: {refusal}");
    }
    let deep = [&[0x0f; 100][..], &[0x02]].concat();
    assert!(matches!(schema_of(&[], &deep), Err(BadSchema::OverLimit(_))));
}

#[test]
fn a_few_bytes_cannot_claim_much_memory() {
    // Vec<u64> of 2^32 - 1 elements, from five bytes.
    let schema = schema_of(&[], &[0x0f, 0x05]).unwrap();
    assert_eq!(schema.decode(Root::In, &[0xff, 0xff, 0xff, 0xff, 0x0f]), Err(DecodeError::TooShort));
    // Structs of structs of nothing: 10^12 parts from no bytes at all.
    let mut named: Vec<Vec<u8>> = vec![b"\x01A\x00\x00".to_vec()];
    for index in 1..13 {
        let mut definition = vec![1, b'A' + index, 0, 2, 10];
        (0..10).for_each(|_| definition.extend([0x13, index - 1]));
        named.push(definition);
    }
    let named: Vec<&[u8]> = named.iter().map(Vec::as_slice).collect();
    let schema = schema_of(&named, &[0x13, 12]).unwrap();
    assert_eq!(schema.decode(Root::In, &[]), Err(DecodeError::TooManyParts));
}

#[test]
fn broken_schemas_are_refused_for_what_is_wrong() {
    let cases: [(&[u8], &str); 8] = [
        (&[], "end too early"),
        (&[2, 0, 0, 0, 0], "format 2"),
        (&[1, 0, 0, 0], "end too early"),
        (&[1, 0, 0, 0, 0, 0], "after its end"),
        (&[1, 0, 0x20, 0, 0], "unknown code 0x20"),
        (&[1, 0, 0x13, 0, 0, 0], "refers to type 0"),
        (&[1, 1, 1, b'A', 0, 1, 0x13, 0, 0, 0, 0], "refers to type 0"),
        (&[1, 1, 1, b'A', 0, 3, 2, 1, b'x', 2, 1, b'x', 2, 0, 0, 0], "repeated name \"x\""),
    ];
    for (bytes, why) in cases {
        let refusal = Schema::parse(bytes).unwrap_err().to_string();
        assert!(refusal.contains(why), "{bytes:x?}: {refusal}");
    }
    assert_eq!(Schema::parse(&vec![1; 70_000]), Err(BadSchema::TooLong));
}

#[test]
fn json_that_does_not_fit_says_where() {
    // struct A { cells: Vec<u16> }
    let schema = schema_of(&[b"\x01A\x00\x03\x01\x05cells\x0f\x03"], &[0x13, 0]).unwrap();
    let read = |text: &str| schema.from_json(Root::In, &serde_json::from_str(text).unwrap());
    assert!(read(r#"{"cells": [1, 65535]}"#).is_ok());
    for (text, error) in [
        (r#"{"cells": [1, 65536]}"#, ".cells[1]: expected u16"),
        (r#"{"cells": "x"}"#, ".cells: expected Vec<u16>"),
        (r#"{"cells": [], "more": 1}"#, "the message: expected no field \"more\" in A"),
        (r#"{}"#, ".cells: expected Vec<u16>"),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), error, "{text}");
    }
}
