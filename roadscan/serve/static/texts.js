// @ts-check
/** Texts in the page's language, and numbers and times as that language writes them. */

/** @type {Record<string, string>} */
const known = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");

/**
 * @param {string} key
 * @param {Record<string, string | number>} [values] for the text's {places}
 * @returns {string} the text; the key itself if there is none
 */
export function text(key, values = {}) {
  return (known[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/**
 * @param {string} key
 * @param {string} otherwise
 * @returns {string} the text, or `otherwise` if there is none
 */
export function textOr(key, otherwise) {
  return known[key] ?? otherwise;
}

export const language = document.documentElement.lang;

/** @param {number} seconds UTC epoch */
export function time(seconds) {
  return new Date(seconds * 1000).toLocaleString(language, {dateStyle: "medium", timeStyle: "short"});
}

/** @param {number} seconds UTC epoch */
export function day(seconds) {
  return new Date(seconds * 1000).toLocaleDateString(language, {dateStyle: "medium"});
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** @param {number} bytes */
export function size(bytes) {
  const step = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${number(bytes / 1000 ** step, step ? 1 : 0)}\u00A0${UNITS[step]}`;
}

/**
 * @param {number} value
 * @param {number} digits
 */
export function number(value, digits = 0) {
  return value.toLocaleString(language, {minimumFractionDigits: digits, maximumFractionDigits: digits});
}
