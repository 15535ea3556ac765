// @ts-check
/** Requests to the service: JSON in and out, problems as errors, the session's CSRF token. */
import {textOr} from "./texts.js";

export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} title
   * @param {string} hint
   */
  constructor(status, code, title, hint) {
    super(textOr(`error_${code}`, `${title}. ${hint}`));
    this.status = status;
    this.code = code;
  }
}

/**
 * @param {{code: string, message: string, hint: string}} cause why a job failed
 * @returns {Problem} with the text of the code in the page's language, followed by the job's own
 */
export function failure({code, message, hint}) {
  const translated = new Problem(0, code, message, hint);
  const own = `${message}. ${hint}`;
  if (translated.message !== own) translated.message += ` (${own})`;
  return translated;
}

/** @typedef {{name: string, role: string, csrf_token?: string, leave?: string}} Me */

/** @type {Promise<Me> | null} */
let pending = null;

/** @returns {Promise<Me>} who is logged in; role "" for nobody */
export function me() {
  pending ??= fetch("/api/me").then((answer) => answer.json());
  return pending;
}

/** @returns {Promise<Record<string, string>>} headers for a request that changes something */
export async function csrf() {
  const {csrf_token: token} = await me();
  return token ? {"X-CSRF-Token": token} : {};
}

/**
 * @param {string} method
 * @param {string} address
 * @param {unknown} [body]
 * @returns {Promise<any>} the response's JSON, or null
 */
export async function call(method, address, body) {
  const headers = method === "GET" ? {} : await csrf();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(address, {method, headers, body: body === undefined ? undefined : JSON.stringify(body)});
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  throw await problem(answer);
}

/**
 * @param {Response} answer
 * @returns {Promise<Problem>}
 */
export async function problem(answer) {
  const body = await answer.json().catch(() => ({}));
  if (answer.status === 401 && body.code === "not_logged_in" && location.pathname !== "/login") {
    location.assign("/login?back=" + encodeURIComponent(location.pathname + location.search));
  }
  return new Problem(answer.status, body.code ?? "http", body.title ?? answer.statusText, body.hint ?? "");
}
