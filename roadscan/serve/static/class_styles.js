// @ts-check
/** The styles of condition classes on the map and on paper: width and dashes as well as colour. */

/**
 * Class 0 is "not assessed": grey and dashed, never the colour of a class. The colours of the others come
 * from the survey's scheme. UNSURE, which is no number that a scheme could have, is what lies in class 1 by its number, but of which only little or no damage seen
 * may be said: thin, in the colour of class 1.
 */
export const UNSURE = "unsure";
export const GREY = "#8c8c8c";
export const CLASSES = [
  {class: 0, width: 3, dash: [0.6, 0.9]},
  {class: 1, width: 3},
  {class: UNSURE, width: 1.5},
  {class: 2, width: 4},
  {class: 3, width: 6},
  {class: 4, width: 8},
];

/**
 * @param {any} properties of a segment
 * @returns {number | string} its class; 0 without one, UNSURE where the model would not have seen what contradicts class 1
 */
export function classOf(properties) {
  if (["no_damage_seen", "little_damage_seen"].includes(properties.finding)) return UNSURE;
  return properties.condition_class ?? 0;
}

/**
 * @param {{number: number, colour: string}[]} classes of the survey's scheme
 * @returns {Map<number | string, string>} the colours, that of UNSURE too
 */
export function coloursOf(classes) {
  const colours = new Map(/** @type {[number | string, string][]} */ (classes.map(({number: class_, colour}) => [class_, colour])));
  return colours.set(UNSURE, colours.get(1) ?? GREY);
}

/**
 * @param {number | string} class_
 * @param {string} [colour]
 * @returns {{stroke: string, "stroke-width": number, "stroke-dasharray": string}} as SVG writes it
 */
export function strokeOf(class_, colour = GREY) {
  return {stroke: colour, "stroke-width": CLASSES.find((style) => style.class === class_)?.width ?? 3, "stroke-dasharray": class_ ? "none" : "2 3"};
}
