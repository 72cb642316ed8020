/**
 * Codecs of messages: the pieces that `stadion types` puts together. Bytes are those of postcard 1, as the game writes
 * them; every reader treats its bytes as hostile.
 *
 * How Rust looks from here: structs are objects, tuples arrays, `Option` is the value or `null`, an enum
 * `"Variant"` or `{ Variant: content }`, `Vec<u8>` and `[u8; N]` are `Uint8Array`, maps are `Map`, `u64` and `i64` are `bigint`.
 */
import { Reader } from "./bytes/reader.js";
import { Writer } from "./bytes/writer.js";
/** Reads and writes one type. */
export interface Codec<T> {
    /** The size of its smallest encoding, bytes. */
    readonly min: number;
    read(from: Reader): T;
    write(to: Writer, value: T): void;
}
/** Reads a whole message: bytes left over are an error. */
export declare function decode<T>(codec: Codec<T>, bytes: Uint8Array): T;
/** The bytes of a message. Throws a {@link StadionError} `bad-value` for what the type cannot hold. */
export declare function encode<T>(codec: Codec<T>, value: T): Uint8Array<ArrayBuffer>;
export declare const unit: Codec<null>;
export declare const bool: Codec<boolean>;
export declare const u8: Codec<number>;
export declare const u16: Codec<number>;
export declare const u32: Codec<number>;
export declare const u64: Codec<bigint>;
export declare const i8: Codec<number>;
export declare const i16: Codec<number>;
export declare const i32: Codec<number>;
export declare const i64: Codec<bigint>;
export declare const f32: Codec<number>;
export declare const f64: Codec<number>;
export declare const char: Codec<string>;
export declare const string: Codec<string>;
/** Any number of bytes. */
export declare const bytes: Codec<Uint8Array>;
/** So many bytes. */
export declare function byteArrayOf(length: number): Codec<Uint8Array>;
/** The value or `null`. */
export declare function option<T>(inner: Codec<T>): Codec<T | null>;
/** Any number of the same. */
export declare function seq<T>(inner: Codec<T>): Codec<T[]>;
/** So many of the same. */
export declare function array<T>(inner: Codec<T>, length: number): Codec<T[]>;
/** A fixed list of types. */
export declare function tuple<T extends readonly unknown[]>(...parts: {
    [I in keyof T]: Codec<T[I]>;
}): Codec<T>;
/** Keys and values, in the order of the encoding. */
export declare function map<K, V>(key: Codec<K>, value: Codec<V>): Codec<Map<K, V>>;
/** A struct of one unnamed field is that field. */
export declare function newtype<T>(inner: Codec<T>): Codec<T>;
/** Fields of different types in one list. */
type AnyCodec = Codec<any>;
/** Named fields, in their order. */
export declare function struct<T extends object>(...fields: [name: keyof T & string, codec: AnyCodec][]): Codec<T>;
/** Variants in their order; one without a codec has no content. */
export declare function choice<T>(...variants: [name: string, content?: AnyCodec][]): Codec<T>;
export {};
