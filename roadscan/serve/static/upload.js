// @ts-check
/** Sends files, shows which drives wait, starts them and follows their jobs. */
import {call} from "./api.js";
import {attempt, fill, find, make, show} from "./page.js";
import {number, text} from "./texts.js";
import {send} from "./tus.js";

const POLL_MS = 2000;
const MIB = 1024 * 1024;

/**
 * @param {FileList | File[]} files
 */
function sendAll(files) {
  const survey = find("choose").elements.survey;
  if (!survey.reportValidity()) return;
  const wanted = [...files].filter((file) => !file.name.startsWith(".") && file.size);
  const drop = crypto.randomUUID().replaceAll("-", "");
  attempt(async () => {
    for (const file of wanted) {
      await sendOne(file, {survey: survey.value, drop, dropFiles: String(wanted.length), relativePath: file.webkitRelativePath});
      await list();
    }
  });
}

/**
 * @param {File} file
 * @param {import("./tus.js").About} about
 */
async function sendOne(file, about) {
  const stop = new AbortController();
  const bar = make("progress", {max: file.size, value: 0, "aria-label": file.name});
  const state = make("span", {});
  const cancel = make("button", {type: "button", class: "quiet", click: () => stop.abort()}, text("cancel"));
  const line = make("li", {}, `${about.relativePath || file.name} (${number(file.size / MIB, 1)} MiB) `, state, " ", cancel, bar);
  find("sending").append(line);
  try {
    await send(file, about, (sent, waiting) => {
      if (!waiting) bar.setAttribute("value", String(sent));
      state.textContent = waiting ? text("waiting_for_line") : `${number(100 * sent / file.size)} %`;
    }, stop.signal);
    state.textContent = text("sent");
  } catch (error) {
    state.className = "bad";
    state.textContent = stop.signal.aborted ? text("state_cancelled") : `${text("failed")}: ${error instanceof Error ? error.message : error}`;
  } finally {
    cancel.remove();
  }
}

async function list() {
  const [waiting, jobs, files] = await Promise.all([call("GET", "/api/drives-waiting"), call("GET", "/api/jobs"), call("GET", "/api/files")]);
  fill(find("waiting"), waiting.map(waitingRow), text("nothing_here"));
  fill(find("jobs"), jobs.map(jobRow), text("nothing_here"));
  const surveys = new Set(files.map((/** @type {any} */ file) => file.survey).filter(Boolean));
  find("surveys").replaceChildren(...[...surveys].map((name) => make("option", {value: String(name)})));
}

/** @param {any} drive */
function waitingRow(drive) {
  const state = text(drive.waits_for ? "wait_" + drive.waits_for : "ready");
  const start = make("button", {type: "button", click: () => begin(drive.video.sha256)}, text("start"));
  return [drive.video.name, drive.video.survey, drive.track?.name ?? "–", state, drive.waits_for ? "" : start];
}

/** @param {string} video */
function begin(video) {
  attempt(async () => {
    await call("POST", "/api/jobs", {video_sha256: video});
    await list();
  });
}

/** @param {any} job */
function jobRow(job) {
  const name = job.request.video_name ?? job.request.file_name ?? "";
  const failure = job.done?.failure;
  const state = failure ? make("span", {class: "bad"}, `${failure.code}: ${failure.message}. ${failure.hint}`) : text("state_" + job.state);
  const found = job.kind === "drive" && job.state === "done" ? make("a", {href: `/?survey=${encodeURIComponent(job.request.survey)}`}, text("found", job.done.facts)) : "";
  const steps = found || (job.progress && job.state === "running" ? `${text("stage_" + job.progress.stage)} ${job.progress.total ? `${job.progress.done}/${job.progress.total}` : ""}` : "");
  const act = ["waiting", "running"].includes(job.state) ? "cancel" : ["failed", "cancelled"].includes(job.state) ? "retry" : "";
  const button = act ? make("button", {type: "button", class: "quiet", click: () => change(job.job_id, act)}, text(act === "cancel" ? "cancel" : "try_again")) : "";
  return [`${text("kind_" + job.kind)} ${name}`, job.request.survey ?? "", state, steps, button];
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

for (const id of ["folder", "files"]) find(id).addEventListener("change", () => sendAll(find(id).files));
const drop = find("drop");
for (const kind of ["dragover", "dragleave", "drop"]) {
  drop.addEventListener(kind, (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer) dropped(event.dataTransfer).then(sendAll, show);
  });
}

/**
 * @param {DataTransfer} transfer
 * @returns {Promise<File[]>} its files, those inside folders too
 */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  return (await Promise.all(entries.map(filesOf))).flat();
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<File[]>}
 */
async function filesOf(entry) {
  if (entry.isFile) {
    const file = await new Promise((done, failed) => /** @type {FileSystemFileEntry} */ (entry).file(done, failed));
    Object.defineProperty(file, "webkitRelativePath", {value: entry.fullPath.replace(/^\//, "")});
    return [file];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const inside = [];
  for (;;) { // a reader gives a hundred at a time
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) break;
    inside.push(...some);
  }
  return (await Promise.all(inside.map(filesOf))).flat();
}

setInterval(() => { if (!document.hidden) list().catch(show); }, POLL_MS);
attempt(list);
