// @ts-check
/** The map's content as a table: a row per street, to sort, search and print. */
import {CLASSES, classOf, coloursOf, strokeOf, UNSURE} from "./class_styles.js";
import {allFeatures, chooseSurvey} from "./features.js";
import {attempt, find, make, show} from "./page.js";
import {printMap} from "./print_map.js";
import {nameLines} from "./street_names.js";
import {between} from "./sections.js";
import {lineSample} from "./svg.js";
import {language, number, text, time} from "./texts.js";

/** @typedef {{street: string, score: number | null, length: number, class_1: number, class_2: number, class_3: number, class_4: number, unsure: number, not_assessed: number, worst: number | null, worst_id: string, worst_at: string, damages: number, reviewed: number, rejected: number}} Street */

/** @type {Street[]} */
let streets = [];
/** @type {any[]} */
let segments = [];
/** @type {import("./features.js").Survey | null} */
let survey = null;
const asked = new URLSearchParams(location.search);
let sortedBy = asked.get("sort") ?? "score";
let descending = asked.get("order") !== "up";

/**
 * @param {any[]} segments
 * @returns {Street[]} lengths by class; the mean is weighted by length
 */
export function byStreet(segments) {
  /** @type {Map<string, Street & {weighted: number}>} */
  const found = new Map();
  for (const {properties: p} of segments) {
    const name = p.street ?? "";
    const row = found.get(name) ?? {street: name, score: null, weighted: 0, length: 0, class_1: 0, class_2: 0, class_3: 0, class_4: 0, unsure: 0, not_assessed: 0, worst: null, worst_id: "", worst_at: "", damages: 0, reviewed: 0, rejected: 0};
    found.set(name, row);
    row.length += p.length_m;
    row.damages += p.n_damages;
    row.reviewed += p.n_reviewed ?? 0;
    row.rejected += p.n_rejected ?? 0;
    if (p.score === null) {
      row.not_assessed += p.length_m;
      continue;
    }
    const class_ = classOf(p);
    row[class_ === UNSURE ? "unsure" : /** @type {"class_1"} */ (`class_${class_}`)] += p.length_m;
    row.weighted += p.score * p.length_m;
    if (row.worst === null || p.score > row.worst) [row.worst, row.worst_id, row.worst_at] = [p.score, p.segment_id, between(p)];
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
  return descending ? -up : up;
}

/**
 * @param {string} page
 * @param {Record<string, string>} asked
 * @param {string} label
 */
function link(page, asked, label) {
  return make("a", {href: `${page}?${new URLSearchParams({survey: survey?.name ?? "", ...asked})}`}, label);
}

/** @param {any} properties of a segment: worse classes are drawn over better ones */
function rank(properties) {
  return CLASSES.findIndex((style) => style.class === classOf(properties));
}

/** Draws the map of the printed page: the segments of the streets shown, styled as on the map. */
function drawMap() {
  const wanted = find("search").value.toLocaleLowerCase(language);
  const colours = coloursOf(survey?.classes ?? []);
  const shown = segments.filter(({properties: p}) => (p.street ?? "").toLocaleLowerCase(language).includes(wanted));
  const lines = shown.sort((a, b) => rank(a.properties) - rank(b.properties)).map(({properties, geometry}) => {
    const class_ = classOf(properties);
    return {points: geometry.coordinates, stroke: strokeOf(class_, colours.get(class_))};
  });
  find("picture").replaceChildren(...(lines.length ? [printMap(lines, nameLines(shown), text("map_title"))] : []));
  find("legend").replaceChildren(...CLASSES.map(({class: class_}) =>
    make("span", {}, lineSample(strokeOf(class_, colours.get(class_))), " ", text(`class_${class_}`))));
  const judged = {reviewed: 0, rejected: 0};
  for (const {properties: p} of shown) {
    judged.reviewed += p.n_reviewed ?? 0;
    judged.rejected += p.n_rejected ?? 0;
  }
  const note = judged.reviewed ? ` ${text("rests_on_verdicts", {n: number(judged.reviewed), rejected: number(judged.rejected)})}` : "";
  find("printed").textContent = text("printed", {survey: survey?.name ?? "", scheme: survey?.scheme ?? "", version: survey?.scheme_version ?? "", at: time(Date.now() / 1000)}) + note;
}

/** @param {{reviewed: number, rejected: number}} of */
function verdicts({reviewed, rejected}) {
  return text("street_reviewed", {n: number(reviewed), rejected: number(rejected)});
}

function draw() {
  const wanted = find("search").value.toLocaleLowerCase(language);
  const shown = streets.filter((row) => row.street.toLocaleLowerCase(language).includes(wanted)).sort(order);
  const numbers = /** @type {const} */ (["length", "class_1", "unsure", "class_2", "class_3", "class_4", "not_assessed"]);
  find("streets").tBodies[0].replaceChildren(...shown.map((row) => make("tr", {},
    make("th", {scope: "row"}, link("/", {street: row.street}, row.street || text("unnamed"))),
    make("td", {class: "number"}, row.score === null ? "–" : number(row.score, 2)),
    ...numbers.map((key) => make("td", {class: "number"}, number(row[key]))),
    make("td", {class: "number"}, row.worst === null ? "–" : link("/segment", {id: row.worst_id}, [number(row.worst, 2), row.worst_at].filter(Boolean).join(", "))),
    make("td", {class: "number"}, number(row.damages), row.reviewed ? ` (${verdicts(row)})` : ""))));
  for (const button of find("streets").querySelectorAll("[data-sort]")) {
    const own = button.dataset.sort === sortedBy;
    button.closest("th").setAttribute("aria-sort", own ? (descending ? "descending" : "ascending") : "none");
  }
}

/** Puts search and order into the address, which can then be passed on. */
function remember() {
  const address = new URL(location.href);
  for (const [key, value] of Object.entries({search: find("search").value, sort: sortedBy, order: descending ? "down" : "up"})) {
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
      descending = sortedBy === button.dataset.sort ? !descending : button.dataset.sort !== "street";
      sortedBy = button.dataset.sort;
      remember();
      draw();
    });
  }
  attempt(async () => { if (!await chooseSurvey(find("survey"), load)) show(text("no_survey")); });
}
