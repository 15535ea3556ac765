// @ts-check
/** Jobs in tables: whether they are under way, and the button that cancels or retries them. */
import {call} from "./api.js";
import {attempt, button} from "./page.js";
import {text} from "./texts.js";

/** @param {any} job */
export function isUnderWay(job) {
  return ["waiting", "running"].includes(job.state);
}

/**
 * @param {any} job
 * @param {() => Promise<unknown>} changed is called when the job was cancelled or retried
 * @returns {HTMLElement | string} "" where there is nothing to do
 */
export function jobButton(job, changed) {
  const action = isUnderWay(job) ? "cancel" : ["failed", "cancelled"].includes(job.state) ? "retry" : "";
  if (!action) return "";
  return button(text(action === "cancel" ? "cancel" : "try_again"), () => attempt(async () => {
    await call("POST", `/api/jobs/${job.job_id}/${action}`);
    await changed();
  }));
}
