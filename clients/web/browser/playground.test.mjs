// The playground in real Chromium: seats side by side, typed messages, a bad network, time that stands still, the timeline.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPlayer, picture, startBrowser } from "./page.mjs";
import { startServer } from "./server.mjs";

const LIMIT = { timeout: 180_000 };

let server;
let browser;
before(async () => {
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
}, { timeout: 180_000 });
after(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
  await browser?.close();
  await server?.stop();
});

const seat = (page, number) => page.locator(`.seat[data-seat="${number}"]`);

/** Two seats of a game. */
async function open(page, game) {
  await page.goto(`${server.http}/playground/?game=${game}#key=${server.key}`);
  await page.locator(`#game option[value=${game}]`).waitFor({ state: "attached" });
  await page.locator("#version option").first().waitFor({ state: "attached" });
  await page.getByRole("button", { name: "New match" }).click();
  for (const number of [0, 1]) await seat(page, number).locator(".dot.live").waitFor();
}

/** The tick of the match, as the server tells it. */
async function tick(page) {
  await page.waitForTimeout(1_200);
  return Number(/tick (\d+)/.exec(await page.locator("#match-state").textContent())[1]);
}

test("a_game_of_tictactoe_is_debugged_seat_by_seat", LIMIT, async () => {
  const page = await newPlayer(browser);
  await open(page, "tictactoe");
  assert.equal(new URL(page.url()).hash, "", "the key leaves the address bar");
  const place = (number, cell) => {
    const form = seat(page, number).locator("form.variant", { hasText: "Place" });
    return form.locator("input").fill(String(cell)).then(() => form.getByRole("button").click());
  };
  // Whose turn it is is drawn by lot: either it is not the first one's, or the second finds the cell taken.
  await place(0, 4);
  await place(1, 4);
  await page.locator(".log li", { hasText: "Refused" }).first().waitFor();
  await seat(page, 0).getByLabel("latency").fill("200");
  await seat(page, 0).locator(".health", { hasText: /[1-9]\d\d ms/ }).waitFor();
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.locator("#ticks button.eventful").first().click();
  await page.locator("#tick", { hasText: "in" }).waitFor();
  assert.match(await page.locator("#tick").textContent(), /tick \d+/);
  await picture(page, "playground-tictactoe");
  assert.deepEqual(page.errors, []);
});

test("a_match_of_bomberman_stands_still_and_plays_tick_by_tick", LIMIT, async () => {
  const page = await newPlayer(browser);
  await open(page, "bomberman");
  await page.getByRole("button", { name: "Pause" }).click();
  const before = await tick(page);
  assert.equal(await tick(page), before, "time stands still");
  await page.getByLabel("Ticks to step").fill("7");
  await page.getByRole("button", { name: "Step" }).click();
  assert.equal(await tick(page), before + 7);
  await page.getByRole("button", { name: "Run" }).click();
  assert.ok((await tick(page)) > before + 7, "time passes again");
  await picture(page, "playground-bomberman");
  assert.deepEqual(page.errors, []);
});

const health = (page, number) => seat(page, number).locator(".health");

/** Moves a slider of a seat. */
const set = (page, number, label, value) => seat(page, number).getByLabel(label).fill(String(value));

/** Says something in relay-arena: its first byte is what everybody sees of this seat first. */
async function relay(page, number, byte) {
  await seat(page, number).getByLabel("bytes").fill(byte.toString(16).padStart(2, "0"));
  await seat(page, number).getByRole("button", { name: "Send" }).click();
}

/** Writes down what a seat sees of relay-arena from now on: the tick, and each seat's first byte. */
async function watch(page, number) {
  await seat(page, number).locator(".view").evaluate((view) => {
    view.seen = [];
    const bytes = (leaf) => leaf.lastElementChild.textContent.match(/../g).map((pair) => Number.parseInt(pair, 16));
    new MutationObserver(() => {
      const [tick, ...seats] = [...view.querySelectorAll(".leaf")].map(bytes);
      view.seen.push({ at: performance.now(), tick: new DataView(Uint8Array.from(tick).buffer).getUint32(0, true), seats: seats.map(([first]) => first) });
    }).observe(view, { childList: true });
  });
}

/** What it saw since it was asked last. */
const seen = (page, number) => seat(page, number).locator(".view").evaluate((view) => view.seen.splice(0));

/** The share of the ticks of a while that were seen. */
function share(views) {
  const ticks = new Set(views.map(({ tick }) => tick));
  return ticks.size / (Math.max(...ticks) - Math.min(...ticks) + 1);
}

test("a_seat_with_a_bad_network_is_late_loses_states_and_nothing_that_is_reliable", LIMIT, async () => {
  const page = await newPlayer(browser);
  await open(page, "relay-arena");
  for (const number of [0, 1]) await watch(page, number);
  await health(page, 0).filter({ hasText: /\b\d{1,2} ms/ }).waitFor();
  await set(page, 0, "latency", 200);
  await set(page, 0, "loss", 20);
  // The round trip is smoothed: it nears what it is over ten measurements.
  await health(page, 0).filter({ hasText: /(1[5-9]\d|[2-9]\d\d) ms/ }).waitFor();
  assert.match(await health(page, 1).textContent(), /\b\d{1,2} ms/, "the other seat's network is as it was");

  for (const number of [0, 1]) await seen(page, number);
  for (let byte = 1; byte <= 30; byte++) await relay(page, 0, byte);
  await page.waitForFunction(() => document.querySelector('.seat[data-seat="1"] .view').seen.at(-1)?.seats[0] === 30);
  await page.waitForTimeout(6_000);
  const [bad, good] = [await seen(page, 0), await seen(page, 1)];
  const [some, all] = [share(bad), share(good)];
  assert.ok(all > 0.9, `of the states, the seat with a good network saw ${all}`);
  assert.ok(some / all > 0.6 && some / all < 0.92, `and with every fifth lost ${some}`);
  const heard = good.map(({ seats }) => seats[0]);
  assert.deepEqual(heard, heard.toSorted((a, b) => a - b), "what was said reliably is heard in order");
  await picture(page, "playground-network");
  assert.deepEqual(page.errors, []);
});

test("a_bad_network_loses_no_message_and_tells_none_twice", LIMIT, async () => {
  const page = await newPlayer(browser);
  await open(page, "tictactoe");
  await set(page, 0, "latency", 200);
  await set(page, 0, "loss", 20);
  const form = seat(page, 0).locator("form.variant", { hasText: "Place" });
  await form.locator("input").fill("9"); // there is no such cell: refused each time, whoever's turn it is
  for (let n = 0; n < 20; n++) await form.getByRole("button").click();
  const lines = (said) => seat(page, 0).locator(".log li", { hasText: said });
  await page.waitForFunction(() => [...document.querySelectorAll('.seat[data-seat="0"] .log li')].filter((li) => li.textContent.includes("Refused")).length >= 20);
  await page.waitForTimeout(1_500);
  assert.equal(await lines("said").count(), 20);
  assert.equal(await lines("Refused").count(), 20);
  assert.deepEqual(page.errors, []);
});

test("a_seat_that_is_cut_off_for_five_seconds_comes_back", LIMIT, async () => {
  const page = await newPlayer(browser);
  await open(page, "relay-arena");
  for (const number of [0, 1]) await watch(page, number);
  await page.waitForFunction(() => document.querySelector('.seat[data-seat="0"] .view').seen.length > 5);
  await seat(page, 0).getByRole("button", { name: "Cut 5 s" }).click();
  await seat(page, 0).locator(".dot.lost").waitFor();
  await relay(page, 0, 0x63);
  await picture(page, "playground-cut");
  await seat(page, 0).locator(".dot.live").waitFor();
  await page.waitForFunction(() => document.querySelector('.seat[data-seat="1"] .view').seen.at(-1)?.seats[0] === 0x63);
  await page.waitForFunction(() => document.querySelector('.seat[data-seat="0"] .view').seen.at(-1)?.seats[0] === 0x63);
  const [cut, other] = [await seen(page, 0), await seen(page, 1)];
  const gaps = cut.slice(1).map(({ at }, i) => ({ from: cut[i].at, to: at }));
  const longest = gaps.reduce((one, two) => (two.to - two.from > one.to - one.from ? two : one));
  assert.ok(longest.to - longest.from > 4_500, `nothing came through for ${longest.to - longest.from} ms`);
  const meanwhile = other.filter(({ at }) => at > longest.from && at < longest.to).length;
  assert.ok(meanwhile > 40, `the others played on: ${meanwhile} states`);
  assert.match(await seat(page, 0).locator(".who").textContent(), /seat 0/);
  assert.deepEqual(await seat(page, 0).locator(".log li").evaluateAll((all) => all.map((li) => li.lastChild.textContent).filter((text) => text === "live" || text === "reconnecting").reverse().slice(-2)), ["reconnecting", "live"]);
  assert.deepEqual(page.errors, []);
});
