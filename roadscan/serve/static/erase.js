// @ts-check
/** Erases a drive of a survey with all that came of it, after a second question. */
import {call} from "./api.js";
import {attempt, fill, find, given, make} from "./page.js";
import {number, text, time} from "./texts.js";

/** @type {{drive_id: string, name: string} | null} */
let chosen = null;

/** @param {any} drive */
function row(drive) {
  const button = make("button", {type: "button", class: "quiet", "aria-label": text("erase_named", {name: drive.name}), click: () => ask(drive)}, text("erase"));
  return [given(drive.name), time(drive.started_s), number(drive.length_m / 1000, 1), button];
}

async function listDrives() {
  const survey = find("erase-survey").value;
  const drives = survey ? await call("GET", "/api/drives?" + new URLSearchParams({survey})) : [];
  fill(find("drives"), drives.map(row), text("nothing_here"));
}

async function listSurveys() {
  const surveys = await call("GET", "/api/surveys");
  const before = find("erase-survey").value;
  find("erase-survey").replaceChildren(...surveys.map((/** @type {any} */ {name}) => make("option", {value: name, selected: name === before}, name)));
  await listDrives();
}

/** @param {{drive_id: string, name: string} | null} drive */
function ask(drive) {
  chosen = drive;
  find("erase-sure").hidden = !drive;
  find("erase-what").replaceChildren(text("erase_sure", {name: drive?.name ?? ""}));
  find(drive ? "erase-now" : "erase-survey").focus();
}

/** @param {() => Promise<unknown>} erased is told when a drive was erased */
export async function watchDrives(erased) {
  find("erase-survey").addEventListener("change", () => attempt(listDrives));
  find("erase-keep").addEventListener("click", () => ask(null));
  find("erase-now").addEventListener("click", () => attempt(async () => {
    const drive = chosen;
    ask(null);
    if (!drive) return;
    const {ended} = await call("DELETE", `/api/drives/${drive.drive_id}`);
    find("erase-state").textContent = text(ended.length ? "erased_last" : "erased", {name: drive.name});
    await Promise.all([listSurveys(), erased()]);
  }));
  await listSurveys();
}
