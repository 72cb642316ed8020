/** A server's side of the wire, as far as tests need one. */
import { Reader } from "../src/bytes/reader.js";
import { Writer } from "../src/bytes/writer.js";

export interface WelcomeFields {
  fresh?: boolean;
  seat?: number;
  incarnation?: number;
  tick?: number;
  inSeq?: number;
  nextOutSeq?: number;
  rate?: number;
}

const framed = (body: Writer) => new Writer().blob(body.done()).done();
const numbers = (kind: number, ...values: number[]) => {
  const body = new Writer().u8(kind);
  for (const value of values) body.varint(value);
  return body;
};

export function welcome(fields: WelcomeFields = {}): Uint8Array {
  const { fresh = false, seat = 0, incarnation = 1, tick = 1, inSeq = 0, nextOutSeq = 1, rate = 20 } = fields;
  const body = new Writer().u8(0x41).u8(fresh ? 1 : 0);
  for (const value of [seat, incarnation, tick, inSeq, nextOutSeq, rate]) body.varint(value);
  return framed(body);
}

export const resumeToken = (byte: number) => framed(new Writer().u8(0x42).raw(new Uint8Array(34).fill(byte)));
export const message = (outSeq: number, text: string, tick = 1) =>
  framed(numbers(0x43, outSeq, tick).raw(new TextEncoder().encode(text)));
export const ack = (inSeq: number) => framed(numbers(0x44, inSeq));
export const pong = (token: number) => framed(numbers(0x48, token));
export const ended = (code: number, reason = "") => framed(numbers(0x47, code).text(reason));
export const moved = (incarnation: number, tick: number, outSeq: number) =>
  framed(numbers(0x46, incarnation, tick, outSeq));
export const prepareMove = (address: [number, number, number, number], port: number, token: number) =>
  framed(
    new Writer()
      .u8(0x45)
      .u8(4)
      .raw(address)
      .raw([port & 0xff, port >> 8])
      .u8(0)
      .raw(new Uint8Array(34).fill(token)),
  );
export const datagram = (incarnation: number, tick: number, index: number, text: string) =>
  numbers(0x61, incarnation, tick, index).raw(new TextEncoder().encode(text)).done();

/** What a client wrote, in short: `hello fresh`, `input 3 abc`, `ack 2`. */
export function spoken(bytes: Uint8Array): string {
  const frame = new Reader(bytes);
  const length = frame.number();
  if (length !== frame.remaining) throw new Error("not one whole frame");
  const kind = frame.u8();
  const text = (rest: Uint8Array) => new TextDecoder().decode(rest);
  switch (kind) {
    case 1: {
      frame.take(10);
      const fresh = frame.u8() === 1;
      frame.take(8);
      frame.number();
      const by = frame.u8() === 0 ? `join ${frame.text()}` : `resume ${frame.take(34)[0]}`;
      if (by.startsWith("join")) frame.take(16);
      return `hello${fresh ? " fresh" : ""} ${by} out ${frame.number()} incarnation ${frame.number()}`;
    }
    case 2:
      return `input ${frame.number()} ${text(frame.rest())}`;
    case 3:
      return `ack ${frame.number()}`;
    case 4:
      return "leave";
    case 5:
      return `ping ${frame.number()}`;
    case 6:
      return "quality";
    default:
      return `unknown ${kind}`;
  }
}
