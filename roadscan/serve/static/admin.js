// @ts-check
import {call, failure} from "./api.js";
import {attempt, fill, find, given, make} from "./page.js";
import {text, textOr, time} from "./texts.js";
import {send} from "./tus.js";

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

find("network-file").addEventListener("change", () => {
  const [file] = find("network-file").files;
  if (!file) return;
  attempt(async () => {
    const state = find("network-state");
    const {sha256} = await send(file, {survey: ""}, (done) => { state.textContent = `${Math.round(100 * done / file.size)} %`; });
    let job = await call("POST", "/api/networks", {file_sha256: sha256});
    while (job.state === "waiting" || job.state === "running") {
      state.textContent = text("state_" + job.state);
      await new Promise((go) => setTimeout(go, 1000));
      job = await call("GET", `/api/jobs/${job.job_id}`);
    }
    if (job.done?.failure) throw failure(job.done.failure);
    const use = make("button", {type: "button", click: () => putInForce(job.done.facts.network_sha256, file.name)}, text("put_in_force"));
    state.replaceChildren(text("network_in_it", job.done.facts), " ", use);
  });
});

/**
 * @param {string} sha256
 * @param {string} name
 */
function putInForce(sha256, name) {
  attempt(async () => {
    await call("PUT", "/api/networks/in-force", {network_sha256: sha256, name});
    find("network-state").textContent = "";
    await listNetworks();
  });
}

attempt(() => Promise.all([listNetworks(), listAccounts(), listAudit()]));
