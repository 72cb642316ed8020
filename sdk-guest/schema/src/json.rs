//! Values as JSON and back, the way serde_json would write the game's own types.
//!
//! Structs are objects, newtypes their content, tuples and sequences arrays, options their content or `null`, an enum
//! `"Variant"` or `{"Variant": content}`. Maps with string keys are objects, other maps arrays of pairs. Floats that
//! JSON does not have are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`.

use std::fmt;

use serde_json::{Map, Number, Value as Json};

use crate::schema::{Kind, Root, Schema, Shape, Type, Variant};
use crate::value::{Fields, Value};

/// Why JSON is not a value of the wanted type: where, and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// Path from the outside in, such as `.cells[3]`.
    pub path: String,
    /// What belongs there.
    pub expected: String,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.path.is_empty() { "the message" } else { &self.path };
        write!(f, "{place}: expected {}", self.expected)
    }
}

impl std::error::Error for JsonError {}

impl JsonError {
    fn within(mut self, step: impl fmt::Display) -> JsonError {
        self.path = format!("{step}{}", self.path);
        self
    }
}

impl Value {
    /// This as JSON. Integers over 2^53 stay exact here, which readers in JavaScript must heed.
    pub fn to_json(&self) -> Json {
        match self {
            Value::Unit => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Unsigned(value) => Json::from(*value),
            Value::Signed(value) => Json::from(*value),
            // Through its own shortest text: 0.1f32 is 0.1, not 0.10000000149011612.
            Value::F32(value) => float(value.to_string().parse().unwrap_or(f64::from(*value))),
            Value::F64(value) => float(*value),
            Value::Char(value) => Json::String(value.to_string()),
            Value::Text(value) => Json::String(value.clone()),
            Value::Bytes(bytes) => Json::Array(bytes.iter().map(|byte| Json::from(*byte)).collect()),
            Value::Option(value) => value.as_ref().map_or(Json::Null, |value| value.to_json()),
            Value::List(items) => Json::Array(items.iter().map(Value::to_json).collect()),
            Value::Map(entries) => map_to_json(entries),
            Value::Struct { fields, .. } => fields_to_json(fields),
            Value::Enum { variant, fields: Fields::Unit, .. } => Json::String(variant.to_string()),
            Value::Enum { variant, fields, .. } => {
                Json::Object(Map::from_iter([(variant.to_string(), fields_to_json(fields))]))
            }
        }
    }
}

fn float(value: f64) -> Json {
    match Number::from_f64(value) {
        Some(number) => Json::Number(number),
        None if value.is_nan() => Json::from("NaN"),
        None => Json::from(if value > 0.0 { "Infinity" } else { "-Infinity" }),
    }
}

fn map_to_json(entries: &[(Value, Value)]) -> Json {
    let text = |(key, value): &(Value, Value)| key.as_text().map(|key| (key.to_owned(), value.to_json()));
    match entries.iter().map(text).collect::<Option<Map<_, _>>>() {
        Some(object) if !entries.is_empty() => Json::Object(object),
        _ => Json::Array(entries.iter().map(|(key, value)| Json::from(vec![key.to_json(), value.to_json()])).collect()),
    }
}

fn fields_to_json(fields: &Fields) -> Json {
    match fields {
        Fields::Unit => Json::Null,
        Fields::Newtype(value) => value.to_json(),
        Fields::Tuple(values) => Json::Array(values.iter().map(Value::to_json).collect()),
        Fields::Named(fields) => {
            Json::Object(fields.iter().map(|(name, value)| (name.to_string(), value.to_json())).collect())
        }
    }
}

impl Schema {
    /// Reads JSON as a value of one of the three types. Missing fields that are options are `None`; unknown fields are
    /// refused.
    pub fn from_json(&self, root: Root, json: &Json) -> Result<Value, JsonError> {
        self.value_from_json(self.root(root), json)
    }

    /// Recursion is bounded by the schema's depth.
    fn value_from_json(&self, ty: &Type, json: &Json) -> Result<Value, JsonError> {
        let expected = || JsonError { path: String::new(), expected: self.describe(ty) };
        Ok(match (ty, json) {
            (Type::Unit, Json::Null) => Value::Unit,
            (Type::Bool, Json::Bool(value)) => Value::Bool(*value),
            (Type::U8 | Type::U16 | Type::U32 | Type::U64, Json::Number(number)) => {
                Value::Unsigned(number.as_u64().filter(|value| fits_unsigned(ty, *value)).ok_or_else(expected)?)
            }
            (Type::I8 | Type::I16 | Type::I32 | Type::I64, Json::Number(number)) => {
                Value::Signed(number.as_i64().filter(|value| fits_signed(ty, *value)).ok_or_else(expected)?)
            }
            (Type::F32, json) => Value::F32(float_from_json(json).ok_or_else(expected)? as f32),
            (Type::F64, json) => Value::F64(float_from_json(json).ok_or_else(expected)?),
            (Type::Char, Json::String(text)) => {
                let mut chars = text.chars();
                let (first, rest) = (chars.next(), chars.next());
                Value::Char(first.filter(|_| rest.is_none()).ok_or_else(expected)?)
            }
            (Type::String, Json::String(text)) => Value::Text(text.clone()),
            (Type::Option(_), Json::Null) => Value::Option(None),
            (Type::Option(inner), json) => Value::Option(Some(Box::new(self.value_from_json(inner, json)?))),
            (Type::Seq(inner), Json::Array(items)) => self.list_from_json(inner, items)?,
            (Type::Array(inner, length), Json::Array(items)) if items.len() == *length => {
                self.list_from_json(inner, items)?
            }
            (Type::Tuple(types), Json::Array(items)) if items.len() == types.len() => {
                Value::List(self.parts_from_json(types, items)?)
            }
            (Type::Map(key, value), json) => self.map_from_json(key, value, json)?,
            (Type::Named(index), json) => self.named_from_json(*index, json)?,
            _ => return Err(expected()),
        })
    }

    fn list_from_json(&self, ty: &Type, items: &[Json]) -> Result<Value, JsonError> {
        if *ty == Type::U8 {
            let byte = |item: &Json| item.as_u64().and_then(|value| u8::try_from(value).ok());
            let expected = || JsonError { path: String::new(), expected: "numbers from 0 to 255".to_owned() };
            return items.iter().map(byte).collect::<Option<_>>().map(Value::Bytes).ok_or_else(expected);
        }
        let items = items.iter().enumerate();
        let values = items.map(|(i, item)| self.value_from_json(ty, item).map_err(|e| e.within(format_args!("[{i}]"))));
        values.collect::<Result<_, _>>().map(Value::List)
    }

    fn parts_from_json(&self, types: &[Type], items: &[Json]) -> Result<Vec<Value>, JsonError> {
        let parts = types.iter().zip(items).enumerate();
        parts
            .map(|(i, (ty, item))| self.value_from_json(ty, item).map_err(|e| e.within(format_args!("[{i}]"))))
            .collect()
    }

    fn map_from_json(&self, key: &Type, value: &Type, json: &Json) -> Result<Value, JsonError> {
        let expected = || JsonError { path: String::new(), expected: "an object or a list of pairs".to_owned() };
        let entry = |k: &Json, v: &Json| Ok((self.value_from_json(key, k)?, self.value_from_json(value, v)?));
        let entries = match json {
            Json::Object(object) => {
                object.iter().map(|(k, v)| entry(&Json::from(k.as_str()), v)).collect::<Result<Vec<_>, _>>()?
            }
            Json::Array(pairs) => {
                let pair = |pair: &Json| match pair.as_array().map(Vec::as_slice) {
                    Some([k, v]) => entry(k, v),
                    _ => Err(expected()),
                };
                pairs.iter().map(pair).collect::<Result<Vec<_>, _>>()?
            }
            _ => return Err(expected()),
        };
        Ok(Value::Map(entries))
    }

    fn named_from_json(&self, index: usize, json: &Json) -> Result<Value, JsonError> {
        let named = &self.types[index];
        let name = named.name.clone();
        match &named.kind {
            Kind::Struct(shape) => Ok(Value::Struct { name, fields: self.fields_from_json(&named.name, shape, json)? }),
            Kind::Enum(variants) => {
                let null = Json::Null;
                let (chosen, content) = match json {
                    Json::String(chosen) => (chosen, &null),
                    Json::Object(object) => {
                        object.iter().next().filter(|_| object.len() == 1).ok_or_else(|| one_of(variants))?
                    }
                    _ => return Err(one_of(variants)),
                };
                let index = variants.iter().position(|variant| *variant.name == **chosen);
                let index = index.ok_or_else(|| one_of(variants))?;
                let variant = &variants[index];
                let fields = self.fields_from_json(&variant.name, &variant.shape, content);
                let fields = fields.map_err(|e| e.within(format_args!(".{chosen}")))?;
                Ok(Value::Enum { name, variant: variant.name.clone(), index: index as u32, fields })
            }
        }
    }

    fn fields_from_json(&self, name: &str, shape: &Shape, json: &Json) -> Result<Fields, JsonError> {
        let expected = |what: String| JsonError { path: String::new(), expected: what };
        match (shape, json) {
            (Shape::Unit, Json::Null) => Ok(Fields::Unit),
            (Shape::Newtype(ty), json) => Ok(Fields::Newtype(Box::new(self.value_from_json(ty, json)?))),
            (Shape::Tuple(types), Json::Array(items)) if items.len() == types.len() => {
                self.parts_from_json(types, items).map(Fields::Tuple)
            }
            (Shape::Named(fields), Json::Object(object)) => {
                if let Some(unknown) = object.keys().find(|key| fields.iter().all(|field| *field.name != ***key)) {
                    return Err(expected(format!("no field {unknown:?} in {name}")));
                }
                let field = |field: &crate::schema::Field| {
                    let json = object.get(&*field.name).unwrap_or(&Json::Null);
                    let value = self.value_from_json(&field.ty, json);
                    Ok((field.name.clone(), value.map_err(|e| e.within(format_args!(".{}", field.name)))?))
                };
                fields.iter().map(field).collect::<Result<_, _>>().map(Fields::Named)
            }
            _ => Err(expected(format!("the content of {name}"))),
        }
    }
}

fn one_of(variants: &[Variant]) -> JsonError {
    let names: Vec<&str> = variants.iter().map(|variant| &*variant.name).collect();
    JsonError { path: String::new(), expected: format!("one of {}", names.join(", ")) }
}

fn float_from_json(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn fits_unsigned(ty: &Type, value: u64) -> bool {
    match ty {
        Type::U8 => u8::try_from(value).is_ok(),
        Type::U16 => u16::try_from(value).is_ok(),
        Type::U32 => u32::try_from(value).is_ok(),
        _ => true,
    }
}

fn fits_signed(ty: &Type, value: i64) -> bool {
    match ty {
        Type::I8 => i8::try_from(value).is_ok(),
        Type::I16 => i16::try_from(value).is_ok(),
        Type::I32 => i32::try_from(value).is_ok(),
        _ => true,
    }
}
