// @ts-check
/** Erases a drive of a survey with everything made from it, after confirmation. */
import {call} from "./api.js";
import {confirmation} from "./confirm.js";
import {attempt, button, fill, find, given, make} from "./page.js";
import {number, text, time} from "./texts.js";

/** @typedef {{drive_id: string, name: string, started_s: number, length_m: number}} Drive */

async function listSurveys() {
  const surveys = await call("GET", "/api/surveys");
  const before = find("erase-survey").value;
  find("erase-survey").replaceChildren(...surveys.map((/** @type {any} */ {name}) => make("option", {value: name, selected: name === before}, name)));
}

/** @param {() => Promise<unknown>} erased is called when a drive was erased */
export async function watchDrives(erased) {
  const ask = confirmation("erase", "erase-survey");

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
    const erase_ = button(text("erase"), () => ask(text("erase_sure", {name}), () => erase(drive)), {"aria-label": text("erase_named", {name})});
    return [given(name), time(drive.started_s), number(drive.length_m / 1000, 1), erase_];
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
