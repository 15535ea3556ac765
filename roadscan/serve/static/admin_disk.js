// @ts-check
/** How full the disk is, what this town takes up, and which workers are running. */
import {call} from "./api.js";
import {fill, find, given, make} from "./page.js";
import {number, size, text, time} from "./texts.js";

/** @typedef {{files: number, size_bytes: number}} Usage */
/**
 * @typedef {{total_bytes: number, free_bytes: number, reserve_bytes: number, recordings: Usage, other_files: Usage,
 *   uploads: Usage & {missing_bytes: number}, exports: Usage, backups: {folders: number, size_bytes: number, unknown: number},
 *   database_bytes: number, database_here: boolean}} Disk
 */

/** @param {Disk} disk */
function rows(disk) {
  const {recordings, other_files, uploads, exports, backups} = disk;
  const missing = {n: number(uploads.files), missing: size(uploads.missing_bytes)};
  const unknown = {n: number(backups.folders), unknown: number(backups.unknown)};
  const own = [recordings, other_files, uploads, exports, backups].reduce((sum, {size_bytes}) => sum + size_bytes, disk.database_here ? disk.database_bytes : 0);
  return [
    [text("disk_recordings"), size(recordings.size_bytes), number(recordings.files)],
    [text("disk_uploads"), size(uploads.size_bytes), uploads.missing_bytes ? text("disk_missing", missing) : number(uploads.files)],
    [text("disk_other_files"), size(other_files.size_bytes), number(other_files.files)],
    [text(disk.database_here ? "disk_database" : "disk_database_elsewhere"), size(disk.database_bytes), ""],
    [text("disk_exports"), size(exports.size_bytes), number(exports.files)],
    [text("disk_backups"), size(backups.size_bytes), backups.unknown ? text("disk_unknown", unknown) : number(backups.folders)],
    [text("disk_others"), size(Math.max(0, disk.total_bytes - disk.free_bytes - own)), ""],
    [text("disk_free"), size(disk.free_bytes), ""],
  ];
}

/** Shows the current state of the disk. */
export async function listDisk() {
  /** @type {{disk: Disk, workers: string[], setbacks: {item: string, error: string, next_try_s: number}[]}} */
  const {disk, workers, setbacks} = await call("GET", "/api/admin/disk");
  const used = disk.total_bytes - disk.free_bytes;
  const meter = find("disk-used");
  meter.max = disk.total_bytes;
  meter.high = disk.total_bytes - disk.reserve_bytes;
  meter.value = used;
  find("disk-summary").textContent = text("disk_summary", {used: size(used), total: size(disk.total_bytes), free: size(disk.free_bytes)});
  find("disk-reserve").textContent = size(disk.reserve_bytes);
  find("disk-low").hidden = disk.free_bytes >= disk.reserve_bytes;
  fill(find("disk"), rows(disk), "", [2]);
  find("workers").textContent = workers.length ? text("workers_alive", {n: number(workers.length), names: workers.join(", ")}) : text("workers_none");
  find("workers").classList.toggle("bad", !workers.length);
  find("setbacks").replaceChildren(...setbacks.map(({item, error, next_try_s}) =>
    make("li", {class: "bad"}, text("setback", {at: time(next_try_s)}), " ", given(`${item}: ${error}`))));
}
