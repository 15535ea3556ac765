// @ts-check
/** The login, here or at the administration's login service, and the way back. */
import {call} from "./api.js";
import {attempt, find, show} from "./page.js";
import {textOr} from "./texts.js";

const asked = new URLSearchParams(location.search);
const back = /^\/(?![/\\])/.test(asked.get("back") ?? "") ? asked.get("back") ?? "/" : "/";

find("login").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const given = new FormData(find("login"));
  attempt(async () => {
    await call("POST", "/api/login", {name: given.get("name"), password: given.get("password")});
    location.assign(back);
  });
});

const outside = document.getElementById("outside-login");
if (outside instanceof HTMLAnchorElement) outside.search = "?back=" + encodeURIComponent(back);
const failed = asked.get("failed");
if (failed) show(textOr(`error_${failed}`, textOr("error_login_failed", failed)));
