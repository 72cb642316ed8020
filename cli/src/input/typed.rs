//! The short form of inputs, read along the schema: at each place the type says what may stand there, so that most
//! punctuation can be left out, and what is missing can be completed.

use std::sync::Arc;

use stadion_schema::{Fields, Kind, Root, Schema, Shape, Type, Value, Variant};

use super::tokens::{Token, is_word, tokens};

/// What could stand where the text ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Completion {
    /// Words that fit what has been typed of the last one.
    pub(crate) words: Vec<String>,
    /// What is expected there, for people; empty when the text is whole.
    pub(crate) expected: String,
}

/// Reads the short form.
pub(crate) fn parse(schema: &Schema, text: &str) -> Result<Value, String> {
    let mut reader = Reader::new(schema, text);
    let value = reader.value(schema.root(Root::In)).map_err(|wanted| match wanted.got {
        Some(got) => format!("{got:?} is not {}", wanted.expected),
        None => format!("expected {}", wanted.expected),
    })?;
    match reader.next() {
        None => Ok(value),
        Some(token) => Err(format!("{:?} is more than the input takes", shown(&token))),
    }
}

/// What could come at the end of the text.
pub(crate) fn complete(schema: &Schema, text: &str) -> Completion {
    let typed = text.len() - text.trim_end_matches(is_word).len();
    let (before, partial) = text.split_at(text.len() - typed);
    let mut reader = Reader::new(schema, before);
    match reader.value(schema.root(Root::In)) {
        Err(wanted) if wanted.got.is_none() => Completion {
            words: wanted.words.into_iter().filter(|word| starts(word, partial)).collect(),
            expected: wanted.expected,
        },
        _ => Completion::default(),
    }
}

fn starts(word: &str, partial: &str) -> bool {
    word.get(..partial.len()).is_some_and(|head| head.eq_ignore_ascii_case(partial))
}

/// Why reading stopped.
struct Wanted {
    /// What was expected, for people.
    expected: String,
    /// The words that would have been accepted, where they can be listed.
    words: Vec<String>,
    /// What stood there; `None`: the text had ended.
    got: Option<String>,
}

struct Reader<'a> {
    schema: &'a Schema,
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
}

impl<'a> Reader<'a> {
    fn new(schema: &'a Schema, text: &str) -> Reader<'a> {
        Reader { schema, tokens: tokens(text).into_iter().peekable() }
    }

    fn next(&mut self) -> Option<Token> {
        self.tokens.next()
    }

    /// Recursion is bounded by the schema's depth.
    fn value(&mut self, ty: &'a Type) -> Result<Value, Wanted> {
        match ty {
            Type::Unit => Ok(Value::Unit),
            Type::Bool => self.choice(&["false", "true"]).map(|index| Value::Bool(index == 1)),
            Type::U8 => self.number(ty, |n: u8| Value::Unsigned(n.into())),
            Type::U16 => self.number(ty, |n: u16| Value::Unsigned(n.into())),
            Type::U32 => self.number(ty, |n: u32| Value::Unsigned(n.into())),
            Type::U64 => self.number(ty, Value::Unsigned),
            Type::I8 => self.number(ty, |n: i8| Value::Signed(n.into())),
            Type::I16 => self.number(ty, |n: i16| Value::Signed(n.into())),
            Type::I32 => self.number(ty, |n: i32| Value::Signed(n.into())),
            Type::I64 => self.number(ty, Value::Signed),
            Type::F32 => self.number(ty, Value::F32),
            Type::F64 => self.number(ty, Value::F64),
            Type::Char => self.number(ty, Value::Char),
            Type::String => match self.next() {
                Some(Token::Text(text) | Token::Word(text)) => Ok(Value::Text(text)),
                other => Err(self.wanted("a text in quotes", other.as_ref())),
            },
            Type::Option(inner) => self.option(inner),
            Type::Seq(inner) => self.sequence(inner),
            Type::Array(inner, length) => self.array(inner, *length),
            Type::Tuple(parts) => self.all(parts).map(Value::List),
            Type::Map(key, value) => self.map(key, value),
            Type::Named(index) => self.named(*index),
        }
    }

    fn number<T: std::str::FromStr>(&mut self, ty: &Type, make: impl Fn(T) -> Value) -> Result<Value, Wanted> {
        let token = self.next();
        if let Some(Token::Word(word) | Token::Text(word)) = &token
            && let Ok(number) = word.parse()
        {
            return Ok(make(number));
        }
        let expected = self.schema.describe(ty);
        Err(self.wanted(&expected, token.as_ref()))
    }

    /// One of these words, without regard to case: its index.
    fn choice<S: AsRef<str>>(&mut self, words: &[S]) -> Result<usize, Wanted> {
        let token = self.next();
        if let Some(Token::Word(word)) = &token
            && let Some(index) = words.iter().position(|one| one.as_ref().eq_ignore_ascii_case(word))
        {
            return Ok(index);
        }
        let words: Vec<String> = words.iter().map(|word| word.as_ref().to_owned()).collect();
        let mut wanted = self.wanted(&words.join(" | "), token.as_ref());
        wanted.words = words;
        Err(wanted)
    }

    fn option(&mut self, inner: &'a Type) -> Result<Value, Wanted> {
        const NOTHING: &str = "none";
        if self
            .tokens
            .next_if(|token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(NOTHING)))
            .is_some()
        {
            return Ok(Value::Option(None));
        }
        match self.value(inner) {
            Ok(value) => Ok(Value::Option(Some(Box::new(value)))),
            Err(mut wanted) => {
                if wanted.got.is_none() {
                    wanted.words.push(NOTHING.to_owned());
                }
                wanted.expected += " | none";
                Err(wanted)
            }
        }
    }

    /// `[a b c]`, or the rest of the text.
    fn sequence(&mut self, inner: &'a Type) -> Result<Value, Wanted> {
        if let Some(bytes) = self.bytes(inner) {
            return Ok(Value::Bytes(bytes));
        }
        let bracketed = self.tokens.next_if_eq(&Token::Open).is_some();
        let mut items = Vec::new();
        loop {
            match self.tokens.peek() {
                // Reading on at the end finds out what could come: that is what completion wants to know.
                None if bracketed => {
                    return self.value(inner).map_err(|mut wanted| {
                        wanted.expected += ", or ]";
                        wanted.words.push("]".to_owned());
                        wanted
                    });
                }
                None => break,
                Some(Token::Close) => {
                    self.next();
                    break;
                }
                Some(_) => items.push(self.value(inner)?),
            }
        }
        Ok(if *inner == Type::U8 { Value::Bytes(narrow(&items)) } else { Value::List(items) })
    }

    fn array(&mut self, inner: &'a Type, length: usize) -> Result<Value, Wanted> {
        if let Some(mut bytes) = self.bytes(inner) {
            // Shorter ones are filled up: nobody types 32 bytes.
            bytes.resize(length, 0);
            return Ok(Value::Bytes(bytes));
        }
        let bracketed = self.tokens.next_if_eq(&Token::Open).is_some();
        let items = (0..length).map(|_| self.value(inner)).collect::<Result<Vec<_>, _>>()?;
        if bracketed && self.tokens.next_if_eq(&Token::Close).is_none() {
            let token = self.next();
            return Err(self.wanted("]", token.as_ref()));
        }
        Ok(if *inner == Type::U8 { Value::Bytes(narrow(&items)) } else { Value::List(items) })
    }

    /// Bytes may be written as hexadecimal digits after `0x`, or as a text.
    fn bytes(&mut self, inner: &Type) -> Option<Vec<u8>> {
        if *inner != Type::U8 {
            return None;
        }
        let bytes = match self.tokens.peek()? {
            Token::Text(text) => text.clone().into_bytes(),
            Token::Word(word) => hex::decode(word.strip_prefix("0x")?).ok()?,
            Token::Open | Token::Close => return None,
        };
        self.next();
        Some(bytes)
    }

    fn map(&mut self, key: &'a Type, value: &'a Type) -> Result<Value, Wanted> {
        let bracketed = self.tokens.next_if_eq(&Token::Open).is_some();
        let mut entries = Vec::new();
        while self.tokens.peek().is_some_and(|token| *token != Token::Close) {
            entries.push((self.value(key)?, self.value(value)?));
        }
        if bracketed {
            self.next();
        }
        Ok(Value::Map(entries))
    }

    fn all(&mut self, types: &'a [Type]) -> Result<Vec<Value>, Wanted> {
        types.iter().map(|ty| self.value(ty)).collect()
    }

    fn named(&mut self, index: usize) -> Result<Value, Wanted> {
        let named = &self.schema.types()[index];
        let name = named.name.clone();
        match &named.kind {
            Kind::Struct(shape) => {
                self.skip(&name);
                Ok(Value::Struct { name, fields: self.fields(shape)? })
            }
            Kind::Enum(variants) => {
                let names: Vec<&Arc<str>> = variants.iter().map(|variant| &variant.name).collect();
                let index = self
                    .choice(&names)
                    .map_err(|wanted| Wanted { expected: listed(self.schema, variants), ..wanted })?;
                let variant = &variants[index];
                let fields = self.fields(&variant.shape)?;
                Ok(Value::Enum { name, variant: variant.name.clone(), index: index as u32, fields })
            }
        }
    }

    fn fields(&mut self, shape: &'a Shape) -> Result<Fields, Wanted> {
        Ok(match shape {
            Shape::Unit => Fields::Unit,
            Shape::Newtype(ty) => Fields::Newtype(Box::new(self.value(ty)?)),
            Shape::Tuple(types) => Fields::Tuple(self.all(types)?),
            Shape::Named(fields) => {
                let mut values = Vec::with_capacity(fields.len());
                for field in fields {
                    self.skip(&field.name);
                    let value = self.value(&field.ty).map_err(|wanted| Wanted {
                        expected: format!("{}: {}", field.name, wanted.expected),
                        ..wanted
                    })?;
                    values.push((field.name.clone(), value));
                }
                Fields::Named(values)
            }
        })
    }

    /// Names of structs and fields may be written or left out.
    fn skip(&mut self, name: &str) {
        self.tokens.next_if(|token| matches!(token, Token::Word(word) if word == name));
    }

    fn wanted(&self, expected: &str, got: Option<&Token>) -> Wanted {
        Wanted { expected: expected.to_owned(), words: Vec::new(), got: got.map(shown) }
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Word(text) | Token::Text(text) => text.clone(),
        Token::Open => "[".to_owned(),
        Token::Close => "]".to_owned(),
    }
}

/// Values of `u8` as bytes: that is how the schema's values hold them.
fn narrow(items: &[Value]) -> Vec<u8> {
    items.iter().filter_map(Value::as_i64).map(|byte| byte as u8).collect()
}

/// `Place(u8) | Resign`.
fn listed(schema: &Schema, variants: &[Variant]) -> String {
    let types = |types: &[Type]| types.iter().map(|ty| schema.describe(ty)).collect::<Vec<_>>().join(", ");
    let one = |variant: &Variant| match &variant.shape {
        Shape::Unit => variant.name.to_string(),
        Shape::Newtype(ty) => format!("{}({})", variant.name, schema.describe(ty)),
        Shape::Tuple(parts) => format!("{}({})", variant.name, types(parts)),
        Shape::Named(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|field| format!("{}: {}", field.name, schema.describe(&field.ty))).collect();
            format!("{} {{ {} }}", variant.name, fields.join(", "))
        }
    };
    variants.iter().map(one).collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::fixture::schema;

    #[test]
    fn the_short_form_is_read_along_the_schema() {
        let schema = schema();
        for (text, shown) in [
            ("Place 4", "Place(4)"),
            ("place(4)", "Place(4)"),
            ("Resign", "Resign"),
            ("Move { x: -1, y: 2, dash: none }", "Move { x: -1, y: 2, dash: None }"),
            ("Move 1 2 true", "Move { x: 1, y: 2, dash: true }"),
            ("Say \"hi there\"", "Say(\"hi there\")"),
            ("Cards [Ace King]", "Cards([Ace, King])"),
            ("Cards ace", "Cards([Ace])"),
            ("Raw 0x07", "Raw(0x07000000)"),
            ("Raw [1 2 3 4]", "Raw(0x01020304)"),
        ] {
            let value = parse(&schema, text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(value.to_string(), shown, "{text}");
            assert!(schema.encode(Root::In, &value).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_mistake_says_what_is_expected() {
        let schema = schema();
        for (text, part) in [
            ("", "Place(u8)"),
            ("Place", "u8"),
            ("Place 300", "\"300\" is not"),
            ("Plaice 3", "\"Plaice\" is not"),
            ("Move 1", "y: "),
            ("Resign now", "more than"),
            ("Cards [Ace", "or ]"),
            ("Cards [Ace] 3", "more than"),
        ] {
            let error = parse(&schema, text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn the_end_of_the_text_can_be_completed() {
        let schema = schema();
        let words = |text: &str| complete(&schema, text).words;
        assert_eq!(words(""), ["Place", "Resign", "Move", "Say", "Cards", "Raw"]);
        assert_eq!(words("re"), ["Resign"]);
        assert_eq!(words("Move 1 2 "), ["false", "true", "none"]);
        assert_eq!(words("Cards [Ace k"), ["King"]);
        assert_eq!(complete(&schema, "Place ").expected, schema.describe(&Type::U8));
        assert_eq!(complete(&schema, "Resign "), Completion::default());
    }
}
