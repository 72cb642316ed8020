//! From schema bytes to a [`Schema`]. The bytes come from whoever uploaded a game: every count is bounded by the bytes
//! that remain, references point backwards, and what could make decoding expensive is refused here.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::decode::DecodeError;
use crate::reader::Reader;
use crate::schema::{Field, Kind, Named, Schema, Shape, Type, Variant, min_bytes, min_bytes_of_shape};
use crate::{FORMAT, MAX_DEPTH, MAX_FIXED_BYTES, MAX_NAME_BYTES, MAX_NAMED, MAX_SCHEMA_BYTES};

/// Why bytes are not a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadSchema {
    /// More than [`MAX_SCHEMA_BYTES`].
    TooLong,
    /// Written by a newer SDK, in this version of the format.
    UnknownFormat(u8),
    /// The bytes end early, or a number or text in them is malformed.
    Malformed(DecodeError),
    /// Bytes are left over.
    Trailing,
    /// A count, name, nesting or fixed size over its limit.
    OverLimit(&'static str),
    /// A byte that starts no type, shape or definition.
    UnknownCode(u8),
    /// A reference to a type that is not before it.
    BadReference(usize),
    /// The same field or variant name twice, or a name that is not letters, digits and `_`.
    BadName(String),
    /// Elements that take no bytes, or an option of what may be nothing.
    Ambiguous(&'static str),
}

impl fmt::Display for BadSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadSchema::TooLong => write!(f, "schema is longer than {MAX_SCHEMA_BYTES} bytes"),
            BadSchema::UnknownFormat(version) => {
                write!(f, "schema format {version} is unknown here (this reads format {FORMAT})")
            }
            BadSchema::Malformed(error) => write!(f, "schema is malformed: {error}"),
            BadSchema::Trailing => f.write_str("schema has bytes after its end"),
            BadSchema::OverLimit(what) => write!(f, "schema has {what}"),
            BadSchema::UnknownCode(code) => write!(f, "schema has an unknown code {code:#04x}"),
            BadSchema::BadReference(index) => write!(f, "schema refers to type {index}, which is not before it"),
            BadSchema::BadName(name) => write!(f, "schema has a bad or repeated name {name:?}"),
            BadSchema::Ambiguous(what) => write!(f, "schema has {what}"),
        }
    }
}

impl std::error::Error for BadSchema {}

impl From<DecodeError> for BadSchema {
    fn from(error: DecodeError) -> BadSchema {
        BadSchema::Malformed(error)
    }
}

impl Schema {
    /// Reads schema bytes. They may come from anyone: this never panics and needs memory only in proportion to them.
    pub fn parse(bytes: &[u8]) -> Result<Schema, BadSchema> {
        if bytes.len() > MAX_SCHEMA_BYTES {
            return Err(BadSchema::TooLong);
        }
        let mut parser =
            Parser { reader: Reader::new(bytes), min_bytes: Vec::new(), depths: Vec::new(), nullable: Vec::new() };
        match parser.reader.byte()? {
            FORMAT => {}
            other => return Err(BadSchema::UnknownFormat(other)),
        }
        let count = parser.count()?;
        if count > MAX_NAMED {
            return Err(BadSchema::OverLimit("too many types"));
        }
        let types = (0..count).map(|_| parser.named()).collect::<Result<Vec<_>, _>>()?;
        let roots = [parser.root()?, parser.root()?, parser.root()?];
        if parser.reader.remaining() > 0 {
            return Err(BadSchema::Trailing);
        }
        Ok(Schema { bytes: bytes.to_vec(), types, min_bytes: parser.min_bytes, roots })
    }
}

/// A type on its way in: itself, and how deep it nests.
struct Parsed {
    ty: Type,
    depth: usize,
}

struct Parser<'a> {
    reader: Reader<'a>,
    /// Of each named type so far.
    min_bytes: Vec<usize>,
    depths: Vec<usize>,
    /// Whether a value of it may stand for nothing, so that an option of it would be ambiguous.
    nullable: Vec<bool>,
}

impl Parser<'_> {
    /// A number of things that each take at least one byte.
    fn count(&mut self) -> Result<usize, BadSchema> {
        let count = self.reader.length()?;
        if count > self.reader.remaining() { Err(DecodeError::TooShort.into()) } else { Ok(count) }
    }

    fn name(&mut self) -> Result<Arc<str>, BadSchema> {
        let name = self.reader.text()?;
        if name.is_empty() || name.len() > MAX_NAME_BYTES {
            return Err(BadSchema::OverLimit("a name that is empty or too long"));
        }
        if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err(BadSchema::BadName(name.to_owned()));
        }
        Ok(name.into())
    }

    fn root(&mut self) -> Result<Type, BadSchema> {
        let ty = self.ty(0)?.ty;
        if min_bytes(&ty, &self.min_bytes) > MAX_FIXED_BYTES {
            return Err(BadSchema::OverLimit("a type whose smallest value is too large"));
        }
        Ok(ty)
    }

    fn named(&mut self) -> Result<Named, BadSchema> {
        let name = self.name()?;
        let (kind, depth) = match self.reader.byte()? {
            0x00 => self.shape().map(|(shape, depth)| (Kind::Struct(shape), depth))?,
            0x01 => self.variants()?,
            code => return Err(BadSchema::UnknownCode(code)),
        };
        let (min, nullable) = match &kind {
            Kind::Struct(shape) => (min_bytes_of_shape(shape, &self.min_bytes), self.shape_can_be_nothing(shape)),
            Kind::Enum(_) => (1, false),
        };
        if depth + 1 > MAX_DEPTH {
            return Err(BadSchema::OverLimit("types nested too deep"));
        }
        if min > MAX_FIXED_BYTES {
            return Err(BadSchema::OverLimit("a type whose smallest value is too large"));
        }
        self.min_bytes.push(min);
        self.depths.push(depth + 1);
        self.nullable.push(nullable);
        Ok(Named { name, kind })
    }

    fn variants(&mut self) -> Result<(Kind, usize), BadSchema> {
        let (count, mut depth, mut seen) = (self.count()?, 0, BTreeSet::new());
        let mut variants = Vec::with_capacity(count);
        for _ in 0..count {
            let name = self.name()?;
            if !seen.insert(name.clone()) {
                return Err(BadSchema::BadName(name.to_string()));
            }
            let (shape, shape_depth) = self.shape()?;
            depth = depth.max(shape_depth);
            variants.push(Variant { name, shape });
        }
        Ok((Kind::Enum(variants), depth))
    }

    fn shape(&mut self) -> Result<(Shape, usize), BadSchema> {
        match self.reader.byte()? {
            0x00 => Ok((Shape::Unit, 0)),
            0x01 => self.ty(0).map(|parsed| (Shape::Newtype(parsed.ty), parsed.depth)),
            0x02 => self.types(0).map(|(types, depth)| (Shape::Tuple(types), depth)),
            0x03 => self.fields(),
            code => Err(BadSchema::UnknownCode(code)),
        }
    }

    fn fields(&mut self) -> Result<(Shape, usize), BadSchema> {
        let (count, mut depth, mut seen) = (self.count()?, 0, BTreeSet::new());
        let mut fields = Vec::with_capacity(count);
        for _ in 0..count {
            let name = self.name()?;
            if !seen.insert(name.clone()) {
                return Err(BadSchema::BadName(name.to_string()));
            }
            let parsed = self.ty(0)?;
            depth = depth.max(parsed.depth);
            fields.push(Field { name, ty: parsed.ty });
        }
        Ok((Shape::Named(fields), depth))
    }

    fn types(&mut self, nesting: usize) -> Result<(Vec<Type>, usize), BadSchema> {
        let (count, mut depth) = (self.count()?, 0);
        let mut types = Vec::with_capacity(count);
        for _ in 0..count {
            let parsed = self.ty(nesting)?;
            depth = depth.max(parsed.depth);
            types.push(parsed.ty);
        }
        Ok((types, depth))
    }

    /// A type inside `nesting` others of the same definition; named types add their own depth.
    fn ty(&mut self, nesting: usize) -> Result<Parsed, BadSchema> {
        if nesting >= MAX_DEPTH {
            return Err(BadSchema::OverLimit("types nested too deep"));
        }
        let code = self.reader.byte()?;
        let (ty, inner) = match plain(code) {
            Some(ty) => (ty, 0),
            None => self.compound(code, nesting)?,
        };
        if inner + 1 > MAX_DEPTH {
            return Err(BadSchema::OverLimit("types nested too deep"));
        }
        Ok(Parsed { ty, depth: inner + 1 })
    }

    fn compound(&mut self, code: u8, nesting: usize) -> Result<(Type, usize), BadSchema> {
        match code {
            0x0e => {
                let inner = self.ty(nesting + 1)?;
                if self.can_be_nothing(&inner.ty) {
                    return Err(BadSchema::Ambiguous("an option of what may itself be nothing"));
                }
                Ok((Type::Option(Box::new(inner.ty)), inner.depth))
            }
            0x0f => self.element(nesting).map(|inner| (Type::Seq(Box::new(inner.ty)), inner.depth)),
            0x10 => {
                let length = self.reader.length()?;
                let inner = self.element(nesting)?;
                Ok((Type::Array(Box::new(inner.ty), length), inner.depth))
            }
            0x11 => self.types(nesting + 1).map(|(types, depth)| (Type::Tuple(types), depth)),
            0x12 => {
                let (key, value) = (self.ty(nesting + 1)?, self.ty(nesting + 1)?);
                if min_bytes(&key.ty, &self.min_bytes) == 0 && min_bytes(&value.ty, &self.min_bytes) == 0 {
                    return Err(BadSchema::Ambiguous("a map of entries that take no bytes"));
                }
                Ok((Type::Map(Box::new(key.ty), Box::new(value.ty)), key.depth.max(value.depth)))
            }
            0x13 => {
                let index = self.reader.length()?;
                let depth = *self.depths.get(index).ok_or(BadSchema::BadReference(index))?;
                Ok((Type::Named(index), depth))
            }
            code => Err(BadSchema::UnknownCode(code)),
        }
    }

    fn element(&mut self, nesting: usize) -> Result<Parsed, BadSchema> {
        let inner = self.ty(nesting + 1)?;
        if min_bytes(&inner.ty, &self.min_bytes) == 0 {
            return Err(BadSchema::Ambiguous("elements that take no bytes"));
        }
        Ok(inner)
    }

    fn can_be_nothing(&self, ty: &Type) -> bool {
        match ty {
            Type::Unit | Type::Option(_) => true,
            Type::Named(index) => self.nullable[*index],
            _ => false,
        }
    }

    fn shape_can_be_nothing(&self, shape: &Shape) -> bool {
        match shape {
            Shape::Unit => true,
            Shape::Newtype(ty) => self.can_be_nothing(ty),
            Shape::Tuple(_) | Shape::Named(_) => false,
        }
    }
}

fn plain(code: u8) -> Option<Type> {
    Some(match code {
        0x00 => Type::Unit,
        0x01 => Type::Bool,
        0x02 => Type::U8,
        0x03 => Type::U16,
        0x04 => Type::U32,
        0x05 => Type::U64,
        0x06 => Type::I8,
        0x07 => Type::I16,
        0x08 => Type::I32,
        0x09 => Type::I64,
        0x0a => Type::F32,
        0x0b => Type::F64,
        0x0c => Type::Char,
        0x0d => Type::String,
        _ => return None,
    })
}
