import assert from "node:assert/strict";
import { test } from "node:test";
import * as codec from "../src/codec.js";
import { StadionError } from "../src/error.js";
import type { Game } from "../src/game.js";
import { type Play, playBody } from "../src/seat.js";
import { Stadion } from "../src/stadion.js";
import { memory } from "../src/storage.js";
import type { Listener } from "../src/transport/transport.js";
import * as server from "./wire.js";

const game: Game<number, string, { turn: number }> = {
  name: "hello",
  schema: "71ab09c2d4e5f607",
  in: codec.u8,
  out: codec.string,
  view: codec.struct(["turn", codec.u8]),
};

/** A server's answers, what it was asked, and the connections that were made. */
class Stage {
  readonly asked: string[] = [];
  readonly written: string[] = [];
  readonly closed: string[] = [];
  listeners: Listener[] = [];
  schema = game.schema;
  /** Access tokens that are good. */
  good = new Set(["a1"]);
  private tokens = 1;
  readonly local = memory();
  readonly session = memory();

  /** A page with the storage of this browser. */
  page(): Stadion<number, string, { turn: number }> {
    return new Stadion("http://s", game, {
      fetch: async (url, init) => this.answer(url, init),
      open: (endpoint, listener) => {
        this.listeners.push(listener);
        const path = this.listeners.length;
        queueMicrotask(() => listener.connected(1_200));
        assert.equal(endpoint.via, "websocket");
        return {
          write: (data) => void this.written.push(`${path}: ${server.spoken(data)}`),
          datagram: () => {},
          close: (code) => void this.closed.push(`${path} ${code}`),
        };
      },
      timing: { now: () => 0, after: () => () => {} },
      local: this.local,
      session: this.session,
    });
  }

  /** The n-th connection, once its `hello` was said. */
  async connection(n: number): Promise<Listener> {
    while (!this.written.some((line) => line.startsWith(`${n}: hello`))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this.listeners[n - 1]!;
  }

  private answer(url: string, init: RequestInit): Response {
    const token = new Headers(init.headers).get("authorization")?.slice(7) ?? "";
    const path = url.slice("http://s".length);
    this.asked.push([init.method, path, token, init.body].filter(Boolean).join(" "));
    if (path === "/v1/guests" || path === "/v1/sessions/refresh") return this.signIn();
    if (!this.good.has(token)) return Response.json({ code: "token-expired", title: "too old" }, { status: 401 });
    if (path === "/v1/me") return Response.json({ id: "p1", name: "ada" });
    return Response.json({
      match: { id: "m1", code: "KBQT" },
      version: "9f",
      join_token: "token",
      endpoints: { websocket: "ws://s/v1/connect", certificate_hashes: [] },
      schema_hash: this.schema,
    });
  }

  private signIn(): Response {
    const name = `a${this.tokens++}`;
    this.good = new Set([name]);
    return Response.json({ access_token: name, refresh_token: `r${name}`, player: { id: "p1", name: "ada" } });
  }
}

/** A match that was entered. */
async function seated(stage: Stage) {
  const stadion = stage.page();
  await stadion.signInAsGuest("ada");
  const playing = stadion.play({ create: "private" });
  const listener = await stage.connection(1);
  listener.stream(server.welcome({ fresh: true, seat: 1 }));
  listener.stream(server.resumeToken(7));
  return { match: await playing, listener, stadion };
}

const typed = (kind: number, ...content: number[]) => new TextDecoder().decode(new Uint8Array([kind, ...content]));

test("play_is_asked_for_as_documented", () => {
  const bodies: [Play, string][] = [
    [{}, "{}"],
    [{ create: "private" }, '{"create":"private"}'],
    [{ code: "KBQT", bot: true }, '{"code":"KBQT","bot":true}'],
    [{ key: "rematch:1" }, '{"key":"rematch:1"}'],
    [
      { create: { visibility: "public", seats: 3, parameters: new Uint8Array([1, 2]) }, version: "9f" },
      '{"create":{"visibility":"public","seats":3,"parameters":"AQI="},"version":"9f"}',
    ],
  ];
  for (const [play, body] of bodies) assert.equal(JSON.stringify(playBody(play)), body);
});

test("a_guest_signs_in_plays_and_hears_views_and_messages_in_types", async () => {
  const stage = new Stage();
  const { match, listener } = await seated(stage);
  assert.equal(match.seat, 1);
  assert.equal(match.code, "KBQT");
  assert.equal(stage.asked[1], 'POST /v1/games/hello/play a1 {"create":"private"}');
  const [views, messages]: [unknown[], string[]] = [[], []];
  listener.stream(server.message(1, typed(1, 1, 5)));
  listener.stream(server.message(2, typed(0, 2, 0x68, 0x69)));
  match.onView((view) => views.push(view));
  match.onMessage((message) => messages.push(message));
  await Promise.resolve();
  assert.deepEqual([views, messages], [[{ turn: 5 }], ["hi"]]);
  match.send(3);
  assert.equal(stage.written.at(-1), "1: input 1 \u0000\u0003");
  assert.throws(() => match.send(300), { code: "bad-value" });
  void match.leave();
  listener.closed(13, "");
});

test("the_end_comes_once_and_a_listener_that_throws_harms_nobody", async () => {
  const stage = new Stage();
  const { match, listener } = await seated(stage);
  const reported: unknown[] = [];
  globalThis.reportError = (error) => void reported.push(error);
  let heard = 0;
  match.onMessage(() => {
    throw new Error("a bug of the page");
  });
  match.onMessage(() => heard++);
  listener.stream(server.message(1, typed(0, 1, 0x68)));
  listener.stream(server.ended(1, "over"));
  listener.closed(1, "over");
  assert.deepEqual(await match.ended, { code: "finished", reason: "over" });
  assert.equal(heard, 1);
  assert.match(String(reported[0]), /a bug of the page/);
  assert.equal(await stage.page().resume(), null, "nothing to come back to");
});

test("a_reloaded_page_comes_back_to_its_seat", async () => {
  const stage = new Stage();
  await seated(stage);
  assert.equal(await stage.page().resume("ELSE"), null, "not in that match");
  const resuming = stage.page().resume("kbqt");
  const listener = await stage.connection(2);
  assert.equal(stage.written.at(-1), "2: hello fresh resume 7 out 0 incarnation 0");
  listener.stream(server.welcome({ fresh: true, seat: 1 }));
  const match = await resuming;
  assert.deepEqual([match?.seat, match?.id, match?.code], [1, "m1", "KBQT"]);
  listener.closed(2, "");
  assert.equal((await match?.ended)?.code, "kicked");
});

test("a_seat_that_is_gone_is_no_error_and_not_asked_for_again", async () => {
  const stage = new Stage();
  await seated(stage);
  const resuming = stage.page().resume();
  const listener = await stage.connection(2);
  listener.closed(5, "");
  assert.equal(await resuming, null);
  assert.equal(await stage.page().resume(), null);
});

test("a_match_that_learned_newer_messages_is_come_back_to_by_the_newer_page", async () => {
  const stage = new Stage();
  const { match, listener } = await seated(stage);
  listener.closed(4, "");
  assert.equal((await match.ended).code, "outdated-client");
  const resuming = stage.page().resume();
  (await stage.connection(2)).stream(server.welcome({ fresh: true, seat: 1 }));
  assert.equal((await resuming)?.seat, 1);
});

test("a_page_that_is_older_than_the_match_is_told_so", async () => {
  const stage = new Stage();
  stage.schema = "0000000000000001";
  const stadion = stage.page();
  await stadion.signInAsGuest();
  await assert.rejects(stadion.play(), { code: "outdated-client", number: 104 });
});

test("tokens_are_refreshed_once_for_all_who_ask", async () => {
  const stage = new Stage();
  const stadion = stage.page();
  await stadion.signInAsGuest("ada");
  stage.good.clear();
  assert.deepEqual(await stadion.signInAsGuest(), { id: "p1", name: "ada" });
  assert.deepEqual(stage.asked.slice(1), [
    "GET /v1/me a1",
    'POST /v1/sessions/refresh {"refresh_token":"ra1"}',
    "GET /v1/me a2",
  ]);
  assert.equal((await stage.page().signInAsGuest()).name, "ada", "another tab finds the same guest");
});

test("errors_have_codes_and_numbers", async () => {
  const unreachable = new Stadion("http://s", game, { fetch: () => Promise.reject(new Error("down")), local: memory() });
  await assert.rejects(unreachable.signInAsGuest(), { code: "unreachable", number: 1 });
  const full = new Stadion("http://s", game, {
    fetch: async () => Response.json({ code: "match-full", title: "The match is full" }, { status: 409 }),
    local: memory(),
  });
  await assert.rejects(full.play({ code: "KBQT" }), { code: "match-full", number: 409, message: "The match is full" });
  assert.ok(new StadionError("kicked", "") instanceof Error);
});
