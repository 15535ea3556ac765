// @ts-check
/** Stretches of road as people name them: from street to street, and where a lane leads. */
import {text} from "./texts.js";

/** @typedef {{street?: string | null, link_id?: string, from_street?: string | null, to_street?: string | null, towards?: string | null, direction?: string}} Stretch */

/** @param {string | null | undefined} name as a layer or a map's tile has it */
function named(name) {
  return name && name !== "null" ? name : "";
}

/**
 * @param {Stretch} of
 * @returns {string} "Mühlenweg to Kirschweg"; "" where no junction is known
 */
export function between(of) {
  const [from, to] = [named(of.from_street), named(of.to_street)];
  return from || to ? text("from_to", {from: from || text("street_end"), to: to || text("street_end")}) : "";
}

/**
 * @param {Stretch} of
 * @returns {string} "Seeuferstraße, Mühlenweg to Kirschweg"
 */
export function section(of) {
  return [named(of.street) || named(of.link_id), between(of)].filter(Boolean).join(", ");
}

/**
 * @param {Stretch} of
 * @returns {string} where its lane leads, else its direction along the link
 */
export function leading(of) {
  if (named(of.towards)) return text("towards", {street: named(of.towards)});
  return between(of) ? text("towards", {street: text("street_end")}) : text("direction_" + of.direction);
}
