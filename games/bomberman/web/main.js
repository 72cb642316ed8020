// Bomberman in the browser: the arena on a canvas, keys or thumbs to walk, and words for those who do not see it.
import { element, openTable } from "/client/table.js";
import { game } from "./bomberman.gen.js";
import { Arena } from "./arena.js";
import { keys, pad } from "./controls.js";

/** @typedef {import("./bomberman.gen.js").View} View */

openTable({
  game,
  title: "Bomberman",
  play,
});

/** @param {import("/client/table.js").Table<import("./bomberman.gen.js").In, import("./bomberman.gen.js").Out, View>} table */
function play({ match, name, say, signal }) {
  const phase = element("h2", { id: "phase" });
  const canvas = element("canvas", { role: "img", "aria-label": "The arena" });
  const heroes = element("ul", { className: "heroes" });
  const root = /** @type {HTMLElement} */ (document.getElementById("game"));
  const arena = new Arena(canvas, match.rate);

  /** What this player wants: asked for again only when it changes. @type {import("./bomberman.gen.js").Direction | null} */
  let going = null;
  const hands = {
    /** @param {typeof going} direction */
    go(direction) {
      if (direction === going || signal.aborted) return;
      going = direction;
      match.send({ Go: direction });
    },
    bomb() {
      if (!signal.aborted) match.send("Bomb");
    },
  };
  const help = element("p", { className: "help", textContent: "Arrows or W A S D walk, Space drops a bomb." });
  root.replaceChildren(phase, canvas, pad(hands), heroes, help);
  keys(hands, signal);

  match.onView((view) => {
    arena.see(view, match.seat);
    phase.textContent = phaseOf(view, match.seat);
    heroes.replaceChildren(...view.heroes.map((hero) => heroLine(hero, name)));
  });
  match.onMessage((message) => say(heard(message, match.seat, name)));
  // After a lost connection the server has forgotten what was held.
  match.onHealth(({ state }) => {
    if (state === "live" && going) match.send({ Go: going });
  });
  arena.run(signal);
}

/** @param {View} view @param {number} seat */
function phaseOf({ phase, heroes }, seat) {
  if (phase === "Waiting") return "Waiting for players";
  if (phase === "SuddenDeath") return "Sudden death: the walls close in";
  if ("Countdown" in phase) return `Begins in ${phase.Countdown}`;
  const alive = heroes.find((hero) => hero.seat === seat)?.alive;
  return `${alive === false ? "You are dead. " : ""}The walls close in after ${phase.Calm} s`;
}

/** @param {import("./bomberman.gen.js").Hero} hero @param {(seat: number) => string} name */
function heroLine({ seat, alive, bombs, range, step_ticks }, name) {
  const speed = 7 - step_ticks;
  const stats = alive ? `${bombs} ${bombs === 1 ? "bomb" : "bombs"}, range ${range}, speed ${speed}` : "dead";
  return element("li", { "data-seat": seat, className: alive ? "" : "dead" }, `${name(seat)}: ${stats}`);
}

/** @param {import("./bomberman.gen.js").Out} message @param {number} own @param {(seat: number) => string} name */
function heard(message, own, name) {
  if (message === "Begins") return "It begins!";
  const { seat, by } = message.Died;
  const who = seat === own ? "You are" : `${name(seat)} is`;
  if (by === null) return `${who} out.`;
  return `${who} dead, by ${by === seat ? "the own bomb" : by === own ? "your bomb" : `a bomb of ${name(by)}`}.`;
}
