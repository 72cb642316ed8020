/** The playground: chooses game, version and match, and opens seats side by side. */
import { Api } from "./api.js";
import { gameOf } from "./schema.js";
import { Seat } from "./seat.js";
import { Timeline } from "./timeline.js";

const LOOK_MS = 1_000;
const NEW = "";

const by = (id) => document.getElementById(id);
const api = new Api();
const timeline = new Timeline(by("timeline"), api);
const seats = new Set();
/** The match whose seats are open: `{ id, code, version }`. */
let current;
let opened = 0;
let paused = false;

function say(text) {
  by("notice").hidden = !text;
  by("notice").textContent = text ?? "";
}

/** Does something, and says what went wrong. */
async function attempt(work) {
  say();
  try {
    await work();
  } catch (error) {
    say(error.code === "outdated-client" ? "The match runs a version with other messages: join it again." : error.message);
  }
}

function options(select, entries, chosen) {
  const made = entries.map(([value, text]) => Object.assign(document.createElement("option"), { value, textContent: text }));
  select.replaceChildren(...made);
  if (entries.some(([value]) => value === chosen)) select.value = chosen;
}

async function chooseGame() {
  const games = (await api.games()).filter((game) => game.latest_version);
  if (!games.length) throw new Error("The server has no games yet: stadion new hello && cd hello && stadion dev");
  const wanted = new URLSearchParams(location.search).get("game");
  options(by("game"), games.map(({ name, title }) => [name, title ? `${name} (${title})` : name]), wanted);
  await chooseVersion();
}

async function chooseVersion() {
  const game = by("game").value;
  const versions = await api.versions(game);
  options(by("version"), versions.map(({ version, created_at }, i) => [version, `${version.slice(0, 8)} ${i ? created_at.slice(0, 16).replace("T", " ") : "newest"}`]));
  const url = new URL(location.href);
  url.searchParams.set("game", game);
  history.replaceState(null, "", url);
  await listMatches();
}

async function listMatches() {
  const chosen = by("match").value;
  const matches = (await api.matches(by("game").value)).filter((match) => match.code);
  const taken = ({ seats, seat_count }) => `${seats.filter(({ presence }) => presence !== "left").length}/${seat_count}`;
  options(by("match"), [[NEW, "a new one"], ...matches.map((match) => [match.code, `${match.code} ${taken(match)} ${match.version.slice(0, 8)}`])], chosen);
}

/** What is needed to speak a version's messages. */
async function speak(version) {
  const game = by("game").value;
  const { schema_hash } = (await api.versions(game)).find((one) => one.version === version) ?? {};
  if (!schema_hash) throw new Error(`There is no version ${version.slice(0, 8)} of ${game} any more.`);
  return gameOf(game, schema_hash, await api.schema(game, version));
}

async function openSeat(how, version) {
  const seat = new Seat(by("seats"), opened++, await speak(version), (gone) => seats.delete(gone));
  seats.add(seat);
  return seat.play(how);
}

async function start() {
  const code = by("match").value;
  if (code) return join(code);
  leaveAll();
  const version = by("version").value;
  const count = Number(by("count").value);
  const newest = by("version").selectedIndex === 0;
  if (!newest) throw new Error("New matches run the newest version; older ones are joined while they run.");
  const first = await openSeat({ create: "private" }, version);
  show({ id: first.id, code: first.code, version: first.version });
  for (let n = 1; n < count; n++) await openSeat({ code: first.code }, first.version);
}

/** A seat in a match that runs, in the version that it runs. */
async function join(code) {
  const match = (await api.matches(by("game").value)).find((one) => one.code === code.toUpperCase());
  const version = match?.version ?? current?.version ?? by("version").value;
  if (current?.code !== code.toUpperCase()) leaveAll();
  const seat = await openSeat({ code }, version);
  show({ id: seat.id, code: seat.code, version: seat.version });
}

function leaveAll() {
  for (const seat of seats) seat.leave();
  seats.clear();
  by("seats").replaceChildren();
  opened = 0;
  show(undefined);
}

function show(match) {
  current = match;
  paused = false;
  by("control").hidden = !match;
  timeline.show(match?.id);
  if (!match) return;
  by("match-name").textContent = match.code;
  by("pace").hidden = by("end").hidden = !api.isDeveloper;
  by("link").hidden = false;
  by("link").href = `/play/${by("game").value}?code=${match.code}`;
  showPace();
  look();
}

function showPace() {
  by("pause").disabled = paused;
  by("step").disabled = by("resume").disabled = !paused;
}

async function pace(body, nowPaused) {
  await api.pace(current.id, body);
  paused = nowPaused;
  showPace();
  await timeline.refresh();
}

async function look() {
  if (!current) return;
  const { id } = current;
  const match = await api.match(id).catch(() => undefined);
  if (!match || current?.id !== id) return;
  const end = match.end ? `   ${match.end.message}` : "";
  by("match-state").textContent = `${match.state}   version ${match.version.slice(0, 8)}   tick ${match.tick}   session ${match.incarnation}${paused ? "   paused" : ""}${end}`;
  for (const seat of seats) seat.told = match.tick;
  if (match.version !== current.version) current.version = match.version;
  if (match.state === "ended") by("pace").hidden = true;
}

by("game").addEventListener("change", () => attempt(chooseVersion));
by("match").addEventListener("focus", () => attempt(listMatches));
by("start").addEventListener("click", () => attempt(start));
by("add").addEventListener("click", () => attempt(() => openSeat({ code: current.code }, current.version)));
by("join").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(() => join(by("code").value.trim()));
});
by("pause").addEventListener("click", () => attempt(() => pace({ pace: "pause" }, true)));
by("step").addEventListener("click", () => attempt(() => pace({ pace: "step", ticks: Number(by("steps").value) }, true)));
by("resume").addEventListener("click", () => attempt(() => pace({ pace: "run" }, false)));
by("end").addEventListener("click", () => attempt(() => api.end(current.id)));
by("match").addEventListener("change", () => (by("start").textContent = by("match").value ? "Join" : "New match"));
setInterval(look, LOOK_MS);
await attempt(chooseGame);
