// @ts-check
/** A picture of segments without the map library: small, sharp on paper, drawn at once. */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;
const MARGIN = 12;

/** @typedef {{points: [number, number][], width: number, dash: string, colour: string}} Stroke longitudes and latitudes */

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
 * @param {Stroke[]} strokes the last ones on top
 * @param {string} label
 * @returns {SVGElement} as wide as it may, north up
 */
export function pictureOf(strokes, label) {
  const all = strokes.flatMap(({points}) => points);
  const [west, east] = range(all.map(([lon]) => lon));
  const [south, north] = range(all.map(([, lat]) => lat));
  const shrink = Math.cos((south + north) / 2 * Math.PI / 180); // of a degree of longitude
  const scale = (WIDTH - 2 * MARGIN) / Math.max((east - west) * shrink, (north - south) * 1.6, 1e-6);
  const height = (north - south) * scale + 2 * MARGIN;
  const left = (WIDTH - (east - west) * shrink * scale) / 2;
  const picture = draw("svg", {viewBox: `0 0 ${WIDTH} ${height.toFixed(0)}`, role: "img", "aria-label": label});
  for (const {points, width, dash, colour} of strokes) {
    const path = points.map(([lon, lat]) => `${(left + (lon - west) * shrink * scale).toFixed(1)},${(MARGIN + (north - lat) * scale).toFixed(1)}`).join("L");
    draw("path", {d: `M${path}`, fill: "none", stroke: colour, "stroke-width": width, "stroke-dasharray": dash}, picture);
  }
  return picture;
}

/** @param {number[]} values */
function range(values) {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}
