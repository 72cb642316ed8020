//! A message of any game, read through its schema.

use std::fmt;
use std::sync::Arc;

/// A decoded message or a part of it. It carries the names of its schema, so that it can be shown and searched alone.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `()`.
    Unit,
    /// A bool.
    Bool(bool),
    /// An unsigned integer of any width.
    Unsigned(u64),
    /// A signed integer of any width.
    Signed(i64),
    /// A 32-bit float.
    F32(f32),
    /// A 64-bit float.
    F64(f64),
    /// A character.
    Char(char),
    /// A string.
    Text(String),
    /// A sequence or array of `u8`.
    Bytes(Vec<u8>),
    /// An option.
    Option(Option<Box<Value>>),
    /// Any other sequence or array, or a tuple.
    List(Vec<Value>),
    /// A map, in the order of the encoding.
    Map(Vec<(Value, Value)>),
    /// A struct.
    Struct {
        /// Its name.
        name: Arc<str>,
        /// Its content.
        fields: Fields,
    },
    /// An enum's value.
    Enum {
        /// The enum's name.
        name: Arc<str>,
        /// The variant's name.
        variant: Arc<str>,
        /// The variant's number.
        index: u32,
        /// The variant's content.
        fields: Fields,
    },
}

/// The content of a struct or variant.
#[derive(Clone, Debug, PartialEq)]
pub enum Fields {
    /// None.
    Unit,
    /// One without a name.
    Newtype(Box<Value>),
    /// Several without names.
    Tuple(Vec<Value>),
    /// With names.
    Named(Vec<(Arc<str>, Value)>),
}

impl Value {
    /// The field of that name, through newtypes and options that are there.
    pub fn get(&self, field: &str) -> Option<&Value> {
        match self.peeled() {
            Value::Struct { fields: Fields::Named(fields), .. } | Value::Enum { fields: Fields::Named(fields), .. } => {
                fields.iter().find(|(name, _)| &**name == field).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The elements of a sequence, array, tuple or tuple struct; none for anything else (bytes have none).
    pub fn items(&self) -> &[Value] {
        match self.peeled() {
            Value::List(items)
            | Value::Struct { fields: Fields::Tuple(items), .. }
            | Value::Enum { fields: Fields::Tuple(items), .. } => items,
            Value::Enum { fields: Fields::Newtype(item), .. } => std::slice::from_ref(item),
            _ => &[],
        }
    }

    /// An integer that fits, through newtypes and options that are there.
    pub fn as_i64(&self) -> Option<i64> {
        match self.peeled() {
            Value::Unsigned(number) => i64::try_from(*number).ok(),
            Value::Signed(number) => Some(*number),
            _ => None,
        }
    }

    /// A string, through newtypes and options that are there.
    pub fn as_text(&self) -> Option<&str> {
        match self.peeled() {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The name of an enum's variant, through newtypes and options that are there.
    pub fn variant(&self) -> Option<&str> {
        match self.peeled() {
            Value::Enum { variant, .. } => Some(variant),
            _ => None,
        }
    }

    /// Whether this is an option without content.
    pub fn is_none(&self) -> bool {
        matches!(self.peeled(), Value::Option(None))
    }

    /// This as one line of at most `max_chars` characters, cut with `..` if it is longer.
    pub fn line(&self, max_chars: usize) -> String {
        let mut line = Cut { text: String::new(), room: max_chars };
        // An error means only that the room is used up.
        match fmt::write(&mut line, format_args!("{self}")) {
            Ok(()) => line.text,
            Err(fmt::Error) => line.text + "..",
        }
    }

    fn peeled(&self) -> &Value {
        match self {
            Value::Struct { fields: Fields::Newtype(inner), .. } | Value::Option(Some(inner)) => inner.peeled(),
            other => other,
        }
    }
}

/// Text that stops growing, so that a huge value costs no more than its first line.
struct Cut {
    text: String,
    room: usize,
}

impl fmt::Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            self.room = self.room.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(c);
        }
        Ok(())
    }
}

/// One line, much as in Rust: `View { cells: [0, None, 1], turn: 1, you: 0 }`. Newtypes and options that are there show
/// only what is in them; control characters in strings are escaped.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Unit => f.write_str("()"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Unsigned(value) => write!(f, "{value}"),
            Value::Signed(value) => write!(f, "{value}"),
            Value::F32(value) => write!(f, "{value}"),
            Value::F64(value) => write!(f, "{value}"),
            Value::Char(value) => write!(f, "{value:?}"),
            Value::Text(value) => write!(f, "{value:?}"),
            Value::Bytes(bytes) if bytes.is_empty() => f.write_str("[]"),
            Value::Bytes(bytes) => {
                f.write_str("0x")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Value::Option(None) => f.write_str("None"),
            Value::Option(Some(value)) => write!(f, "{value}"),
            Value::List(items) => list(f, '[', items, ']'),
            Value::Map(entries) => map(f, entries),
            Value::Struct { fields: Fields::Newtype(inner), .. } => write!(f, "{inner}"),
            Value::Struct { name, fields } => content(f, name, fields),
            Value::Enum { variant, fields, .. } => content(f, variant, fields),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, open: char, items: &[Value], close: char) -> fmt::Result {
    write!(f, "{open}")?;
    for (i, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if i > 0 { ", " } else { "" })?;
    }
    write!(f, "{close}")
}

fn map(f: &mut fmt::Formatter<'_>, entries: &[(Value, Value)]) -> fmt::Result {
    f.write_str("{")?;
    for (i, (key, value)) in entries.iter().enumerate() {
        write!(f, "{}{key}: {value}", if i > 0 { ", " } else { "" })?;
    }
    f.write_str("}")
}

fn content(f: &mut fmt::Formatter<'_>, name: &str, fields: &Fields) -> fmt::Result {
    f.write_str(name)?;
    match fields {
        Fields::Unit => Ok(()),
        Fields::Newtype(inner) => write!(f, "({inner})"),
        Fields::Tuple(items) => list(f, '(', items, ')'),
        Fields::Named(fields) => {
            for (i, (name, value)) in fields.iter().enumerate() {
                write!(f, "{}{name}: {value}", if i > 0 { ", " } else { " { " })?;
            }
            f.write_str(if fields.is_empty() { " {}" } else { " }" })
        }
    }
}
