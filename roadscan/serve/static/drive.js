// @ts-check
/** What was found of a drive before it is worked, and whether it is worked all the same. */
import {call, failure} from "./api.js";
import {attempt, find, given, make, show} from "./page.js";
import {number, text, textOr, time} from "./texts.js";

const POLL_MS = 2000;
const MINUTE_S = 60;
const check = new URLSearchParams(location.search).get("check");

/** @param {number} seconds */
function lasting(seconds) {
  return `${Math.floor(seconds / MINUTE_S)}:${String(Math.round(seconds) % MINUTE_S).padStart(2, "0")} min`;
}

/** @param {string | null} at a time as the API writes it */
function moment(at) {
  return at ? time(Date.parse(at) / 1000) : "–";
}

/** @param {number | null} metres */
function metres(metres) {
  return metres === null ? "–" : `${number(metres)} m`;
}

/**
 * @param {string} list id of a dl
 * @param {[string, string | Node][]} facts label and value
 */
function tell(list, facts) {
  find(list).replaceChildren(...facts.flatMap(([label, value]) => [make("dt", {}, label), make("dd", {}, value)]));
}

/** @param {any} found */
function showFacts({video, track, sync, would_cover: cover}) {
  tell("video", [
    [text("name"), given(video.name)],
    [text("check_streams"), video.streams.join(", ")],
    [text("check_size"), `${video.width} × ${video.height}, ${number(video.frame_rate_hz, 1)} ${text("check_per_second")}`],
    [text("check_plays"), lasting(video.playable_s)],
    [text("check_claims"), lasting(video.claimed_s)],
    [text("check_begins"), moment(video.started_at)],
  ]);
  if (!track) return;
  const dropped = Object.entries(track.dropped).filter(([, count]) => count).map(([why, count]) => `${textOr(`dropped_${why}`, why)}: ${number(Number(count))}`);
  tell("track", [
    [text("name"), given(track.name)],
    [text("check_fixes"), text("check_kept", {kept: number(track.kept), fixes: number(track.fixes)})],
    [text("check_dropped"), dropped.join(", ") || "–"],
    [text("check_begins"), moment(track.started_at)],
    [text("check_ends"), moment(track.ended_at)],
    [text("check_interval"), `${number(track.interval_s, 1)} s`],
    [text("check_length"), metres(track.length_m)],
    [text("check_accuracy"), track.accuracy_m === null ? text("check_not_stated") : `${number(track.accuracy_m, 1)} m`],
    [text("check_gaps"), number(track.gaps.length)],
  ]);
  tell("clock", [
    [text("check_offset_found"), `${number(sync.offset_s, 2)} s ± ${number(sync.sigma_s, 2)} s`],
    [text("check_source"), textOr(`source_${sync.source}`, sync.source)],
  ]);
  tell("cover", [
    [text("check_filmed"), lasting(cover.seconds)],
    [text("check_length"), metres(cover.length_m)],
    [text("check_on_network"), metres(cover.on_network_m)],
    [text("check_frames"), number(cover.frames)],
    [text("check_without_track"), lasting(cover.without_track_s)],
  ]);
}

/** @param {any} told */
function showCheck(told) {
  find("which").replaceChildren(given(told.video_name), ", ", text("survey"), " ", given(told.survey), " · ", make("a", {href: "/upload"}, text("nav_upload")));
  find("verdict").hidden = false;
  const failed = told.failure ? failure(told.failure).message : "";
  const decided = !told.waits && told.verdict !== "not_yet";
  find("outcome").textContent = [text("verdict_" + told.verdict), failed, decided ? text("check_decided") : ""].filter(Boolean).join(" ");
  find("outcome").className = told.verdict === "failed" ? "bad" : "";
  find("concerns").replaceChildren(...(told.found?.concerns ?? []).map((/** @type {string} */ concern) => make("li", {}, text("concern_" + concern))));
  find("decide").hidden = !(told.waits && ["concerns", "failed"].includes(told.verdict)) || !find("sure").hidden;
  find("facts").hidden = !told.found;
  if (told.found) showFacts(told.found);
}

async function look() {
  const told = await call("GET", `/api/checks/${check}`);
  showCheck(told);
  return told;
}

/** Looks until there is something to decide. */
async function wait() {
  while ((await look()).verdict === "not_yet") await new Promise((go) => setTimeout(go, POLL_MS));
}

/** @param {string} written with a comma or a point */
function offset(written) {
  const trimmed = written.trim().replace(",", ".");
  if (!trimmed) return null;
  const seconds = Number(trimmed);
  if (!Number.isFinite(seconds)) throw new Error(text("check_no_number"));
  return seconds;
}

/** @param {boolean} asking */
function ask(asking) {
  find("sure").hidden = !asking;
  find("decide").hidden = asking;
  find(asking ? "withdraw-now" : "withdraw").focus();
}

find("decide").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  attempt(async () => {
    await call("POST", `/api/checks/${check}/start`, {offset_s: offset(find("decide").elements.offset.value)});
    location.assign("/upload");
  });
});
find("withdraw").addEventListener("click", () => ask(true));
find("keep").addEventListener("click", () => ask(false));
find("withdraw-now").addEventListener("click", () => attempt(async () => {
  await call("POST", `/api/checks/${check}/withdraw`);
  location.assign("/upload");
}));

if (check) wait().catch(show);
