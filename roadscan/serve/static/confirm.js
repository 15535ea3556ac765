// @ts-check
/** Asks for confirmation, in the page, before something that cannot be undone. */
import {attempt, find} from "./page.js";

/**
 * @param {string} id of the page's part: ID-sure, which holds ID-what, ID-now and ID-keep
 * @param {string} after id of the element that gets the focus afterwards
 * @returns {(question: string, act: () => Promise<unknown>) => void} asks the question, and acts when confirmed
 */
export function confirmation(id, after) {
  /** @type {(() => Promise<unknown>) | null} */
  let pending = null;
  const end = () => {
    pending = null;
    find(`${id}-sure`).hidden = true;
    find(after).focus();
  };
  find(`${id}-keep`).addEventListener("click", end);
  find(`${id}-now`).addEventListener("click", () => {
    const act = pending;
    end();
    if (act) attempt(act);
  });
  return (question, act) => {
    pending = act;
    find(`${id}-what`).replaceChildren(question);
    find(`${id}-sure`).hidden = false;
    find(`${id}-now`).focus();
  };
}
