// @ts-check
/** Erases a drive of a survey with all that came of it, after a second question. */
import {askingAgain} from "./confirm.js";
import {call} from "./api.js";
import {attempt, fill, find, given, make} from "./page.js";
import {number, text, time} from "./texts.js";

/** @typedef {{drive_id: string, name: string, started_s: number, length_m: number}} Drive */

async function listSurveys() {
  const surveys = await call("GET", "/api/surveys");
  const before = find("erase-survey").value;
  find("erase-survey").replaceChildren(...surveys.map((/** @type {any} */ {name}) => make("option", {value: name, selected: name === before}, name)));
}

/** @param {() => Promise<unknown>} erased is told when a drive was erased */
export async function watchDrives(erased) {
  const ask = askingAgain("erase", "erase-survey");

  /** @param {Drive} drive */
  const erase = async ({drive_id, name}) => {
    const {ended} = await call("DELETE", `/api/drives/${drive_id}`);
    find("erase-state").textContent = text(ended.length ? "erased_last" : "erased", {name});
    await listSurveys();
    await Promise.all([listDrives(), erased()]);
  };

  /** @param {Drive} drive */
  const row = (drive) => {
    const {name} = drive;
    const button = make("button", {type: "button", class: "quiet", "aria-label": text("erase_named", {name}), click: () => ask(text("erase_sure", {name}), () => erase(drive))}, text("erase"));
    return [given(name), time(drive.started_s), number(drive.length_m / 1000, 1), button];
  };

  const listDrives = async () => {
    const survey = find("erase-survey").value;
    const drives = survey ? await call("GET", "/api/drives?" + new URLSearchParams({survey})) : [];
    fill(find("drives"), drives.map(row), text("nothing_here"));
  };

  find("erase-survey").addEventListener("change", () => attempt(listDrives));
  await listSurveys();
  await listDrives();
}
