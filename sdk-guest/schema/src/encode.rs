//! From a [`Value`] to the bytes of a message.

use std::fmt;

use crate::reader::put_varint;
use crate::schema::{Kind, Root, Schema, Shape, Type};
use crate::value::{Fields, Value};

/// Why a value is not of the wanted type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// Another kind of value stands where this was expected.
    Mismatch(String),
    /// A number that the type cannot hold.
    OutOfRange(String),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::Mismatch(expected) => write!(f, "expected {expected}"),
            EncodeError::OutOfRange(number) => write!(f, "{number} is out of range"),
        }
    }
}

impl std::error::Error for EncodeError {}

impl Schema {
    /// Writes a message (without its envelope). The names in a value are not compared, only its structure.
    pub fn encode(&self, root: Root, value: &Value) -> Result<Vec<u8>, EncodeError> {
        let mut encoder = Encoder { schema: self, out: Vec::new() };
        encoder.value(self.root(root), value)?;
        Ok(encoder.out)
    }
}

struct Encoder<'a> {
    schema: &'a Schema,
    out: Vec<u8>,
}

impl Encoder<'_> {
    fn value(&mut self, ty: &Type, value: &Value) -> Result<(), EncodeError> {
        match (ty, value) {
            (Type::Unit, Value::Unit) => {}
            (Type::Bool, Value::Bool(value)) => self.out.push(u8::from(*value)),
            (Type::U8 | Type::U16 | Type::U32 | Type::U64, Value::Unsigned(value)) => self.unsigned(ty, *value)?,
            (Type::I8 | Type::I16 | Type::I32 | Type::I64, Value::Signed(value)) => self.signed(ty, *value)?,
            (Type::F32, Value::F32(value)) => self.out.extend(value.to_le_bytes()),
            (Type::F64, Value::F64(value)) => self.out.extend(value.to_le_bytes()),
            (Type::Char, Value::Char(value)) => self.text(value.encode_utf8(&mut [0; 4])),
            (Type::String, Value::Text(value)) => self.text(value),
            (Type::Option(_), Value::Option(None)) => self.out.push(0),
            (Type::Option(inner), Value::Option(Some(value))) => {
                self.out.push(1);
                self.value(inner, value)?;
            }
            (Type::Seq(inner), Value::Bytes(_) | Value::List(_)) => self.elements(inner, None, value)?,
            (Type::Array(inner, length), Value::Bytes(_) | Value::List(_)) => {
                self.elements(inner, Some(*length), value)?;
            }
            (Type::Tuple(types), Value::List(values)) => self.values(types, values)?,
            (Type::Map(key, value), Value::Map(entries)) => {
                put_varint(&mut self.out, entries.len() as u64);
                for (k, v) in entries {
                    self.value(key, k)?;
                    self.value(value, v)?;
                }
            }
            (Type::Named(index), value) => self.named(*index, value)?,
            (ty, _) => return Err(EncodeError::Mismatch(self.schema.describe(ty))),
        }
        Ok(())
    }

    fn unsigned(&mut self, ty: &Type, value: u64) -> Result<(), EncodeError> {
        let max = match ty {
            Type::U8 => u64::from(u8::MAX),
            Type::U16 => u64::from(u16::MAX),
            Type::U32 => u64::from(u32::MAX),
            _ => u64::MAX,
        };
        if value > max {
            return Err(EncodeError::OutOfRange(value.to_string()));
        }
        match ty {
            Type::U8 => self.out.push(value as u8),
            _ => put_varint(&mut self.out, value),
        }
        Ok(())
    }

    fn signed(&mut self, ty: &Type, value: i64) -> Result<(), EncodeError> {
        let range = match ty {
            Type::I8 => i64::from(i8::MIN)..=i64::from(i8::MAX),
            Type::I16 => i64::from(i16::MIN)..=i64::from(i16::MAX),
            Type::I32 => i64::from(i32::MIN)..=i64::from(i32::MAX),
            _ => i64::MIN..=i64::MAX,
        };
        if !range.contains(&value) {
            return Err(EncodeError::OutOfRange(value.to_string()));
        }
        match ty {
            Type::I8 => self.out.push(value as u8),
            _ => put_varint(&mut self.out, ((value << 1) ^ (value >> 63)) as u64),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        put_varint(&mut self.out, text.len() as u64);
        self.out.extend(text.as_bytes());
    }

    /// The elements of a sequence (`length` is none: a count goes first) or of an array.
    fn elements(&mut self, ty: &Type, length: Option<usize>, value: &Value) -> Result<(), EncodeError> {
        let count = match value {
            Value::Bytes(bytes) => bytes.len(),
            Value::List(values) => values.len(),
            _ => 0,
        };
        match length {
            None => put_varint(&mut self.out, count as u64),
            Some(length) if length == count => {}
            Some(length) => return Err(EncodeError::Mismatch(format!("{length} elements, not {count}"))),
        }
        match value {
            Value::Bytes(bytes) if *ty == Type::U8 => self.out.extend(bytes),
            Value::List(values) => values.iter().try_for_each(|value| self.value(ty, value))?,
            _ => return Err(EncodeError::Mismatch(format!("a list of {}", self.schema.describe(ty)))),
        }
        Ok(())
    }

    fn values(&mut self, types: &[Type], values: &[Value]) -> Result<(), EncodeError> {
        if types.len() != values.len() {
            return Err(EncodeError::Mismatch(format!("{} parts, not {}", types.len(), values.len())));
        }
        types.iter().zip(values).try_for_each(|(ty, value)| self.value(ty, value))
    }

    fn named(&mut self, index: usize, value: &Value) -> Result<(), EncodeError> {
        let named = &self.schema.types[index];
        match (&named.kind, value) {
            (Kind::Struct(shape), Value::Struct { fields, .. }) => self.fields(&named.name, shape, fields),
            (Kind::Enum(variants), Value::Enum { index, fields, .. }) => {
                let variant = variants.get(*index as usize);
                let variant = variant.ok_or_else(|| EncodeError::OutOfRange(format!("variant {index}")))?;
                put_varint(&mut self.out, u64::from(*index));
                self.fields(&variant.name, &variant.shape, fields)
            }
            _ => Err(EncodeError::Mismatch(named.name.to_string())),
        }
    }

    fn fields(&mut self, name: &str, shape: &Shape, fields: &Fields) -> Result<(), EncodeError> {
        match (shape, fields) {
            (Shape::Unit, Fields::Unit) => Ok(()),
            (Shape::Newtype(ty), Fields::Newtype(value)) => self.value(ty, value),
            (Shape::Tuple(types), Fields::Tuple(values)) => self.values(types, values),
            (Shape::Named(types), Fields::Named(values)) if types.len() == values.len() => {
                types.iter().zip(values).try_for_each(|(field, (_, value))| self.value(&field.ty, value))
            }
            _ => Err(EncodeError::Mismatch(format!("the fields of {name}"))),
        }
    }
}

impl Schema {
    /// A type in words, for messages to people: `[u8; 3]`, `Option<Seat>`.
    pub fn describe(&self, ty: &Type) -> String {
        match ty {
            Type::Unit => "()".to_owned(),
            Type::Option(inner) => format!("Option<{}>", self.describe(inner)),
            Type::Seq(inner) => format!("Vec<{}>", self.describe(inner)),
            Type::Array(inner, length) => format!("[{}; {length}]", self.describe(inner)),
            Type::Tuple(parts) => {
                format!("({})", parts.iter().map(|part| self.describe(part)).collect::<Vec<_>>().join(", "))
            }
            Type::Map(key, value) => format!("BTreeMap<{}, {}>", self.describe(key), self.describe(value)),
            Type::Named(index) => self.types[*index].name.to_string(),
            Type::String => "String".to_owned(),
            plain => format!("{plain:?}").to_lowercase(),
        }
    }
}
