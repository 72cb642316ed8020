//! Reading CBOR.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::{Error, INDEFINITE, byte, major};

/// The deepest nesting of lists and maps that is read.
const MAX_DEPTH: u8 = 128;

/// Reads one value, the whole of the bytes.
pub(crate) fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let mut reader = Reader { rest: bytes, depth: 0 };
    let value = T::deserialize(&mut reader)?;
    if reader.rest.is_empty() { Ok(value) } else { Err(Error::Trailing) }
}

struct Reader<'de> {
    rest: &'de [u8],
    depth: u8,
}

/// One item, or the start of a list or map and its length if that is known.
enum Item<'de> {
    Unsigned(u64),
    Negative(i64),
    Bytes(&'de [u8]),
    Text(&'de str),
    Array(Option<u64>),
    Map(Option<u64>),
    Bool(bool),
    Null,
    F32(f32),
    F64(f64),
}

impl<'de> Reader<'de> {
    fn peek(&self) -> Result<u8, Error> {
        self.rest.first().copied().ok_or(Error::TooShort)
    }

    fn take(&mut self, count: u64) -> Result<&'de [u8], Error> {
        let count = usize::try_from(count).map_err(|_| Error::TooShort)?;
        let (head, tail) = self.rest.split_at_checked(count).ok_or(Error::TooShort)?;
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (head, tail) = self.rest.split_first_chunk().ok_or(Error::TooShort)?;
        self.rest = tail;
        Ok(*head)
    }

    /// The next item. Not inlined: each of a game's types would have its own copy.
    #[inline(never)]
    fn item(&mut self) -> Result<Item<'de>, Error> {
        let [first] = self.array()?;
        if first >> 5 == major::SIMPLE {
            return self.simple(first);
        }
        let value = match first & 0x1f {
            value @ 0..=23 => Some(u64::from(value)),
            24 => Some(u64::from(u8::from_be_bytes(self.array()?))),
            25 => Some(u64::from(u16::from_be_bytes(self.array()?))),
            26 => Some(u64::from(u32::from_be_bytes(self.array()?))),
            27 => Some(u64::from_be_bytes(self.array()?)),
            INDEFINITE => None,
            _ => return Err(Error::Unexpected(first)),
        };
        match (first >> 5, value) {
            (major::UNSIGNED, Some(value)) => Ok(Item::Unsigned(value)),
            (major::NEGATIVE, Some(value)) => match i64::try_from(value) {
                Ok(value) => Ok(Item::Negative(!value)),
                Err(_) => Err(Error::Unexpected(first)),
            },
            (major::BYTES, Some(length)) => Ok(Item::Bytes(self.take(length)?)),
            (major::TEXT, Some(length)) => {
                std::str::from_utf8(self.take(length)?).map(Item::Text).map_err(|_| Error::BadText)
            }
            (major::ARRAY, length) => Ok(Item::Array(length)),
            (major::MAP, length) => Ok(Item::Map(length)),
            _ => Err(Error::Unexpected(first)),
        }
    }

    fn simple(&mut self, first: u8) -> Result<Item<'de>, Error> {
        match first {
            byte::FALSE => Ok(Item::Bool(false)),
            byte::TRUE => Ok(Item::Bool(true)),
            byte::NULL => Ok(Item::Null),
            byte::F32 => self.array().map(|bytes| Item::F32(f32::from_be_bytes(bytes))),
            byte::F64 => self.array().map(|bytes| Item::F64(f64::from_be_bytes(bytes))),
            other => Err(Error::Unexpected(other)),
        }
    }

    #[inline(never)]
    fn text(&mut self) -> Result<&'de str, Error> {
        match self.item()? {
            Item::Text(text) => Ok(text),
            _ => Err(Error::Other("a text")),
        }
    }

    /// A 128-bit integer, which is written as its bytes.
    fn wide(&mut self) -> Result<[u8; 16], Error> {
        match self.item()? {
            Item::Bytes(bytes) => bytes.try_into().map_err(|_| Error::Other("16 bytes")),
            _ => Err(Error::Other("16 bytes")),
        }
    }

    /// Reads the items of a list or map.
    fn nested<T>(
        &mut self,
        left: Option<u64>,
        read: impl FnOnce(&mut Items<'_, 'de>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.depth >= MAX_DEPTH {
            return Err(Error::TooDeep);
        }
        self.depth += 1;
        let mut items = Items { reader: self, left };
        let value = read(&mut items)?;
        if items.more()? {
            return Err(Error::Trailing);
        }
        self.depth -= 1;
        Ok(value)
    }
}

/// Methods that expect one kind of item: the others would only make each copy of them larger.
macro_rules! expect {
    ($($($method:ident)+ => |$visitor:ident, $reader:ident| $arms:tt)+) => {$($(
        fn $method<V: Visitor<'de>>(self, $visitor: V) -> Result<V::Value, Error> {
            let $reader = self;
            match $reader.item()? $arms
        }
    )+)+};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.item()? {
            Item::Unsigned(value) => visitor.visit_u64(value),
            Item::Negative(value) => visitor.visit_i64(value),
            Item::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            Item::Text(text) => visitor.visit_borrowed_str(text),
            Item::Array(length) => self.nested(length, |items| visitor.visit_seq(items)),
            Item::Map(length) => self.nested(length, |items| visitor.visit_map(items)),
            Item::Bool(value) => visitor.visit_bool(value),
            Item::Null => visitor.visit_unit(),
            Item::F32(value) => visitor.visit_f32(value),
            Item::F64(value) => visitor.visit_f64(value),
        }
    }

    expect! {
        deserialize_bool => |visitor, reader| {
            Item::Bool(value) => visitor.visit_bool(value),
            _ => Err(Error::Other("a bool")),
        }
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 => |visitor, reader| {
            Item::Unsigned(value) => visitor.visit_u64(value),
            Item::Negative(value) => visitor.visit_i64(value),
            _ => Err(Error::Other("an integer")),
        }
        deserialize_f32 deserialize_f64 => |visitor, reader| {
            Item::F32(value) => visitor.visit_f32(value),
            Item::F64(value) => visitor.visit_f64(value),
            _ => Err(Error::Other("a float")),
        }
        deserialize_char deserialize_str deserialize_string deserialize_identifier => |visitor, reader| {
            Item::Text(text) => visitor.visit_borrowed_str(text),
            _ => Err(Error::Other("a text")),
        }
        deserialize_bytes deserialize_byte_buf => |visitor, reader| {
            Item::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            _ => Err(Error::Other("bytes")),
        }
        deserialize_unit => |visitor, reader| {
            Item::Null => visitor.visit_unit(),
            _ => Err(Error::Other("nothing")),
        }
        deserialize_seq => |visitor, reader| {
            Item::Array(length) => reader.nested(length, |items| visitor.visit_seq(items)),
            _ => Err(Error::Other("a list")),
        }
        deserialize_map => |visitor, reader| {
            Item::Map(length) => reader.nested(length, |items| visitor.visit_map(items)),
            _ => Err(Error::Other("a map")),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.peek()? == byte::NULL {
            self.rest = &self.rest[1..];
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u128(u128::from_be_bytes(self.wide()?))
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_i128(i128::from_be_bytes(self.wide()?))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.item()? {
            Item::Text(name) => visitor.visit_enum(BorrowedStrDeserializer::new(name)),
            Item::Map(Some(1)) => visitor.visit_enum(Variant(self)),
            _ => Err(Error::Other("a variant")),
        }
    }
}

/// The items of a list or map that are still to be read.
struct Items<'a, 'de> {
    reader: &'a mut Reader<'de>,
    /// None: until the end is marked.
    left: Option<u64>,
}

impl Items<'_, '_> {
    /// Whether another item (or entry) follows. The mark of the end is read once.
    #[inline(never)]
    fn more(&mut self) -> Result<bool, Error> {
        match &mut self.left {
            Some(0) => Ok(false),
            Some(left) => {
                *left -= 1;
                Ok(true)
            }
            None if self.reader.peek()? == byte::BREAK => {
                self.reader.rest = &self.reader.rest[1..];
                self.left = Some(0);
                Ok(false)
            }
            None => Ok(true),
        }
    }

    fn hint(&self) -> Option<usize> {
        // An item takes at least a byte: a length that lies reserves no more than there is.
        self.left.map(|left| usize::try_from(left).map_or(usize::MAX, |left| left.min(self.reader.rest.len())))
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if !self.more()? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        self.hint()
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if !self.more()? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        self.hint()
    }
}

/// A variant with content: its name, then what is in it.
struct Variant<'a, 'de>(&'a mut Reader<'de>);

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name = BorrowedStrDeserializer::<Error>::new(self.0.text()?);
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        serde::Deserialize::deserialize(self.0)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.0.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.0.deserialize_map(visitor)
    }
}
