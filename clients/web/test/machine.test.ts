import assert from "node:assert/strict";
import { test } from "node:test";
import { StadionError } from "../src/error.js";
import { Machine } from "../src/protocol/machine.js";
import type { Endpoint } from "../src/protocol/path.js";
import * as server from "./wire.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const QUIC: Endpoint = { via: "webtransport", url: "https://a:1/v1/connect", hashes: [] };
const TCP: Endpoint = { via: "websocket", url: "ws://a:1/v1/connect", hashes: [] };

/** A machine, its time, and what it wants in short words: `connect 1 webtransport`, `1: ack 3`, `close 1 replaced`. */
class Stage {
  now = 0;
  readonly machine: Machine;

  constructor(endpoints: Endpoint[] = [QUIC]) {
    const credential = { join: "token", nonce: new Uint8Array(16) };
    this.machine = new Machine({ endpoints, credential, schema: new Uint8Array(8), random: () => 0 }, 0);
  }

  /** A machine that was let in on path 1, everything about it drained. */
  static welcomed(fields: server.WelcomeFields = {}, endpoints?: Endpoint[]): Stage {
    const stage = new Stage(endpoints);
    stage.connected(1).stream(1, server.welcome({ fresh: true, ...fields }));
    stage.wanted();
    stage.happened();
    return stage;
  }

  connected(path: number): this {
    this.machine.handle(this.now, { kind: "connected", path, maxDatagram: 1_200 });
    return this;
  }

  stream(path: number, ...frames: Uint8Array[]): this {
    for (const chunk of frames) this.machine.handle(this.now, { kind: "stream", path, chunk });
    return this;
  }

  closed(path: number, code?: number): this {
    this.machine.handle(this.now, { kind: "closed", path, code, reason: "" });
    return this;
  }

  /** Time passes; timers go off when they are due. */
  pass(ms: number): this {
    const until = this.now + ms;
    for (let at = this.machine.nextTimeout(); at <= until; at = this.machine.nextTimeout()) {
      this.now = Math.max(at, this.now);
      this.machine.onTimeout(this.now);
    }
    this.now = until;
    return this;
  }

  /** Time passes on a path that is heard from all the while. */
  alive(path: number, ms: number): this {
    for (let left = ms; left > 0; left -= 400) this.pass(400).stream(path, server.pong(0));
    return this;
  }

  wanted(): string[] {
    return this.machine.transmits.splice(0, Infinity).map((transmit) => {
      switch (transmit.kind) {
        case "connect":
          return `connect ${transmit.path} ${transmit.endpoint.via}`;
        case "stream":
          return `${transmit.path}: ${server.spoken(transmit.data)}`;
        case "datagram":
          return `${transmit.path}: datagram`;
        case "close":
          return `close ${transmit.path} ${transmit.code}`;
      }
    });
  }

  happened(): string[] {
    return this.machine.events.splice(0, Infinity).map((event) => {
      switch (event.kind) {
        case "message":
        case "unreliable":
          return `${event.kind} ${new TextDecoder().decode(event.data)}`;
        case "closed":
          return `closed ${event.code}`;
        default:
          return event.kind;
      }
    });
  }
}

test("a_first_hello_is_fresh_and_the_welcome_lets_in", () => {
  const stage = new Stage();
  assert.deepEqual(stage.wanted(), ["connect 1 webtransport"]);
  stage.connected(1);
  assert.deepEqual(stage.wanted(), ["1: hello fresh join token out 0 incarnation 0"]);
  stage.stream(1, server.welcome({ fresh: true, seat: 3 }));
  assert.deepEqual(stage.happened(), ["welcome", "live"]);
});

test("messages_come_once_in_order_and_are_acknowledged_together", () => {
  const stage = Stage.welcomed();
  stage.stream(1, server.message(1, "a"), server.message(1, "a"), server.message(2, "b"));
  assert.deepEqual(stage.happened(), ["message a", "message b"]);
  assert.deepEqual(stage.wanted(), []);
  assert.deepEqual(stage.pass(50).wanted(), ["1: ack 2"]);
});

test("frames_may_come_in_any_cut", () => {
  const stage = Stage.welcomed();
  const [one, two] = [server.message(1, "a"), server.message(2, "b")];
  for (const byte of [...one, ...two]) stage.stream(1, new Uint8Array([byte]));
  assert.deepEqual(stage.happened(), ["message a", "message b"]);
});

test("a_gap_between_messages_drops_the_connection_and_makes_another", () => {
  const stage = Stage.welcomed();
  stage.stream(1, server.message(2, "b"));
  assert.deepEqual(stage.wanted(), ["close 1 protocol-error"]);
  assert.deepEqual(stage.happened(), ["stalled"]);
  assert.deepEqual(stage.pass(250).wanted(), ["connect 2 webtransport"]);
});

test("inputs_are_sent_again_until_they_are_acknowledged", () => {
  const stage = Stage.welcomed({ inSeq: 7 });
  for (const text of ["a", "b", "c"]) stage.machine.send(bytes(text));
  assert.deepEqual(stage.wanted(), ["1: input 8 a", "1: input 9 b", "1: input 10 c"]);
  stage.stream(1, server.ack(8), server.resumeToken(5)).alive(1, 2_500);
  stage.closed(1).connected(2);
  stage.wanted();
  stage.happened();
  stage.stream(2, server.welcome({ inSeq: 9 }));
  assert.deepEqual(stage.wanted(), ["2: input 10 c"]);
});

test("a_lost_connection_comes_back_with_the_resume_token_and_what_it_knows", () => {
  const stage = Stage.welcomed();
  stage.stream(1, server.resumeToken(5), server.message(1, "a")).pass(10);
  stage.happened();
  stage.closed(1).pass(300);
  assert.deepEqual(stage.happened(), ["stalled"]);
  assert.ok(stage.wanted().includes("connect 2 webtransport"));
  stage.connected(2);
  assert.deepEqual(stage.wanted(), ["2: hello resume 5 out 1 incarnation 1"]);
  stage.stream(2, server.welcome({ nextOutSeq: 2 }));
  assert.deepEqual(stage.happened(), ["welcome", "live"]);
});

test("a_silent_connection_gets_a_second_one_beside_it_and_the_first_welcome_decides", () => {
  const stage = Stage.welcomed();
  stage.pass(499);
  assert.deepEqual(stage.wanted(), []);
  assert.deepEqual(stage.pass(1).wanted(), ["1: ping 1"]);
  stage.pass(500);
  assert.deepEqual(stage.happened(), ["stalled"]);
  assert.deepEqual(stage.wanted(), ["connect 2 webtransport", "1: ping 2"]);
  stage.connected(2).stream(2, server.welcome());
  assert.deepEqual(stage.wanted(), ["2: hello join token out 0 incarnation 1", "close 1 superseded"]);
});

test("a_network_that_swallows_udp_costs_a_second_and_not_the_match", () => {
  const stage = new Stage([QUIC, TCP]);
  assert.deepEqual(stage.wanted(), ["connect 1 webtransport"]);
  assert.deepEqual(stage.pass(1_000).wanted(), ["connect 2 websocket"]);
  stage.connected(2).stream(2, server.welcome({ fresh: true }));
  assert.deepEqual(stage.wanted().slice(1), ["close 1 superseded"]);
  stage.alive(2, 2_500).wanted();
  stage.closed(2);
  assert.ok(stage.wanted().includes("connect 3 websocket"), "what worked is tried first");
});

test("a_refused_transport_makes_room_for_the_next_at_once", () => {
  const stage = new Stage([QUIC, TCP]);
  stage.wanted();
  stage.closed(1).pass(200);
  assert.deepEqual(stage.wanted(), ["connect 2 websocket"]);
});

test("pauses_between_failed_attempts_grow_and_end_with_giving_up", () => {
  const stage = new Stage([TCP]);
  const pauses: number[] = [];
  for (let path = 1; path < 7; path++) {
    const from = stage.now;
    stage.closed(path).wanted();
    while (!stage.wanted().length) stage.pass(10);
    pauses.push(stage.now - from);
  }
  assert.deepEqual(pauses, [100, 200, 400, 800, 1_600, 2_000], "the random half of nothing");
  assert.deepEqual(stage.pass(40_000).happened(), ["closed timed-out"]);
  assert.equal(stage.machine.nextTimeout(), Infinity);
});

test("close_codes_decide_whether_it_is_over", () => {
  for (const [code, name] of [
    [1, "finished"],
    [2, "kicked"],
    [3, "replaced"],
    [4, "outdated-client"],
    [11, "refused"],
    [99, "protocol-error"],
  ] as const) {
    assert.deepEqual(Stage.welcomed().closed(1, code).happened(), [`closed ${name}`]);
  }
  for (const code of [undefined, 7, 9, 12, 14]) {
    assert.deepEqual(Stage.welcomed().closed(1, code).happened(), ["stalled"]);
  }
});

test("being_superseded_by_an_own_younger_connection_is_no_news", () => {
  const stage = Stage.welcomed();
  stage.pass(1_000).connected(2).closed(1, 14);
  assert.deepEqual(stage.happened(), ["stalled"]);
  stage.stream(2, server.welcome());
  assert.deepEqual(stage.happened(), ["welcome", "live"]);
});

test("a_newer_session_rewinds_and_numbers_inputs_anew", () => {
  const stage = Stage.welcomed({ inSeq: 10, incarnation: 1, tick: 50 });
  stage.machine.send(bytes("x"));
  stage.alive(1, 2_500).closed(1).connected(2);
  stage.wanted();
  stage.happened();
  stage.stream(2, server.welcome({ inSeq: 8, incarnation: 2, tick: 40 }));
  assert.deepEqual(stage.happened().filter((event) => event === "rewound"), ["rewound"]);
  assert.deepEqual(stage.wanted(), ["2: input 9 x"]);
});

test("what_an_older_session_says_is_not_believed", () => {
  const stage = Stage.welcomed({ incarnation: 5 });
  stage.machine.handle(0, { kind: "datagram", path: 1, data: server.datagram(4, 9, 0, "old") });
  stage.machine.handle(0, { kind: "datagram", path: 1, data: server.datagram(5, 9, 0, "new") });
  stage.machine.handle(0, { kind: "datagram", path: 1, data: server.datagram(5, 9, 0, "new") });
  assert.deepEqual(stage.happened(), ["unreliable new"]);
  stage.alive(1, 2_500).closed(1).connected(2);
  stage.happened();
  stage.stream(2, server.welcome({ incarnation: 4 }));
  assert.ok(stage.wanted().includes("close 2 protocol-error"));
  assert.deepEqual(stage.happened(), []);
});

test("a_moving_match_is_followed_by_the_transport_that_works_here", () => {
  const stage = Stage.welcomed({}, [QUIC, TCP]);
  stage.stream(1, server.prepareMove([10, 0, 0, 7], 443, 9));
  const connect = stage.machine.transmits[0];
  assert.equal(connect?.kind === "connect" && connect.endpoint.url, "https://10.0.0.7/v1/connect");
  stage.wanted();
  stage.connected(2);
  assert.deepEqual(stage.wanted(), ["2: hello resume 9 out 0 incarnation 1"]);
  stage.stream(1, server.moved(2, 7, 0)).closed(1, 7);
  stage.stream(2, server.welcome({ incarnation: 2, tick: 7 }));
  assert.deepEqual(stage.happened().filter((event) => event.startsWith("closed")), []);
  assert.equal(stage.machine.endpoints.length, 1);
});

test("the_end_is_acknowledged_and_told_once", () => {
  const stage = Stage.welcomed();
  stage.stream(1, server.message(1, "bye"), server.ended(1, "over"));
  assert.deepEqual(stage.wanted(), ["1: ack 1"]);
  stage.closed(1, 1).closed(1, 1);
  assert.deepEqual(stage.happened(), ["message bye", "closed finished"]);
  assert.throws(() => stage.machine.send(bytes("x")), StadionError);
});

test("leaving_is_said_and_not_waited_for_long", () => {
  const stage = Stage.welcomed();
  stage.machine.leave(stage.now);
  assert.deepEqual(stage.wanted(), ["1: leave"]);
  assert.deepEqual(stage.pass(2_000).happened().at(-1), "closed left");
});

test("the_queue_of_inputs_is_bounded", () => {
  const stage = new Stage();
  for (let i = 0; i < 256; i++) stage.machine.send(new Uint8Array());
  assert.throws(() => stage.machine.send(new Uint8Array()), { code: "full", number: 5 });
  assert.throws(() => new Stage().machine.send(new Uint8Array(16_385)), { code: "too-large" });
  assert.throws(() => new Stage().machine.sendUnreliable(0, new Uint8Array()), { code: "not-connected" });
});

test("random_bytes_never_break_the_machine", () => {
  let seed = 1;
  const random = (below: number) => (seed = (seed * 48_271) % 0x7fff_ffff) % below;
  for (let round = 0; round < 2_000; round++) {
    const stage = random(2) ? Stage.welcomed() : new Stage().connected(1);
    const noise = Uint8Array.from({ length: random(60) }, () => random(256));
    stage.stream(1, noise).machine.handle(0, { kind: "datagram", path: 1, data: noise });
    assert.ok(stage.machine.nextTimeout() <= 30_000);
  }
});
