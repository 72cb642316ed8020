// The arena on a canvas. Cells are drawn as the newest view has them; figures glide from cell to cell, and bombs swell
// with the time since they were first seen: a view says only that they are there.

/** @typedef {import("./bomberman.gen.js").View} View */
/** @typedef {import("./bomberman.gen.js").Hero} Hero */
/** @typedef {import("./bomberman.gen.js").Cell} Cell */

const [COLUMNS, ROWS] = [13, 11];
const FUSE_MS = 2_000;
const COLOURS = ["#3b82f6", "#ef4444", "#22c55e", "#a855f7"];
const FLOOR = ["#8fae7c", "#87a674"];

/** Where the eyes go. @type {Record<import("./bomberman.gen.js").Direction, { dx: number, dy: number }>} */
const GAZE = {
  Up: { dx: 0, dy: 0 },
  Down: { dx: 0, dy: 0.06 },
  Left: { dx: -0.1, dy: 0.03 },
  Right: { dx: 0.1, dy: 0.03 },
};

/** A figure on its way to where the view has it. */
class Figure {
  /** @param {Hero} hero */
  constructor(hero) {
    this.hero = hero;
    this.x = this.fromX = hero.at.x;
    this.y = this.fromY = hero.at.y;
    this.since = 0;
  }

  /** @param {Hero} hero @param {number} now */
  see(hero, now) {
    if (hero.at.x !== this.hero.at.x || hero.at.y !== this.hero.at.y) {
      this.fromX = this.x;
      this.fromY = this.y;
      this.since = now;
    }
    this.hero = hero;
  }

  /** @param {number} now @param {number} rate */
  walk(now, rate) {
    const { at, step_ticks } = this.hero;
    const done = Math.min(1, (now - this.since) / ((step_ticks * 1_000) / rate));
    this.x = this.fromX + (at.x - this.fromX) * done;
    this.y = this.fromY + (at.y - this.fromY) * done;
  }
}

export class Arena {
  /** @param {HTMLCanvasElement} canvas @param {number} rate */
  constructor(canvas, rate) {
    this.canvas = canvas;
    this.rate = rate || 20;
    this.pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    /** @type {View | undefined} */
    this.view = undefined;
    this.own = -1;
    /** @type {Map<number, Figure>} */
    this.figures = new Map();
    /** @type {Map<number, number>} When each bomb was first seen, by cell. */
    this.bombs = new Map();
  }

  /** @param {View} view @param {number} own */
  see(view, own) {
    const now = performance.now();
    this.view = view;
    this.own = own;
    const before = this.bombs;
    this.bombs = new Map();
    view.cells.forEach((row, y) => row.forEach((cell, x) => {
      const at = y * COLUMNS + x;
      if (cell === "Bomb") this.bombs.set(at, before.get(at) ?? now);
    }));
    const figures = new Map();
    for (const hero of view.heroes) {
      const figure = this.figures.get(hero.seat) ?? new Figure(hero);
      figure.see(hero, now);
      figures.set(hero.seat, figure);
    }
    this.figures = figures;
  }

  /** Draws until the match is over, and once more then. @param {AbortSignal} signal */
  run(signal) {
    const frame = (/** @type {number} */ now) => {
      this.draw(now);
      if (!signal.aborted) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  /** @param {number} now */
  draw(now) {
    const { canvas, pen, view } = this;
    const scale = devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * scale);
    if (canvas.width !== width) {
      canvas.width = width;
      canvas.height = Math.round((width * ROWS) / COLUMNS);
    }
    const size = canvas.width / COLUMNS;
    pen.setTransform(size, 0, 0, size, 0, 0);
    pen.fillStyle = "#2f3b2a";
    pen.fillRect(0, 0, COLUMNS, ROWS);
    if (!view) return;
    view.cells.forEach((row, y) => row.forEach((cell, x) => this.cell(cell, x, y, now)));
    for (const figure of this.figures.values()) {
      figure.walk(now, this.rate);
      this.figure(figure);
    }
  }

  /** @param {Cell} cell @param {number} x @param {number} y @param {number} now */
  cell(cell, x, y, now) {
    const { pen } = this;
    pen.save();
    pen.translate(x, y);
    pen.fillStyle = FLOOR[(x + y) % 2] ?? "";
    pen.fillRect(0, 0, 1.01, 1.01);
    if (cell === "Wall") this.wall();
    else if (cell === "Brick") this.brick();
    else if (cell === "Bomb") this.bomb((now - (this.bombs.get(y * COLUMNS + x) ?? now)) / FUSE_MS);
    else if (cell === "Fire") this.fire(now, x + y);
    else if (typeof cell === "object") this.item(cell.Item);
    pen.restore();
  }

  wall() {
    const { pen } = this;
    pen.fillStyle = "#4b5563";
    pen.fillRect(0, 0, 1, 1);
    pen.fillStyle = "#6b7280";
    pen.fillRect(0, 0, 1, 0.82);
    pen.fillStyle = "#7c8594";
    pen.fillRect(0.08, 0.08, 0.84, 0.6);
  }

  brick() {
    const { pen } = this;
    pen.fillStyle = "#8a4b2f";
    pen.fillRect(0.02, 0.02, 0.96, 0.96);
    pen.fillStyle = "#b5673f";
    for (const [x, y, w] of [[0.05, 0.06, 0.52], [0.62, 0.06, 0.33], [0.05, 0.38, 0.3], [0.4, 0.38, 0.55], [0.05, 0.7, 0.52], [0.62, 0.7, 0.33]]) {
      pen.fillRect(x ?? 0, y ?? 0, w ?? 0, 0.25);
    }
  }

  /** @param {number} burnt how much of its fuse, 0 to 1 */
  bomb(burnt) {
    const { pen } = this;
    const swollen = 0.32 + 0.05 * Math.sin(burnt * burnt * 40);
    circle(pen, 0.5, 0.55, swollen, "#1f2430");
    circle(pen, 0.4, 0.44, 0.07, "#9aa3b2");
    pen.strokeStyle = "#d6a44a";
    pen.lineWidth = 0.06;
    pen.beginPath();
    pen.moveTo(0.64, 0.32);
    pen.quadraticCurveTo(0.74, 0.12, 0.84 - 0.14 * Math.min(burnt, 1), 0.16);
    pen.stroke();
    circle(pen, 0.84 - 0.14 * Math.min(burnt, 1), 0.16, 0.05 + 0.03 * burnt, burnt * 12 % 2 < 1 ? "#ffdd55" : "#ff7733");
  }

  /** @param {number} now @param {number} phase */
  fire(now, phase) {
    const { pen } = this;
    const flicker = 0.04 * Math.sin(now / 60 + phase * 1.7);
    pen.fillStyle = "#e2571e";
    pen.fillRect(0, 0, 1.01, 1.01);
    circle(pen, 0.5, 0.5, 0.42 + flicker, "#f9a826");
    circle(pen, 0.5, 0.5, 0.24 - flicker, "#fff3b0");
  }

  /** @param {import("./bomberman.gen.js").Item} item */
  item(item) {
    const { pen } = this;
    pen.fillStyle = "#fdf6e3";
    pen.beginPath();
    pen.roundRect(0.14, 0.14, 0.72, 0.72, 0.14);
    pen.fill();
    pen.font = "700 0.46px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = { Bomb: "#1f2430", Range: "#d9480f", Speed: "#1d6fb8" }[item];
    pen.fillText({ Bomb: "●", Range: "✦", Speed: "»" }[item], 0.5, 0.53);
  }

  /** @param {Figure} figure */
  figure({ hero, x, y }) {
    const { pen } = this;
    const colour = COLOURS[hero.seat % COLOURS.length] ?? "";
    pen.save();
    pen.translate(x, y);
    pen.globalAlpha = hero.alive ? 1 : 0.3;
    if (hero.seat === this.own && hero.alive) {
      pen.strokeStyle = "#ffffff";
      pen.lineWidth = 0.05;
      pen.beginPath();
      pen.ellipse(0.5, 0.9, 0.36, 0.12, 0, 0, 2 * Math.PI);
      pen.stroke();
    }
    pen.fillStyle = colour;
    pen.beginPath();
    pen.roundRect(0.24, 0.42, 0.52, 0.46, 0.18);
    pen.fill();
    circle(pen, 0.5, 0.32, 0.26, "#f6d7b0");
    pen.fillStyle = colour;
    pen.beginPath();
    pen.arc(0.5, 0.3, 0.27, Math.PI, 2 * Math.PI);
    pen.fill();
    const { dx, dy } = GAZE[hero.facing];
    if (hero.facing !== "Up") {
      circle(pen, 0.42 + dx, 0.34 + dy, 0.04, "#22262b");
      circle(pen, 0.58 + dx, 0.34 + dy, 0.04, "#22262b");
    }
    pen.restore();
  }
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} r @param {string} colour */
function circle(pen, x, y, r, colour) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(x, y, r, 0, 2 * Math.PI);
  pen.fill();
}
