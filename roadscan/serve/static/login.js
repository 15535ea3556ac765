// @ts-check
import {call} from "./api.js";
import {attempt, find} from "./page.js";

find("login").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const given = new FormData(find("login"));
  attempt(async () => {
    await call("POST", "/api/login", {name: given.get("name"), password: given.get("password")});
    const back = new URLSearchParams(location.search).get("back") ?? "/";
    location.assign(/^\/(?![/\\])/.test(back) ? back : "/");
  });
});
