/**
 * A game's schema: read from its bytes (the format stands in `sdk-guest/schema`), and turned into the codecs of the client
 * library. What is known of a game here is what everybody who has its schema knows.
 */
import { codec, raw } from "/client/stadion.js";

const SCALARS = ["unit", "bool", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64", "char", "string"];
const FORMAT = 1;

class Bytes {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  byte() {
    if (this.at >= this.bytes.length) throw new Error("the schema ends early");
    return this.bytes[this.at++];
  }

  varint() {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Error("a number in the schema does not end");
  }

  name() {
    const length = this.varint();
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return text;
  }

  list(read) {
    return Array.from({ length: this.varint() }, read);
  }
}

/** The three types of a game: `{ in, out, view }`. Each type is `{ kind, .. }`, named ones with their `name`. */
export function parse(bytes) {
  const from = new Bytes(bytes);
  if (from.byte() !== FORMAT) throw new Error("a newer SDK wrote this schema");
  const named = [];
  const type = () => {
    const code = from.byte();
    if (code < SCALARS.length) return { kind: SCALARS[code] };
    switch (code) {
      case 0x0e: return { kind: "option", inner: type() };
      case 0x0f: return { kind: "seq", inner: type() };
      case 0x10: {
        const length = from.varint();
        return { kind: "array", length, inner: type() };
      }
      case 0x11: return { kind: "tuple", parts: from.list(type) };
      case 0x12: return { kind: "map", key: type(), value: type() };
      case 0x13: return named[from.varint()];
      default: throw new Error(`the schema has a type ${code} that is unknown here`);
    }
  };
  const shape = () => {
    switch (from.byte()) {
      case 0: return { kind: "unit" };
      case 1: return { kind: "newtype", inner: type() };
      case 2: return { kind: "tuple", parts: from.list(type) };
      default: return { kind: "struct", fields: from.list(() => ({ name: from.name(), type: type() })) };
    }
  };
  for (let left = from.varint(); left > 0; left--) {
    const name = from.name();
    const isEnum = from.byte() === 1;
    named.push(isEnum ? { kind: "enum", name, variants: from.list(() => ({ name: from.name(), type: shape() })) } : { name, ...shape() });
  }
  return { in: type(), out: type(), view: type() };
}

/** The codec of a type. */
function codecOf(type) {
  switch (type.kind) {
    case "option": return codec.option(codecOf(type.inner));
    case "seq": return type.inner.kind === "u8" ? codec.bytes : codec.seq(codecOf(type.inner));
    case "array": return type.inner.kind === "u8" ? codec.byteArrayOf(type.length) : codec.array(codecOf(type.inner), type.length);
    case "tuple": return codec.tuple(...type.parts.map(codecOf));
    case "map": return codec.map(codecOf(type.key), codecOf(type.value));
    case "newtype": return codec.newtype(codecOf(type.inner));
    case "struct": return codec.struct(...type.fields.map(({ name, type }) => [name, codecOf(type)]));
    case "enum": return codec.choice(...type.variants.map(({ name, type }) => (type.kind === "unit" ? [name] : [name, codecOf(type)])));
    default: return codec[type.kind];
  }
}

/** A game as the client library knows it, with its types beside it; without a schema it speaks bytes. */
export function gameOf(name, hash, bytes) {
  if (!bytes) return { game: raw(name), types: undefined };
  const types = parse(bytes);
  const [In, Out, View] = [types.in, types.out, types.view].map(codecOf);
  return { game: { name, schema: hash, in: In, out: Out, view: View }, types };
}
