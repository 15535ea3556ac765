// @ts-check
/** How classes look on the map and on paper: by width and dash as well as by colour. */

/**
 * Class 0 is "not assessed": grey and dashed, never a colour of a class. The others take their colour
 * from the survey's scheme.
 */
export const GREY = "#8c8c8c";
export const LOOKS = [
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
export function lookOf(properties) {
  return properties.condition_class ?? 0;
}
