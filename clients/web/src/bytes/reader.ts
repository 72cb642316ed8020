import { StadionError } from "../error.js";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What is read is not what it should be. */
export function malformed(what: string): StadionError {
  return new StadionError("bad-value", what);
}

/** Takes fields off the front of bytes that may come from anyone. */
export class Reader {
  private at = 0;
  private readonly view: DataView;
  /** How many more parts may be made of these bytes: see {@link Reader.part}. */
  private parts: number;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.parts = 4096 + 16 * bytes.length;
  }

  /** Bytes that were not read yet. */
  get remaining(): number {
    return this.bytes.length - this.at;
  }

  u8(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw malformed("the bytes end too early");
    this.at++;
    return byte;
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  f32(): number {
    return this.view.getFloat32(this.skip(4), true);
  }

  f64(): number {
    return this.view.getFloat64(this.skip(8), true);
  }

  /** A copy of the next bytes, so that a small field never pins a large buffer. */
  take(count: number): Uint8Array<ArrayBuffer> {
    const at = this.skip(count);
    return new Uint8Array(this.bytes.subarray(at, at + count));
  }

  rest(): Uint8Array<ArrayBuffer> {
    return this.take(this.remaining);
  }

  /** UTF-8 after its length. */
  text(): string {
    const length = this.varint(32);
    const at = this.skip(length);
    try {
      return UTF8.decode(this.bytes.subarray(at, at + length));
    } catch {
      throw malformed("a text is not UTF-8");
    }
  }

  /**
   * An unsigned number of up to 32 bits, seven a byte. Longer spellings of a small number are taken up to the width's
   * longest, as postcard does.
   */
  varint(bits: number): number {
    let value = 0;
    for (let shift = 0; shift < bits; shift += 7) {
      const byte = this.u8();
      const part = byte & 0x7f;
      if (bits - shift < 7 && part >> (bits - shift)) break;
      value += part * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw malformed("a number is out of its range");
  }

  /** The same for 64 bits. */
  big(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const byte = this.u8();
      if (shift === 63n && (byte & 0x7f) > 1) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw malformed("a number is out of its range");
  }

  /** A number of the wire protocol: only its shortest spelling, and only as large as JavaScript counts exactly. */
  number(max = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if ((byte === 0 && shift > 0) || value > max) break;
        return value;
      }
    }
    throw malformed("a number is malformed");
  }

  /** A count of elements of at least `min` bytes each, refused if the bytes cannot hold so many. */
  count(min: number): number {
    const count = this.varint(32);
    this.claim(count, min);
    return count;
  }

  /** Refuses elements that the bytes cannot hold, before anything is reserved for them. */
  claim(count: number, min: number): void {
    if (count * min > this.remaining) throw malformed("the bytes end too early");
  }

  /** A part of a value is made. Bounds the memory that structs of structs of nothing can claim. */
  part(): void {
    if (--this.parts < 0) throw malformed("too many parts for so few bytes");
  }

  /** Nothing may be left over. */
  finish(): void {
    if (this.remaining > 0) throw malformed("bytes are left over");
  }

  private skip(count: number): number {
    const at = this.at;
    if (count > this.remaining) throw malformed("the bytes end too early");
    this.at += count;
    return at;
  }
}
