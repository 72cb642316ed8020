//! From constant descriptions to schema bytes, at compile time. A description that the format refuses does not compile.

use crate::describe::{StaticField, StaticShape, StaticType, StaticVariant};
use crate::{FORMAT, MAX_DEPTH, MAX_FIXED_BYTES, MAX_NAME_BYTES, MAX_NAMED, MAX_SCHEMA_BYTES};

/// The roots in order: in, out, view.
type Roots = [&'static StaticType; 3];

/// How many bytes [`build`] needs for the types of `In`, `Out` and `View`.
pub const fn size(roots: Roots) -> usize {
    let mut out = Writer::<0>::new();
    out.schema(&roots);
    assert!(out.len <= MAX_SCHEMA_BYTES, "the messages of this game are too many or too large for one schema");
    out.len
}

/// The schema bytes of the types of `In`, `Out` and `View`. `N` is what [`size`] gives for the same types.
pub const fn build<const N: usize>(roots: Roots) -> [u8; N] {
    let mut out = Writer::<N>::new();
    out.schema(&roots);
    assert!(out.len == N, "build::<N> wants the N that size() gave");
    out.bytes
}

/// Writes, or with `N` = 0 only counts.
struct Writer<const N: usize> {
    bytes: [u8; N],
    len: usize,
    table: [Option<&'static StaticType>; MAX_NAMED],
    named: usize,
}

impl<const N: usize> Writer<N> {
    const fn new() -> Self {
        Writer { bytes: [0; N], len: 0, table: [None; MAX_NAMED], named: 0 }
    }

    const fn schema(&mut self, roots: &Roots) {
        let mut i = 0;
        while i < roots.len() {
            assert!(min_bytes(roots[i]) <= MAX_FIXED_BYTES, "the arrays of this message are too large");
            self.collect(roots[i], 0);
            i += 1;
        }
        self.byte(FORMAT);
        self.varint(self.named);
        let mut i = 0;
        while i < self.named {
            if let Some(named) = self.table[i] {
                self.definition(named);
            }
            i += 1;
        }
        let mut i = 0;
        while i < roots.len() {
            self.reference(roots[i]);
            i += 1;
        }
    }

    /// Puts the named types in `ty` into the table, those inside first.
    const fn collect(&mut self, ty: &'static StaticType, depth: usize) {
        assert!(depth < MAX_DEPTH, "the types of this message are nested too deep");
        check(ty);
        match ty {
            StaticType::Option(inner) | StaticType::Seq(inner) | StaticType::Array(inner, _) => {
                self.collect(inner, depth + 1);
            }
            StaticType::Tuple(parts) => self.collect_all(parts, depth + 1),
            StaticType::Map(key, value) => {
                self.collect(key, depth + 1);
                self.collect(value, depth + 1);
            }
            StaticType::Struct(..) | StaticType::Enum(..) if self.index_of(ty) < self.named => {}
            StaticType::Struct(_, shape) => {
                self.collect_shape(shape, depth + 1);
                self.push(ty);
            }
            StaticType::Enum(_, variants) => {
                let mut i = 0;
                while i < variants.len() {
                    self.collect_shape(&variants[i].shape, depth + 1);
                    i += 1;
                }
                self.push(ty);
            }
            _ => {}
        }
    }

    const fn collect_shape(&mut self, shape: &'static StaticShape, depth: usize) {
        match shape {
            StaticShape::Unit => {}
            StaticShape::Newtype(ty) => self.collect(ty, depth),
            StaticShape::Tuple(parts) => self.collect_all(parts, depth),
            StaticShape::Named(fields) => {
                let mut i = 0;
                while i < fields.len() {
                    self.collect(fields[i].ty, depth);
                    i += 1;
                }
            }
        }
    }

    const fn collect_all(&mut self, parts: &'static [&'static StaticType], depth: usize) {
        let mut i = 0;
        while i < parts.len() {
            self.collect(parts[i], depth);
            i += 1;
        }
    }

    const fn push(&mut self, ty: &'static StaticType) {
        assert!(self.named < MAX_NAMED, "this game's messages have too many types");
        self.table[self.named] = Some(ty);
        self.named += 1;
    }

    /// Where `ty` stands in the table; the table's length if it does not.
    const fn index_of(&self, ty: &'static StaticType) -> usize {
        let mut i = 0;
        while i < self.named {
            if let Some(other) = self.table[i]
                && same(ty, other)
            {
                return i;
            }
            i += 1;
        }
        self.named
    }

    const fn definition(&mut self, ty: &'static StaticType) {
        match ty {
            StaticType::Struct(name, shape) => {
                self.name(name);
                self.byte(0x00);
                self.shape(shape);
            }
            StaticType::Enum(name, variants) => {
                self.name(name);
                self.byte(0x01);
                self.varint(variants.len());
                let mut i = 0;
                while i < variants.len() {
                    self.name(variants[i].name);
                    self.shape(&variants[i].shape);
                    i += 1;
                }
            }
            _ => panic!("only structs and enums are in the table"),
        }
    }

    const fn shape(&mut self, shape: &'static StaticShape) {
        match shape {
            StaticShape::Unit => self.byte(0x00),
            StaticShape::Newtype(ty) => {
                self.byte(0x01);
                self.reference(ty);
            }
            StaticShape::Tuple(parts) => {
                self.byte(0x02);
                self.references(parts);
            }
            StaticShape::Named(fields) => {
                self.byte(0x03);
                self.varint(fields.len());
                let mut i = 0;
                while i < fields.len() {
                    self.name(fields[i].name);
                    self.reference(fields[i].ty);
                    i += 1;
                }
            }
        }
    }

    const fn references(&mut self, parts: &'static [&'static StaticType]) {
        self.varint(parts.len());
        let mut i = 0;
        while i < parts.len() {
            self.reference(parts[i]);
            i += 1;
        }
    }

    const fn reference(&mut self, ty: &'static StaticType) {
        self.byte(code(ty));
        match ty {
            StaticType::Option(inner) | StaticType::Seq(inner) => self.reference(inner),
            StaticType::Array(inner, length) => {
                self.varint(*length);
                self.reference(inner);
            }
            StaticType::Tuple(parts) => self.references(parts),
            StaticType::Map(key, value) => {
                self.reference(key);
                self.reference(value);
            }
            StaticType::Struct(..) | StaticType::Enum(..) => self.varint(self.index_of(ty)),
            _ => {}
        }
    }

    const fn name(&mut self, name: &str) {
        let bytes = name.as_bytes();
        assert!(!bytes.is_empty() && bytes.len() <= MAX_NAME_BYTES, "a name in this message is too long");
        self.varint(bytes.len());
        let mut i = 0;
        while i < bytes.len() {
            self.byte(bytes[i]);
            i += 1;
        }
    }

    const fn varint(&mut self, value: usize) {
        assert!(value <= u32::MAX as usize, "a length in this message is too large");
        let mut rest = value;
        while rest >= 0x80 {
            self.byte(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.byte(rest as u8);
    }

    const fn byte(&mut self, byte: u8) {
        if self.len < N {
            self.bytes[self.len] = byte;
        }
        self.len += 1;
    }
}

/// The byte that starts a type.
const fn code(ty: &StaticType) -> u8 {
    match ty {
        StaticType::Unit => 0x00,
        StaticType::Bool => 0x01,
        StaticType::U8 => 0x02,
        StaticType::U16 => 0x03,
        StaticType::U32 => 0x04,
        StaticType::U64 => 0x05,
        StaticType::I8 => 0x06,
        StaticType::I16 => 0x07,
        StaticType::I32 => 0x08,
        StaticType::I64 => 0x09,
        StaticType::F32 => 0x0a,
        StaticType::F64 => 0x0b,
        StaticType::Char => 0x0c,
        StaticType::String => 0x0d,
        StaticType::Option(_) => 0x0e,
        StaticType::Seq(_) => 0x0f,
        StaticType::Array(..) => 0x10,
        StaticType::Tuple(_) => 0x11,
        StaticType::Map(..) => 0x12,
        StaticType::Struct(..) | StaticType::Enum(..) => 0x13,
    }
}

/// Fails to compile for what the format refuses.
const fn check(ty: &'static StaticType) {
    match ty {
        StaticType::Option(inner) => {
            assert!(!can_be_nothing(inner), "Option<Option<_>> and Option<()>: use an enum that names the cases");
        }
        StaticType::Seq(inner) => assert!(min_bytes(inner) > 0, "a Vec of elements that take no bytes"),
        StaticType::Array(inner, _) => assert!(min_bytes(inner) > 0, "an array of elements that take no bytes"),
        StaticType::Map(key, value) => {
            assert!(min_bytes(key) + min_bytes(value) > 0, "a map of entries that take no bytes");
        }
        _ => {}
    }
}

const fn can_be_nothing(ty: &StaticType) -> bool {
    match ty {
        StaticType::Unit | StaticType::Option(_) | StaticType::Struct(_, StaticShape::Unit) => true,
        StaticType::Struct(_, StaticShape::Newtype(inner)) => can_be_nothing(inner),
        _ => false,
    }
}

/// The size of the smallest value.
const fn min_bytes(ty: &StaticType) -> usize {
    match ty {
        StaticType::Unit => 0,
        StaticType::F32 => 4,
        StaticType::F64 => 8,
        StaticType::Char => 2,
        StaticType::Array(inner, length) => min_bytes(inner).saturating_mul(*length),
        StaticType::Tuple(parts) => min_bytes_all(parts),
        StaticType::Struct(_, shape) => min_bytes_shape(shape),
        _ => 1,
    }
}

const fn min_bytes_all(parts: &[&StaticType]) -> usize {
    let (mut sum, mut i) = (0usize, 0);
    while i < parts.len() {
        sum = sum.saturating_add(min_bytes(parts[i]));
        i += 1;
    }
    sum
}

const fn min_bytes_shape(shape: &StaticShape) -> usize {
    match shape {
        StaticShape::Unit => 0,
        StaticShape::Newtype(ty) => min_bytes(ty),
        StaticShape::Tuple(parts) => min_bytes_all(parts),
        StaticShape::Named(fields) => {
            let (mut sum, mut i) = (0usize, 0);
            while i < fields.len() {
                sum = sum.saturating_add(min_bytes(fields[i].ty));
                i += 1;
            }
            sum
        }
    }
}

/// Whether two types are equal in names and structure.
const fn same(a: &StaticType, b: &StaticType) -> bool {
    match (a, b) {
        (StaticType::Option(a), StaticType::Option(b)) | (StaticType::Seq(a), StaticType::Seq(b)) => same(a, b),
        (StaticType::Array(a, n), StaticType::Array(b, m)) => *n == *m && same(a, b),
        (StaticType::Tuple(a), StaticType::Tuple(b)) => same_all(a, b),
        (StaticType::Map(a, x), StaticType::Map(b, y)) => same(a, b) && same(x, y),
        (StaticType::Struct(a, x), StaticType::Struct(b, y)) => same_text(a, b) && same_shape(x, y),
        (StaticType::Enum(a, x), StaticType::Enum(b, y)) => same_text(a, b) && same_variants(x, y),
        (StaticType::Struct(..), StaticType::Enum(..)) | (StaticType::Enum(..), StaticType::Struct(..)) => false,
        _ => code(a) == code(b),
    }
}

const fn same_all(a: &[&StaticType], b: &[&StaticType]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if !same(a[i], b[i]) {
            return false;
        }
        i += 1;
    }
    true
}

const fn same_shape(a: &StaticShape, b: &StaticShape) -> bool {
    match (a, b) {
        (StaticShape::Unit, StaticShape::Unit) => true,
        (StaticShape::Newtype(a), StaticShape::Newtype(b)) => same(a, b),
        (StaticShape::Tuple(a), StaticShape::Tuple(b)) => same_all(a, b),
        (StaticShape::Named(a), StaticShape::Named(b)) => same_fields(a, b),
        _ => false,
    }
}

const fn same_fields(a: &[StaticField], b: &[StaticField]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if !same_text(a[i].name, b[i].name) || !same(a[i].ty, b[i].ty) {
            return false;
        }
        i += 1;
    }
    true
}

const fn same_variants(a: &[StaticVariant], b: &[StaticVariant]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if !same_text(a[i].name, b[i].name) || !same_shape(&a[i].shape, &b[i].shape) {
            return false;
        }
        i += 1;
    }
    true
}

const fn same_text(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}
