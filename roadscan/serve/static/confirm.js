// @ts-check
/** Asks a second time, in the page, before something that cannot be undone. */
import {attempt, find} from "./page.js";

/**
 * @param {string} id of the part of the page: ID-sure, with ID-what, ID-now and ID-keep in it
 * @param {string} after id of what has the focus when it is over
 * @returns {(question: string, act: () => Promise<unknown>) => void} asks, and acts if that is meant
 */
export function askingAgain(id, after) {
  /** @type {(() => Promise<unknown>) | null} */
  let meant = null;
  const end = () => {
    meant = null;
    find(`${id}-sure`).hidden = true;
    find(after).focus();
  };
  find(`${id}-keep`).addEventListener("click", end);
  find(`${id}-now`).addEventListener("click", () => {
    const act = meant;
    end();
    if (act) attempt(act);
  });
  return (question, act) => {
    meant = act;
    find(`${id}-what`).replaceChildren(question);
    find(`${id}-sure`).hidden = false;
    find(`${id}-now`).focus();
  };
}
