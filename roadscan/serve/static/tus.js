// @ts-check
/**
 * Uploads by tus 1.0, which survive a reload, a lost connection or a closed lid: the browser keeps the
 * address of each upload, and the server knows its offset.
 */
import {csrf, problem, Problem} from "./api.js";

const VERSION = {"Tus-Resumable": "1.0.0"};
const MIB = 1024 * 1024;
const FIRST_PIECE = MIB;
const MAX_PIECE = 64 * MIB;
/** Time that a piece should take: progress shows on slow connections, and fast ones lose nothing. */
const PIECE_MS = 2000;
const WAIT_MS = [1000, 2000, 5000, 10000, 30000];

/** @typedef {{survey: string, vehicle?: string, drop?: string, dropFiles?: string, relativePath?: string}} About */
/** @typedef {{sha256: string, knownAs: string}} Arrived `knownAs`: its earlier name if the file was known, else "" */

/** @param {string} value */
function coded(value) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(value)));
}

/**
 * @param {File} file
 * @param {About} about
 * @returns {string} key of the upload's address in local storage
 */
function addressKey(file, about) {
  return ["upload", file.name, file.size, file.lastModified, about.relativePath ?? "", about.survey].join("|");
}

/**
 * @param {File} file
 * @returns {string} key of the file's checksum, by which a file that has arrived is not sent again
 */
function checksumKey(file) {
  return ["file", file.name, file.size, file.lastModified].join("|");
}

/**
 * @param {string} key
 * @param {string} value
 */
function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch { // with full storage the upload works, but cannot be resumed
  }
}

/**
 * @param {string} method
 * @param {string} address
 * @param {Record<string, string>} headers
 * @param {Blob} [body]
 * @param {AbortSignal} [signal]
 */
async function request(method, address, headers, body, signal) {
  const answer = await fetch(address, {method, headers: {...VERSION, ...await csrf(), ...headers}, body, signal});
  if (!answer.ok) throw await problem(answer);
  return answer;
}

/**
 * @param {File} file
 * @param {About} about
 * @param {AbortSignal} [signal]
 * @returns {Promise<{address: string, answer: Response}>} an earlier upload of the file, or a new one
 */
async function begin(file, about, signal) {
  const key = addressKey(file, about);
  const kept = localStorage.getItem(key);
  if (kept) {
    try {
      return {address: kept, answer: await request("HEAD", kept, {}, undefined, signal)};
    } catch (error) {
      if (!(error instanceof Problem) || ![403, 404, 410].includes(error.status)) throw error;
      localStorage.removeItem(key);
    }
  }
  const sha256 = localStorage.getItem(checksumKey(file)) ?? "";
  const fields = Object.entries({filename: file.name, ...about, sha256}).filter(([, value]) => value);
  const metadata = fields.map(([name, value]) => `${name} ${coded(String(value))}`).join(",");
  const answer = await request("POST", "/uploads", {"Upload-Length": String(file.size), "Upload-Metadata": metadata}, undefined, signal);
  const address = answer.headers.get("Location") ?? "";
  keep(key, address);
  return {address, answer};
}

/**
 * Send a file until it has arrived; waits and resumes when the connection is lost.
 * @param {File} file
 * @param {About} about
 * @param {(sent: number, waiting: boolean) => void} report
 * @param {AbortSignal} [signal] ends the upload
 * @returns {Promise<Arrived>}
 */
export async function send(file, about, report, signal) {
  for (let failed = 0; ; failed++) {
    try {
      return await resume(file, about, (sent) => { failed = 0; report(sent, false); }, signal);
    } catch (error) {
      if (signal?.aborted || (error instanceof Problem && !isTemporary(error))) throw error;
      if (error instanceof Problem && error.status === 460) localStorage.removeItem(checksumKey(file)); // the file has changed
      report(NaN, true);
      await new Promise((go) => setTimeout(go, WAIT_MS[Math.min(failed, WAIT_MS.length - 1)]));
    }
  }
}

/** @param {Problem} error */
function isTemporary(error) {
  return [409, 423, 429, 460, 502, 503, 504].includes(error.status) || error.code === "upload_stalled";
}

/**
 * @param {File} file
 * @param {About} about
 * @param {(sent: number) => void} report
 * @param {AbortSignal} [signal]
 * @returns {Promise<Arrived>}
 */
async function resume(file, about, report, signal) {
  let {address, answer} = await begin(file, about, signal);
  let piece = FIRST_PIECE;
  for (;;) {
    const offset = Number(answer.headers.get("Upload-Offset"));
    const sha256 = answer.headers.get("Roadscan-File");
    report(offset);
    if (sha256) {
      localStorage.removeItem(addressKey(file, about));
      keep(checksumKey(file), sha256);
      return {sha256, knownAs: decodeURIComponent(answer.headers.get("Roadscan-Known-As") ?? "")};
    }
    const headers = {"Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream"};
    const began = performance.now();
    answer = await request("PATCH", address, headers, file.slice(offset, offset + piece), signal);
    const took = Math.max(performance.now() - began, 1);
    piece = Math.round(Math.min(Math.max(piece * PIECE_MS / took, FIRST_PIECE), MAX_PIECE));
  }
}
