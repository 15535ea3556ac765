// @ts-check
/** The user's own keys for programs, and the logout. */
import {call, me} from "./api.js";
import {attempt, button, fill, find, given, make} from "./page.js";
import {text, time} from "./texts.js";

async function list() {
  const keys = await call("GET", "/api/keys");
  fill(find("keys"), keys.map((/** @type {any} */ key) => {
    const holds = !key.revoked && key.expires_s * 1000 > Date.now();
    const revoke_ = button(text("revoke"), () => revoke(key.key_id));
    return [given(key.label), text("role_" + key.role), time(key.expires_s), text(holds ? "valid" : "revoked"), holds ? revoke_ : ""];
  }), text("nothing_here"));
}

/** @param {string} id */
function revoke(id) {
  attempt(async () => {
    await call("DELETE", `/api/keys/${id}`);
    await list();
  });
}

find("new-key").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const form = new FormData(find("new-key"));
  attempt(async () => {
    const made = await call("POST", "/api/keys", {label: form.get("label"), days: Number(form.get("days"))});
    find("secret").hidden = false;
    find("secret").replaceChildren(text("new_key"), make("code", {class: "secret"}, made.secret));
    await list();
  });
});
find("logout").addEventListener("click", () => attempt(async () => {
  const {leave} = await me();
  await call("POST", "/api/logout");
  location.assign(leave ?? "/login");
}));
attempt(list);
