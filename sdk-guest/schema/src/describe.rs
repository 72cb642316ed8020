//! Types that describe themselves at compile time. The SDK's `#[message]` implements [`Describe`]; nothing else should.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A type whose encoding the schema can express.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a message",
    label = "not a message type",
    note = "put `#[message]` on your own structs and enums",
    note = "of the standard library: bool, u8..u64, i8..i64, f32, f64, char, String, Option, Vec, arrays, tuples, Box, BTreeMap, BTreeSet, Duration",
    note = "not `usize` (its size differs between machines), not `HashMap` (its order differs between runs)"
)]
pub trait Describe {
    /// The description.
    const TYPE: &'static StaticType;
}

/// A type as a constant.
#[derive(Clone, Copy, Debug)]
pub enum StaticType {
    /// `()`.
    Unit,
    /// `bool`.
    Bool,
    /// `u8`.
    U8,
    /// `u16`.
    U16,
    /// `u32`.
    U32,
    /// `u64`.
    U64,
    /// `i8`.
    I8,
    /// `i16`.
    I16,
    /// `i32`.
    I32,
    /// `i64`.
    I64,
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// `char`.
    Char,
    /// `String`.
    String,
    /// `Option<T>`.
    Option(&'static StaticType),
    /// `Vec<T>`, `BTreeSet<T>`.
    Seq(&'static StaticType),
    /// `[T; N]`.
    Array(&'static StaticType, usize),
    /// `(A, B, ..)`.
    Tuple(&'static [&'static StaticType]),
    /// `BTreeMap<K, V>`.
    Map(&'static StaticType, &'static StaticType),
    /// A struct: name and fields.
    Struct(&'static str, StaticShape),
    /// An enum: name and variants.
    Enum(&'static str, &'static [StaticVariant]),
}

/// The fields of a struct or variant, as a constant.
#[derive(Clone, Copy, Debug)]
pub enum StaticShape {
    /// None.
    Unit,
    /// One without a name.
    Newtype(&'static StaticType),
    /// Several without names.
    Tuple(&'static [&'static StaticType]),
    /// With names.
    Named(&'static [StaticField]),
}

/// A named field, as a constant.
#[derive(Clone, Copy, Debug)]
pub struct StaticField {
    /// As in the source.
    pub name: &'static str,
    /// Its type.
    pub ty: &'static StaticType,
}

/// A variant of an enum, as a constant.
#[derive(Clone, Copy, Debug)]
pub struct StaticVariant {
    /// As in the source.
    pub name: &'static str,
    /// Its fields.
    pub shape: StaticShape,
}

macro_rules! plain {
    ($($type:ty => $variant:ident),+ $(,)?) => {$(
        impl Describe for $type {
            const TYPE: &'static StaticType = &StaticType::$variant;
        }
    )+};
}

plain! {
    () => Unit, bool => Bool,
    u8 => U8, u16 => U16, u32 => U32, u64 => U64,
    i8 => I8, i16 => I16, i32 => I32, i64 => I64,
    f32 => F32, f64 => F64, char => Char, String => String,
}

impl<T: Describe> Describe for Option<T> {
    const TYPE: &'static StaticType = &StaticType::Option(T::TYPE);
}

impl<T: Describe> Describe for Vec<T> {
    const TYPE: &'static StaticType = &StaticType::Seq(T::TYPE);
}

impl<T: Describe> Describe for BTreeSet<T> {
    const TYPE: &'static StaticType = &StaticType::Seq(T::TYPE);
}

impl<K: Describe, V: Describe> Describe for BTreeMap<K, V> {
    const TYPE: &'static StaticType = &StaticType::Map(K::TYPE, V::TYPE);
}

impl<T: Describe, const N: usize> Describe for [T; N] {
    const TYPE: &'static StaticType = &StaticType::Array(T::TYPE, N);
}

impl<T: Describe> Describe for Box<T> {
    const TYPE: &'static StaticType = T::TYPE;
}

impl Describe for Duration {
    const TYPE: &'static StaticType = &StaticType::Struct(
        "Duration",
        StaticShape::Named(&[
            StaticField { name: "secs", ty: &StaticType::U64 },
            StaticField { name: "nanos", ty: &StaticType::U32 },
        ]),
    );
}

macro_rules! tuples {
    ($(($($part:ident),+))+) => {$(
        impl<$($part: Describe),+> Describe for ($($part,)+) {
            const TYPE: &'static StaticType = &StaticType::Tuple(&[$($part::TYPE),+]);
        }
    )+};
}

tuples! { (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) (A, B, C, D, E, F, G) (A, B, C, D, E, F, G, H) }
