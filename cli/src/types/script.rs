//! TypeScript, and JavaScript with the same types in its comments: for pages that are built, and for pages that are not.
//!
//! Each named type of the schema becomes a type and, under `$Name`, a codec (no name of a game has a `$`). How Rust looks
//! from there is told at the top of the text that is written, for whoever reads that.

use std::fmt::Write;

use stadion_schema::{Field, Kind, Root, Schema, Shape, Type, Variant};

use super::names;

/// In which language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// `.ts`.
    TypeScript,
    /// `.js`, with types in JSDoc.
    JavaScript,
}

/// What is written about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    /// The game's name on servers.
    pub(crate) game: &'a str,
    /// Its messages.
    pub(crate) schema: &'a Schema,
    /// Where the text imports the client library from.
    pub(crate) client: &'a str,
}

/// The whole text.
pub(crate) fn write(source: Source<'_>, flavour: Flavour) -> String {
    let script = Script { schema: source.schema, names: names::of_types(source.schema), flavour };
    let mut text = script.heading(source);
    for index in 0..script.names.len() {
        text.push_str(&script.named(index));
    }
    text.push_str(&script.game(source.game));
    text
}

struct Script<'a> {
    schema: &'a Schema,
    names: Vec<String>,
    flavour: Flavour,
}

impl Script<'_> {
    fn heading(&self, source: Source<'_>) -> String {
        let client = quoted(source.client);
        let (language, imports) = match self.flavour {
            Flavour::TypeScript => ("ts", format!("import {{ codec, type Codec, type Game }} from {client};\n")),
            Flavour::JavaScript => ("js", format!("import {{ codec }} from {client};\n{}", typedefs(&client))),
        };
        format!(
            "// What players of `{game}` and the game say to each other, and what a seat sees. Schema {hash}.\n\
             //\n\
             // Written by `stadion types {language}`: do not change it, write it again when the game's messages change.\n\
             // A struct is an object, a tuple an array, an option the value or null, an enum \"Variant\" or\n\
             // {{ Variant: content }}, bytes are a Uint8Array, maps a Map, and 64-bit integers are bigint: 5n.\n\
             {imports}",
            game = source.game,
            hash = hex::encode(self.schema.hash()),
        )
    }

    /// A named type and its codec.
    fn named(&self, index: usize) -> String {
        let (named, name) = (&self.schema.types()[index], &self.names[index]);
        let (word, ty, codec) = match &named.kind {
            Kind::Struct(shape) => ("struct", self.shape_type(shape, Layout::Lines), self.struct_codec(shape)),
            Kind::Enum(variants) => ("enum", self.enum_type(variants), self.enum_codec(variants)),
        };
        let told = if *named.name == **name {
            format!("`{word} {}` of the game.", named.name)
        } else {
            format!("`{word} {}` of the game, under a name that is free.", named.name)
        };
        match self.flavour {
            Flavour::TypeScript => {
                format!("\n/** {told} */\nexport type {name} = {ty};\nconst ${name}: Codec<{name}> = {codec};\n")
            }
            Flavour::JavaScript => format!(
                "\n/**\n * {told}\n * @typedef {{{ty}}} {name}\n */\n/** @type {{Codec<{name}>}} */\nconst ${name} = {codec};\n",
                ty = ty.replace('\n', "\n * "),
            ),
        }
    }

    fn game(&self, name: &str) -> String {
        let roots = Root::ALL.map(|root| self.schema.root(root));
        let [ty_in, ty_out, ty_view] = roots.map(|ty| self.ty(ty));
        let [codec_in, codec_out, codec_view] = roots.map(|ty| self.codec(ty));
        let types = format!("Game<{ty_in}, {ty_out}, {ty_view}>");
        let (name, hash) = (quoted(name), hex::encode(self.schema.hash()));
        let value = format!(
            "{{\n  name: {name},\n  schema: \"{hash}\",\n  in: {codec_in},\n  out: {codec_out},\n  view: {codec_view},\n}};\n"
        );
        let told = "For `new Stadion(origin, game)`: what players send, what the game tells them, what a seat sees.";
        match self.flavour {
            Flavour::TypeScript => format!("\n/** {told} */\nexport const game: {types} = {value}"),
            Flavour::JavaScript => {
                format!("\n/**\n * {told}\n * @type {{{types}}}\n */\nexport const game = {value}")
            }
        }
    }

    fn ty(&self, ty: &Type) -> String {
        match ty {
            Type::Unit => "null".to_owned(),
            Type::Bool => "boolean".to_owned(),
            Type::U64 | Type::I64 => "bigint".to_owned(),
            Type::Char | Type::String => "string".to_owned(),
            Type::Option(inner) => format!("{} | null", self.ty(inner)),
            Type::Seq(inner) | Type::Array(inner, _) if **inner == Type::U8 => "Uint8Array".to_owned(),
            Type::Seq(inner) | Type::Array(inner, _) => match &**inner {
                Type::Option(_) => format!("({})[]", self.ty(inner)),
                inner => format!("{}[]", self.ty(inner)),
            },
            Type::Tuple(parts) => format!("[{}]", self.types(parts)),
            Type::Map(key, value) => format!("Map<{}, {}>", self.ty(key), self.ty(value)),
            Type::Named(index) => self.names[*index].clone(),
            _ => "number".to_owned(),
        }
    }

    fn types(&self, types: &[Type]) -> String {
        types.iter().map(|ty| self.ty(ty)).collect::<Vec<_>>().join(", ")
    }

    fn shape_type(&self, shape: &Shape, layout: Layout) -> String {
        match (shape, layout) {
            (Shape::Unit, _) => "null".to_owned(),
            (Shape::Newtype(ty), _) => self.ty(ty),
            (Shape::Tuple(types), _) => format!("[{}]", self.types(types)),
            (Shape::Named(fields), _) if fields.is_empty() => "{}".to_owned(),
            (Shape::Named(fields), Layout::Line) => {
                let fields: Vec<String> = fields.iter().map(|field| self.field(field)).collect();
                format!("{{ {} }}", fields.join("; "))
            }
            (Shape::Named(fields), Layout::Lines) => {
                let line = |field: &Field| format!("  {};{}\n", self.field(field), self.note(&field.ty));
                format!("{{\n{}}}", fields.iter().map(line).collect::<String>())
            }
        }
    }

    fn field(&self, field: &Field) -> String {
        format!("{}: {}", property(&field.name), self.ty(&field.ty))
    }

    /// What the type does not say: how large a number may be, how many elements there are.
    fn note(&self, ty: &Type) -> String {
        // Types in JavaScript are comments themselves.
        if self.flavour == Flavour::JavaScript {
            return String::new();
        }
        match ty {
            Type::Array(_, length) => format!(" // {length} of them"),
            Type::Char => " // one character".to_owned(),
            Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::F32 => {
                format!(" // {}", self.schema.describe(ty))
            }
            _ => String::new(),
        }
    }

    fn enum_type(&self, variants: &[Variant]) -> String {
        let variant = |variant: &Variant| match &variant.shape {
            Shape::Unit => quoted(&variant.name),
            shape => format!("{{ {}: {} }}", property(&variant.name), self.shape_type(shape, Layout::Line)),
        };
        match variants {
            [] => "never".to_owned(),
            variants => variants.iter().map(variant).collect::<Vec<_>>().join(" | "),
        }
    }

    fn codec(&self, ty: &Type) -> String {
        match ty {
            Type::Unit => "codec.unit".to_owned(),
            Type::Option(inner) => format!("codec.option({})", self.codec(inner)),
            Type::Seq(inner) if **inner == Type::U8 => "codec.bytes".to_owned(),
            Type::Array(inner, length) if **inner == Type::U8 => format!("codec.byteArrayOf({length})"),
            Type::Seq(inner) => format!("codec.seq({})", self.codec(inner)),
            Type::Array(inner, length) => format!("codec.array({}, {length})", self.codec(inner)),
            Type::Tuple(parts) => format!("codec.tuple({})", self.codecs(parts)),
            Type::Map(key, value) => format!("codec.map({}, {})", self.codec(key), self.codec(value)),
            Type::Named(index) => format!("${}", self.names[*index]),
            plain => format!("codec.{}", self.schema.describe(plain).to_lowercase()),
        }
    }

    fn codecs(&self, types: &[Type]) -> String {
        types.iter().map(|ty| self.codec(ty)).collect::<Vec<_>>().join(", ")
    }

    fn struct_codec(&self, shape: &Shape) -> String {
        match shape {
            Shape::Newtype(ty) => format!("codec.newtype({})", self.codec(ty)),
            shape => self.shape_codec(shape),
        }
    }

    fn shape_codec(&self, shape: &Shape) -> String {
        match shape {
            Shape::Unit => "codec.unit".to_owned(),
            Shape::Newtype(ty) => self.codec(ty),
            Shape::Tuple(types) => format!("codec.tuple({})", self.codecs(types)),
            Shape::Named(fields) => {
                let field = |field: &Field| format!("[{}, {}]", quoted(&field.name), self.codec(&field.ty));
                format!("codec.struct({})", fields.iter().map(field).collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn enum_codec(&self, variants: &[Variant]) -> String {
        let mut text = "codec.choice(".to_owned();
        for (index, variant) in variants.iter().enumerate() {
            let separator = if index > 0 { ", " } else { "" };
            let name = quoted(&variant.name);
            let written = match &variant.shape {
                Shape::Unit => write!(text, "{separator}[{name}]"),
                shape => write!(text, "{separator}[{name}, {}]", self.shape_codec(shape)),
            };
            written.expect("strings take everything");
        }
        text + ")"
    }
}

/// The client's types under short names, for comments.
fn typedefs(client: &str) -> String {
    format!(
        "\n/**\n * @template T\n * @typedef {{import({client}).Codec<T>}} Codec\n */\n\
         /**\n * @template In, Out, View\n * @typedef {{import({client}).Game<In, Out, View>}} Game\n */\n"
    )
}

/// Where fields stand.
#[derive(Clone, Copy)]
enum Layout {
    Line,
    Lines,
}

/// A name as a property in a type.
fn property(name: &str) -> String {
    if names::is_property(name) { name.to_owned() } else { quoted(name) }
}

/// As a string of the language: JSON's are.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
