// @ts-check
/** The administration page: fills its parts, and lists anew what a change in one of them affects. */
import {watchAccounts} from "./admin_accounts.js";
import {listDisk} from "./admin_disk.js";
import {watchDrives} from "./admin_drives.js";
import {watchJobs} from "./admin_jobs.js";
import {watchKeys} from "./admin_keys.js";
import {listModels} from "./admin_models.js";
import {watchNetwork} from "./admin_network.js";
import {watchRetention} from "./admin_retention.js";
import {call} from "./api.js";
import {attempt, fill, find, given} from "./page.js";
import {text, textOr, time} from "./texts.js";

async function listNetworks() {
  const networks = await call("GET", "/api/networks");
  fill(find("networks"), networks.map((/** @type {any} */ n) => [String(n.number), given(n.name), given(n.put_by), time(n.at_s)]), text("nothing_here"));
}

async function listAudit() {
  const lines = await call("GET", "/api/audit");
  fill(find("audit"), lines.slice(0, 100).map((/** @type {any} */ l) => [time(l.at_s), given(l.who), textOr(`audit_${l.action}`, l.action), given(l.subject)]), text("nothing_here"));
}

async function watchAccess() {
  const listKeys = await watchKeys(listAudit);
  await watchAccounts(() => Promise.all([listKeys(), listAudit()])); // a key never has more rights than its owner
}

/** Jobs change what is on the disk and what is due. */
async function watchStorage() {
  /** @type {() => Promise<void>} */
  let listDue = async () => {};
  const listJobs = await watchJobs(() => Promise.all([listDisk(), listDue(), listAudit()]));
  listDue = await watchRetention(() => Promise.all([listJobs(), listAudit()]));
}

watchNetwork(() => Promise.all([listNetworks(), listAudit()]));
attempt(() => Promise.all([watchStorage(), watchAccess(), watchDrives(listAudit), listDisk(), listModels(), listNetworks(), listAudit()]));
