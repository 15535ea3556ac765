// @ts-check
/** What all pages do: say who is logged in, show messages, build elements out of text only. */
import {me} from "./api.js";

/**
 * @param {string} name
 * @param {Record<string, string | number | boolean | EventListener>} [attributes] functions are listeners
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false) element.setAttribute(key, String(value));
  }
  element.append(...children);
  return element;
}

/**
 * @param {string} id
 * @returns {any} the element of the page's frame that has this id
 */
export function find(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
}

/** @param {unknown} what an error, or text; "" clears it */
export function show(what) {
  find("message").textContent = what instanceof Error ? what.message : String(what);
}

/**
 * Run something and show what goes wrong.
 * @param {() => Promise<unknown>} body
 */
export async function attempt(body) {
  show("");
  try {
    await body();
  } catch (error) {
    show(error);
  }
}

/**
 * @param {string} name that somebody else chose, in whatever script
 * @returns {HTMLElement} it, without sway over the text around it
 */
export function given(name) {
  return make("bdi", {}, name);
}

/**
 * @param {HTMLElement} table its body
 * @param {(string | Node)[][]} rows
 * @param {string} empty what stands there without rows
 */
export function fill(table, rows, empty) {
  const width = table.parentElement?.querySelectorAll("thead th").length ?? 1;
  const made = rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell))));
  table.replaceChildren(...(made.length ? made : [make("tr", {}, make("td", {colspan: width}, empty))]));
}

for (const link of document.querySelectorAll(".languages a")) {
  link.addEventListener("click", () => { // the same survey, street and place in the other language
    const address = new URL(location.href);
    address.searchParams.set("lang", link.getAttribute("hreflang") ?? "");
    link.setAttribute("href", address.href);
  });
}

me().then(({name, role}) => {
  find("who").textContent = role ? name : "";
  const roles = {admin: ["admin"], review: ["reviewer", "planner", "admin"]};
  for (const [page, may] of Object.entries(roles)) {
    const link = document.querySelector(`[data-page=${page}]`);
    if (link instanceof HTMLElement) link.hidden = !may.includes(role);
  }
});
