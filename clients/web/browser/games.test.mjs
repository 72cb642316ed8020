// The example games in real Chromium, against real opponents, on a real server.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { codeOf, createMatch, joinMatch, newPlayer, picture, playing, startBrowser, transport } from "./page.mjs";
import { RustPlayer, startServer } from "./server.mjs";

/** A match of bomberman waits for more players, counts down, and ends by a bomb: a minute is much. */
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

/** The player's own line in the list of figures. */
const figure = (page, seat) => page.locator(`.heroes [data-seat="${seat}"]`);
const phase = (page) => page.locator("#phase");

/** Waits until the figures may walk. */
async function begun(page) {
  await phase(page).getByText("The walls close in after").waitFor();
}

/** Drops a bomb and stays with it. */
async function giveUpLoudly(page) {
  await page.keyboard.press("Space");
}

test("two_browsers_play_tictactoe_to_the_end_and_one_of_them_reloads", LIMIT, async () => {
  const [ada, bob] = [await newPlayer(browser), await newPlayer(browser)];
  const code = await createMatch(ada, server, "tictactoe", "ada");
  await joinMatch(bob, server, "tictactoe", "bob", code);
  const toMove = async () => {
    const turns = [ada, bob].map((page) => page.locator("#turn", { hasText: "Your turn" }).waitFor().then(() => page));
    const page = await Promise.any(turns);
    Promise.allSettled(turns);
    return page;
  };
  const first = await toMove();
  const second = first === ada ? bob : ada;
  const place = async (page, cell, mark) => {
    await page.locator("#turn", { hasText: "Your turn" }).waitFor();
    await page.locator(".cell").nth(cell).click();
    for (const one of [ada, bob]) await one.locator(".cell").nth(cell).filter({ hasText: mark }).waitFor();
  };
  const [mine, yours] = first === ada ? ["O", "X"] : ["X", "O"];
  await place(first, 0, mine);
  await place(second, 4, yours);
  await second.reload();
  await playing(second);
  await second.locator(".cell").nth(4).filter({ hasText: yours }).waitFor();
  assert.equal(codeOf(second), code, "the same match");
  await place(first, 1, mine);
  await place(second, 3, yours);
  await picture(second, "tictactoe");
  await first.locator(".cell").nth(2).click();
  await first.getByRole("heading", { name: "You won!" }).waitFor();
  await second.getByRole("heading", { name: "You came second." }).waitFor();
  await picture(first, "tictactoe-won");
  for (const page of [ada, bob]) await page.getByRole("button", { name: "Rematch" }).click();
  for (const page of [ada, bob]) await playing(page);
  const again = codeOf(ada);
  assert.notEqual(again, code, "another match");
  assert.equal(codeOf(bob), again, "and both are in it");
  await place(await toMove(), 8, /[XO]/);
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});

test("tictactoe_is_played_with_keys_alone_and_told_to_those_who_do_not_see_it", LIMIT, async () => {
  const [ada, bob] = [await newPlayer(browser), await newPlayer(browser)];
  await ada.goto(`${server.http}/play/tictactoe`);
  await ada.locator("input[name=name]:focus").waitFor(); // the page begins where one types
  await ada.keyboard.type("ada");
  await ada.keyboard.press("Tab");
  await ada.keyboard.press("Tab");
  assert.equal(await ada.locator(":focus").textContent(), "Play with friends");
  await ada.keyboard.press("Enter");
  await playing(ada);
  await joinMatch(bob, server, "tictactoe", "bob", codeOf(ada));
  await ada.locator("#turn[aria-live=polite]", { hasText: /Your turn|bob is to move/ }).waitFor();
  await ada.locator(".seats li", { hasText: "bob" }).waitFor(); // names come a moment after their seats
  const cell = (page, row, column, mark) => page.getByRole("button", { name: `row ${row}, column ${column}: ${mark}` });
  const mine = /Your turn/.test(await ada.locator("#turn").textContent());
  const [adas, bobs] = ["O", "X"]; // by seat, whoever begins
  const bobPlays = async () => {
    await bob.locator("#turn", { hasText: "Your turn" }).waitFor();
    await cell(bob, 1, 1, "empty").click();
    await ada.getByRole("status").filter({ hasText: "bob: row 1, column 1" }).waitFor();
    await cell(ada, 1, 1, bobs).waitFor();
  };
  if (!mine) await bobPlays();
  await ada.locator("#turn", { hasText: "Your turn" }).waitFor();
  // The game is where keys go now: from its beginning to the first cell, then over the board.
  for (let n = 0; n < 30 && !(await ada.locator(".cell:focus").count()); n++) await ada.keyboard.press("Tab");
  await ada.keyboard.press("ArrowDown");
  await ada.keyboard.press("ArrowRight");
  await ada.keyboard.press("Enter");
  await cell(ada, 2, 2, adas).waitFor();
  if (mine) await bobPlays();
  for (let n = 0; n < 30 && (await ada.locator(":focus").textContent()) !== "Give up"; n++) await ada.keyboard.press("Tab");
  await ada.keyboard.press("Enter");
  await bob.getByRole("heading", { name: "You won!" }).waitFor();
  await ada.getByRole("heading", { name: "You came second." }).waitFor();
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});

for (const carrier of ["webtransport", "websocket"]) {
  const refused = carrier === "websocket";
  test(`bomberman_over_${carrier}_against_a_bot_with_a_reload_in_the_middle`, LIMIT, async () => {
    const page = await newPlayer(browser, refused ? { udp: "refused" } : {});
    const code = await createMatch(page, server, "bomberman", "ada");
    assert.equal(await transport(page), carrier);
    const exited = once(server.program("bot", "bomberman", code, "--json"), "exit");
    await begun(page);
    await page.keyboard.down("ArrowRight");
    await picture(page, `bomberman-${carrier}`);
    await page.keyboard.up("ArrowRight");

    await page.reload();
    await playing(page);
    assert.equal(codeOf(page), code, "the same match");
    await figure(page, 0).filter({ hasText: "ada" }).waitFor(); // and the same seat
    await begun(page);
    assert.equal(await transport(page), carrier);
    await giveUpLoudly(page);
    await page.locator(".after h2").waitFor();
    assert.match(await page.locator(".after h2").textContent(), /You (won|came second|lost)|A draw/);
    await picture(page, `bomberman-${carrier}-over`);
    const [exit] = await exited;
    assert.equal(exit, 0, "the bot has seen the end too");
    assert.deepEqual(page.errors, []);
  });

  test(`bomberman_over_${carrier}_against_a_rust_client`, LIMIT, async () => {
    const page = await newPlayer(browser, refused ? { udp: "swallowed" } : {});
    const code = await createMatch(page, server, "bomberman", "ada");
    const rusty = new RustPlayer(server, "bomberman", code);
    await rusty.until(({ message }) => message === "Begins");
    await begun(page);
    assert.equal(await transport(page), carrier);
    rusty.send("Bomb");
    await rusty.until(({ message }) => message?.Died?.seat === 1);
    const { end } = await rusty.until(({ end }) => end);
    assert.equal(end.code, "finished");
    await page.getByRole("heading", { name: "You won!" }).waitFor();
    await page.locator(".seats li", { hasText: "rusty" }).waitFor();
    assert.deepEqual(page.errors, []);
  });
}

test("a_phone_walks_by_thumb", LIMIT, async () => {
  const phone = await newPlayer(browser, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const code = await createMatch(phone, server, "bomberman", "ada");
  const rusty = new RustPlayer(server, "bomberman", code);
  await begun(phone);
  const before = await rusty.until(({ view }) => view);
  const cross = await phone.locator(".cross").boundingBox();
  const { x, y } = before.view.heroes[0].at;
  await phone.mouse.move(cross.x + cross.width * 0.9, cross.y + cross.height / 2);
  await phone.mouse.down();
  await rusty.until(({ view }) => view?.heroes.some(({ seat, at }) => seat === 0 && (at.x !== x || at.y !== y)));
  await phone.mouse.up();
  await picture(phone, "bomberman-phone");
  await phone.getByRole("button", { name: "Bomb" }).tap();
  await phone.locator(".after h2").waitFor();
  rusty.end();
  assert.deepEqual(phone.errors, []);
});

test("hearts_is_played_with_buttons_that_have_names", LIMIT, async () => {
  const page = await newPlayer(browser);
  const code = await createMatch(page, server, "hearts", "ada");
  const bots = server.program("bot", "hearts", code, "--players", "3", "--seconds", "60", "--json");
  await page.locator("#turn", { hasText: "Choose three cards" }).waitFor();
  const cards = page.getByRole("group", { name: "Your cards" }).getByRole("button");
  assert.equal(await cards.count(), 13);
  for (const card of [0, 5, 12]) await cards.nth(card).click();
  await page.getByRole("button", { name: "Pass these three" }).click();
  await page.locator("#turn", { hasText: "Your turn" }).waitFor();
  await picture(page, "hearts");
  const playable = page.locator(".held[aria-disabled=false]").first();
  assert.match(await playable.getAttribute("aria-label"), /^(\d+|Jack|Queen|King|Ace) of (clubs|diamonds|spades|hearts)$/);
  await playable.click();
  await page.waitForFunction(() => document.querySelectorAll(".held").length === 12);
  await picture(page, "hearts-played");
  bots.kill();
  assert.deepEqual(page.errors, []);
});

test("the_start_page_leads_to_games_and_back_into_a_running_match", LIMIT, async () => {
  const page = await newPlayer(browser);
  await page.goto(`${server.http}/`);
  await page.locator("#sign-in").getByLabel("Name").fill("carol");
  await page.getByRole("button", { name: "Play as a guest" }).click();
  await page.locator("#who", { hasText: "carol" }).waitFor();
  await page.locator("#games a", { hasText: "tictactoe" }).click();
  assert.equal(await page.getByLabel("Your name").inputValue(), "carol", "signed in once");
  await page.getByRole("button", { name: "Play with friends" }).click();
  await playing(page);
  const code = codeOf(page);
  await page.goto(`${server.http}/`);
  await picture(page, "start");
  await page.locator("#running a", { hasText: code }).click();
  await playing(page);
  assert.equal(codeOf(page), code);
  assert.deepEqual(page.errors, []);
});
