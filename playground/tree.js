/** Values as text and as a tree that shows what has changed. */

/** What is longer than this is folded until somebody looks. */
const OPEN_UP_TO = 12;
/** Short values stand on one line. */
const LINE = 56;

function entries(value) {
  if (value instanceof Map) return [...value].map(([key, content]) => [line(key), content]);
  if (Array.isArray(value)) return value.map((content, i) => [String(i), content]);
  return Object.entries(value);
}

function isLeaf(value) {
  return typeof value !== "object" || value === null || value instanceof Uint8Array;
}

/** A value on one line, as one would write it in Rust or JSON. */
export function line(value) {
  if (value === null || value === undefined) return "none";
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return value.length ? Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("") : "no bytes";
  if (isLeaf(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(line).join(", ")}]`;
  return `{ ${entries(value).map(([key, content]) => `${key}: ${line(content)}`).join(", ")} }`;
}

/** A tree that is kept while values come: what changed since the last one is marked, what was folded stays folded. */
export class Tree {
  constructor(element) {
    this.element = element;
    this.before = undefined;
    this.folds = new Map();
  }

  show(value) {
    this.element.replaceChildren(this.node("", value, this.before, ""));
    this.before = value;
  }

  node(key, value, before, path) {
    const text = line(value);
    const changed = before !== undefined && line(before) !== text;
    if (isLeaf(value) || (path !== "" && text.length <= LINE)) return leaf(key, text, changed);
    const parts = entries(value);
    const details = document.createElement("details");
    details.open = this.folds.get(path) ?? parts.length <= OPEN_UP_TO;
    details.addEventListener("toggle", () => this.folds.set(path, details.open));
    const summary = document.createElement("summary");
    summary.append(name(key || "view"), `${Array.isArray(value) ? `${parts.length} items` : ""}`);
    if (changed) summary.classList.add("changed");
    const old = before !== undefined && !isLeaf(before) ? new Map(entries(before)) : new Map();
    details.append(summary, ...parts.map(([inner, content]) => this.node(inner, content, old.get(inner), `${path}/${inner}`)));
    return details;
  }
}

function name(key) {
  const made = document.createElement("span");
  made.className = "key";
  made.textContent = `${key} `;
  return made;
}

function leaf(key, text, changed) {
  const made = document.createElement("div");
  made.className = "leaf";
  const content = document.createElement("span");
  content.textContent = text;
  if (changed) content.className = "changed";
  if (key) made.append(name(key));
  made.append(content);
  return made;
}
