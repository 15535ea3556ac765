// @ts-check
/** SVG in the page: elements, the sample of a line in a legend, a photo with a box on it. */
import {make} from "./page.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {Element} [parent]
 * @returns {SVGElement}
 */
export function draw(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  parent?.append(element);
  return /** @type {SVGElement} */ (element);
}

/**
 * @param {Record<string, string | number>} stroke
 * @returns {SVGElement} a short line for a legend
 */
export function lineSample(stroke) {
  const sample = draw("svg", {width: 32, height: 12, "aria-hidden": "true"});
  draw("path", {d: "M0,6H32", ...stroke}, sample);
  return sample;
}

/**
 * @param {string} address of the photo
 * @param {string} alt
 * @param {number[]} box its corners x1, y1, x2, y2 as shares of width and height
 * @returns {HTMLElement}
 */
export function boxedPhoto(address, alt, box) {
  const [x, y, right, bottom] = box.map((share) => 100 * share);
  const overlay = draw("svg", {viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true"});
  draw("rect", {x, y, width: right - x, height: bottom - y, fill: "none", stroke: "#ffb000", "stroke-width": 2, "vector-effect": "non-scaling-stroke"}, overlay);
  return make("figure", {}, make("img", {src: address, alt, loading: "lazy"}), overlay);
}
