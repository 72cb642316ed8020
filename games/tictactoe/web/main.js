// Tic-tac-toe in the browser: nine buttons, for fingers, keys and screen readers alike.
import { element, openTable } from "/client/table.js";
import { game } from "./tictactoe.gen.js";

/** @typedef {import("./tictactoe.gen.js").View} View */

const MARKS = ["O", "X"];
const REFUSED = {
  NotStarted: "The other player is not there yet.",
  NotYourTurn: "It is not your turn.",
  NoSuchCell: "There is no such cell.",
  Taken: "That cell is taken.",
};

openTable({ game, title: "Tic-tac-toe", play });

/** @param {import("/client/table.js").Table<import("./tictactoe.gen.js").In, import("./tictactoe.gen.js").Out, View>} table */
function play({ match, name, onNames, say, signal }) {
  const status = element("h2", { id: "turn", "aria-live": "polite" });
  const cells = Array.from({ length: 9 }, (_, cell) => {
    const button = element("button", { type: "button", className: "cell" });
    button.onclick = () => match.send({ Place: cell });
    return button;
  });
  const board = element("div", { className: "board", role: "group", "aria-label": "Board" }, ...cells);
  board.onkeydown = (event) => walk(event, cells);
  const resign = element("button", { type: "button", textContent: "Give up" });
  resign.onclick = () => match.send("Resign");
  const root = /** @type {HTMLElement} */ (document.getElementById("game"));
  root.replaceChildren(status, board, element("p", {}, resign));

  /** @type {View["cells"] | undefined} */
  let before;
  const see = (/** @type {View} */ view) => {
    // What others do is told to those who do not see it; who comes back is told nothing of what was.
    const taken = view.cells.findIndex((seat, cell) => seat !== null && seat !== view.you && before?.[cell] === null);
    if (taken >= 0) say(`${name(view.cells[taken] ?? 0)}: ${placeOf(taken)}`);
    before = view.cells;
    show(view, cells);
    status.textContent = view.turn === view.you ? `Your turn: you are ${MARKS[view.you]}` : `${name(view.turn)} is to move`;
  };
  match.onView(see);
  onNames(() => match.view && see(match.view));
  match.onMessage((message) => say(REFUSED[message.Refused]));
  signal.addEventListener("abort", () => {
    for (const button of [...cells, resign]) button.disabled = true;
  });
}

/** @param {View} view @param {HTMLButtonElement[]} cells */
function show(view, cells) {
  cells.forEach((button, cell) => {
    const seat = view.cells[cell];
    const mark = seat === null || seat === undefined ? "" : MARKS[seat] ?? "";
    button.textContent = mark;
    button.dataset.seat = mark ? String(seat) : "";
    button.setAttribute("aria-label", `${placeOf(cell)}: ${mark || "empty"}`);
    // Not `disabled`: whoever walks over the board with keys must not fall off it.
    button.setAttribute("aria-disabled", String(mark !== "" || view.turn !== view.you));
  });
}

/** @param {number} cell */
function placeOf(cell) {
  return `row ${Math.floor(cell / 3) + 1}, column ${(cell % 3) + 1}`;
}

/** Arrows walk over the board. @param {KeyboardEvent} event @param {HTMLButtonElement[]} cells */
function walk(event, cells) {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -3, ArrowDown: 3 }[event.key];
  const from = cells.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  if (step === undefined || from < 0) return;
  event.preventDefault();
  cells[(from + step + 9) % 9]?.focus();
}
