import assert from "node:assert/strict";
import { test } from "node:test";
import { Driver, type Timing } from "../src/driver.js";
import type { Event } from "../src/protocol/machine.js";
import type { Listener } from "../src/transport/transport.js";
import * as server from "./wire.js";

/** A clock that tests move, with the one timer that a driver sets at a time. */
class Clock implements Timing {
  time = 0;
  private timer: { at: number; call: () => void } | undefined;

  now(): number {
    return this.time;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.time + ms, call };
    this.timer = timer;
    return () => {
      if (this.timer === timer) this.timer = undefined;
    };
  }

  /** Time passes, and timers go off when they are due. */
  pass(ms: number): void {
    const until = this.time + ms;
    while (this.timer && this.timer.at <= until) this.fire(this.timer.at);
    this.time = until;
  }

  /** The timer goes off at that time, however late that is. */
  fire(at: number): void {
    const timer = this.timer;
    this.timer = undefined;
    this.time = Math.max(this.time, at);
    timer?.call();
  }
}

function welcomed() {
  const clock = new Clock();
  const events: Event["kind"][] = [];
  const [written, listeners]: [string[], Listener[]] = [[], []];
  const config = {
    endpoints: [{ via: "websocket" as const, url: "ws://s", hashes: [] }],
    credential: { join: "token", nonce: new Uint8Array(16) },
    schema: new Uint8Array(8),
    random: () => 0,
  };
  const application = {
    event: (event: Event) => void events.push(event.kind),
    settled: () => {},
    nextTimeout: () => Infinity,
    timeout: () => {},
  };
  const driver = new Driver(
    config,
    application,
    (_, listener) => {
      listeners.push(listener);
      return { write: (data) => void written.push(server.spoken(data)), datagram: () => {}, close: () => {} };
    },
    clock,
  );
  driver.turn(() => {});
  listeners[0]!.connected(1_200);
  listeners[0]!.stream(server.welcome({ fresh: true }));
  written.length = events.length = 0;
  return { clock, driver, events, written, listeners };
}

test("a_page_that_slept_asks_first_and_does_not_blame_the_network", () => {
  const { clock, events, written, listeners } = welcomed();
  clock.fire(3_600_000);
  assert.deepEqual(written, ["ping 1"], "an hour later");
  assert.deepEqual(events, []);
  listeners[0]!.stream(server.pong(1));
  clock.pass(400);
  assert.deepEqual(events, []);
});

test("timers_of_a_background_tab_go_off_once_a_second_and_the_connection_stays", () => {
  const { clock, events, listeners } = welcomed();
  for (let second = 1; second <= 60; second++) {
    clock.fire(second * 1_000);
    listeners[0]!.stream(server.pong(second));
  }
  assert.deepEqual(events, []);
  assert.equal(listeners.length, 1);
});

test("a_network_that_is_silent_is_noticed_all_the_same", () => {
  const { clock, events, listeners } = welcomed();
  clock.pass(1_100);
  assert.deepEqual(events, ["stalled"]);
  assert.equal(listeners.length, 2, "a second connection beside the first");
  clock.pass(40_000);
  assert.equal(events.at(-1), "closed");
});

test("what_is_sent_from_within_an_event_goes_out_after_it", () => {
  const { driver, written, listeners } = welcomed();
  driver.turn((machine) => {
    machine.send(new Uint8Array([1]));
    driver.turn((machine) => machine.send(new Uint8Array([2])));
  });
  assert.deepEqual(written, ["input 1 \u0001", "input 2 \u0002"]);
  listeners[0]!.closed(1, "");
});
