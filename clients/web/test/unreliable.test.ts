import assert from "node:assert/strict";
import { test } from "node:test";
import { Reader } from "../src/bytes/reader.js";
import { Reassembly, readServerDatagram } from "../src/protocol/datagrams.js";
import { Incoming, Outgoing } from "../src/protocol/unreliable.js";

function inputs(datagram: Uint8Array): { first: number; inputs: number[] } {
  const fields = new Reader(datagram);
  assert.equal(fields.u8(), 0x21);
  const [first, inputs] = [fields.number(), [] as number[]];
  while (fields.remaining) inputs.push(fields.take(fields.number())[0]!);
  return { first, inputs };
}

test("small_inputs_are_repeated_while_they_are_young", () => {
  const outgoing = new Outgoing();
  const push = (ms: number, byte: number) => inputs(outgoing.push(ms, new Uint8Array([byte]), 1_121)[0]!);
  assert.deepEqual(push(0, 1), { first: 1, inputs: [1] });
  assert.deepEqual(push(50, 2), { first: 1, inputs: [1, 2] });
  assert.deepEqual(push(100, 3), { first: 1, inputs: [1, 2, 3] });
  assert.deepEqual(push(150, 4), { first: 2, inputs: [2, 3, 4] });
  assert.deepEqual(push(380, 5), { first: 4, inputs: [4, 5] });
});

test("every_size_travels_and_fits_its_datagrams", () => {
  for (const length of [0, 1, 500, 1_097, 1_098, 1_099, 1_100, 1_101, 2_200, 8_192]) {
    const datagrams = new Outgoing().push(0, new Uint8Array(length).fill(7), 1_121);
    assert.ok(datagrams.every((datagram) => datagram.length <= 1_121));
    const reassembly = new Reassembly();
    let whole: Uint8Array | undefined;
    for (const datagram of datagrams) {
      const fields = new Reader(datagram);
      const kind = fields.u8();
      const number = fields.number();
      if (kind === 0x21) whole = fields.take(fields.number());
      else whole = reassembly.push([number, 0], { part: fields.u8(), parts: fields.u8() }, fields.rest()) ?? whole;
    }
    assert.deepEqual(whole, new Uint8Array(length).fill(7), String(length));
  }
  assert.throws(() => new Outgoing().push(0, new Uint8Array(8_193), 1_121), { code: "too-large" });
});

test("a_message_is_taken_once", () => {
  const incoming = new Incoming();
  const take = (tick: number) => incoming.push([tick, 0], undefined, new Uint8Array()) !== undefined;
  assert.ok(take(100));
  assert.ok(take(99), "late is fine");
  assert.ok(!take(100));
  for (let tick = 101; tick < 200; tick++) assert.ok(take(tick));
  assert.ok(!take(98), "too old to know");
});

test("parts_come_in_any_order_and_few_unfinished_payloads_are_kept", () => {
  const part = (part: number) => ({ part, parts: 2 });
  const reassembly = new Reassembly();
  for (let key = 1; key <= 5; key++) assert.equal(reassembly.push([key, 0], part(1), new Uint8Array([key])), undefined);
  assert.equal(reassembly.push([1, 0], part(0), new Uint8Array([0])), undefined, "given up");
  assert.deepEqual(reassembly.push([3, 0], part(0), new Uint8Array([0])), new Uint8Array([0, 3]));
});

test("datagrams_that_cannot_be_are_refused", () => {
  for (const datagram of [[], [0x21], [0x61, 1], [0x62, 1, 1, 0, 0, 1, 7], [0x62, 1, 1, 0, 2, 2, 7], [0x62, 1, 1, 0, 0, 17, 7]]) {
    assert.throws(() => readServerDatagram(new Uint8Array(datagram)), { code: "bad-value" }, String(datagram));
  }
});
