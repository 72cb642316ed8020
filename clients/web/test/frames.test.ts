import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameReader, hello, readServerFrame } from "../src/protocol/frames.js";

const hex = (text: string) => Uint8Array.from(text.trim().split(/\s+/), (byte) => Number.parseInt(byte, 16));

test("the_hello_of_the_protocols_own_page", () => {
  const schema = hex("71 ab 09 c2 d4 e5 f6 07");
  const nonce = Uint8Array.from({ length: 16 }, (_, i) => i);
  const credential = { join: "token", nonce };
  const options = new TextEncoder().encode("hi");
  const client = Uint8Array.from({ length: 8 }, (_, i) => 0xa0 + i);
  const known = { lastOutSeq: 0, incarnation: 0, lastTick: 0 };
  const bytes = hello({ schema, fresh: true, client, connection: 1, credential, ...known, options });
  const page = `32 01 01 00 71 ab 09 c2 d4 e5 f6 07 01 a0 a1 a2
    a3 a4 a5 a6 a7 01 00 05 74 6f 6b 65 6e 00 01 02
    03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 00 00 00
    02 68 69`;
  assert.deepEqual(bytes, hex(page));
});

test("frames_with_more_than_one_spelling_are_refused", () => {
  for (const body of ["", "40", "41 02 00 01 01 00 01 14", "44 80 00", "44 01 00", "47 00 00", "47 63 00", "48", "45 05"]) {
    assert.throws(() => readServerFrame(body ? hex(body) : new Uint8Array()), { code: "bad-value" }, body);
  }
  assert.deepEqual(readServerFrame(hex("44 ac 02")), { kind: "ack", inSeq: 300 });
});

test("lengths_of_frames_are_bounded_and_minimal", () => {
  for (const bytes of ["00", "81 00 00", "ff ff 7f", "80 80 80"]) {
    const reader = new FrameReader();
    reader.push(hex(bytes));
    assert.throws(() => reader.next(), { code: "bad-value" }, bytes);
  }
});
