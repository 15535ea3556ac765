// @ts-check
/** The styles of condition classes on the map and on paper: width and dashes as well as colour. */

/**
 * Class 0 is "not assessed": grey and dashed, never the colour of a class. The colours of the others come
 * from the survey's scheme.
 */
export const GREY = "#8c8c8c";
export const CLASSES = [
  {class: 0, width: 3, dash: [0.6, 0.9]},
  {class: 1, width: 3},
  {class: 2, width: 4},
  {class: 3, width: 6},
  {class: 4, width: 8},
];

/**
 * @param {any} properties of a segment
 * @returns {number} its class; 0 without one
 */
export function classOf(properties) {
  return properties.condition_class ?? 0;
}

/**
 * @param {number} class_
 * @param {string} [colour]
 * @returns {{stroke: string, "stroke-width": number, "stroke-dasharray": string}} as SVG writes it
 */
export function strokeOf(class_, colour = GREY) {
  return {stroke: colour, "stroke-width": CLASSES[class_].width, "stroke-dasharray": class_ ? "none" : "2 3"};
}
