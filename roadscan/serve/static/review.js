// @ts-check
/** The review: one damage after another, by key or by button; those that decide a class come first. */
import {call, Problem} from "./api.js";
import {chooseSurvey} from "./features.js";
import {attempt, describe, fill, find, given, make, show} from "./page.js";
import {leading, section} from "./sections.js";
import {boxedPhoto} from "./svg.js";
import {number, text, textOr, time} from "./texts.js";

/** @typedef {{damage_id: string, kind: string, label: string, street: string, from_street: string | null, to_street: string | null, towards: string | null, direction: string, link_id: string, segment_id: string, offset_m: number, length_m: number, width_m: number, n_observations: number, confidence: number, score: number | null, condition_class: number | null, without: number | null, share: number}} Damage */
/** @typedef {{waiting: number, reviewed: number, kinds: {kind: string, label: string}[], damages: Damage[]}} Queue */
/** @typedef {{number: number, at_s: number, who: string, verdict: string, kind: string, kind_before: string, reason: string, segment_id: string, undone: boolean}} Decision */

const KEYS = "review-keys";
let survey = "";
/** @type {Queue} */
let queue = {waiting: 0, reviewed: 0, kinds: [], damages: []};
/** @type {Decision[]} */
let decisions = [];
let at = 0;
let busy = false;

/** @param {string} kind */
function called(kind) {
  return textOr(`damage_${kind}`, queue.kinds.find((one) => one.kind === kind)?.label ?? kind);
}

/** @param {string} what */
function say(what) {
  find("said").textContent = what;
}

/** @returns {Damage | undefined} the one shown */
function current() {
  return queue.damages[at];
}

async function load() {
  const asked = new URLSearchParams({survey});
  const figures = call("GET", `/api/reviews/agreement?${asked}`);
  [queue, decisions] = await Promise.all([call("GET", `/api/reviews/queue?${asked}`), call("GET", `/api/reviews?${asked}`)]);
  at = Math.max(0, Math.min(at, queue.damages.length - 1));
  find("standing").textContent = text("review_standing", {waiting: queue.waiting, reviewed: queue.reviewed});
  showKinds();
  showDecisions();
  showAgreement(await figures);
  await showDamage();
}

async function showDamage() {
  const damage = current();
  for (const id of ["confirm", "reject", "previous", "next"]) find(id).disabled = !damage;
  showKinds();
  find("damage-title").textContent = damage ? text("review_number", {n: at + 1, of: queue.waiting, kind: called(damage.kind)}) : text("review_nothing");
  find("damage-photo").replaceChildren();
  describe(find("damage-facts"), []);
  if (!damage) return;
  const where = `/segment?${new URLSearchParams({survey, id: damage.segment_id})}`;
  describe(find("damage-facts"), [
    [text("field_street"), given(`${section(damage)}, ${leading(damage)}`)],
    [text("segment_title"), make("a", {href: where}, damage.segment_id)],
    [text("size"), `${number(damage.length_m, 2)} × ${number(damage.width_m, 2)} m`],
    [text("found"), text("seen_times", {n: damage.n_observations, confidence: number(damage.confidence, 2)})],
    [text("field_score"), damage.score === null ? text("class_0") : text("with_and_without", {score: number(damage.score, 2), class: damage.condition_class ?? "–", without: damage.without === null ? "–" : number(damage.without, 2)})],
    [text("effect"), damage.share >= 1 ? text("decides_class") : text("effect_share", {share: number(100 * damage.share)})],
  ]);
  const evidence = await call("GET", `/api/evidence/damage?${new URLSearchParams({survey, id: damage.damage_id})}`);
  if (damage !== current()) return; // the user has moved on
  find("damage-photo").replaceChildren(evidence.photo ? boxedPhoto(evidence.photo, text("photo"), evidence.box) : make("p", {}, text("no_photo")));
}

function showKinds() {
  const now = current()?.kind;
  find("kinds").replaceChildren(...queue.kinds.map(({kind}, n) =>
    make("button", {type: "button", class: "quiet", disabled: !now || kind === now, click: () => decide("corrected", kind)}, ...(n < 9 ? [make("kbd", {}, String(n + 1)), " "] : []), called(kind))));
}

function showDecisions() {
  find("undo").disabled = !decisions.some((one) => !one.undone);
  fill(find("decisions"), decisions.map((one) => [
    time(one.at_s),
    given(one.who),
    (one.undone ? `${text("undone")}: ` : "") + text(`decision_${one.verdict}`, {kind: called(one.kind), before: called(one.kind_before)}),
    given(one.reason),
    make("a", {href: `/segment?${new URLSearchParams({survey, id: one.segment_id})}`}, one.segment_id),
    one.undone ? "" : make("button", {type: "button", class: "plain", click: () => undo(one)}, text("undo")),
  ]), text("nothing_here"));
}

/** @param {{kind: string, judged: number, right: number, another_kind: number, no_damage: number, share: number}[]} figures */
function showAgreement(figures) {
  fill(find("agreement"), figures.map((one) => [called(one.kind), number(one.judged), number(one.right), number(one.another_kind), number(one.no_damage), text("percent", {n: number(100 * one.share)})]), text("nothing_here"), [2, 3, 4, 5, 6]);
}

/**
 * Do one thing at a time: a key pressed twice must not judge the next damage.
 * @param {() => Promise<unknown>} body
 */
async function alone(body) {
  if (busy) return;
  busy = true;
  find("main").setAttribute("aria-busy", "true");
  await attempt(async () => {
    try {
      await body();
    } catch (error) {
      if (!(error instanceof Problem) || !["survey_unknown", "evidence_unknown", "review_unknown"].includes(error.code)) throw error;
      await load();
      show(text("changed_meanwhile"));
    }
  });
  busy = false;
  find("main").removeAttribute("aria-busy");
}

/**
 * @param {string} verdict
 * @param {string} [kind]
 */
function decide(verdict, kind = "") {
  const damage = current();
  if (!damage) return;
  alone(async () => {
    const reason = find("reason").value;
    const made = await call("POST", "/api/reviews", {survey, damage_id: damage.damage_id, verdict, kind, reason});
    find("reason").value = "";
    say(text(`decision_${verdict}`, {kind: called(made.kind), before: called(made.kind_before)}));
    await load();
  });
}

/** @param {Decision | undefined} decision */
function undo(decision) {
  if (!decision) return;
  alone(async () => {
    await call("POST", `/api/reviews/${decision.number}/undo`);
    say(`${text("undone")}: ${text(`decision_${decision.verdict}`, {kind: called(decision.kind), before: called(decision.kind_before)})}`);
    await load();
  });
}

/** @param {number} by */
function move(by) {
  const to = Math.max(0, Math.min(at + by, queue.damages.length - 1));
  if (to === at) return;
  at = to;
  attempt(showDamage);
}

/** @type {Record<string, () => void>} */
const BY_KEY = {
  j: () => move(1),
  k: () => move(-1),
  a: () => decide("confirmed"),
  r: () => decide("rejected"),
  u: () => undo(decisions.find((one) => !one.undone)),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.matches("input:not([type=checkbox]), select, textarea");
  if (typing || !find("keys").checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const key = event.key.toLowerCase();
  const kind = queue.kinds[Number(key) - 1]?.kind;
  if (BY_KEY[key]) BY_KEY[key]();
  else if (kind && current() && kind !== current()?.kind) decide("corrected", kind);
});
for (const [id, key] of [["confirm", "a"], ["reject", "r"], ["previous", "k"], ["next", "j"], ["undo", "u"]]) find(id).addEventListener("click", () => BY_KEY[key]());
find("keys").checked = localStorage.getItem(KEYS) !== "off";
find("keys").addEventListener("change", () => localStorage.setItem(KEYS, find("keys").checked ? "on" : "off"));

attempt(async () => {
  const count = await chooseSurvey(find("survey"), ({name}) => {
    survey = name;
    at = 0;
    say("");
    attempt(load);
  });
  if (!count) show(text("no_survey"));
});
