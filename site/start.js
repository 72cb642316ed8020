// The start page: who plays, what there is to play, and the way back into a match that still runs.
import { raw, Stadion, StadionError } from "/client/stadion.js";
import { element } from "/client/table.js";

// Sign-ins belong to the server and not to a game: any game's client does.
const stadion = new Stadion(location.origin, raw("start"));
const page = {
  who: one("#who"),
  signIn: one("#sign-in"),
  running: one("#running"),
  games: one("#games"),
  join: /** @type {HTMLFormElement} */ (one("#join")),
  say: one("#say"),
};

/** @param {string} selector */
function one(selector) {
  return /** @type {HTMLElement} */ (document.querySelector(selector));
}

/** @param {unknown} error */
function say(error) {
  page.say.textContent = error instanceof StadionError ? error.message : String(error);
}

async function showPlayer() {
  if (stadion.player) {
    const player = await stadion.signInAsGuest();
    const other = element("button", { type: "button", textContent: "Somebody else" });
    other.onclick = () => {
      stadion.signOut();
      void showPlayer().catch(say);
    };
    page.who.replaceChildren(`${player.name} `, other);
    page.signIn.hidden = true;
    return showRunning();
  }
  page.who.replaceChildren();
  page.signIn.hidden = false;
  page.running.hidden = true;
  const form = /** @type {HTMLFormElement} */ (page.signIn.querySelector("form"));
  form.onsubmit = (event) => {
    event.preventDefault();
    const name = String(new FormData(form).get("name") ?? "").trim();
    void stadion.signInAsGuest(name || undefined).then(showPlayer).catch(say);
  };
}

/** Matches that this browser's player still sits in. */
async function showRunning() {
  const own = stadion.player?.id;
  const { items } = await stadion.ask("GET", "/v1/matches?state=running&limit=100");
  const mine = items.filter((/** @type {any} */ match) =>
    match.seats.some((/** @type {any} */ seat) => seat.player.id === own && seat.presence !== "left"));
  const rows = mine.map((/** @type {any} */ { game, code, id }) => {
    const place = code ? `?code=${encodeURIComponent(code)}` : `?match=${encodeURIComponent(id)}`;
    return element("li", {}, element("a", { href: `/play/${game}${place}`, textContent: `${game} ${code ?? ""}` }));
  });
  one("#running ul").replaceChildren(...rows);
  page.running.hidden = rows.length === 0;
}

async function showGames() {
  const { items } = await stadion.ask("GET", "/v1/games?limit=100");
  const playable = items.filter((/** @type {any} */ game) => game.latest_version);
  page.games.replaceChildren(...playable.map((/** @type {any} */ { name, title }) =>
    element("li", {}, element("a", { href: `/play/${name}` }, title || name, title && title !== name ? element("small", { textContent: name }) : ""))));
  const options = playable.map((/** @type {any} */ { name, title }) => element("option", { value: name, textContent: title || name }));
  one("#join select").replaceChildren(...options);
  await showOpen(playable.map((/** @type {any} */ { name }) => name));
  if (!playable.length) page.say.textContent = "There is no game yet: stadion new hello";
}

/**
 * Matches that anybody may join, of the first games: the others are behind their links.
 * @param {string[]} games
 */
async function showOpen(games) {
  const lists = games.slice(0, 10).map(async (game) => {
    const { items } = await stadion.ask("GET", `/v1/games/${encodeURIComponent(game)}/matches/open?limit=5`);
    return items.map((/** @type {any} */ { code, free, seat_count }) =>
      element("li", {}, element("a", { href: `/play/${game}?code=${encodeURIComponent(code)}` },
        `${game} `, element("small", { textContent: `${free} of ${seat_count} seats free` }))));
  });
  const rows = (await Promise.all(lists)).flat();
  one("#open ul").replaceChildren(...rows);
  one("#open").hidden = rows.length === 0;
}

page.join.onsubmit = (event) => {
  event.preventDefault();
  const data = new FormData(page.join);
  location.href = `/play/${data.get("game")}?code=${encodeURIComponent(String(data.get("code")).trim().toUpperCase())}`;
};

await Promise.all([showPlayer(), showGames()].map((work) => work.catch(say)));
