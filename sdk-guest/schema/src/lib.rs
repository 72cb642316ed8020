//! The shape of a game's messages as bytes, and generic reading and writing of messages of that shape.
//!
//! A game describes three types: what players send ([`Root::In`]), what the game sends ([`Root::Out`]) and what a seat
//! may see ([`Root::View`]). At compile time they become *schema bytes* ([`build`]), which travel with the game. Every
//! tool (terminal client, playground, replay printer, code generators) reads only those bytes: [`Schema::parse`], then
//! [`Schema::decode`] and [`Schema::encode`] turn messages into [`Value`]s and back.
//!
//! This crate does no I/O, knows nothing of matches, and treats every byte that it reads as hostile.
//!
//! # Format of schema bytes, version 1 (frozen)
//!
//! Equal types give equal bytes, so that their hash names the schema: the first 8 bytes of the BLAKE3 of the whole.
//! All numbers are `varint`: little-endian base 128, seven bits a byte, the high bit set on all but the last, at most
//! 32 bits. A `name` is a varint length (1 to 255) and that many bytes of UTF-8: letters, digits and `_`.
//!
//! ```text
//! schema  := 0x01  count:varint  named{count}  in:type  out:type  view:type
//! named   := name  ( 0x00 shape                               a struct
//!                  | 0x01 count:varint (name shape){count} )  an enum
//! shape   := 0x00                                             nothing
//!          | 0x01 type                                        one unnamed field (a newtype)
//!          | 0x02 count:varint type{count}                    unnamed fields
//!          | 0x03 count:varint (name type){count}             named fields
//! type    := 0x00 unit | 0x01 bool
//!          | 0x02 u8   | 0x03 u16 | 0x04 u32 | 0x05 u64
//!          | 0x06 i8   | 0x07 i16 | 0x08 i32 | 0x09 i64
//!          | 0x0a f32  | 0x0b f64 | 0x0c char | 0x0d string
//!          | 0x0e type                                        option
//!          | 0x0f type                                        sequence
//!          | 0x10 length:varint type                          array
//!          | 0x11 count:varint type{count}                    tuple
//!          | 0x12 key:type value:type                         map
//!          | 0x13 index:varint                                the named type at that index
//! ```
//!
//! The table lists each struct and enum once, in the order in which a depth-first walk over `in`, `out`, `view`
//! finishes them; a named type refers only to types before it, so types are never recursive. Nothing follows the roots.
//!
//! Refused: more than [`MAX_SCHEMA_BYTES`] or [`MAX_NAMED`] types; types nested deeper than [`MAX_DEPTH`]; a type whose
//! smallest value needs over 1 MiB; sequences, arrays and maps whose elements take no bytes; an option of something that
//! can itself be nothing (an option, a unit, a newtype of either); the same field or variant name twice.
//!
//! # Format of messages
//!
//! That of [postcard](https://postcard.jamesmunns.com/wire-format), version 1. In short: `u8`, `i8` and `bool` are a byte;
//! wider integers are varints of their own width, signed ones in zigzag; floats are little-endian; `char` and strings are a
//! varint length and UTF-8; an option is `0x00`, or `0x01` and the value; a sequence or map is a varint count and its
//! elements; arrays, tuples and structs are their parts and nothing else; an enum is the variant's index as a varint,
//! then its fields. Over the wire, messages stand in an [`envelope`].

mod decode;
mod describe;
mod encode;
pub mod envelope;
#[cfg(feature = "tools")]
mod json;
mod parse;
mod reader;
mod schema;
mod value;
mod write;

pub use decode::DecodeError;
pub use describe::{Describe, StaticField, StaticShape, StaticType, StaticVariant};
pub use encode::EncodeError;
#[cfg(feature = "tools")]
pub use json::JsonError;
pub use parse::BadSchema;
pub use schema::{Field, Kind, Named, Root, Schema, Shape, Type, Variant};
pub use value::{Fields, Value};
pub use write::{build, size};

/// The version of the format, its first byte.
pub const FORMAT: u8 = 1;
/// The longest schema that is accepted, bytes.
pub const MAX_SCHEMA_BYTES: usize = 64 * 1024;
/// The most structs and enums in a schema.
pub const MAX_NAMED: usize = 512;
/// The deepest nesting of types in types.
pub const MAX_DEPTH: usize = 48;
/// The longest name of a type, field or variant, bytes.
pub const MAX_NAME_BYTES: usize = 255;
/// The largest minimum size of a type, bytes: bounds what arrays in arrays may claim.
pub const MAX_FIXED_BYTES: usize = 1 << 20;
