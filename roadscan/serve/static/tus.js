// @ts-check
/**
 * Sends a file by tus 1.0 so that a reload, a cut line or a closed lid costs nothing: the address
 * of each upload is kept in the browser, and the server says how far it is.
 */
import {csrf, problem, Problem} from "./api.js";

const VERSION = {"Tus-Resumable": "1.0.0"};
const PIECE = 16 * 1024 * 1024;
const WAIT_MS = [1000, 2000, 5000, 10000, 30000];

/** @typedef {{survey: string, drop?: string, dropFiles?: string, relativePath?: string}} About */

/** @param {string} value */
function coded(value) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(value)));
}

/**
 * @param {File} file
 * @param {About} about
 */
function memory(file, about) {
  return ["upload", file.name, file.size, file.lastModified, about.relativePath ?? "", about.survey].join("|");
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
  const told = Object.entries({filename: file.name, ...about}).filter(([, value]) => value);
  const metadata = told.map(([name, value]) => `${name} ${coded(String(value))}`).join(",");
  const answer = await ask("POST", "/uploads", {"Upload-Length": String(file.size), "Upload-Metadata": metadata}, undefined, signal);
  const address = answer.headers.get("Location") ?? "";
  localStorage.setItem(key, address);
  return {address, answer};
}

/**
 * Send a file until it is there; waits and goes on when the line is cut.
 * @param {File} file
 * @param {About} about
 * @param {(sent: number, waiting: boolean) => void} tell
 * @param {AbortSignal} [signal] stops for good
 * @returns {Promise<string>} the SHA-256 of what the server keeps
 */
export async function send(file, about, tell, signal) {
  for (let failed = 0; ; failed++) {
    try {
      return await sendOn(file, about, (sent) => { failed = 0; tell(sent, false); }, signal);
    } catch (error) {
      if (signal?.aborted || (error instanceof Problem && !passes(error))) throw error;
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
 */
async function sendOn(file, about, tell, signal) {
  let {address, answer} = await begin(file, about, signal);
  for (;;) {
    const offset = Number(answer.headers.get("Upload-Offset"));
    const sha256 = answer.headers.get("Roadscan-File");
    tell(offset);
    if (sha256) {
      localStorage.removeItem(memory(file, about));
      return sha256;
    }
    const headers = {"Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream"};
    answer = await ask("PATCH", address, headers, file.slice(offset, offset + PIECE), signal);
  }
}
