//! Reading CBOR.

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

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

    /// The first byte of an item and the number that belongs to it; no number if the length is indefinite.
    fn head(&mut self) -> Result<(u8, Option<u64>), Error> {
        let [first] = self.array()?;
        let value = match first & 0x1f {
            value @ 0..=23 => u64::from(value),
            24 => u64::from(u8::from_be_bytes(self.array()?)),
            25 => u64::from(u16::from_be_bytes(self.array()?)),
            26 => u64::from(u32::from_be_bytes(self.array()?)),
            27 => u64::from_be_bytes(self.array()?),
            INDEFINITE => return Ok((first, None)),
            _ => return Err(Error::Unexpected(first)),
        };
        Ok((first, Some(value)))
    }

    fn text(&mut self, length: u64) -> Result<&'de str, Error> {
        std::str::from_utf8(self.take(length)?).map_err(|_| Error::BadText)
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

    fn simple<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        match self.array()? {
            [byte::FALSE] => visitor.visit_bool(false),
            [byte::TRUE] => visitor.visit_bool(true),
            [byte::NULL] => visitor.visit_unit(),
            [byte::F32] => visitor.visit_f32(f32::from_be_bytes(self.array()?)),
            [byte::F64] => visitor.visit_f64(f64::from_be_bytes(self.array()?)),
            [other] => Err(Error::Unexpected(other)),
        }
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.peek()? >> 5 == major::SIMPLE {
            return self.simple(visitor);
        }
        let (first, value) = self.head()?;
        match (first >> 5, value) {
            (major::UNSIGNED, Some(value)) => visitor.visit_u64(value),
            (major::NEGATIVE, Some(value)) => match i64::try_from(value) {
                Ok(value) => visitor.visit_i64(!value),
                Err(_) => Err(Error::Unexpected(first)),
            },
            (major::BYTES, Some(length)) => visitor.visit_borrowed_bytes(self.take(length)?),
            (major::TEXT, Some(length)) => visitor.visit_borrowed_str(self.text(length)?),
            (major::ARRAY, length) => self.nested(length, |items| visitor.visit_seq(items)),
            (major::MAP, length) => self.nested(length, |items| visitor.visit_map(items)),
            _ => Err(Error::Unexpected(first)),
        }
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
        match self.head()? {
            (first, Some(length)) if first >> 5 == major::TEXT => {
                let name: serde::de::value::BorrowedStrDeserializer<'de, Error> =
                    serde::de::value::BorrowedStrDeserializer::new(self.text(length)?);
                visitor.visit_enum(name)
            }
            (first, Some(1)) if first >> 5 == major::MAP => visitor.visit_enum(Variant(self)),
            (first, _) => Err(Error::Unexpected(first)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map struct identifier ignored_any
    }
}

impl Reader<'_> {
    /// A 128-bit integer, which is written as its bytes.
    fn wide(&mut self) -> Result<[u8; 16], Error> {
        match self.head()? {
            (first, Some(16)) if first >> 5 == major::BYTES => self.array(),
            (first, _) => Err(Error::Unexpected(first)),
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
        let name = match self.0.head()? {
            (first, Some(length)) if first >> 5 == major::TEXT => self.0.text(length)?,
            (first, _) => return Err(Error::Unexpected(first)),
        };
        Ok((seed.deserialize(IntoDeserializer::<Error>::into_deserializer(name))?, self))
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
        self.0.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.0.deserialize_any(visitor)
    }
}
