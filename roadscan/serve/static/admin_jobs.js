// @ts-check
/** Jobs for the whole town: backup, export, rematch, and the deletion of recordings that are due. */
import {call, failure} from "./api.js";
import {isUnderWay, jobButton} from "./jobs.js";
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
  if (job.kind === "export") return make("a", {href: `/api/exports/${job.job_id}`}, text("job_fetch", {mb: number(facts.bytes / MB, 1)}));
  return text("job_did_" + job.kind, {...facts, mb: number((facts.bytes ?? 0) / MB, 1)});
}

/** @param {any} job */
function row(job) {
  const what = make("span", {}, text("kind_" + job.kind), " ", given(job.request.survey ?? ""));
  return [time(job.created_s), what, given(job.request.asked_by || "roadscan work"), text("state_" + job.state), outcome(job), jobButton(job, list)];
}

/** Jobs that had ended when they were last listed. @type {Set<string> | null} */
let ended = null;

/** @type {() => Promise<unknown>} */
let onEnd = () => Promise.resolve();

async function list() {
  const jobs = await call("GET", `/api/jobs?limit=20&${KINDS.map((kind) => `kind=${kind}`).join("&")}`);
  fill(find("town-jobs"), jobs.map(row), text("nothing_here"));
  const before = ended;
  ended = new Set(jobs.filter((/** @type {any} */ job) => !isUnderWay(job)).map((/** @type {any} */ job) => job.job_id));
  if (before && [...ended].some((id) => !before.has(id))) await onEnd();
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
 * Shows the jobs and keeps them up to date.
 * @param {() => Promise<unknown>} onJobEnd is called when a job has ended
 * @returns {Promise<() => Promise<void>>} lists them again at once
 */
export async function watchJobs(onJobEnd) {
  const surveys = await call("GET", "/api/surveys");
  find("job-survey").replaceChildren(...surveys.map((/** @type {any} */ {name}) => make("option", {value: name}, name)));
  for (const id of ["export", "rematch"]) {
    find(`job-${id}`).disabled = !surveys.length;
    find(`job-${id}`).addEventListener("click", () => begin(id, {survey: find("job-survey").value}));
  }
  find("job-backup").addEventListener("click", () => begin("backup", {raw: find("job-raw").checked}));
  onEnd = onJobEnd;
  setInterval(() => { if (!document.hidden) list().catch(show); }, POLL_MS);
  await list();
  return list;
}
