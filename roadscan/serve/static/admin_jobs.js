// @ts-check
/** What a worker does for administrators: backup, export, re-match, and the deletions that retention asks for. */
import {call, failure} from "./api.js";
import {attempt, fill, find, given, make, show} from "./page.js";
import {number, text, time} from "./texts.js";

const POLL_MS = 3000;
const KINDS = ["purge", "backup", "export", "rematch"];
const MB = 1e6;

/** @param {any} job */
function outcome(job) {
  if (job.done?.failure) return make("span", {class: "bad"}, failure(job.done.failure).message);
  if (job.state !== "done") return job.progress && job.state === "running" ? text("stage_" + job.progress.stage) : "";
  const facts = job.done.facts;
  if (job.kind === "export") return make("a", {href: `/api/exports/${job.job_id}`}, text("chore_fetch", {mb: number(facts.bytes / MB, 1)}));
  return text("chore_did_" + job.kind, {...facts, mb: number((facts.bytes ?? 0) / MB, 1)});
}

/** @param {any} job */
function row(job) {
  const act = isUnderWay(job) ? "cancel" : ["failed", "cancelled"].includes(job.state) ? "retry" : "";
  const button = act ? make("button", {type: "button", class: "quiet", click: () => change(job.job_id, act)}, text(act === "cancel" ? "cancel" : "try_again")) : "";
  const what = make("span", {}, text("kind_" + job.kind), " ", given(job.request.survey ?? ""));
  return [time(job.created_s), what, given(job.request.asked_by || "roadscan work"), text("state_" + job.state), outcome(job), button];
}

/** @param {any} job */
function isUnderWay(job) {
  return ["waiting", "running"].includes(job.state);
}

/** Those that had ended when they were last listed. @type {Set<string> | null} */
let settled = null;

/** @type {() => Promise<unknown>} */
let onEnd = () => Promise.resolve();

async function list() {
  const jobs = await call("GET", `/api/jobs?limit=20&${KINDS.map((kind) => `kind=${kind}`).join("&")}`);
  fill(find("chores"), jobs.map(row), text("nothing_here"));
  const before = settled;
  settled = new Set(jobs.filter((/** @type {any} */ job) => !isUnderWay(job)).map((/** @type {any} */ job) => job.job_id));
  if (before && [...settled].some((id) => !before.has(id))) await onEnd();
}

/**
 * @param {string} job
 * @param {string} act
 */
function change(job, act) {
  attempt(async () => {
    await call("POST", `/api/jobs/${job}/${act}`);
    await list();
  });
}

/**
 * @param {string} kind
 * @param {unknown} [body]
 */
function begin(kind, body) {
  attempt(async () => {
    await call("POST", `/api/jobs/${kind}`, body);
    await list();
  });
}

/**
 * Shows the chores and keeps them up to date.
 * @param {() => Promise<unknown>} ended is told when any has ended
 * @returns {Promise<() => Promise<void>>} lists them again at once
 */
export async function watchChores(ended) {
  const surveys = await call("GET", "/api/surveys");
  find("chore-survey").replaceChildren(...surveys.map((/** @type {any} */ {name}) => make("option", {value: name}, name)));
  for (const id of ["export", "rematch"]) {
    find(`chore-${id}`).disabled = !surveys.length;
    find(`chore-${id}`).addEventListener("click", () => begin(id, {survey: find("chore-survey").value}));
  }
  find("chore-backup").addEventListener("click", () => begin("backup", {raw: find("chore-raw").checked}));
  onEnd = ended;
  setInterval(() => { if (!document.hidden) list().catch(show); }, POLL_MS);
  await list();
  return list;
}
