// @ts-check
/** The town's accounts: invitations, roles, blocking. */
import {call} from "./api.js";
import {attempt, button, fill, find, given, make} from "./page.js";
import {text} from "./texts.js";

const ROLES = ["viewer", "uploader", "reviewer", "planner", "admin"];

/** @typedef {{account_id: string, name: string, role: string, active: boolean}} Account */

/** @param {() => Promise<unknown>} changed is called when an account was changed or a person invited */
export async function watchAccounts(changed) {
  /** @param {Account} account as it should be */
  const change = (account) => attempt(async () => {
    const {account_id, name, role, active} = account;
    try {
      await call("PUT", `/api/accounts/${account_id}`, {role, active});
      find("accounts-state").textContent = text("account_is", {name, role: text("role_" + role), state: text(active ? "active" : "blocked")});
    } finally { // a refused change shows the account as it still is
      await Promise.all([list(), changed()]);
    }
  });

  /** @param {Account} account */
  const row = (account) => {
    const {name, role, active} = account;
    const roles = /** @type {HTMLSelectElement} */ (make("select", {"aria-label": text("role_of", {name}), change: () => { save.disabled = roles.value === role; }}));
    roles.append(...ROLES.map((each) => new Option(text("role_" + each), each, each === role, each === role)));
    const save = button(text("change_role"), () => change({...account, role: roles.value}), {disabled: true, "aria-label": text("change_role_of", {name})});
    const block = button(text(active ? "block" : "unblock"), () => change({...account, active: !active}), {"aria-label": text(active ? "block_named" : "unblock_named", {name})});
    return [given(name), make("div", {class: "choice"}, roles, save), text(active ? "active" : "blocked"), block];
  };

  const list = async () => {
    fill(find("accounts"), (await call("GET", "/api/accounts")).map(row), text("nothing_here"));
  };

  find("invite").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    attempt(async () => {
      const {token} = await call("POST", "/api/invitations", {role: new FormData(find("invite")).get("role")});
      find("invitation").hidden = false;
      find("invitation").replaceChildren(text("invitation"), make("code", {class: "secret"}, `${location.origin}/welcome#${token}`));
      await changed();
    });
  });
  await list();
}
