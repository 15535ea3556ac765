// @ts-check
/** Talks to the service: JSON in and out, problems as errors, the session's CSRF token. */
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
 * @param {{code: string, message: string, hint: string}} told why a job failed
 * @returns {Problem} with what the page's language says of the code, and the words of the job
 */
export function failure({code, message, hint}) {
  const problem_ = new Problem(0, code, message, hint);
  const own = `${message}. ${hint}`;
  if (problem_.message !== own) problem_.message += ` (${own})`;
  return problem_;
}

/** @typedef {{name: string, role: string, csrf_token?: string, leave?: string}} Me */

/** @type {Promise<Me> | null} */
let asked = null;

/** @returns {Promise<Me>} who is logged in; role "" is nobody */
export function me() {
  asked ??= fetch("/api/me").then((answer) => answer.json());
  return asked;
}

/** @returns {Promise<Record<string, string>>} what a request that changes something has to carry */
export async function csrf() {
  const {csrf_token: token} = await me();
  return token ? {"X-CSRF-Token": token} : {};
}

/**
 * @param {string} method
 * @param {string} address
 * @param {unknown} [body]
 * @returns {Promise<any>} the answer's JSON; null where there is none
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
  const told = await answer.json().catch(() => ({}));
  if (answer.status === 401 && told.code === "not_logged_in" && location.pathname !== "/login") {
    location.assign("/login?back=" + encodeURIComponent(location.pathname + location.search));
  }
  return new Problem(answer.status, told.code ?? "http", told.title ?? answer.statusText, told.hint ?? "");
}
