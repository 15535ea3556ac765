// @ts-check
/** The map's equal as a table: one row a street, sortable, searchable, to be printed. */
import {attempt, find, make, show} from "./page.js";
import {allFeatures, chooseSurvey} from "./features.js";
import {language, number, text} from "./texts.js";

/** @typedef {{street: string, score: number | null, length: number, class_1: number, class_2: number, class_3: number, class_4: number, not_assessed: number, worst: number | null, damages: number}} Street */

/** @type {Street[]} */
let streets = [];
let sortedBy = "score";
let falling = true;

/**
 * @param {any[]} segments
 * @returns {Street[]} lengths by class; the mean is weighted by length
 */
export function byStreet(segments) {
  /** @type {Map<string, Street & {weighted: number}>} */
  const found = new Map();
  for (const {properties: p} of segments) {
    const name = p.street ?? "";
    const row = found.get(name) ?? {street: name, score: null, weighted: 0, length: 0, class_1: 0, class_2: 0, class_3: 0, class_4: 0, not_assessed: 0, worst: null, damages: 0};
    found.set(name, row);
    row.length += p.length_m;
    row.damages += p.n_damages;
    if (p.score === null) {
      row.not_assessed += p.length_m;
      continue;
    }
    row[/** @type {"class_1"} */ (`class_${p.condition_class}`)] += p.length_m;
    row.weighted += p.score * p.length_m;
    row.worst = Math.max(row.worst ?? 0, p.score);
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

function draw() {
  const wanted = find("search").value.toLocaleLowerCase(language);
  const shown = streets.filter((row) => row.street.toLocaleLowerCase(language).includes(wanted)).sort(order);
  const numbers = /** @type {const} */ (["length", "class_1", "class_2", "class_3", "class_4", "not_assessed"]);
  find("streets").tBodies[0].replaceChildren(...shown.map((row) => make("tr", {},
    make("th", {scope: "row"}, row.street || text("unnamed")),
    make("td", {class: "number"}, row.score === null ? "–" : number(row.score, 2)),
    ...numbers.map((key) => make("td", {class: "number"}, number(row[key]))),
    make("td", {class: "number"}, row.worst === null ? "–" : number(row.worst, 2)),
    make("td", {class: "number"}, number(row.damages)))));
  for (const button of find("streets").querySelectorAll("[data-sort]")) {
    const own = button.dataset.sort === sortedBy;
    button.closest("th").setAttribute("aria-sort", own ? (falling ? "descending" : "ascending") : "none");
  }
}

/** @param {import("./features.js").Survey} chosen */
function load({name: survey}) {
  attempt(async () => {
    streets = byStreet(await allFeatures("segments", {survey}));
    const length = streets.reduce((sum, row) => sum + row.length, 0);
    const left = streets.reduce((sum, row) => sum + row.not_assessed, 0);
    find("summary").textContent = text("streets_summary", {streets: streets.length, assessed: number((length - left) / 1000, 2), length: number(length / 1000, 2)});
    for (const format of ["csv", "gpkg"]) find(format).href = `/ogc/collections/segments/items?${new URLSearchParams({survey, f: format, limit: "10000"})}`;
    draw();
  });
}

if (document.getElementById("streets")) {
  find("search").addEventListener("input", draw);
  find("print").addEventListener("click", () => print());
  for (const button of find("streets").querySelectorAll("[data-sort]")) {
    button.addEventListener("click", () => {
      falling = sortedBy === button.dataset.sort ? !falling : button.dataset.sort !== "street";
      sortedBy = button.dataset.sort;
      draw();
    });
  }
  attempt(async () => { if (!await chooseSurvey(find("survey"), load)) show(text("no_survey")); });
}
