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
