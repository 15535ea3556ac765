// @ts-check
/** The map's equal as a table: one row a street, sortable, searchable, to be printed. */
import {attempt, find, make, show} from "./page.js";
import {allFeatures, chooseSurvey} from "./features.js";
import {GREY, LOOKS, lookOf} from "./class_styles.js";
import {nameLines} from "./street_names.js";
import {paperMap} from "./print_map.js";
import {draw as svg} from "./svg.js";
import {language, number, text, time} from "./texts.js";

/** @typedef {{street: string, score: number | null, length: number, class_1: number, class_2: number, class_3: number, class_4: number, not_assessed: number, worst: number | null, worst_id: string, damages: number}} Street */

/** @type {Street[]} */
let streets = [];
/** @type {any[]} */
let segments = [];
/** @type {import("./features.js").Survey | null} */
let survey = null;
const asked = new URLSearchParams(location.search);
let sortedBy = asked.get("sort") ?? "score";
let falling = asked.get("order") !== "up";

/**
 * @param {any[]} segments
 * @returns {Street[]} lengths by class; the mean is weighted by length
 */
export function byStreet(segments) {
  /** @type {Map<string, Street & {weighted: number}>} */
  const found = new Map();
  for (const {properties: p} of segments) {
    const name = p.street ?? "";
    const row = found.get(name) ?? {street: name, score: null, weighted: 0, length: 0, class_1: 0, class_2: 0, class_3: 0, class_4: 0, not_assessed: 0, worst: null, worst_id: "", damages: 0};
    found.set(name, row);
    row.length += p.length_m;
    row.damages += p.n_damages;
    if (p.score === null) {
      row.not_assessed += p.length_m;
      continue;
    }
    row[/** @type {"class_1"} */ (`class_${p.condition_class}`)] += p.length_m;
    row.weighted += p.score * p.length_m;
    if (row.worst === null || p.score > row.worst) [row.worst, row.worst_id] = [p.score, p.segment_id];
  }
  for (const row of found.values()) {
    const assessed = row.length - row.not_assessed;
    row.score = assessed > 0 && row.worst !== null ? row.weighted / assessed : null;
  }
  return [...found.values()];
}

/**
 * @param {Street} a
 * @param {Street} b
 */
function order(a, b) {
  const [x, y] = [a, b].map((street) => /** @type {any} */ (street)[sortedBy]);
  if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1; // without a value: last
  const up = typeof x === "string" ? x.localeCompare(y, language) : x - y;
  return falling ? -up : up;
}

/**
 * @param {string} page
 * @param {Record<string, string>} asked
 * @param {string} label
 */
function link(page, asked, label) {
  return make("a", {href: `${page}?${new URLSearchParams({survey: survey?.name ?? "", ...asked})}`}, label);
}

/** For the printed page: the segments of the streets shown, in the looks of the map. */
function drawMap() {
  const wanted = find("search").value.toLocaleLowerCase(language);
  const colours = new Map(survey?.classes.map(({number: class_, colour}) => [class_, colour]));
  const shown = segments.filter(({properties: p}) => (p.street ?? "").toLocaleLowerCase(language).includes(wanted));
  const strokes = shown.sort((a, b) => lookOf(a.properties) - lookOf(b.properties)).map(({properties, geometry}) => {
    const class_ = lookOf(properties);
    return {points: geometry.coordinates, width: LOOKS[class_].width, dash: class_ ? "none" : "2 3", colour: colours.get(class_) ?? GREY};
  });
  find("picture").replaceChildren(...(strokes.length ? [paperMap(strokes, nameLines(shown), text("map_title"))] : []));
  find("legend").replaceChildren(...LOOKS.map(({class: class_, width}) => {
    const sample = pictureOfSample(width, class_ ? "none" : "2 3", colours.get(class_) ?? GREY);
    return make("span", {}, sample, " ", text(`class_${class_}`));
  }));
  find("printed").textContent = text("printed", {survey: survey?.name ?? "", scheme: survey?.scheme ?? "", version: survey?.scheme_version ?? "", at: time(Date.now() / 1000)});
}

/**
 * @param {number} width
 * @param {string} dash
 * @param {string} colour
 */
function pictureOfSample(width, dash, colour) {
  const sample = svg("svg", {width: 32, height: 12, "aria-hidden": "true"});
  svg("path", {d: "M0,6H32", stroke: colour, "stroke-width": width, "stroke-dasharray": dash}, sample);
  return sample;
}

function draw() {
  const wanted = find("search").value.toLocaleLowerCase(language);
  const shown = streets.filter((row) => row.street.toLocaleLowerCase(language).includes(wanted)).sort(order);
  const numbers = /** @type {const} */ (["length", "class_1", "class_2", "class_3", "class_4", "not_assessed"]);
  find("streets").tBodies[0].replaceChildren(...shown.map((row) => make("tr", {},
    make("th", {scope: "row"}, link("/", {street: row.street}, row.street || text("unnamed"))),
    make("td", {class: "number"}, row.score === null ? "–" : number(row.score, 2)),
    ...numbers.map((key) => make("td", {class: "number"}, number(row[key]))),
    make("td", {class: "number"}, row.worst === null ? "–" : link("/segment", {id: row.worst_id}, number(row.worst, 2))),
    make("td", {class: "number"}, number(row.damages)))));
  for (const button of find("streets").querySelectorAll("[data-sort]")) {
    const own = button.dataset.sort === sortedBy;
    button.closest("th").setAttribute("aria-sort", own ? (falling ? "descending" : "ascending") : "none");
  }
}

/** What is searched and sorted stands in the address, to be sent to somebody. */
function remember() {
  const address = new URL(location.href);
  for (const [key, value] of Object.entries({search: find("search").value, sort: sortedBy, order: falling ? "down" : "up"})) {
    if (value) address.searchParams.set(key, value);
    else address.searchParams.delete(key);
  }
  history.replaceState(null, "", address);
}

/** @param {import("./features.js").Survey} chosen */
function load(chosen) {
  attempt(async () => {
    survey = chosen;
    const {name} = chosen;
    segments = await allFeatures("segments", {survey: name});
    streets = byStreet(segments);
    const length = streets.reduce((sum, row) => sum + row.length, 0);
    const left = streets.reduce((sum, row) => sum + row.not_assessed, 0);
    find("summary").textContent = text("streets_summary", {streets: streets.length, assessed: number((length - left) / 1000, 2), length: number(length / 1000, 2)});
    for (const format of ["csv", "gpkg"]) find(format).href = `/ogc/collections/segments/items?${new URLSearchParams({survey: name, f: format, limit: "10000"})}`;
    draw();
    if (!segments.length) show(text("survey_empty"));
  });
}

if (document.getElementById("streets")) {
  find("search").value = asked.get("search") ?? "";
  if (!find("streets").querySelector(`[data-sort="${CSS.escape(sortedBy)}"]`)) sortedBy = "score";
  find("search").addEventListener("input", () => {
    remember();
    draw();
  });
  addEventListener("beforeprint", drawMap);
  find("print").addEventListener("click", () => print());
  for (const button of find("streets").querySelectorAll("[data-sort]")) {
    button.addEventListener("click", () => {
      falling = sortedBy === button.dataset.sort ? !falling : button.dataset.sort !== "street";
      sortedBy = button.dataset.sort;
      remember();
      draw();
    });
  }
  attempt(async () => { if (!await chooseSurvey(find("survey"), load)) show(text("no_survey")); });
}
