// @ts-check
import {watchAccounts} from "./admin_accounts.js";
import {call} from "./api.js";
import {watchChores} from "./admin_jobs.js";
import {listDisk} from "./admin_disk.js";
import {watchDrives} from "./admin_drives.js";
import {watchKeys} from "./admin_keys.js";
import {listModels} from "./admin_models.js";
import {watchNetwork} from "./admin_network.js";
import {attempt, fill, find, given} from "./page.js";
import {watchRetention} from "./admin_retention.js";
import {text, textOr, time} from "./texts.js";

async function listNetworks() {
  const networks = await call("GET", "/api/networks");
  fill(find("networks"), networks.map((/** @type {any} */ n) => [String(n.number), given(n.name), given(n.put_by), time(n.at_s)]), text("nothing_here"));
}

async function listAudit() {
  const lines = await call("GET", "/api/audit");
  fill(find("audit"), lines.slice(0, 100).map((/** @type {any} */ l) => [time(l.at_s), given(l.who), textOr(`audit_${l.action}`, l.action), given(l.subject)]), text("nothing_here"));
}

async function watchStaff() {
  const listKeys = await watchKeys(listAudit);
  await watchAccounts(() => Promise.all([listKeys(), listAudit()])); // a key does no more than its owner may
}

/** What a chore has made of the disk and of what is due. */
async function watchHouse() {
  /** @type {() => Promise<void>} */
  let listDue = async () => {};
  const listChores = await watchChores(() => Promise.all([listDisk(), listDue(), listAudit()]));
  listDue = await watchRetention(() => Promise.all([listChores(), listAudit()]));
}

watchNetwork(() => Promise.all([listNetworks(), listAudit()]));
attempt(() => Promise.all([watchHouse(), watchStaff(), watchDrives(listAudit), listDisk(), listModels(), listNetworks(), listAudit()]));
