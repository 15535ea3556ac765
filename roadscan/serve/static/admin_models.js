// @ts-check
/** The models on the service's machine, and those used for each survey. */
import {call, failure} from "./api.js";
import {fill, find, given, make} from "./page.js";
import {number, size, text, textOr} from "./texts.js";

/**
 * @typedef {{name: string, failure: {code: string, message: string, hint: string} | null, described: {version: number, task: string,
 *   default: boolean, classes: string[], precision: string, precisions: string[], size_bytes: number, sha256: string} | null}} Model
 */
/** @typedef {{survey: string, model: string, drives: number, installed: string}} Usage */

/** @param {Model} model */
function row({name, described, failure: why}) {
  const state = why ? make("span", {class: "bad"}, failure(why).message) : text("files_intact");
  if (!described) return [given(name), "", "", "", "", "", state];
  const others = described.precisions.filter((each) => each !== described.precision).join(", ");
  return [
    make("span", {}, given(name), " ", String(described.version)),
    text("task_" + described.task),
    text(described.default ? "yes" : "no"),
    described.classes.map((each) => textOr("damage_" + each, textOr("object_" + each, each))).join(", "),
    text("precision", {precision: described.precision, others}),
    size(described.size_bytes),
    state,
  ];
}

/** @param {Usage} usage */
function usedRow({survey, model, drives, installed}) {
  return [given(survey), given(model), number(drives), installed ? text("installed_as", {name: installed}) : text("not_installed")];
}

/** Shows the models. */
export async function listModels() {
  const {installed, used} = await call("GET", "/api/admin/models");
  fill(find("models"), installed.map(row), text("nothing_here"));
  fill(find("models-used"), used.map(usedRow), text("nothing_here"));
}
