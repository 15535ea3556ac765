// @ts-check
/** The printed map: at a round scale, with street names where there is room, a scale bar and north. */
import {draw} from "./svg.js";
import {number, text} from "./texts.js";

/** Fits A4 landscape between its margins, with heading and legend. */
const UNIT_MM = 0.27;
const WIDTH = 1000;
const HEIGHT = 480;
const STRIP = 30;
const MARGIN = 14;
/** Per degree of longitude at the equator; in Germany distances are right to 0.2 %. */
const METRES_A_DEGREE = 111_320;
const SCALES = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5];
const LARGEST = 250;
/** From this scale on lines get thinner, down to a third: a street must not hide its neighbours. */
const THINNER_FROM = 10_000;
const BARS = [5, 2, 1];
const BAR_UNITS = 200;
const FONT_UNITS = 10;
const CELL = 3;
/** So many links of a street are tried for its name, the longest first. */
const TRIES = 3;

/** @typedef {[number, number]} Point */
/** @typedef {{points: Point[], stroke: ReturnType<typeof import("./class_styles.js").strokeOf>}} Line */

/**
 * @param {Line[]} lines in longitude and latitude, the last ones on top
 * @param {any[]} names lines with the name of their street
 * @param {string} label
 * @returns {SVGElement} with width and height on paper, so that its scale holds
 */
export function printMap(lines, names, label) {
  const all = lines.flatMap(({points}) => points);
  const [west, east] = range(all.map(([lon]) => lon));
  const [south, north] = range(all.map(([, lat]) => lat));
  const shrink = Math.cos((south + north) / 2 * Math.PI / 180); // of a degree of longitude
  const [wide, high] = [(east - west) * shrink * METRES_A_DEGREE, (north - south) * METRES_A_DEGREE];
  const metre = UNIT_MM / 1000; // of paper, in a unit
  const scale = roundScale(Math.max(wide / (WIDTH - 2 * MARGIN), high / (HEIGHT - 2 * MARGIN)) / metre);
  const unit = 1 / (scale * metre); // of the picture, in a metre of road
  const height = high * unit + 2 * MARGIN;
  const left = (WIDTH - wide * unit) / 2;
  /** @type {(point: Point) => Point} */
  const place = ([lon, lat]) => [left + (lon - west) * shrink * METRES_A_DEGREE * unit, MARGIN + (north - lat) * METRES_A_DEGREE * unit];
  const whole = height + STRIP;
  const picture = draw("svg", {width: `${WIDTH * UNIT_MM}mm`, height: `${(whole * UNIT_MM).toFixed(1)}mm`, viewBox: `0 0 ${WIDTH} ${whole.toFixed(1)}`, role: "img", "aria-label": label});
  const thinner = Math.min(1, Math.max(1 / 3, Math.sqrt(THINNER_FROM / scale)));
  const drawn = lines.map(({points, stroke}) => ({points: points.map(place), stroke: {...stroke, "stroke-width": stroke["stroke-width"] * thinner}}));
  for (const {points, stroke} of drawn) {
    const path = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L");
    draw("path", {d: `M${path}`, fill: "none", ...stroke, "stroke-width": stroke["stroke-width"].toFixed(1)}, picture);
  }
  nameStreets(picture, names.map(({properties, geometry}) => ({name: properties.street, points: geometry.coordinates.map(place)})), drawn, height);
  addScale(picture, scale, unit, height);
  return picture;
}

/** @param {number} least */
function roundScale(least) {
  for (let power = 100; ; power *= 10) {
    const found = SCALES.map((first) => first * power).find((scale) => scale >= Math.max(least, LARGEST));
    if (found) return found;
  }
}

/**
 * @param {SVGElement} picture
 * @param {number} scale
 * @param {number} unit
 * @param {number} top
 */
function addScale(picture, scale, unit, top) {
  const power = 10 ** Math.floor(Math.log10(BAR_UNITS / unit));
  const metres = (BARS.find((first) => first * power * unit <= BAR_UNITS) ?? 1) * power;
  const y = top + STRIP / 2;
  const long = metres * unit;
  draw("path", {class: "bar", d: `M${MARGIN},${y - 5}V${y}H${(MARGIN + long).toFixed(2)}V${y - 5}`, fill: "none", stroke: "#1a1a1a", "stroke-width": 1.5}, picture);
  write(picture, text("scale", {length: metres < 1000 ? `${number(metres)} m` : `${number(metres / 1000)} km`, scale: number(scale)}), MARGIN + long + 10, y);
  draw("path", {d: `M${WIDTH - MARGIN - 5},${y - 12}l4,12h-8z`, fill: "#1a1a1a"}, picture);
  write(picture, text("north"), WIDTH - MARGIN - 20, y);
}

/**
 * @param {Element} picture
 * @param {string} words
 * @param {number} x
 * @param {number} y
 * @param {Record<string, string | number>} [more]
 */
function write(picture, words, x, y, more = {}) {
  draw("text", {x: x.toFixed(1), y: y.toFixed(1), "font-size": FONT_UNITS, ...more}, picture).textContent = words;
}

/**
 * Names each street once, along one of its longest links, beside the lines rather than on them.
 * @param {SVGElement} picture
 * @param {{name: string, points: Point[]}[]} lines
 * @param {Line[]} drawn in units of the picture
 * @param {number} height
 */
function nameStreets(picture, lines, drawn, height) {
  const paper = new Paper(height);
  for (const {points, stroke} of drawn) paper.draw(points, stroke["stroke-width"]);
  const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  pen.font = `600 ${FONT_UNITS}px system-ui, sans-serif`;
  /** @type {Map<string, Point[][]>} */
  const streets = new Map();
  for (const {name, points} of lines) streets.set(name, [...streets.get(name) ?? [], points]);
  const longest = [...streets].map(([name, links]) => ({name, links: links.sort((a, b) => lengthOf(b) - lengthOf(a)).slice(0, TRIES)}))
    .sort((a, b) => lengthOf(b.links[0]) - lengthOf(a.links[0]));
  for (const {name, links} of longest) {
    const wide = pen.measureText(name).width + 4;
    const free = links.filter((points) => lengthOf(points) >= 0.8 * wide).flatMap((points) => paper.places(points, wide));
    if (!free.length) continue;
    const best = free.reduce((a, b) => b.cost < a.cost ? b : a);
    paper.cover(best, wide, 2);
    const [x, y] = best.middle;
    const turned = `rotate(${(best.angle * 180 / Math.PI).toFixed(1)} ${x.toFixed(1)} ${y.toFixed(1)})`;
    write(picture, name, x, y + FONT_UNITS / 3, {class: "street", transform: turned, "text-anchor": "middle", "paint-order": "stroke", stroke: "#ffffff", "stroke-width": 2.5});
  }
}

/** @typedef {{middle: Point, angle: number, cost: number}} Place */

/** Where the paper is occupied, in small squares: 1 by a line, 2 by a name. */
class Paper {
  /** @param {number} height */
  constructor(height) {
    this.columns = Math.ceil(WIDTH / CELL);
    this.height = height;
    this.taken = new Uint8Array(this.columns * Math.ceil(height / CELL));
  }

  /** @param {Point} point @returns {number} -1 off the paper */
  square([x, y]) {
    const inside = x >= 0 && y >= 0 && x < WIDTH && y < this.height;
    return inside ? Math.floor(y / CELL) * this.columns + Math.floor(x / CELL) : -1;
  }

  /** @param {Point} point @param {number} by */
  mark(point, by) {
    const square = this.square(point);
    if (square >= 0) this.taken[square] = Math.max(by, this.taken[square]);
  }

  /** @param {Point[]} points @param {number} width */
  draw(points, width) {
    for (let k = 1; k < points.length; k++) {
      const [[x, y], [toX, toY]] = [points[k - 1], points[k]];
      const steps = Math.max(1, Math.ceil(Math.hypot(toX - x, toY - y) / CELL));
      for (let n = 0; n <= steps; n++) {
        const [atX, atY] = [x + (toX - x) * n / steps, y + (toY - y) * n / steps];
        for (const [a, b] of [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]) this.mark([atX + a * width / 2, atY + b * width / 2], 1);
      }
    }
  }

  /** @param {Place} place @param {number} wide @returns {Point[]} points all over the area of a name */
  under({middle: [x, y], angle}, wide) {
    const [along, across] = [[Math.cos(angle), Math.sin(angle)], [-Math.sin(angle), Math.cos(angle)]];
    const points = [];
    for (let a = -wide / 2; a <= wide / 2; a += CELL) {
      for (let b = -FONT_UNITS / 2; b <= FONT_UNITS / 2; b += CELL) points.push(/** @type {Point} */ ([x + a * along[0] + b * across[0], y + a * along[1] + b * across[1]]));
    }
    return points;
  }

  /** @param {Place} place @param {number} wide @param {number} by */
  cover(place, wide, by) {
    for (const point of this.under(place, wide)) this.mark(point, by);
  }

  /**
   * @param {Point[]} points of a line
   * @param {number} wide the name
   * @returns {Place[]} free of other names; cheap where no line is crossed and the named line is near
   */
  places(points, wide) {
    const all = lengthOf(points);
    const found = [];
    for (const share of [0.5, 0.35, 0.65, 0.2, 0.8]) {
      const [from, to] = [pointAt(points, share * all - wide / 2), pointAt(points, share * all + wide / 2)];
      const turned = Math.atan2(to[1] - from[1], to[0] - from[0]);
      const angle = Math.abs(turned) > Math.PI / 2 ? turned + Math.PI : turned;
      for (const off of [10, -10, 13, -13, 18, -18, 0]) {
        const middle = /** @type {Point} */ ([(from[0] + to[0]) / 2 + off * Math.sin(angle), (from[1] + to[1]) / 2 - off * Math.cos(angle)]);
        const place = {middle, angle, cost: Math.abs(off) + 10 * Math.abs(share - 0.5)};
        const squares = this.under(place, wide).map((point) => this.square(point));
        if (squares.some((square) => square < 0 || this.taken[square] === 2)) continue;
        place.cost += 10 * squares.filter((square) => this.taken[square]).length;
        found.push(place);
      }
    }
    return found;
  }
}

/** @param {Point[]} points */
function lengthOf(points) {
  return points.slice(1).reduce((sum, [x, y], k) => sum + Math.hypot(x - points[k][0], y - points[k][1]), 0);
}

/**
 * @param {Point[]} points
 * @param {number} at
 * @returns {Point} at this distance along the line; beyond its end, the end
 */
function pointAt(points, at) {
  let left = Math.max(0, at);
  for (let k = 1; k < points.length; k++) {
    const [[x, y], [toX, toY]] = [points[k - 1], points[k]];
    const step = Math.hypot(toX - x, toY - y);
    if (left <= step && step > 0) return [x + (toX - x) * left / step, y + (toY - y) * left / step];
    left -= step;
  }
  return points[points.length - 1];
}

/** @param {number[]} values */
function range(values) {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}
