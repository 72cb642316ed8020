//! Inputs made up by chance, for bots of games that nobody wrote a bot for. Always of the schema's shape; whether the
//! rules allow them, the game says.

use std::sync::Arc;

use stadion_schema::{Fields, Kind, Root, Schema, Shape, Type, Value};

/// Small numbers mean something in most games (seats, cells, cards), huge ones in none.
const MANY: u64 = 16;

/// Chance from a seed: SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// From 0 to `end` without it; 0 for an `end` of 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// One of these, if there are any.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }
}

/// An input of the game.
pub(crate) fn input(schema: &Schema, rng: &mut Rng) -> Value {
    value(schema, schema.root(Root::In), rng)
}

/// Recursion is bounded by the schema's depth.
fn value(schema: &Schema, ty: &Type, rng: &mut Rng) -> Value {
    match ty {
        Type::Unit => Value::Unit,
        Type::Bool => Value::Bool(rng.below(2) == 1),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => Value::Unsigned(rng.below(MANY)),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => Value::Signed(rng.below(MANY) as i64 - MANY as i64 / 2),
        Type::F32 => Value::F32(rng.below(MANY) as f32 / MANY as f32),
        Type::F64 => Value::F64(rng.below(MANY) as f64 / MANY as f64),
        Type::Char => Value::Char(char::from(b'a' + rng.below(26) as u8)),
        Type::String => Value::Text((0..rng.below(MANY)).map(|_| char::from(b'a' + rng.below(26) as u8)).collect()),
        Type::Option(inner) => Value::Option((rng.below(2) == 1).then(|| Box::new(value(schema, inner, rng)))),
        Type::Seq(inner) => {
            let length = rng.below(4) as usize;
            list(schema, inner, length, rng)
        }
        Type::Array(inner, length) => list(schema, inner, *length, rng),
        Type::Tuple(parts) => Value::List(parts.iter().map(|part| value(schema, part, rng)).collect()),
        Type::Map(key, content) => Value::Map(vec![(value(schema, key, rng), value(schema, content, rng))]),
        Type::Named(index) => named(schema, *index, rng),
    }
}

fn list(schema: &Schema, inner: &Type, length: usize, rng: &mut Rng) -> Value {
    if *inner == Type::U8 {
        return Value::Bytes((0..length).map(|_| rng.next() as u8).collect());
    }
    Value::List((0..length).map(|_| value(schema, inner, rng)).collect())
}

fn named(schema: &Schema, index: usize, rng: &mut Rng) -> Value {
    let named = &schema.types()[index];
    let name: Arc<str> = named.name.clone();
    match &named.kind {
        Kind::Struct(shape) => Value::Struct { name, fields: fields(schema, shape, rng) },
        Kind::Enum(variants) => {
            let index = rng.below(variants.len() as u64) as usize;
            let variant = &variants[index];
            let fields = fields(schema, &variant.shape, rng);
            Value::Enum { name, variant: variant.name.clone(), index: index as u32, fields }
        }
    }
}

fn fields(schema: &Schema, shape: &Shape, rng: &mut Rng) -> Fields {
    match shape {
        Shape::Unit => Fields::Unit,
        Shape::Newtype(ty) => Fields::Newtype(Box::new(value(schema, ty, rng))),
        Shape::Tuple(types) => Fields::Tuple(types.iter().map(|ty| value(schema, ty, rng)).collect()),
        Shape::Named(fields) => {
            Fields::Named(fields.iter().map(|field| (field.name.clone(), value(schema, &field.ty, rng))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::fixture::schema;

    #[test]
    fn inputs_made_up_by_chance_always_encode_and_differ() {
        let (schema, mut rng) = (schema(), Rng::new(7));
        let encoded: Vec<Vec<u8>> =
            (0..200).map(|_| schema.encode(Root::In, &input(&schema, &mut rng)).unwrap()).collect();
        assert!(encoded.iter().collect::<std::collections::BTreeSet<_>>().len() > 50);
    }
}
