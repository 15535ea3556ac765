// @ts-check
/** How long recordings are kept, which are due for deletion, and their deletion after confirmation. */
import {call} from "./api.js";
import {confirmation} from "./confirm.js";
import {fill, find, given, make} from "./page.js";
import {number, size, text, time} from "./texts.js";

/**
 * @typedef {{keep_days: number, longest_days: number, deletes_by_itself: boolean, picture_every_m: number,
 *   upload_expires_days: number, exports_kept_days: number}} Settings
 */
/** @typedef {{name: string, size_bytes: number, uploaded_by: string, uploaded_s: number, why: string}} Due */
/** @typedef {{settings: Settings, due_files: number, due_bytes: number, first: Due[], unconfirmed_days: number}} Retention */

/** @param {number} days */
function inDays(days) {
  return text("days", {n: number(days, Number.isInteger(days) ? 0 : 1)});
}

/** @param {Settings} settings */
function settingRows(settings) {
  const every = settings.picture_every_m;
  const rows = /** @type {[string, string, string][]} */ ([
    ["keep_days", inDays(settings.keep_days), "--keep-days"],
    ["longest_days", inDays(settings.longest_days), ""],
    ["deletes_by_itself", text(settings.deletes_by_itself ? "yes" : "no"), "--no-purge"],
    ["picture_every_m", every ? text("metres_driven", {n: number(every, Number.isInteger(every) ? 0 : 1)}) : text("none_kept"), "--picture-every-m"],
    ["upload_expires_days", inDays(settings.upload_expires_days), "--upload-expires"],
    ["exports_kept_days", inDays(settings.exports_kept_days), ""],
  ]);
  return rows.map(([name, value, option]) => {
    const off = option === "--no-purge" ? ` ${text("switches_off")}` : "";
    return [text(name), value, option ? make("span", {}, make("code", {}, option), off) : text("fixed")];
  });
}

/** @param {Due} due */
function dueRow(due) {
  return [given(due.name), size(due.size_bytes), given(due.uploaded_by), time(due.uploaded_s), text("due_" + due.why)];
}

/**
 * @param {() => Promise<unknown>} begun is called when a deletion was started
 * @returns {Promise<() => Promise<void>>} lists again what is due
 */
export async function watchRetention(begun) {
  const ask = confirmation("purge", "due-table");
  let sums = {files: "0", size: ""};

  const list = async () => {
    /** @type {Retention} */
    const retention = await call("GET", "/api/admin/retention");
    const files = number(retention.due_files);
    sums = {files, size: size(retention.due_bytes)};
    fill(find("retention-settings"), settingRows(retention.settings), "");
    find("due-summary").textContent = retention.due_files ? text("due_summary", sums) : "";
    find("due-first").textContent = retention.first.length < retention.due_files ? text("first_shown", {shown: number(retention.first.length), all: files}) : "";
    find("purge").disabled = !retention.due_files;
    const unseen = retention.unconfirmed_days;
    find("clock").hidden = unseen <= 0;
    find("clock-what").textContent = text("clock_moved", {days: inDays(unseen)});
    fill(find("due"), retention.first.map(dueRow), text("due_none"));
  };

  find("purge").addEventListener("click", () => ask(text("due_sure", sums), async () => {
    await call("POST", "/api/jobs/purge");
    find("purge-state").textContent = text("purge_begun");
    await begun();
  }));
  find("clock-right").addEventListener("click", async () => {
    await call("POST", "/api/admin/clock");
    await list();
  });
  await list();
  return list;
}
