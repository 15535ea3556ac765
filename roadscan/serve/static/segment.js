// @ts-check
/** A segment and its evidence: the steps of its score, its cells, pictures of its damages and its road. */
import {call, me} from "./api.js";
import {allFeatures} from "./features.js";
import {classOf, UNSURE} from "./class_styles.js";
import {attempt, fill, find, given, make} from "./page.js";
import {leading, section} from "./sections.js";
import {boxedPhoto, draw} from "./svg.js";
import {day, number, text, textOr, time} from "./texts.js";

const CELL = 14;
/** As in map.png and QGIS: Okabe and Ito's colours. */
const COLOURS = {riss: "#000000", afli: "#009e73", ofs: "#cc79a7"};

/** @param {number | null} value */
function shown(value, digits = 2) {
  return value === null ? "–" : number(value, digits);
}

/** @param {any} steps */
function showSteps(steps) {
  fill(find("steps"), ["riss", "afli", "ofs"].map((key) => [text("indicator_" + key), shown(steps[key]), shown(steps[`zw_${key}`]), shown(steps.weights[key] ?? null, 4)]), "", [2, 3, 4]);
}

/**
 * @param {string | null} shares as the layer has them, "frame_blurred:0.35 frame_too_dark:0.1"
 * @returns {HTMLElement[]} why cells were not seen, the most frequent reason first
 */
function lost(shares) {
  if (!shares) return [];
  const reasons = shares.split(" ").map((part) => part.split(":")).sort((a, b) => Number(b[1]) - Number(a[1]));
  const items = reasons.map(([code, share]) => make("li", {}, text("not_seen_share", {share: number(100 * Number(share)), why: textOr(`lost_${code}`, code)})));
  return [make("li", {}, text("not_seen_because"), make("ul", {}, ...items))];
}

/**
 * @param {any} p properties of a segment without a score
 * @param {any} steps
 */
function notAssessed(p, steps) {
  const why = text("not_assessed_because", {why: textOr(`reason_${p.reason}`, p.reason)});
  return steps.weighted_sum === null ? why : `${why} ${text("values_do_not_count")}`;
}

/** @param {any} p properties of a segment */
function unsure(p) {
  return classOf(p) === UNSURE;
}

/**
 * @param {any} p properties of a segment with a score
 * @returns {string[]} how far the score may be from the road's own, and what it supports
 */
function error(p) {
  if (p.score_low === null) return [text("no_error_known")];
  const said = text("score_error", {low: shown(p.score_low), high: shown(p.score_high), percent: number(100 * p.class_probability, 0)});
  return unsure(p) ? [said, text("not_class_1")] : [said];
}

/** @param {{properties: any, steps: any, agrees: boolean}} evidence */
function showOutcome({properties: p, steps, agrees}) {
  const scored = p.score === null ? [notAssessed(p, steps)] : [
    text("weighted", {sum: shown(steps.weighted_sum), through: text(steps.break_through ? "broken_through" : "not_broken_through")}),
    text(unsure(p) ? "outcome_unsure" : "outcome", {score: shown(p.score), class: p.condition_class, finding: textOr(`finding_${p.finding}`, ""), basis: p.twsub_basis.toUpperCase()}),
    ...error(p),
  ];
  const seen = p.assessed_at ? text("seen", {coverage: number(100 * p.coverage), cells: p.cells, views: shown(p.views_mean, 1), at: time(Date.parse(p.assessed_at) / 1000)}) : text("seen_none", {cells: p.cells});
  const madeBy = text("method_used", {model: p.model, scheme: p.scheme, version: p.scheme_version});
  const place = [
    ...(p.accuracy_m === null ? [] : [text("place_accuracy", {accuracy: number(p.accuracy_m, 1)})]),
    ...(p.concern ? [textOr(`doubt_${p.concern}`, p.concern)] : []),
  ];
  const lines = [...scored, seen, ...place].map((line) => make("li", {}, line));
  const judged = p.n_reviewed ? [text("rests_on_verdicts", {n: number(p.n_reviewed), rejected: number(p.n_rejected)})] : [];
  const last = [...judged, madeBy, ...(agrees ? [] : [text("recomputed_differs")])].map((line) => make("li", {}, line));
  find("outcome").replaceChildren(...lines, ...lost(p.lost), ...last);
}

/**
 * @param {any[]} cells
 * @param {any} segment
 */
function showCells(cells, segment) {
  const [first, last] = [Math.floor(segment.from_m), Math.ceil(segment.to_m)];
  const along = (last - first) * CELL;
  const picture = draw("svg", {width: along, height: 3 * CELL, viewBox: `0 0 ${along} ${3 * CELL}`, role: "img", "aria-label": text("cells")});
  draw("rect", {width: along, height: 3 * CELL, fill: "#e0e0e0"}, picture);
  for (const {properties: cell} of cells) {
    const column = segment.direction === "forward" ? cell.row - first : last - 1 - cell.row;
    const place = {x: column * CELL, y: cell.strip * CELL, width: CELL, height: CELL};
    const box = draw("rect", {...place, fill: "#ffffff", stroke: "#8c8c8c"}, picture);
    draw("title", {}, box).textContent = text("cell", {row: cell.row, strip: cell.strip, views: cell.views, hits: cell.hits ?? "–"});
    Object.entries(COLOURS).filter(([key]) => cell[key]).forEach(([, fill_], n, all) =>
      draw("rect", {x: place.x + 2 + n * (CELL - 4) / all.length, y: place.y + 2, width: (CELL - 4) / all.length, height: CELL - 4, fill: fill_, "pointer-events": "none"}, picture));
  }
  find("cells").replaceChildren(picture);
}

/**
 * @param {string} survey
 * @param {any} damage
 */
async function photo(survey, damage) {
  const title = `${textOr(`damage_${damage.kind}`, damage.label)}, ${number(damage.length_m, 2)} × ${number(damage.width_m, 2)} m, ${text("seen_times", {n: damage.n_observations, confidence: number(damage.confidence, 2)})}${damage.review ? `, ${text(`reviewed_${damage.review}`)}` : ""}`;
  const item = make("li", {}, make("strong", {}, title));
  const evidence = await call("GET", `/api/evidence/damage?${new URLSearchParams({survey, id: damage.damage_id})}`);
  if (!evidence.photo) {
    item.append(make("p", {}, text("no_photo")));
    return item;
  }
  item.append(boxedPhoto(evidence.photo, text("photo"), evidence.box));
  return item;
}

/**
 * @param {{verdict: string, kind_before: string, kind: string, role: string | null, day: string, who: string | null, reason: string | null}} review
 */
function reviewItem({verdict, kind_before, kind, role, day: at, who, reason}) {
  const said = text(`decision_${verdict}`, {kind: textOr(`damage_${kind}`, kind), before: textOr(`damage_${kind_before}`, kind_before)});
  const by = [role ? text("role_" + role) : "", who ?? ""].filter(Boolean).join(", ");
  return make("li", {}, make("strong", {}, said), ` (${day(Date.parse(at) / 1000)}${by ? `, ${by}` : ""})`, reason ? make("p", {}, given(reason)) : "");
}

/** @param {{photo: string, from_m: number, to_m: number, frame_t_s: number, width: number, height: number}} picture */
function roadPicture({photo, from_m, to_m, frame_t_s, width, height}) {
  const place = {from: number(from_m), to: number(to_m)};
  const image = make("img", {src: photo, alt: text("road_picture_alt", place), loading: "lazy", width, height});
  return make("li", {}, make("figure", {}, make("figcaption", {}, text("road_picture", {...place, at: time(frame_t_s)})), image));
}

attempt(async () => {
  const asked = new URLSearchParams(location.search);
  const [survey, id] = [asked.get("survey") ?? "", asked.get("id") ?? ""];
  const evidence = await call("GET", `/api/evidence/segment?${new URLSearchParams({survey, id})}`);
  const p = evidence.properties;
  find("where").textContent = text("segment_where", {street: section(p), from: number(p.from_m), to: number(p.to_m), direction: leading(p), class: p.road_class, surface: text("surface_" + p.surface)});
  find("to-map").href = `/?${new URLSearchParams({survey, segment: id})}`;
  showSteps(evidence.steps);
  showOutcome(evidence);
  find("reviewed").hidden = !evidence.reviews.length;
  find("reviews").replaceChildren(...evidence.reviews.map(reviewItem));
  if (!(await me()).role) { // the layers are public; cells and pictures are not
    for (const part of ["cells", "damages", "road"]) find(part).replaceChildren(make(part === "cells" ? "p" : "li", {}, text("after_login")));
    return;
  }
  const [cells, damages] = await Promise.all(["cells", "damages"].map((name) => allFeatures(name, {survey, segment_id: id})));
  showCells(cells, p);
  const items = await Promise.all(damages.map(({properties}) => photo(survey, properties)));
  find("damages").replaceChildren(...(items.length ? items : [make("li", {}, text("no_damages"))]));
  const pictures = await call("GET", `/api/evidence/road?${new URLSearchParams({survey, id})}`);
  find("road").replaceChildren(...(pictures.length ? pictures.map(roadPicture) : [make("li", {}, text("no_road_pictures"))]));
});
