// @ts-check
import {call} from "./api.js";
import {watchChores} from "./chores.js";
import {watchDrives} from "./erase.js";
import {watchNetwork} from "./network.js";
import {attempt, fill, find, given, make} from "./page.js";
import {text, textOr, time} from "./texts.js";

async function listAccounts() {
  const accounts = await call("GET", "/api/accounts");
  fill(find("accounts"), accounts.map((/** @type {any} */ account) => {
    const label = text(account.active ? "close" : "open");
    const turn = make("button", {type: "button", class: "quiet", click: () => change(account)}, label);
    return [given(account.name), text("role_" + account.role), text(account.active ? "active" : "closed"), turn];
  }), text("nothing_here"));
}

/** @param {{account_id: string, role: string, active: boolean}} account */
function change(account) {
  attempt(async () => {
    await call("PUT", `/api/accounts/${account.account_id}`, {role: account.role, active: !account.active});
    await listAccounts();
  });
}

async function listNetworks() {
  const networks = await call("GET", "/api/networks");
  fill(find("networks"), networks.map((/** @type {any} */ n) => [String(n.number), given(n.name), given(n.put_by), time(n.at_s)]), text("nothing_here"));
}

async function listAudit() {
  const lines = await call("GET", "/api/audit");
  fill(find("audit"), lines.slice(0, 100).map((/** @type {any} */ l) => [time(l.at_s), given(l.who), textOr(`audit_${l.action}`, l.action), given(l.subject)]), text("nothing_here"));
}

find("invite").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  attempt(async () => {
    const {token} = await call("POST", "/api/invitations", {role: new FormData(find("invite")).get("role")});
    find("invitation").hidden = false;
    find("invitation").replaceChildren(text("invitation"), make("code", {class: "secret"}, `${location.origin}/welcome#${token}`));
  });
});

watchNetwork(() => Promise.all([listNetworks(), listAudit()]));
attempt(() => Promise.all([watchChores(), watchDrives(listAudit), listNetworks(), listAccounts(), listAudit()]));
