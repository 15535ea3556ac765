// @ts-check
/** The keys with which programs log in, of all accounts, and their revocation. */
import {call} from "./api.js";
import {confirmation} from "./confirm.js";
import {button, fill, find, given} from "./page.js";
import {day, text} from "./texts.js";

/** @typedef {{key_id: string, account_id: string, owner: string, label: string, role: string, created_s: number, expires_s: number}} Key */

/**
 * @param {() => Promise<unknown>} revoked is called when a key was revoked
 * @returns {Promise<() => Promise<void>>} lists the keys again
 */
export async function watchKeys(revoked) {
  const ask = confirmation("revoke", "keys-table");

  /** @param {Key} key */
  const revoke = async ({account_id, key_id, label, owner}) => {
    await call("DELETE", `/api/accounts/${account_id}/keys/${key_id}`);
    find("keys-state").textContent = text("key_revoked", {label, owner});
    await Promise.all([list(), revoked()]);
  };

  /** @param {Key} key */
  const row = (key) => {
    const {owner, label} = key;
    const revoke_ = button(text("revoke"), () => ask(text("revoke_sure", {owner, label}), () => revoke(key)), {"aria-label": text("revoke_named", {owner, label})});
    return [given(owner), given(label), text("role_" + key.role), day(key.created_s), day(key.expires_s), revoke_];
  };

  const list = async () => {
    fill(find("all-keys"), (await call("GET", "/api/accounts/keys")).map(row), text("nothing_here"));
  };

  await list();
  return list;
}
