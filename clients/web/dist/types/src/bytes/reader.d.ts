import { StadionError } from "../error.js";
/** What is read is not what it should be. */
export declare function malformed(what: string): StadionError;
/** Takes fields off the front of bytes that may come from anyone. */
export declare class Reader {
    readonly bytes: Uint8Array;
    private at;
    private readonly view;
    /** How many more parts may be made of these bytes: see {@link Reader.part}. */
    private parts;
    constructor(bytes: Uint8Array);
    /** Bytes that were not read yet. */
    get remaining(): number;
    u8(): number;
    i8(): number;
    f32(): number;
    f64(): number;
    /** A copy of the next bytes, so that a small field never pins a large buffer. */
    take(count: number): Uint8Array<ArrayBuffer>;
    rest(): Uint8Array<ArrayBuffer>;
    /** UTF-8 after its length. */
    text(): string;
    /**
     * An unsigned number of up to 32 bits, seven a byte. Longer spellings of a small number are taken up to the width's
     * longest, as postcard does.
     */
    varint(bits: number): number;
    /** The same for 64 bits. */
    big(): bigint;
    /** A number of the wire protocol: only its shortest spelling, and only as large as JavaScript counts exactly. */
    number(max?: number): number;
    /** A count of elements of at least `min` bytes each, refused if the bytes cannot hold so many. */
    count(min: number): number;
    /** Refuses elements that the bytes cannot hold, before anything is reserved for them. */
    claim(count: number, min: number): void;
    /** A part of a value is made. Bounds the memory that structs of structs of nothing can claim. */
    part(): void;
    /** Nothing may be left over. */
    finish(): void;
    private skip;
}
