/**
 * Codecs of messages: the pieces that `stadion types` puts together. Bytes are those of postcard 1, as the game writes
 * them; every reader treats its bytes as hostile.
 *
 * How Rust looks from here: structs are objects, tuples arrays, `Option` is the value or `null`, an enum
 * `"Variant"` or `{ Variant: content }`, `Vec<u8>` and `[u8; N]` are `Uint8Array`, maps are `Map`, `u64` and `i64` are `bigint`.
 */
import { malformed, Reader } from "./bytes/reader.js";
import { Writer } from "./bytes/writer.js";

/** Reads and writes one type. */
export interface Codec<T> {
  /** The size of its smallest encoding, bytes. */
  readonly min: number;
  read(from: Reader): T;
  write(to: Writer, value: T): void;
}

/** Reads a whole message: bytes left over are an error. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new Reader(bytes);
  const value = codec.read(reader);
  reader.finish();
  return value;
}

/** The bytes of a message. Throws a {@link StadionError} `bad-value` for what the type cannot hold. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  codec.write(writer, value);
  return writer.done();
}

function codec<T>(min: number, read: (from: Reader) => T, write: (to: Writer, value: T) => void): Codec<T> {
  const counted = (from: Reader): T => {
    from.part();
    return read(from);
  };
  return { min, read: counted, write };
}

function integer(min: number, max: number, value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
    throw malformed(`${value} is not an integer from ${min} to ${max}`);
  }
  return value as number;
}

function big(min: bigint, max: bigint, value: unknown): bigint {
  if (typeof value !== "bigint" || value < min || value > max) {
    throw malformed(`${value} is not a bigint from ${min} to ${max}`);
  }
  return value;
}

function unsigned(bits: number): Codec<number> {
  const max = 2 ** bits - 1;
  return codec(1, (from) => from.varint(bits), (to, value) => to.varint(integer(0, max, value)));
}

/** Zigzag: small numbers of either sign are short. */
function signed(bits: number): Codec<number> {
  const limit = 2 ** (bits - 1);
  return codec(
    1,
    (from) => {
      const coded = from.varint(bits);
      return coded % 2 ? -(coded + 1) / 2 : coded / 2;
    },
    (to, value) => to.varint(integer(-limit, limit - 1, value) < 0 ? -2 * value - 1 : 2 * value),
  );
}

function list<T>(value: unknown, length?: number): readonly T[] {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) {
    throw malformed(`expected an array${length === undefined ? "" : ` of ${length}`}`);
  }
  return value as T[];
}

function one(text: unknown): string {
  // A character is one code point, and half of a surrogate pair is none.
  if (typeof text !== "string" || [...text].length !== 1 || /^[\uD800-\uDFFF]$/.test(text)) {
    throw malformed("a char is one character");
  }
  return text;
}

function number(value: unknown): number {
  if (typeof value !== "number") throw malformed(`${value} is not a number`);
  return value;
}

export const unit: Codec<null> = codec(0, () => null, () => {});
export const bool: Codec<boolean> = codec(
  1,
  (from) => from.varint(1) === 1,
  (to, value) => to.u8(value ? 1 : 0),
);
export const u8: Codec<number> = codec(1, (from) => from.u8(), (to, value) => to.u8(integer(0, 255, value)));
export const u16: Codec<number> = unsigned(16);
export const u32: Codec<number> = unsigned(32);
export const u64: Codec<bigint> = codec(1, (from) => from.big(), (to, value) => to.big(big(0n, 2n ** 64n - 1n, value)));
export const i8: Codec<number> = codec(1, (from) => from.i8(), (to, value) => to.u8(integer(-128, 127, value) & 0xff));
export const i16: Codec<number> = signed(16);
export const i32: Codec<number> = signed(32);
export const i64: Codec<bigint> = codec(
  1,
  (from) => {
    const coded = from.big();
    return coded & 1n ? -(coded + 1n) / 2n : coded / 2n;
  },
  (to, value) => to.big(big(-(2n ** 63n), 2n ** 63n - 1n, value) < 0n ? -2n * value - 1n : 2n * value),
);
export const f32: Codec<number> = codec(4, (from) => from.f32(), (to, value) => to.f32(number(value)));
export const f64: Codec<number> = codec(8, (from) => from.f64(), (to, value) => to.f64(number(value)));
export const char: Codec<string> = codec(2, (from) => one(from.text()), (to, value) => to.text(one(value)));
export const string: Codec<string> = codec(
  1,
  (from) => from.text(),
  (to, value) => {
    if (typeof value !== "string") throw malformed(`${value} is not a string`);
    to.text(value);
  },
);

/** Any number of bytes. */
export const bytes: Codec<Uint8Array> = codec(
  1,
  (from) => from.take(from.varint(32)),
  (to, value) => to.blob(byteArray(value)),
);

/** So many bytes. */
export function byteArrayOf(length: number): Codec<Uint8Array> {
  return codec(
    length,
    (from) => from.take(length),
    (to, value) => to.raw(byteArray(value, length)),
  );
}

function byteArray(value: unknown, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length)) {
    throw malformed(`expected a Uint8Array${length === undefined ? "" : ` of ${length}`}`);
  }
  return value;
}

/** The value or `null`. */
export function option<T>(inner: Codec<T>): Codec<T | null> {
  return codec<T | null>(
    1,
    (from) => (from.varint(1) === 1 ? inner.read(from) : null),
    (to, value) => {
      const there = value !== null && value !== undefined;
      to.u8(there ? 1 : 0);
      if (there) inner.write(to, value);
    },
  );
}

/** Any number of the same. */
export function seq<T>(inner: Codec<T>): Codec<T[]> {
  return codec(
    1,
    (from) => repeat(from, from.count(inner.min), inner),
    (to, value) => {
      const values = list<T>(value);
      to.varint(values.length);
      for (const value of values) inner.write(to, value);
    },
  );
}

/** So many of the same. */
export function array<T>(inner: Codec<T>, length: number): Codec<T[]> {
  return codec(
    inner.min * length,
    (from) => {
      from.claim(length, inner.min);
      return repeat(from, length, inner);
    },
    (to, value) => {
      for (const element of list<T>(value, length)) inner.write(to, element);
    },
  );
}

function repeat<T>(from: Reader, count: number, inner: Codec<T>): T[] {
  const values: T[] = [];
  for (let i = 0; i < count; i++) values.push(inner.read(from));
  return values;
}

/** A fixed list of types. */
export function tuple<T extends readonly unknown[]>(...parts: { [I in keyof T]: Codec<T[I]> }): Codec<T> {
  const codecs = parts as readonly Codec<unknown>[];
  return codec(
    codecs.reduce((sum, part) => sum + part.min, 0),
    (from) => codecs.map((part) => part.read(from)) as unknown as T,
    (to, value) => {
      const values = list(value, codecs.length);
      codecs.forEach((part, i) => part.write(to, values[i]));
    },
  );
}

/** Keys and values, in the order of the encoding. */
export function map<K, V>(key: Codec<K>, value: Codec<V>): Codec<Map<K, V>> {
  return codec(
    1,
    (from) => {
      const entries = new Map<K, V>();
      for (let left = from.count(key.min + value.min); left > 0; left--) entries.set(key.read(from), value.read(from));
      return entries;
    },
    (to, entries) => {
      if (!(entries instanceof Map)) throw malformed("expected a Map");
      to.varint(entries.size);
      for (const [k, v] of entries) {
        key.write(to, k);
        value.write(to, v);
      }
    },
  );
}

/** A struct of one unnamed field is that field. */
export function newtype<T>(inner: Codec<T>): Codec<T> {
  return codec(inner.min, (from) => inner.read(from), (to, value) => inner.write(to, value));
}

/** Fields of different types in one list. */
type AnyCodec = Codec<any>;

/** Named fields, in their order. */
export function struct<T extends object>(...fields: [name: keyof T & string, codec: AnyCodec][]): Codec<T> {
  return codec(
    fields.reduce((sum, [, field]) => sum + field.min, 0),
    (from) => {
      const value: Record<string, unknown> = {};
      for (const [name, field] of fields) define(value, name, field.read(from));
      return value as T;
    },
    (to, value) => {
      if (typeof value !== "object" || value === null) throw malformed(`${value} is not an object`);
      for (const [name, field] of fields) field.write(to, value[name]);
    },
  );
}

/** Variants in their order; one without a codec has no content. */
export function choice<T>(...variants: [name: string, content?: AnyCodec][]): Codec<T> {
  const numbers = new Map(variants.map(([name], number) => [name, number]));
  return codec<T>(
    1,
    (from) => {
      const variant = variants[from.varint(32)];
      if (!variant) throw malformed("there is no such variant");
      const [name, content] = variant;
      return (content ? define({}, name, content.read(from)) : name) as T;
    },
    (to, value) => {
      const name = typeof value === "string" ? value : onlyKey(value);
      const number = numbers.get(name);
      const content = number === undefined ? undefined : variants[number]?.[1];
      if (number === undefined || (typeof value === "string") !== !content) {
        const shown = variants.map(([name, content]) => (content ? `{ ${name}: .. }` : `"${name}"`));
        throw malformed(`expected one of ${shown.join(", ")}`);
      }
      to.varint(number);
      content?.write(to, (value as Record<string, unknown>)[name]);
    },
  );
}

function onlyKey(value: unknown): string {
  const keys = typeof value === "object" && value !== null ? Object.keys(value) : [];
  return keys.length === 1 ? keys[0]! : "";
}

/** `__proto__` is a name like any other here. */
function define(value: Record<string, unknown>, name: string, content: unknown): Record<string, unknown> {
  if (name === "__proto__") {
    Object.defineProperty(value, name, { value: content, enumerable: true, configurable: true, writable: true });
  } else {
    value[name] = content;
  }
  return value;
}
