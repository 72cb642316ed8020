//! A parsed schema: the model that tools walk.

use std::sync::Arc;

/// Which of a game's three types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// What players send to the game.
    In,
    /// What the game sends to players.
    Out,
    /// What a seat sees.
    View,
}

impl Root {
    /// All three, in the order of the format.
    pub const ALL: [Root; 3] = [Root::In, Root::Out, Root::View];
}

/// A type by structure, or a reference to a [`Named`] one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Nothing.
    Unit,
    /// True or false.
    Bool,
    /// 8 bits, unsigned.
    U8,
    /// 16 bits, unsigned.
    U16,
    /// 32 bits, unsigned.
    U32,
    /// 64 bits, unsigned.
    U64,
    /// 8 bits, signed.
    I8,
    /// 16 bits, signed.
    I16,
    /// 32 bits, signed.
    I32,
    /// 64 bits, signed.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// One Unicode scalar value.
    Char,
    /// UTF-8 text.
    String,
    /// Something or nothing.
    Option(Box<Type>),
    /// Any number of the same.
    Seq(Box<Type>),
    /// A fixed number of the same.
    Array(Box<Type>, usize),
    /// A fixed list of types.
    Tuple(Vec<Type>),
    /// Keys and values.
    Map(Box<Type>, Box<Type>),
    /// An index into [`Schema::types`].
    Named(usize),
}

/// A struct or enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name without its module. Two different types may have the same.
    pub name: Arc<str>,
    /// What it is.
    pub kind: Kind,
}

/// What a named type is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A struct with these fields.
    Struct(Shape),
    /// An enum with these variants, numbered from 0.
    Enum(Vec<Variant>),
}

/// The fields of a struct or variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// None.
    Unit,
    /// One without a name.
    Newtype(Type),
    /// Several without names.
    Tuple(Vec<Type>),
    /// With names.
    Named(Vec<Field>),
}

/// A named field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// As in the game's source.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
}

/// A variant of an enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// As in the game's source.
    pub name: Arc<str>,
    /// Its fields.
    pub shape: Shape,
}

/// The messages and the view of one version of a game. Made by [`Schema::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    pub(crate) bytes: Vec<u8>,
    pub(crate) types: Vec<Named>,
    /// The smallest encoding of each named type, bytes.
    pub(crate) min_bytes: Vec<usize>,
    pub(crate) roots: [Type; 3],
}

impl Schema {
    /// The bytes that this was parsed from.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The structs and enums. Each refers only to those before it.
    pub fn types(&self) -> &[Named] {
        &self.types
    }

    /// One of the three types.
    pub fn root(&self, root: Root) -> &Type {
        &self.roots[root as usize]
    }

    /// What clients show to be let in: the first 8 bytes of the BLAKE3 of [`Schema::bytes`].
    #[cfg(feature = "tools")]
    pub fn hash(&self) -> [u8; 8] {
        let mut hash = [0; 8];
        hash.copy_from_slice(&blake3::hash(&self.bytes).as_bytes()[..8]);
        hash
    }

    /// The size of the smallest encoding of `ty`, bytes.
    pub(crate) fn min_bytes(&self, ty: &Type) -> usize {
        min_bytes(ty, &self.min_bytes)
    }
}

/// The size of the smallest encoding of `ty`, given those of the named types.
pub(crate) fn min_bytes(ty: &Type, named: &[usize]) -> usize {
    match ty {
        Type::Unit => 0,
        Type::F32 => 4,
        Type::F64 => 8,
        Type::Char => 2,
        Type::Array(inner, length) => min_bytes(inner, named).saturating_mul(*length),
        Type::Tuple(parts) => sum(parts, named),
        Type::Named(index) => named[*index],
        _ => 1,
    }
}

/// The same for the fields of a struct.
pub(crate) fn min_bytes_of_shape(shape: &Shape, named: &[usize]) -> usize {
    match shape {
        Shape::Unit => 0,
        Shape::Newtype(ty) => min_bytes(ty, named),
        Shape::Tuple(parts) => sum(parts, named),
        Shape::Named(fields) => sum(fields.iter().map(|field| &field.ty), named),
    }
}

fn sum<'a>(types: impl IntoIterator<Item = &'a Type>, named: &[usize]) -> usize {
    types.into_iter().fold(0, |total: usize, ty| total.saturating_add(min_bytes(ty, named)))
}
