// @ts-check
/** Sends files, shows the drives that wait, and follows their jobs. */
import {call, failure} from "./api.js";
import {jobButton} from "./jobs.js";
import {attempt, button, fill, find, given, make, show} from "./page.js";
import {number, text, time} from "./texts.js";
import {send} from "./tus.js";

const POLL_MS = 2000;
const MIB = 1024 * 1024;
const KEPT_SURVEY = "survey";
const KEPT_VEHICLE = "vehicle";

/**
 * @param {File} file
 * @returns {string}
 */
function pathOf(file) {
  return file.webkitRelativePath || file.name;
}

/**
 * @param {File[]} files
 * @param {string} survey
 * @returns {string} the drop's id: the same files chosen again make the same drop, even after a reload
 */
function dropOf(files, survey) {
  let [a, b] = [0x811c9dc5, 0x9747b28c];
  for (const letter of [survey, ...files.map((file) => `${pathOf(file)}|${file.size}|${file.lastModified}`).sort()].join("\n")) {
    const code = letter.codePointAt(0) ?? 0;
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995) ^ (b >>> 15);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

/** @param {FileList | File[]} files */
function sendAll(files) {
  const {survey, vehicle} = find("choose").elements;
  if (!survey.reportValidity()) return;
  localStorage.setItem(KEPT_SURVEY, survey.value);
  localStorage.setItem(KEPT_VEHICLE, vehicle.value);
  const wanted = [...files].filter((file) => !file.name.startsWith(".")).sort((a, b) => Number(isVideo(a)) - Number(isVideo(b)));
  for (const file of wanted.filter(({size}) => !size)) refuse(file);
  const whole = wanted.filter(({size}) => size);
  const drop = dropOf(whole, survey.value);
  attempt(async () => {
    for (const file of whole) {
      await sendOne(file, {survey: survey.value, vehicle: vehicle.value, drop, dropFiles: String(whole.length), relativePath: file.webkitRelativePath});
      await list();
    }
  });
}

/**
 * Small files go first, so that a video's track is there when the video has arrived.
 * @param {File} file
 */
function isVideo(file) {
  return /\.(mp4|m4v|mov|mkv|avi|m?ts|m2ts)$/i.test(file.name);
}

/** @param {File} file that has no bytes */
function refuse(file) {
  find("sending").append(make("li", {}, given(pathOf(file)), " ", make("span", {class: "bad"}, text("error_file_empty"))));
}

/**
 * @param {File} file
 * @param {import("./tus.js").About} about
 */
async function sendOne(file, about) {
  const stop = new AbortController();
  const bar = make("progress", {max: file.size, value: 0, "aria-label": file.name});
  const state = make("span", {});
  const cancel = button(text("cancel"), () => stop.abort());
  const line = make("li", {}, given(pathOf(file)), ` (${number(file.size / MIB, 1)} MiB) `, state, " ", cancel, bar);
  find("sending").append(line);
  try {
    const {knownAs} = await send(file, about, (sent, waiting) => {
      if (!waiting) bar.setAttribute("value", String(sent));
      state.textContent = waiting ? text("waiting_for_connection") : `${number(100 * sent / file.size)} %`;
    }, stop.signal);
    bar.setAttribute("value", String(file.size));
    state.replaceChildren(...(knownAs ? [text("already_there"), " (", given(knownAs), ")"] : [text("complete")]));
  } catch (error) {
    state.className = "bad";
    state.textContent = stop.signal.aborted ? text("state_cancelled") : `${text("failed")}: ${error instanceof Error ? error.message : error}`;
  } finally {
    cancel.remove();
  }
}

async function list() {
  const [waiting, jobs, files, uploads, checks] = await Promise.all(["drives-waiting", "jobs", "files", "uploads", "checks"].map((name) => call("GET", `/api/${name}`)));
  fill(find("unfinished"), uploads.map(unfinishedRow), text("nothing_here"));
  fill(find("waiting"), waiting.map((/** @type {any} */ drive) => waitingRow(drive, checks.find((/** @type {any} */ c) => c.video_sha256 === drive.video.sha256))), text("nothing_here"));
  const ofDrives = jobs.filter((/** @type {any} */ job) => ["drive", "score", "rescore", "network"].includes(job.kind));
  fill(find("jobs"), ofDrives.map(jobRow), text("nothing_here"));
  const surveys = new Set(files.map((/** @type {any} */ file) => file.survey).filter(Boolean));
  find("surveys").replaceChildren(...[...surveys].map((name) => make("option", {value: String(name)})));
}

/** @param {any} upload */
function unfinishedRow(upload) {
  const where = upload.folder ? `${upload.folder}/${upload.name}` : upload.name;
  return [given(where), given(upload.survey), `${number(100 * upload.offset_bytes / upload.size_bytes)} %`, time(upload.expires_s)];
}

/**
 * @param {any} drive
 * @param {any} check of a complete drive, once there is one
 */
function waitingRow(drive, check) {
  const state = text(drive.waits_for ? "wait_" + drive.waits_for : check ? "verdict_" + check.verdict : "check_pending");
  const see = check ? make("a", {class: "button", href: `/drive?check=${check.check_id}`}, text("check_open"), make("span", {class: "hidden"}, " ", given(drive.video.name))) : "";
  return [given(drive.video.name), given(drive.video.survey), drive.track ? given(drive.track.name) : "–", state, see];
}

/** @param {any} job */
function jobRow(job) {
  const name = job.request.video_name ?? job.request.file_name ?? "";
  const failed = job.done?.failure;
  const state = failed ? make("span", {class: "bad"}, failure(failed).message) : text("state_" + job.state);
  const found = "segments_assessed" in (job.done?.facts ?? {}) ? make("a", {href: `/?survey=${encodeURIComponent(job.request.survey)}`}, text("job_result", job.done.facts)) : "";
  const steps = found || (job.progress && job.state === "running" ? `${text("stage_" + job.progress.stage)} ${job.progress.total ? `${job.progress.done}/${job.progress.total}` : ""}` : "");
  return [make("span", {}, `${text("kind_" + job.kind)} `, given(name)), given(job.request.survey ?? ""), state, steps, jobButton(job, list)];
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
 * @returns {Promise<File[]>} its files, including those inside folders
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
  for (;;) { // a reader returns a hundred at a time
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) break;
    inside.push(...some);
  }
  return (await Promise.all(inside.map(filesOf))).flat();
}

find("choose").elements.survey.value = localStorage.getItem(KEPT_SURVEY) ?? "";
find("choose").elements.vehicle.value = localStorage.getItem(KEPT_VEHICLE) ?? "car";
setInterval(() => { if (!document.hidden) list().catch(show); }, POLL_MS);
attempt(list);
