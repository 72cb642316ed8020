/** Datagrams as bytes: what may be lost, reordered or repeated. */
import { malformed, Reader } from "../bytes/reader.js";
import { Writer } from "../bytes/writer.js";
import { MAX_FRAGMENTS, MAX_UNRELIABLE } from "./limits.js";

/** Which part of a payload. */
export interface Fragment {
  /** From 0. */
  readonly part: number;
  /** How many there are. */
  readonly parts: number;
}

/** An unreliable message of the server, or a part of it. */
export interface Unreliable {
  readonly incarnation: number;
  readonly tick: number;
  /** Counted from 0 among this tick's messages on this connection. */
  readonly index: number;
  readonly fragment?: Fragment;
  readonly data: Uint8Array;
}

export function inputs(first: number, inputs: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Writer().u8(0x21).varint(first);
  for (const input of inputs) out.blob(input);
  return out.done();
}

export function inputFragment(number: number, { part, parts }: Fragment, data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Writer().u8(0x22).varint(number).u8(part).u8(parts).raw(data).done();
}

/** Reads a whole datagram of the server. */
export function readServerDatagram(datagram: Uint8Array): Unreliable {
  const fields = new Reader(datagram);
  const kind = fields.u8();
  if (kind !== 0x61 && kind !== 0x62) throw malformed("an unknown kind of datagram");
  const id = { incarnation: fields.number(0xffff_ffff), tick: fields.number(), index: fields.number(0xffff) };
  const fragment = kind === 0x62 ? { part: fields.u8(), parts: fields.u8() } : undefined;
  const data = fields.rest();
  if (data.length > MAX_UNRELIABLE) throw malformed("a payload over its limit");
  if (!fragment) return { ...id, data };
  if (fragment.parts < 2 || fragment.parts > MAX_FRAGMENTS || fragment.part >= fragment.parts || !data.length) {
    throw malformed("a part that cannot be");
  }
  return { ...id, fragment, data };
}

/** Puts the parts of payloads together; a key names a payload, and the lowest is the oldest. */
export class Reassembly {
  /** Sorted by key. */
  private open: { key: Key; parts: (Uint8Array | undefined)[]; missing: number }[] = [];

  /** The whole payload, if this was its last part missing. What contradicts earlier parts, or is too old, is dropped. */
  push(key: Key, { part, parts }: Fragment, data: Uint8Array): Uint8Array | undefined {
    let payload = this.open.find((open) => compare(open.key, key) === 0);
    if (!payload) {
      payload = { key, parts: new Array<Uint8Array | undefined>(parts).fill(undefined), missing: parts };
      this.open.push(payload);
      this.open.sort((a, b) => compare(a.key, b.key));
      if (this.open.length > OPEN && this.open.shift() === payload) return undefined;
    }
    if (payload.parts.length !== parts || payload.parts[part]) return undefined;
    payload.parts[part] = data;
    if (--payload.missing > 0) return undefined;
    this.open.splice(this.open.indexOf(payload), 1);
    const whole = new Writer();
    for (const part of payload.parts) whole.raw(part!);
    const bytes = whole.done();
    return bytes.length <= MAX_UNRELIABLE ? bytes : undefined;
  }
}

/** Unfinished payloads that are kept: reordering on real paths spans a few packets, not more. */
const OPEN = 4;

/** Tick and index of a message, on one connection of one session. */
export type Key = readonly [tick: number, index: number];

/** Older first. */
export function compare(a: Key, b: Key): number {
  return a[0] - b[0] || a[1] - b[1];
}
