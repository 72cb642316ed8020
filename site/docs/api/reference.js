// The reference of the API, made from the server's own openapi.json as the page is opened: no library, no other host.

const METHODS = ["get", "post", "put", "patch", "delete"];
/** Schemas lie in one another a few deep; one that holds itself ends here. */
const DEEPEST = 6;

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** @param {string} id */
const one = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** Text with `code` in it. @param {string} text */
function prose(text) {
  const parts = (text ?? "").split("`");
  return parts.map((part, index) => (index % 2 === 1 ? element("code", {}, part) : part));
}

/** @param {any} schema @param {any} api */
function resolved(schema, api) {
  const name = schema?.$ref?.split("/").pop();
  return name ? api.components.schemas[name] : schema;
}

/** @param {any} schema @returns {string} */
function typeName(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const choice = (schema.oneOf ?? schema.anyOf)?.map(typeName).join(" | ");
  if (choice) return choice;
  const type = Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type ?? "any";
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (type.startsWith("array")) return `${typeName(schema.items)}[]`;
  return schema.format ? `${type} (${schema.format})` : type;
}

/** The fields of a body, those that hold others below them. @param {any} schema @param {any} api */
function fields(schema, api, depth = DEEPEST) {
  const whole = resolved(schema, api);
  const properties = Object.entries(whole?.properties ?? {});
  if (properties.length === 0 || depth === 0) return element("p", { class: "faint" }, typeName(schema), ". ", ...prose(whole?.description));
  const rows = properties.map(([name, property]) => {
    const required = whole.required?.includes(name);
    const inner = property.type === "array" || property.type?.includes?.("array") ? property.items : property;
    const choices = inner?.oneOf ?? inner?.anyOf ?? [inner];
    const deeper = choices.filter((choice) => resolved(choice, api)?.properties);
    const about = element("td", {}, ...prose(property.description));
    for (const choice of deeper) {
      about.append(element("details", {}, element("summary", {}, typeName(choice)), fields(choice, api, depth - 1)));
    }
    return element("tr", {}, element("td", {}, name), element("td", {}, typeName(property), required ? "" : " ?"), about);
  });
  return element("table", {}, ...rows);
}

/** @param {any} example */
function shown(example) {
  return element("pre", {}, typeof example === "string" ? example : JSON.stringify(example, null, 2));
}

/** @param {any} operation @param {any} api */
function asked(operation, api) {
  const parts = [];
  if (operation.parameters?.length) {
    const rows = operation.parameters.map((parameter) =>
      element("tr", {}, element("td", {}, parameter.name), element("td", {}, parameter.in, parameter.required ? "" : " ?"),
        element("td", {}, typeName(parameter.schema), " "), element("td", {}, ...prose(parameter.description))));
    parts.push(element("h4", {}, "Parameters"), element("table", {}, ...rows));
  }
  for (const [type, content] of Object.entries(operation.requestBody?.content ?? {})) {
    parts.push(element("h4", {}, "Body, ", element("code", {}, type)), fields(content.schema, api));
    const example = content.example ?? resolved(content.schema, api)?.example;
    if (example !== undefined) parts.push(shown(example));
  }
  return parts;
}

/** @param {any} operation @param {any} api */
function answered(operation, api) {
  const parts = [];
  const problems = [];
  for (const [status, response] of Object.entries(operation.responses)) {
    if (!status.startsWith("2")) {
      const code = response.content?.["application/problem+json"]?.example?.code ?? "";
      problems.push(element("tr", {}, element("td", {}, status), element("td", {}, code), element("td", {}, ...prose(response.description))));
      continue;
    }
    parts.push(element("h4", {}, status, " ", ...prose(response.description)));
    for (const [type, content] of Object.entries(response.content ?? {})) {
      const details = element("details", {}, element("summary", {}, type), fields(content.schema, api));
      if (content.example !== undefined) details.append(shown(content.example));
      parts.push(details);
    }
  }
  if (problems.length) parts.push(element("h4", {}, "Errors"), element("table", {}, ...problems));
  return parts;
}

/** @param {string} path @param {string} method @param {any} operation @param {any} api */
function section(path, method, operation, api) {
  const key = operation.security ? element("p", { class: "faint" }, "Needs a bearer token.") : "";
  return element("section", { id: operation.operationId },
    element("h3", {}, element("a", { href: `#${operation.operationId}` }, operation.summary ?? operation.operationId)),
    element("p", { class: "call" }, element("b", {}, method.toUpperCase()), path),
    element("p", {}, ...prose(operation.description)), key, ...asked(operation, api), ...answered(operation, api));
}

/** @param {any} api */
function show(api) {
  one("title").textContent = `${api.info.title} ${api.info.version}: API reference`;
  one("about").replaceChildren(...prose(api.info.description));
  const operations = one("operations");
  const contents = one("contents");
  operations.replaceChildren();
  const entries = [];
  for (const tag of api.tags ?? []) {
    contents.append(element("h2", {}, tag.name));
    for (const [path, item] of Object.entries(api.paths)) {
      for (const method of METHODS.filter((name) => item[name]?.tags?.[0] === tag.name)) {
        const operation = item[method];
        const made = section(path, method, operation, api);
        const link = element("a", { href: `#${operation.operationId}`, title: `${method.toUpperCase()} ${path}` }, operation.summary ?? path);
        operations.append(made);
        contents.append(link);
        entries.push({ made, link, text: `${method} ${path} ${made.textContent}`.toLowerCase() });
      }
    }
  }
  one("find").oninput = (event) => {
    const words = /** @type {HTMLInputElement} */ (event.target).value.toLowerCase().split(" ").filter(Boolean);
    for (const { made, link, text } of entries) made.hidden = link.hidden = !words.every((word) => text.includes(word));
  };
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

try {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`openapi.json: ${answer.status}`);
  show(await answer.json());
} catch (error) {
  one("operations").replaceChildren(element("p", { role: "alert" }, `The reference cannot be shown: ${error}`));
}
