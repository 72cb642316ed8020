import assert from "node:assert/strict";
import { test } from "node:test";
import { Views } from "../src/views.js";

const view = (number: number) => new Uint8Array([1, number, 0x76]);

test("newest_wins_and_repeats_are_shown_once", () => {
  const views = new Views();
  assert.deepEqual([5, 5, 4, 6].map((number) => views.open(0, false, view(number))?.kind), ["view", undefined, undefined, "view"]);
  views.forget();
  assert.equal(views.open(0, false, view(1))?.kind, "view");
});

test("a_view_is_acknowledged_once_it_is_quiet", () => {
  const views = new Views();
  views.open(0, false, view(1));
  views.open(50, false, view(2));
  views.open(90, false, view(2));
  assert.equal(views.nextTimeout(), 150);
  assert.equal(views.acknowledge(149), undefined);
  assert.deepEqual(views.acknowledge(150), new Uint8Array([1, 2]));
  assert.equal(views.nextTimeout(), Infinity);
  views.open(400, false, view(2));
  assert.equal(views.nextTimeout(), 500, "the acknowledgement was lost");
  views.open(410, true, view(3));
  assert.equal(views.nextTimeout(), Infinity, "reliable views need none");
});
