// @ts-check
/** What all pages share: who is logged in, messages, and elements built from text only. */
import {me} from "./api.js";

/**
 * @param {string} name
 * @param {Record<string, string | number | boolean | EventListener>} [attributes] functions become listeners
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
 * @returns {any} the element of the page's template with this id
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
 * Run something and show the error if it fails.
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
 * @param {string} name that a user chose, in any script
 * @returns {HTMLElement} the name, isolated from the writing direction around it
 */
export function given(name) {
  return make("bdi", {}, name);
}

/**
 * @param {string | Node} label
 * @param {() => unknown} click
 * @param {Record<string, string | boolean>} [attributes]
 * @returns {HTMLButtonElement} a button of secondary importance
 */
export function button(label, click, attributes = {}) {
  return /** @type {HTMLButtonElement} */ (make("button", {type: "button", class: "quiet", click, ...attributes}, label));
}

/**
 * @param {HTMLElement} list a dl
 * @param {[string, string | Node][]} facts label and value
 */
export function describe(list, facts) {
  list.replaceChildren(...facts.flatMap(([label, value]) => [make("dt", {}, label), make("dd", {}, value)]));
}

/**
 * @param {HTMLElement} table its body
 * @param {(string | Node)[][]} rows
 * @param {string} empty what to show without rows
 * @param {number[]} [numeric] columns of figures, from 1
 */
export function fill(table, rows, empty, numeric = []) {
  const width = table.parentElement?.querySelectorAll("thead th").length ?? 1;
  const made = rows.map((cells) => make("tr", {}, ...cells.map((cell, n) => make("td", numeric.includes(n + 1) ? {class: "number"} : {}, cell))));
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
