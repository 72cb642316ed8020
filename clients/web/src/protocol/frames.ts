/** Frames of the stream as bytes: what this client says, and what it is told. */
import { malformed, Reader } from "../bytes/reader.js";
import { Writer } from "../bytes/writer.js";
import { CLOSE_CODES, type CloseCode } from "../error.js";
import {
  MAX_CERTIFICATE_HASHES,
  MAX_MESSAGE,
  MAX_REASON,
  MAX_SERVER_FRAME,
  PROTOCOL_VERSION,
  RESUME_TOKEN,
} from "./limits.js";

/** What lets a client in. */
export type Credential =
  | { readonly join: string; readonly nonce: Uint8Array }
  | { readonly resume: Uint8Array };

export interface Hello {
  /** Eight bytes. */
  schema: Uint8Array;
  fresh: boolean;
  /** Eight random bytes that name this client among those of its player. */
  client: Uint8Array;
  /** The client's connections are numbered in the order in which it opens them. */
  connection: number;
  credential: Credential;
  lastOutSeq: number;
  incarnation: number;
  lastTick: number;
  options: Uint8Array;
}

/** How things stand for a client that was let in. */
export interface Welcome {
  /** Forget what you know of the match: everything follows. */
  fresh: boolean;
  seat: number;
  incarnation: number;
  tick: number;
  inSeq: number;
  nextOutSeq: number;
  /** Ticks a second, 0 when event-driven. */
  rate: number;
}

/** What a server says on the stream. */
export type ServerFrame =
  | { kind: "welcome"; welcome: Welcome }
  | { kind: "resume-token"; token: Uint8Array }
  | { kind: "message"; outSeq: number; tick: number; data: Uint8Array }
  | { kind: "ack"; inSeq: number }
  | { kind: "prepare-move"; host: string; port: number; hashes: Uint8Array[]; token: Uint8Array }
  | { kind: "moved"; incarnation: number; tick: number; outSeq: number }
  | { kind: "ended"; code: CloseCode; reason: string }
  | { kind: "pong"; token: number };

function frame(write: (body: Writer) => void): Uint8Array<ArrayBuffer> {
  const body = new Writer();
  write(body);
  return new Writer().blob(body.done()).done();
}

export function hello(hello: Hello): Uint8Array<ArrayBuffer> {
  return frame((body) => {
    body.u8(0x01).raw([PROTOCOL_VERSION, 0]).raw(hello.schema).u8(hello.fresh ? 1 : 0);
    body.raw(hello.client).varint(hello.connection);
    const { credential } = hello;
    if ("join" in credential) body.u8(0).text(credential.join).raw(credential.nonce);
    else body.u8(1).raw(credential.resume);
    body.varint(hello.lastOutSeq).varint(hello.incarnation).varint(hello.lastTick).blob(hello.options);
  });
}

export function input(inSeq: number, data: Uint8Array): Uint8Array<ArrayBuffer> {
  return frame((body) => body.u8(0x02).varint(inSeq).raw(data));
}

export function ack(outSeq: number): Uint8Array<ArrayBuffer> {
  return frame((body) => body.u8(0x03).varint(outSeq));
}

export function leave(): Uint8Array<ArrayBuffer> {
  return frame((body) => body.u8(0x04));
}

export function ping(token: number): Uint8Array<ArrayBuffer> {
  return frame((body) => body.u8(0x05).varint(token));
}

export function quality(roundTripMs: number, jitterMs: number, lossPermille: number): Uint8Array<ArrayBuffer> {
  return frame((body) => body.u8(0x06).varint(roundTripMs).varint(jitterMs).varint(lossPermille));
}

/** Reads the body of one frame. Strict: one value has one encoding. */
export function readServerFrame(body: Uint8Array): ServerFrame {
  const fields = new Reader(body);
  const read = FRAMES[fields.u8()];
  if (!read) throw malformed("an unknown kind of frame");
  const frame = read(fields);
  fields.finish();
  return frame;
}

const U16 = 0xffff;
const U32 = 0xffff_ffff;

const FRAMES: Record<number, (fields: Reader) => ServerFrame> = {
  0x41: (fields) => {
    const flags = fields.u8();
    if (flags > 1) throw malformed("unknown flags of a welcome");
    const welcome: Welcome = {
      fresh: flags === 1,
      seat: fields.number(U16),
      incarnation: fields.number(U32),
      tick: fields.number(),
      inSeq: fields.number(),
      nextOutSeq: fields.number(),
      rate: fields.number(U16),
    };
    return { kind: "welcome", welcome };
  },
  0x42: (fields) => ({ kind: "resume-token", token: fields.take(RESUME_TOKEN) }),
  0x43: (fields) => {
    const [outSeq, tick] = [fields.number(), fields.number()];
    if (fields.remaining > MAX_MESSAGE) throw malformed("a message over its limit");
    return { kind: "message", outSeq, tick, data: fields.rest() };
  },
  0x44: (fields) => ({ kind: "ack", inSeq: fields.number() }),
  0x45: (fields) => {
    const host = address(fields);
    const port = fields.u8() + 0x100 * fields.u8();
    const count = fields.u8();
    if (count > MAX_CERTIFICATE_HASHES) throw malformed("certificate hashes over their limit");
    const hashes = Array.from({ length: count }, () => fields.take(32));
    return { kind: "prepare-move", host, port, hashes, token: fields.take(RESUME_TOKEN) };
  },
  0x46: (fields) => ({ kind: "moved", incarnation: fields.number(U32), tick: fields.number(), outSeq: fields.number() }),
  0x47: (fields) => {
    const code = CLOSE_CODES[fields.number(U16)];
    if (!code) throw malformed("an unknown close code");
    const length = fields.number(MAX_REASON);
    const reason = new TextDecoder().decode(fields.take(length));
    return { kind: "ended", code, reason };
  },
  0x48: (fields) => ({ kind: "pong", token: fields.number() }),
};

/** An IP address as the host of a URL. */
function address(fields: Reader): string {
  switch (fields.u8()) {
    case 4:
      return fields.take(4).join(".");
    case 6: {
      const bytes = fields.take(16);
      const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
      return `[${groups.join(":")}]`;
    }
    default:
      throw malformed("an unknown kind of address");
  }
}

/** Cuts a stream, arriving in any chunks, into the bodies of frames. An error is final. */
export class FrameReader {
  private buffer: Uint8Array = new Uint8Array();

  push(chunk: Uint8Array): void {
    const joined = new Uint8Array(this.buffer.length + chunk.length);
    joined.set(this.buffer);
    joined.set(chunk, this.buffer.length);
    this.buffer = joined;
  }

  /** The body of the next whole frame, until more arrives. */
  next(): Uint8Array | undefined {
    const length = this.length();
    if (!length || this.buffer.length < length.prefix + length.body) return undefined;
    const end = length.prefix + length.body;
    const body = this.buffer.subarray(length.prefix, end);
    this.buffer = this.buffer.subarray(end);
    return body;
  }

  /** A length of at most three bytes. */
  private length(): { prefix: number; body: number } | undefined {
    let body = 0;
    for (let at = 0; at < 3; at++) {
      const byte = this.buffer[at];
      if (byte === undefined) return undefined;
      body |= (byte & 0x7f) << (7 * at);
      if (byte >= 0x80) continue;
      if (body === 0 || (byte === 0 && at > 0) || body > MAX_SERVER_FRAME) break;
      return { prefix: at + 1, body };
    }
    throw malformed("the length of a frame");
  }
}
