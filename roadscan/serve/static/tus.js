// @ts-check
/**
 * Sends a file by tus 1.0 so that a reload, a cut line or a closed lid costs nothing: the address
 * of each upload is kept in the browser, and the server says how far it is.
 */
import {csrf, problem, Problem} from "./api.js";

const VERSION = {"Tus-Resumable": "1.0.0"};
const MIB = 1024 * 1024;
const FIRST_PIECE = MIB;
const MAX_PIECE = 64 * MIB;
/** A piece takes about so long, so that progress shows on slow lines and fast ones lose nothing. */
const PIECE_MS = 2000;
const WAIT_MS = [1000, 2000, 5000, 10000, 30000];

/** @typedef {{survey: string, drop?: string, dropFiles?: string, relativePath?: string}} About */
/** @typedef {{sha256: string, knownAs: string}} Arrived `knownAs`: its first name if it was here before, else "" */

/** @param {string} value */
function coded(value) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(value)));
}

/**
 * @param {File} file
 * @param {About} about
 * @returns {string} under which the address of its upload is kept
 */
function memory(file, about) {
  return ["upload", file.name, file.size, file.lastModified, about.relativePath ?? "", about.survey].join("|");
}

/**
 * @param {File} file
 * @returns {string} under which its checksum is kept: what has arrived is not sent again
 */
function sum(file) {
  return ["file", file.name, file.size, file.lastModified].join("|");
}

/**
 * @param {string} key
 * @param {string} value
 */
function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch { // a full memory costs the way back, not the upload
  }
}

/**
 * @param {string} method
 * @param {string} address
 * @param {Record<string, string>} headers
 * @param {Blob} [body]
 * @param {AbortSignal} [signal]
 */
async function ask(method, address, headers, body, signal) {
  const answer = await fetch(address, {method, headers: {...VERSION, ...await csrf(), ...headers}, body, signal});
  if (!answer.ok) throw await problem(answer);
  return answer;
}

/**
 * @param {File} file
 * @param {About} about
 * @param {AbortSignal} [signal]
 * @returns {Promise<{address: string, answer: Response}>} an upload that was begun before, or a new one
 */
async function begin(file, about, signal) {
  const key = memory(file, about);
  const kept = localStorage.getItem(key);
  if (kept) {
    try {
      return {address: kept, answer: await ask("HEAD", kept, {}, undefined, signal)};
    } catch (error) {
      if (!(error instanceof Problem) || ![403, 404, 410].includes(error.status)) throw error;
      localStorage.removeItem(key);
    }
  }
  const sha256 = localStorage.getItem(sum(file)) ?? "";
  const told = Object.entries({filename: file.name, ...about, sha256}).filter(([, value]) => value);
  const metadata = told.map(([name, value]) => `${name} ${coded(String(value))}`).join(",");
  const answer = await ask("POST", "/uploads", {"Upload-Length": String(file.size), "Upload-Metadata": metadata}, undefined, signal);
  const address = answer.headers.get("Location") ?? "";
  keep(key, address);
  return {address, answer};
}

/**
 * Send a file until it is there; waits and goes on when the line is cut.
 * @param {File} file
 * @param {About} about
 * @param {(sent: number, waiting: boolean) => void} tell
 * @param {AbortSignal} [signal] stops for good
 * @returns {Promise<Arrived>}
 */
export async function send(file, about, tell, signal) {
  for (let failed = 0; ; failed++) {
    try {
      return await sendOn(file, about, (sent) => { failed = 0; tell(sent, false); }, signal);
    } catch (error) {
      if (signal?.aborted || (error instanceof Problem && !passes(error))) throw error;
      if (error instanceof Problem && error.status === 460) localStorage.removeItem(sum(file)); // another file by now
      tell(NaN, true);
      await new Promise((go) => setTimeout(go, WAIT_MS[Math.min(failed, WAIT_MS.length - 1)]));
    }
  }
}

/** @param {Problem} error whether waiting may help */
function passes(error) {
  return [409, 423, 429, 460, 502, 503, 504].includes(error.status) || error.code === "upload_stalled";
}

/**
 * @param {File} file
 * @param {About} about
 * @param {(sent: number) => void} tell
 * @param {AbortSignal} [signal]
 * @returns {Promise<Arrived>}
 */
async function sendOn(file, about, tell, signal) {
  let {address, answer} = await begin(file, about, signal);
  let piece = FIRST_PIECE;
  for (;;) {
    const offset = Number(answer.headers.get("Upload-Offset"));
    const sha256 = answer.headers.get("Roadscan-File");
    tell(offset);
    if (sha256) {
      localStorage.removeItem(memory(file, about));
      keep(sum(file), sha256);
      return {sha256, knownAs: decodeURIComponent(answer.headers.get("Roadscan-Known-As") ?? "")};
    }
    const headers = {"Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream"};
    const began = performance.now();
    answer = await ask("PATCH", address, headers, file.slice(offset, offset + piece), signal);
    const took = Math.max(performance.now() - began, 1);
    piece = Math.round(Math.min(Math.max(piece * PIECE_MS / took, FIRST_PIECE), MAX_PIECE));
  }
}
