// @ts-check
/** Creates the account of an invitation. */
import {call} from "./api.js";
import {attempt, find} from "./page.js";

find("welcome").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const given = new FormData(find("welcome"));
  attempt(async () => {
    // after the #, so that no log of a server or proxy contains it
    const token = location.hash.slice(1);
    await call("POST", "/api/welcome", {name: given.get("name"), password: given.get("password"), token});
    location.assign("/");
  });
});
