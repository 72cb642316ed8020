// Chromium, its pages, and pictures of them.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** No sandbox inside a container's own, no calls home. QUIC stays on: it is what is tested. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** Everything on a page happens within this, on a busy machine too. */
const WITHIN_MS = 60_000;

export const pictures = process.env.STADION_PICTURES_DIR ?? "pictures";

export async function startBrowser() {
  mkdirSync(pictures, { recursive: true });
  const executablePath = process.env.STADION_CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: FLAGS, ignoreDefaultArgs: ["--disable-quic"] });
}

/**
 * A browser of one player. `udp` "refused" or "swallowed": what the server says of WebTransport leads to a port where nobody is,
 * or where nobody answers.
 */
export async function newPlayer(browser, { udp, ...context } = {}) {
  // The policy of a page names the server's own gateway alone.
  const bypassCSP = udp !== undefined;
  const player = await browser.newContext({ viewport: { width: 900, height: 900 }, bypassCSP, ...context });
  player.setDefaultTimeout(WITHIN_MS);
  if (udp) {
    const nobody = createSocket("udp4").bind(0, "127.0.0.1");
    await once(nobody, "listening");
    const { port } = nobody.address();
    if (udp === "refused") nobody.close();
    else player.on("close", () => nobody.close());
    await player.route("**/v1/games/*/play", async (route) => {
      const response = await route.fetch();
      const answer = await response.json();
      answer.endpoints.webtransport = `https://127.0.0.1:${port}/v1/connect`;
      await route.fulfill({ response, json: answer });
    });
  }
  const page = await player.newPage();
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !EXPECTED.test(message.text())) page.errors.push(message.text());
  });
  return page;
}

/** What Chromium writes for connections that are refused, which some tests want. */
const EXPECTED = /Failed to establish a connection|ERR_|status of 4/;

/** Keeps a picture. */
export async function picture(page, name) {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

/** The code in the address bar: what one sends to a friend. */
export function codeOf(page) {
  return new URL(page.url()).searchParams.get("code");
}

/** Signs in under a name and makes a match for friends. */
export async function createMatch(page, server, game, name) {
  await page.goto(`${server.http}/play/${game}`);
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Play with friends" }).click();
  await playing(page);
  return codeOf(page);
}

/** Follows an invitation. */
export async function joinMatch(page, server, game, name, code) {
  await page.goto(`${server.http}/play/${game}?code=${code}`);
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Join" }).click();
  await playing(page);
}

export async function playing(page) {
  await page.locator("body[data-state=playing]").waitFor();
}

/** What carries the match now. */
export async function transport(page) {
  const health = page.locator(".health[data-state=live]");
  await health.waitFor();
  return /webtransport|websocket/.exec(await health.textContent())?.[0];
}
