//! From the bytes of a message to a [`Value`].

use std::fmt;

use crate::reader::Reader;
use crate::schema::{Kind, Root, Schema, Shape, Type};
use crate::value::{Fields, Value};

/// A message may hold this many parts that take no bytes, plus [`PARTS_A_BYTE`] for each of its bytes. It bounds the
/// memory that structs of structs of nothing can claim.
const FREE_PARTS: usize = 4096;
/// See [`FREE_PARTS`]: a byte may stand in this many newtypes and structs of one field.
const PARTS_A_BYTE: usize = 16;

/// Why bytes are not a message of the wanted type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// They end early, or claim more elements than there are bytes.
    TooShort,
    /// Bytes are left over.
    Trailing,
    /// A number out of its width.
    BadNumber,
    /// A bool or option that is neither 0 nor 1.
    BadFlag,
    /// Not UTF-8, or not one character.
    BadText,
    /// A variant that the enum does not have.
    UnknownVariant(u32),
    /// Too many parts for so few bytes.
    TooManyParts,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::TooShort => f.write_str("the bytes end too early"),
            DecodeError::Trailing => f.write_str("bytes are left over"),
            DecodeError::BadNumber => f.write_str("a number is out of its range"),
            DecodeError::BadFlag => f.write_str("a bool or option is neither 0 nor 1"),
            DecodeError::BadText => f.write_str("a text is not UTF-8"),
            DecodeError::UnknownVariant(index) => write!(f, "there is no variant {index}"),
            DecodeError::TooManyParts => f.write_str("too many parts for so few bytes"),
        }
    }
}

impl std::error::Error for DecodeError {}

impl Schema {
    /// Reads a message (without its envelope). The bytes may come from anyone: this never panics, and needs memory only
    /// in proportion to them.
    pub fn decode(&self, root: Root, bytes: &[u8]) -> Result<Value, DecodeError> {
        let parts = bytes.len().saturating_mul(PARTS_A_BYTE).saturating_add(FREE_PARTS);
        let mut decoder = Decoder { schema: self, reader: Reader::new(bytes), parts };
        let value = decoder.value(self.root(root))?;
        if decoder.reader.remaining() > 0 { Err(DecodeError::Trailing) } else { Ok(value) }
    }
}

struct Decoder<'a> {
    schema: &'a Schema,
    reader: Reader<'a>,
    /// How many more values may be made.
    parts: usize,
}

impl Decoder<'_> {
    /// Recursion is bounded by the schema's depth, which its parser bounds.
    fn value(&mut self, ty: &Type) -> Result<Value, DecodeError> {
        self.parts = self.parts.checked_sub(1).ok_or(DecodeError::TooManyParts)?;
        let reader = &mut self.reader;
        Ok(match ty {
            Type::Unit => Value::Unit,
            Type::Bool => Value::Bool(self.flag()?),
            Type::U8 => Value::Unsigned(u64::from(reader.byte()?)),
            Type::U16 => Value::Unsigned(reader.varint(16)?),
            Type::U32 => Value::Unsigned(reader.varint(32)?),
            Type::U64 => Value::Unsigned(reader.varint(64)?),
            Type::I8 => Value::Signed(i64::from(i8::from_le_bytes(reader.array()?))),
            Type::I16 => Value::Signed(zigzag(reader.varint(16)?)),
            Type::I32 => Value::Signed(zigzag(reader.varint(32)?)),
            Type::I64 => Value::Signed(zigzag(reader.varint(64)?)),
            Type::F32 => Value::F32(f32::from_le_bytes(reader.array()?)),
            Type::F64 => Value::F64(f64::from_le_bytes(reader.array()?)),
            Type::Char => Value::Char(one_char(reader.text()?)?),
            Type::String => Value::Text(reader.text()?.to_owned()),
            Type::Option(inner) => Value::Option(match self.flag()? {
                true => Some(Box::new(self.value(inner)?)),
                false => None,
            }),
            Type::Seq(inner) => {
                let count = reader.length()?;
                self.elements(inner, count)?
            }
            Type::Array(inner, length) => self.elements(inner, *length)?,
            Type::Tuple(parts) => Value::List(self.values(parts)?),
            Type::Map(key, value) => self.map(key, value)?,
            Type::Named(index) => self.named(*index)?,
        })
    }

    fn flag(&mut self) -> Result<bool, DecodeError> {
        match self.reader.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::BadFlag),
        }
    }

    fn elements(&mut self, ty: &Type, count: usize) -> Result<Value, DecodeError> {
        if *ty == Type::U8 {
            return Ok(Value::Bytes(self.reader.take(count)?.to_vec()));
        }
        self.claim(count, self.schema.min_bytes(ty))?;
        (0..count).map(|_| self.value(ty)).collect::<Result<_, _>>().map(Value::List)
    }

    fn map(&mut self, key: &Type, value: &Type) -> Result<Value, DecodeError> {
        let count = self.reader.length()?;
        self.claim(count, self.schema.min_bytes(key).saturating_add(self.schema.min_bytes(value)))?;
        let entries = (0..count).map(|_| Ok((self.value(key)?, self.value(value)?)));
        entries.collect::<Result<_, _>>().map(Value::Map)
    }

    /// Refuses a count that the remaining bytes cannot hold, before anything is reserved for it.
    fn claim(&self, count: usize, min_bytes: usize) -> Result<(), DecodeError> {
        let enough = count.checked_mul(min_bytes).is_some_and(|bytes| bytes <= self.reader.remaining());
        if enough { Ok(()) } else { Err(DecodeError::TooShort) }
    }

    fn values(&mut self, types: &[Type]) -> Result<Vec<Value>, DecodeError> {
        types.iter().map(|ty| self.value(ty)).collect()
    }

    fn named(&mut self, index: usize) -> Result<Value, DecodeError> {
        let named = &self.schema.types[index];
        let name = named.name.clone();
        match &named.kind {
            Kind::Struct(shape) => Ok(Value::Struct { name, fields: self.fields(shape)? }),
            Kind::Enum(variants) => {
                let index = self.reader.varint(32)? as u32;
                let variant = variants.get(index as usize).ok_or(DecodeError::UnknownVariant(index))?;
                let fields = self.fields(&variant.shape)?;
                Ok(Value::Enum { name, variant: variant.name.clone(), index, fields })
            }
        }
    }

    fn fields(&mut self, shape: &Shape) -> Result<Fields, DecodeError> {
        Ok(match shape {
            Shape::Unit => Fields::Unit,
            Shape::Newtype(ty) => Fields::Newtype(Box::new(self.value(ty)?)),
            Shape::Tuple(types) => Fields::Tuple(self.values(types)?),
            Shape::Named(fields) => {
                let fields = fields.iter().map(|field| Ok((field.name.clone(), self.value(&field.ty)?)));
                Fields::Named(fields.collect::<Result<_, _>>()?)
            }
        })
    }
}

fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn one_char(text: &str) -> Result<char, DecodeError> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(c),
        _ => Err(DecodeError::BadText),
    }
}
