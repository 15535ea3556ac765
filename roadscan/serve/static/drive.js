// @ts-check
/** The check of a drive before it is assessed, and the decision to assess or withdraw it. */
import {call, failure} from "./api.js";
import {confirmation} from "./confirm.js";
import {attempt, describe, find, given, make, show} from "./page.js";
import {number, text, textOr, time} from "./texts.js";

const POLL_MS = 2000;
const MINUTE_S = 60;
const check = new URLSearchParams(location.search).get("check");

/** @param {number} seconds */
function duration(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / MINUTE_S)}:${String(whole % MINUTE_S).padStart(2, "0")} min`;
}

/** @param {string | null} at ISO 8601 */
function moment(at) {
  return at ? time(Date.parse(at) / 1000) : "–";
}

/** @param {number | null} metres */
function metres(metres) {
  return metres === null ? "–" : `${number(metres)} m`;
}

/** @param {any} camera */
function showCamera(camera) {
  const parts = ["hfov_deg", "height_m", "pitch_deg", "yaw_deg", "roll_deg"];
  describe(find("camera"), parts.map((part) => {
    const {basis, sigma} = camera.known[part];
    const [digits, unit] = part === "height_m" ? [2, "\u00A0m"] : [1, "°"];
    return [text(`camera_${part}`), `${number(camera[part], digits)}${unit} ± ${number(sigma, digits)}${unit}, ${text(`basis_${basis}`)}`];
  }));
}

/** @param {any} found */
function showFacts({video, track, sync, would_cover: cover, camera}) {
  if (camera) showCamera(camera);
  describe(find("video"), [
    [text("name"), given(video.name)],
    [text("check_streams"), video.streams.join(", ")],
    [text("check_size"), `${video.width} × ${video.height}, ${number(video.frame_rate_hz, 1)} ${text("check_per_second")}`],
    [text("check_playable"), duration(video.playable_s)],
    [text("check_declared"), duration(video.claimed_s)],
    [text("check_begins"), moment(video.started_at)],
  ]);
  if (!track) return;
  const dropped = Object.entries(track.dropped).filter(([, count]) => count).map(([why, count]) => `${textOr(`dropped_${why}`, why)}: ${number(Number(count))}`);
  describe(find("track"), [
    [text("name"), given(track.name)],
    [text("check_fixes"), text("check_usable", {kept: number(track.kept), fixes: number(track.fixes)})],
    [text("check_dropped"), dropped.join(", ") || "–"],
    [text("check_begins"), moment(track.started_at)],
    [text("check_ends"), moment(track.ended_at)],
    [text("check_interval"), `${number(track.interval_s, 1)} s`],
    [text("check_length"), metres(track.length_m)],
    [text("check_accuracy"), track.accuracy_m === null ? text("check_not_stated") : `${number(track.accuracy_m, 1)} m`],
    [text("check_gaps"), number(track.gaps.length)],
  ]);
  describe(find("clock"), [
    [text("check_offset_found"), `${number(sync.offset_s, 2)} s ± ${number(sync.sigma_s, 2)} s`],
    [text("check_source"), textOr(`source_${sync.source}`, sync.source)],
  ]);
  describe(find("cover"), [
    [text("check_filmed"), duration(cover.seconds)],
    [text("check_length"), metres(cover.length_m)],
    [text("check_on_network"), metres(cover.on_network_m)],
    [text("check_frames"), number(cover.frames)],
    [text("check_without_track"), duration(cover.without_track_s)],
  ]);
}

/** @param {any} drive with its check */
function showCheck(drive) {
  find("which").replaceChildren(given(drive.video_name), ", ", text("survey"), " ", given(drive.survey), " · ", make("a", {href: "/upload"}, text("nav_upload")));
  find("verdict").hidden = false;
  const failed = drive.failure ? failure(drive.failure).message : "";
  const decided = !drive.waits && drive.verdict !== "not_yet";
  find("outcome").textContent = [text("verdict_" + drive.verdict), failed, decided ? text("check_decided") : ""].filter(Boolean).join(" ");
  find("outcome").className = drive.verdict === "failed" ? "bad" : "";
  find("concerns").replaceChildren(...(drive.found?.concerns ?? []).map((/** @type {string} */ concern) => make("li", {}, text("concern_" + concern))));
  find("decide").hidden = !(drive.waits && ["concerns", "failed"].includes(drive.verdict));
  find("facts").hidden = !drive.found;
  if (drive.found) showFacts(drive.found);
}

async function load() {
  const drive = await call("GET", `/api/checks/${check}`);
  showCheck(drive);
  return drive;
}

/** Polls until the check has ended. */
async function poll() {
  while ((await load()).verdict === "not_yet") await new Promise((go) => setTimeout(go, POLL_MS));
}

/** @param {string} written with a decimal comma or point */
function offset(written) {
  const trimmed = written.trim().replace(",", ".");
  if (!trimmed) return null;
  const seconds = Number(trimmed);
  if (!Number.isFinite(seconds)) throw new Error(text("check_no_number"));
  return seconds;
}

find("decide").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  attempt(async () => {
    await call("POST", `/api/checks/${check}/start`, {offset_s: offset(find("decide").elements.offset.value)});
    location.assign("/upload");
  });
});
const ask = confirmation("withdraw", "withdraw");
find("withdraw").addEventListener("click", () => ask(text("check_sure"), async () => {
  await call("POST", `/api/checks/${check}/withdraw`);
  location.assign("/upload");
}));

if (check) poll().catch(show);
