//! What the generated text does: it is run by Node and must do as Rust does. Without Node these tests say so and pass,
//! but in CI they fail.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use stadion_schema::{Fields, Kind, Root, Schema, Shape, Type, Value};

use super::{Flavour, Source, write};
use crate::sight::fixture;

/// Random schemas, and random values of each.
const SCHEMAS: u64 = 300;
const VALUES: u64 = 6;
/// Damaged messages of each.
const DAMAGED: u64 = 30;

#[test]
fn rust_and_javascript_write_the_same_bytes_for_random_schemas_and_values() {
    let Some(node) = Node::find() else { return };
    let (mut count, mut cases) = (0, String::new());
    for seed in 0..SCHEMAS {
        let mut dice = Dice(seed);
        let Ok(schema) = Schema::parse(&schema_bytes(&mut dice)) else { continue };
        let module = format!("g{seed}.gen.js");
        let source = Source { game: "random", schema: &schema, client: "./stadion.js" };
        node.file(&module, &write(source, Flavour::JavaScript));
        writeln!(cases, "await schema({module:?});").unwrap();
        for (root, name) in Root::ALL.into_iter().zip(["in", "out", "view"]) {
            for _ in 0..VALUES {
                let value = some_value(&schema, schema.root(root), &mut dice);
                let bytes = schema.encode(root, &value).unwrap();
                let literal = literal(&schema, schema.root(root), &value);
                writeln!(cases, "same({name:?}, {literal}, {:?});", hex::encode(bytes)).unwrap();
                count += 1;
            }
            for _ in 0..DAMAGED {
                let bytes = damaged(&schema, root, &mut dice);
                let fine = schema.decode(root, &bytes).is_ok();
                writeln!(cases, "reads({name:?}, {:?}, {fine});", hex::encode(bytes)).unwrap();
            }
        }
    }
    assert!(count > 1_000, "{count} values: too many random schemas were refused");
    node.run(&cases);
}

#[test]
fn what_a_type_cannot_hold_is_refused_before_it_is_sent() {
    let Some(node) = Node::find() else { return };
    let cases = r#"
        const { codec } = client;
        for (const [of, value] of [
            [codec.u8, 256], [codec.u8, -1], [codec.u8, 1.5], [codec.u8, "1"], [codec.u16, 65536], [codec.u32, 2 ** 32],
            [codec.u64, 5], [codec.u64, 2n ** 64n], [codec.u64, -1n], [codec.i8, 128], [codec.i64, 2n ** 63n],
            [codec.f32, "1"], [codec.char, "ab"], [codec.char, ""], [codec.char, "\ud800"], [codec.string, 5],
            [codec.bytes, [1, 2]], [codec.byteArrayOf(2), new Uint8Array(3)], [codec.array(codec.u16, 2), [1]],
            [codec.seq(codec.u16), "no"], [codec.tuple(codec.u8, codec.u8), [1]], [codec.map(codec.u8, codec.u8), {}],
            [codec.struct(["x", codec.u8]), null], [codec.struct(["x", codec.u8]), {}],
            [codec.choice(["A"], ["B", codec.u8]), "B"], [codec.choice(["A"], ["B", codec.u8]), { A: 1 }],
            [codec.choice(["A"], ["B", codec.u8]), { B: 1, A: 1 }], [codec.choice(["A"]), "C"],
        ]) {
            assert.throws(() => client.encode(of, value), { code: "bad-value" }, String(value));
        }
    "#;
    node.run(cases);
}

#[test]
fn floats_keep_every_bit() {
    let Some(node) = Node::find() else { return };
    let cases = r#"
        const { codec } = client;
        const written = (of, value) => Buffer.from(client.encode(of, value)).toString("hex");
        assert.equal(written(codec.f32, -0), "00000080");
        assert.equal(written(codec.f64, -0), "0000000000000080");
        assert.equal(written(codec.f32, NaN), "0000c07f");
        assert.ok(Object.is(client.decode(codec.f64, new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0x80])), -0));
        assert.ok(Number.isNaN(client.decode(codec.f32, new Uint8Array([0, 0, 0xc0, 0x7f]))));
    "#;
    node.run(cases);
}

#[test]
fn a_few_bytes_cannot_claim_much_memory() {
    let Some(node) = Node::find() else { return };
    let cases = r#"
        const { codec } = client;
        const nothing = codec.struct();
        let deep = nothing;
        for (let i = 0; i < 12; i++) deep = codec.tuple(...Array(10).fill(deep));
        const five = new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x0f]);
        assert.throws(() => client.decode(codec.seq(codec.u64), five), { code: "bad-value" });
        assert.throws(() => client.decode(deep, new Uint8Array()), { code: "bad-value" });
    "#;
    node.run(cases);
}

#[test]
fn the_text_for_a_small_game_is_this() {
    // In: enum In { Place(u8), Resign }, Out: (), View: struct View { cells: [Option<u16>; 9], name: String }
    let schema: &[u8] = b"\x01\x02\x02In\x01\x02\x05Place\x01\x02\x06Resign\x00\x04View\x00\x03\x02\
        \x05cells\x10\x09\x0e\x03\x04name\x0d\x13\x00\x00\x13\x01";
    let schema = Schema::parse(schema).unwrap();
    let source = Source { game: "tiny", schema: &schema, client: "@stadion/client" };
    let text = write(source, Flavour::TypeScript);
    let wanted = r#"import { codec, type Codec, type Game } from "@stadion/client";

/** `enum In` of the game. */
export type In = { Place: number } | "Resign";
const $In: Codec<In> = codec.choice(["Place", codec.u8], ["Resign"]);

/** `struct View` of the game. */
export type View = {
  cells: (number | null)[]; // 9 of them
  name: string;
};
const $View: Codec<View> = codec.struct(["cells", codec.array(codec.option(codec.u16), 9)], ["name", codec.string]);

/** For `new Stadion(origin, game)`: what players send, what the game tells them, what a seat sees. */
export const game: Game<In, null, View> = {
  name: "tiny",
"#;
    let (_, body) = text.split_once("bigint: 5n.\n").unwrap();
    assert!(body.starts_with(wanted), "{body}");
    assert!(body.contains(&format!("schema: \"{}\"", hex::encode(schema.hash()))));
}

#[test]
fn the_pages_of_the_example_games_have_their_newest_types() {
    let games = [
        ("bomberman", fixture::schema::<bomberman::Bomberman>()),
        ("hearts", fixture::schema::<hearts::Hearts>()),
        ("tictactoe", fixture::schema::<tictactoe::TicTacToe>()),
    ];
    for (game, schema) in games {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../games/{game}/web/{game}.gen.js"));
        let wanted = write(Source { game, schema: &schema, client: "/client/stadion.js" }, Flavour::JavaScript);
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(there == wanted, "{} is not what the game says: cargo xtask web", path.display());
    }
}

/// A folder in which Node runs generated modules against the built client.
struct Node(tempfile::TempDir);

impl Node {
    fn find() -> Option<Node> {
        let there = Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success());
        if !there {
            assert!(std::env::var_os("CI").is_none(), "node is missing: apt-get install nodejs");
            return None;
        }
        let node = Node(tempfile::tempdir().unwrap());
        let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients/web/dist/stadion.js");
        std::fs::copy(client, node.path("stadion.js")).unwrap();
        node.file("package.json", r#"{"type":"module"}"#);
        Some(node)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Runs lines of JavaScript that may use `schema`, `same` and `reads`.
    fn run(&self, cases: &str) {
        self.file("cases.js", &format!("{PRELUDE}\n{cases}"));
        let output = Command::new("node").arg("cases.js").current_dir(self.0.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

const PRELUDE: &str = r#"
import assert from "node:assert/strict";
import * as client from "./stadion.js";
let game, module;
async function schema(name) {
    module = name;
    ({ game } = await import("./" + name));
}
function same(root, value, hex) {
    const bytes = Buffer.from(hex, "hex");
    const written = Buffer.from(client.encode(game[root], value)).toString("hex");
    assert.equal(written, hex, `${module} ${root} writes`);
    assert.deepStrictEqual(client.decode(game[root], bytes), value, `${module} ${root} reads`);
}
function reads(root, hex, fine) {
    let read = true;
    try {
        client.decode(game[root], Buffer.from(hex, "hex"));
    } catch (error) {
        assert.equal(error.code, "bad-value", error.stack);
        read = false;
    }
    assert.equal(read, fine, `${module} ${root} ${hex}`);
}
"#;

/// SplitMix64: every seed is some schema with some values.
struct Dice(u64);

impl Dice {
    fn u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: u8) -> u8 {
        (self.u64() % u64::from(limit)) as u8
    }

    /// Numbers of every length.
    fn number(&mut self) -> u64 {
        let width = u32::from(self.below(65));
        self.u64().checked_shr(64 - width).unwrap_or(0)
    }
}

/// Names that generators stumble over, now and then.
const NAMES: [&str; 8] = ["Map", "__proto__", "constructor", "class", "Größe", "toString", "game", "x"];

fn name(bytes: &mut Vec<u8>, dice: &mut Dice, stem: &str, index: u8) {
    // Fields and variants of one type differ in their names; types need not.
    let odd = NAMES[usize::from(dice.below(8))];
    let text = if dice.below(4) == 0 && index == 0 { odd.to_owned() } else { format!("{stem}{index}") };
    bytes.push(text.len() as u8);
    bytes.extend(text.bytes());
}

fn schema_bytes(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = vec![1];
    let named = dice.below(6);
    bytes.push(named);
    for index in 0..named {
        // Equal names of types are for the generator to tell apart.
        let number = if dice.below(3) == 0 { 0 } else { index };
        name(&mut bytes, dice, "Type", number);
        if dice.below(2) == 0 {
            bytes.push(0);
            shape(&mut bytes, dice, index);
            continue;
        }
        let variants = 1 + dice.below(4);
        bytes.extend([1, variants]);
        for variant in 0..variants {
            name(&mut bytes, dice, "V", variant);
            shape(&mut bytes, dice, index);
        }
    }
    (0..3).for_each(|_| ty(&mut bytes, dice, named, 0));
    bytes
}

fn shape(bytes: &mut Vec<u8>, dice: &mut Dice, named: u8) {
    match dice.below(4) {
        0 => bytes.push(0),
        1 => {
            bytes.push(1);
            ty(bytes, dice, named, 0);
        }
        kind => {
            let count = dice.below(4);
            bytes.extend([kind, count]);
            for field in 0..count {
                if kind == 3 {
                    name(bytes, dice, "field_", field);
                }
                ty(bytes, dice, named, 0);
            }
        }
    }
}

fn ty(bytes: &mut Vec<u8>, dice: &mut Dice, named: u8, depth: u8) {
    let code = dice.below(if depth > 3 { 0x0e } else { 0x14 });
    match code {
        0x13 if named == 0 => bytes.push(0x02),
        0x13 => bytes.extend([code, dice.below(named)]),
        0x11 => {
            let count = dice.below(4);
            bytes.extend([code, count]);
            (0..count).for_each(|_| ty(bytes, dice, named, depth + 1));
        }
        0x10 => {
            bytes.extend([code, dice.below(5)]);
            ty(bytes, dice, named, depth + 1);
        }
        0x0e | 0x0f => {
            bytes.push(code);
            ty(bytes, dice, named, depth + 1);
        }
        0x12 => {
            bytes.push(code);
            (0..2).for_each(|_| ty(bytes, dice, named, depth + 1));
        }
        plain => bytes.push(plain),
    }
}

fn some_value(schema: &Schema, ty: &Type, dice: &mut Dice) -> Value {
    let many = |dice: &mut Dice, ty: &Type, count: usize| match ty {
        Type::U8 => Value::Bytes((0..count).map(|_| dice.u64() as u8).collect()),
        ty => Value::List((0..count).map(|_| some_value(schema, ty, dice)).collect()),
    };
    match ty {
        Type::Unit => Value::Unit,
        Type::Bool => Value::Bool(dice.below(2) == 1),
        Type::U8 => Value::Unsigned(dice.number() & 0xff),
        Type::U16 => Value::Unsigned(dice.number() & 0xffff),
        Type::U32 => Value::Unsigned(dice.number() & 0xffff_ffff),
        Type::U64 => Value::Unsigned(dice.number()),
        Type::I8 => Value::Signed(i64::from(dice.number() as i8)),
        Type::I16 => Value::Signed(i64::from(dice.number() as i16)),
        Type::I32 => Value::Signed(i64::from(dice.number() as i32)),
        Type::I64 => Value::Signed(dice.number() as i64),
        // No negative zero: as a key of a JavaScript map it is zero, and Rust's maps have no floats for keys at all.
        Type::F32 => Value::F32([dice.number() as f32 / 3.0, f32::INFINITY, 1e-40][usize::from(dice.below(3))]),
        Type::F64 => {
            Value::F64([dice.number() as f64 / -3.0 + 0.0, 5e-324, f64::NEG_INFINITY][usize::from(dice.below(3))])
        }
        Type::Char => Value::Char(char::from_u32(dice.number() as u32 & 0x1f_ffff).unwrap_or('\u{feff}')),
        Type::String => {
            Value::Text((0..dice.below(5)).map(|_| ['a', 'ß', '\u{feff}', '😀'][usize::from(dice.below(4))]).collect())
        }
        Type::Option(inner) => Value::Option((dice.below(2) == 1).then(|| Box::new(some_value(schema, inner, dice)))),
        Type::Seq(inner) => {
            let count = usize::from(dice.below(4));
            many(dice, inner, count)
        }
        Type::Array(inner, length) => many(dice, inner, *length),
        Type::Tuple(parts) => Value::List(parts.iter().map(|part| some_value(schema, part, dice)).collect()),
        Type::Map(key, value) => {
            let entry = |dice: &mut Dice| (some_value(schema, key, dice), some_value(schema, value, dice));
            Value::Map((0..dice.below(2)).map(|_| entry(dice)).collect())
        }
        Type::Named(index) => {
            let named = &schema.types()[*index];
            let name = named.name.clone();
            match &named.kind {
                Kind::Struct(shape) => Value::Struct { name, fields: some_fields(schema, shape, dice) },
                Kind::Enum(variants) => {
                    let index = dice.below(variants.len() as u8);
                    let variant = &variants[usize::from(index)];
                    let fields = some_fields(schema, &variant.shape, dice);
                    Value::Enum { name, variant: variant.name.clone(), index: u32::from(index), fields }
                }
            }
        }
    }
}

fn some_fields(schema: &Schema, shape: &Shape, dice: &mut Dice) -> Fields {
    match shape {
        Shape::Unit => Fields::Unit,
        Shape::Newtype(ty) => Fields::Newtype(Box::new(some_value(schema, ty, dice))),
        Shape::Tuple(types) => Fields::Tuple(types.iter().map(|ty| some_value(schema, ty, dice)).collect()),
        Shape::Named(fields) => Fields::Named(
            fields.iter().map(|field| (field.name.clone(), some_value(schema, &field.ty, dice))).collect(),
        ),
    }
}

/// A value as an expression of JavaScript, by the rules that the head of each generated file tells.
fn literal(schema: &Schema, ty: &Type, value: &Value) -> String {
    let list =
        |ty: &Type, items: &[Value]| items.iter().map(|item| literal(schema, ty, item)).collect::<Vec<_>>().join(", ");
    match (ty, value) {
        (_, Value::Unit | Value::Option(None)) => "null".to_owned(),
        (_, Value::Bool(value)) => value.to_string(),
        (Type::U64, Value::Unsigned(value)) => format!("{value}n"),
        (Type::I64, Value::Signed(value)) => format!("{value}n"),
        (_, Value::Unsigned(value)) => value.to_string(),
        (_, Value::Signed(value)) => value.to_string(),
        (_, Value::F32(value)) => float(f64::from(*value)),
        (_, Value::F64(value)) => float(*value),
        (_, Value::Char(value)) => serde_json::to_string(value).unwrap(),
        (_, Value::Text(value)) => serde_json::to_string(value).unwrap(),
        (_, Value::Bytes(bytes)) => format!("new Uint8Array({bytes:?})"),
        (Type::Option(ty), Value::Option(Some(value))) => literal(schema, ty, value),
        (Type::Seq(ty) | Type::Array(ty, _), Value::List(items)) => format!("[{}]", list(ty, items)),
        (Type::Tuple(types), Value::List(items)) => format!("[{}]", parts(schema, types, items)),
        (Type::Map(k, v), Value::Map(entries)) => {
            let entry =
                |(key, value): &(Value, Value)| format!("[{}, {}]", literal(schema, k, key), literal(schema, v, value));
            format!("new Map([{}])", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        (Type::Named(index), value) => match (&schema.types()[*index].kind, value) {
            (Kind::Struct(shape), Value::Struct { fields, .. }) => fields_literal(schema, shape, fields),
            (Kind::Enum(variants), Value::Enum { index, variant, fields, .. }) => {
                let variant = serde_json::to_string(&**variant).unwrap();
                match &variants[*index as usize].shape {
                    Shape::Unit => variant,
                    shape => format!("{{[{variant}]: {}}}", fields_literal(schema, shape, fields)),
                }
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn parts(schema: &Schema, types: &[Type], values: &[Value]) -> String {
    types.iter().zip(values).map(|(ty, value)| literal(schema, ty, value)).collect::<Vec<_>>().join(", ")
}

fn fields_literal(schema: &Schema, shape: &Shape, fields: &Fields) -> String {
    match (shape, fields) {
        (Shape::Unit, _) => "null".to_owned(),
        (Shape::Newtype(ty), Fields::Newtype(value)) => literal(schema, ty, value),
        (Shape::Tuple(types), Fields::Tuple(values)) => format!("[{}]", parts(schema, types, values)),
        (Shape::Named(types), Fields::Named(values)) => {
            let field = |(field, (name, value)): (&stadion_schema::Field, &(std::sync::Arc<str>, Value))| {
                format!("[{}]: {}", serde_json::to_string(&**name).unwrap(), literal(schema, &field.ty, value))
            };
            format!("{{{}}}", types.iter().zip(values).map(field).collect::<Vec<_>>().join(", "))
        }
        other => panic!("{other:?}"),
    }
}

fn float(value: f64) -> String {
    if value.is_finite() { format!("{value:?}") } else { format!("{}Infinity", if value < 0.0 { "-" } else { "" }) }
}

/// A message with a byte more, less or different; or mere noise.
fn damaged(schema: &Schema, root: Root, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = schema.encode(root, &some_value(schema, schema.root(root), dice)).unwrap();
    let at = dice.u64() as usize % (bytes.len() + 1);
    match dice.below(5) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, dice.u64() as u8),
        2 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
        // A longer spelling of a number, if one stands here.
        3 if at < bytes.len() && bytes[at] < 0x80 => {
            bytes[at] |= 0x80;
            bytes.insert(at + 1, 0);
        }
        _ => bytes = (0..dice.below(20)).map(|_| dice.u64() as u8 % 8).collect(),
    }
    bytes
}
