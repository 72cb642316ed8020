/** Forms for values of a type. Each control is `{ element, read() }`; `read` throws what is wrong with what was typed. */

const INTEGERS = { u8: [0, 255], u16: [0, 65535], u32: [0, 2 ** 32 - 1], i8: [-128, 127], i16: [-32768, 32767], i32: [-(2 ** 31), 2 ** 31 - 1] };

function element(tag, props = {}, ...children) {
  const made = Object.assign(document.createElement(tag), props);
  made.append(...children);
  return made;
}

/**
 * One row for each thing that a player may send: an enum is a button for each variant, with a form for its content; any
 * other type is one form.
 */
export function sender(type, send) {
  const rows = type.kind === "enum" ? type.variants.map((variant) => row(variant.name, variant.type, (content) => (content === undefined ? variant.name : { [variant.name]: content }), send))
    : [row("Send", type, (value) => value, send)];
  return element("div", { className: "send" }, ...rows);
}

function row(label, type, wrap, send) {
  const content = type.kind === "unit" ? undefined : control(type, "");
  const form = element("form", { className: "variant" }, element("button", { textContent: label }));
  if (content) form.append(content.element);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(() => wrap(content?.read()));
  });
  return form;
}

/** A control for any type. */
export function control(type, label) {
  if (type.kind in INTEGERS) return integer(type.kind, label);
  switch (type.kind) {
    case "unit": return { element: element("span", { textContent: label }), read: () => null };
    case "bool": return checkbox(label);
    case "u64": case "i64": return text(label, "0", (typed) => BigInt(typed));
    case "f32": case "f64": return text(label, "0", number);
    case "char": case "string": return text(label, "", (typed) => typed);
    case "newtype": return control(type.inner, label || type.name);
    case "option": return optional(type.inner, label);
    case "seq": return type.inner.kind === "u8" ? bytes(label) : growing(() => control(type.inner, ""), label, (items) => items);
    case "array": return type.inner.kind === "u8" ? bytes(label, type.length) : group(label, Array.from({ length: type.length }, (_, i) => control(type.inner, String(i))), (items) => items);
    case "tuple": return group(label, type.parts.map((part, i) => control(part, String(i))), (items) => items);
    case "map": return growing(() => group("", [control(type.key, "key"), control(type.value, "value")], (pair) => pair), label, (pairs) => new Map(pairs));
    case "struct": return group(label || type.name, type.fields.map((field) => control(field.type, field.name)), (items) => Object.fromEntries(items.map((item, i) => [type.fields[i].name, item])));
    case "enum": return choice(type, label);
    default: throw new Error(`no form for ${type.kind}`);
  }
}

function labelled(label, input) {
  return label ? element("label", {}, `${label} `, input) : input;
}

function number(typed) {
  const value = Number(typed);
  if (typed.trim() === "" || (Number.isNaN(value) && typed !== "NaN")) throw new Error(`${JSON.stringify(typed)} is not a number`);
  return value;
}

function integer(kind, label) {
  const [min, max] = INTEGERS[kind];
  const input = element("input", { type: "number", min, max, step: 1, value: 0, ariaLabel: label || kind, title: `${kind}: ${min} to ${max}` });
  return { element: labelled(label, input), read: () => number(input.value) };
}

function text(label, initial, read) {
  const input = element("input", { value: initial, size: 12, ariaLabel: label || "text" });
  return { element: labelled(label, input), read: () => read(input.value) };
}

function bytes(label, length) {
  const input = element("input", { size: 18, placeholder: length ? `${length} bytes, hex` : "hex", ariaLabel: label || "bytes" });
  const read = () => {
    const digits = input.value.replace(/\s/g, "");
    if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Error("bytes are pairs of hexadecimal digits");
    const typed = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    if (length === undefined || typed.length === length) return typed;
    const filled = new Uint8Array(length);
    filled.set(typed.subarray(0, length));
    return filled;
  };
  return { element: labelled(label, input), read };
}

function checkbox(label) {
  const input = element("input", { type: "checkbox", ariaLabel: label || "yes" });
  return { element: labelled(label, input), read: () => input.checked };
}

function group(label, parts, read) {
  const made = element("fieldset", {}, ...parts.map((part) => part.element));
  if (label) made.prepend(element("legend", { textContent: label }));
  return { element: made, read: () => read(parts.map((part) => part.read())) };
}

function optional(inner, label) {
  const there = element("input", { type: "checkbox", ariaLabel: `${label || "value"} is there` });
  const content = control(inner, "");
  const show = () => (content.element.hidden = !there.checked);
  there.addEventListener("change", show);
  show();
  const made = element("fieldset", {}, element("legend", {}, there, ` ${label || "some"}`), content.element);
  return { element: made, read: () => (there.checked ? content.read() : null) };
}

function growing(make, label, read) {
  const parts = [];
  const list = element("span", { className: "group" });
  const more = element("button", { type: "button", textContent: "+", ariaLabel: `one more ${label}` });
  const less = element("button", { type: "button", textContent: "−", ariaLabel: `one ${label} less` });
  more.addEventListener("click", () => {
    parts.push(make());
    list.append(parts.at(-1).element);
  });
  less.addEventListener("click", () => parts.pop()?.element.remove());
  const made = element("fieldset", {}, list, more, less);
  if (label) made.prepend(element("legend", { textContent: label }));
  return { element: made, read: () => read(parts.map((part) => part.read())) };
}

function choice(type, label) {
  const select = element("select", { ariaLabel: label || type.name }, ...type.variants.map(({ name }) => element("option", { value: name, textContent: name })));
  const place = element("span");
  let content;
  const show = () => {
    const variant = type.variants[select.selectedIndex];
    content = variant && variant.type.kind !== "unit" ? control(variant.type, "") : undefined;
    place.replaceChildren(...(content ? [content.element] : []));
  };
  select.addEventListener("change", show);
  show();
  const made = element("span", { className: "group" }, labelled(label, select), place);
  return { element: made, read: () => (content ? { [select.value]: content.read() } : select.value) };
}
