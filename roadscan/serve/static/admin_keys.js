// @ts-check
/** The keys of all accounts with which programs come in, and how one is withdrawn. */
import {askingAgain} from "./confirm.js";
import {call} from "./api.js";
import {fill, find, given, make} from "./page.js";
import {day, text} from "./texts.js";

/** @typedef {{key_id: string, account_id: string, owner: string, label: string, role: string, created_s: number, expires_s: number}} Key */

/**
 * @param {() => Promise<unknown>} withdrawn is told when a key was withdrawn
 * @returns {Promise<() => Promise<void>>} lists the keys again
 */
export async function watchKeys(withdrawn) {
  const ask = askingAgain("withdraw", "keys-table");

  /** @param {Key} key */
  const withdraw = async ({account_id, key_id, label, owner}) => {
    await call("DELETE", `/api/accounts/${account_id}/keys/${key_id}`);
    find("keys-state").textContent = text("withdrawn", {label, owner});
    await Promise.all([list(), withdrawn()]);
  };

  /** @param {Key} key */
  const row = (key) => {
    const {owner, label} = key;
    const button = make("button", {type: "button", class: "quiet", "aria-label": text("withdraw_named", {owner, label}), click: () => ask(text("withdraw_sure", {owner, label}), () => withdraw(key))}, text("revoke"));
    return [given(owner), given(label), text("role_" + key.role), day(key.created_s), day(key.expires_s), button];
  };

  const list = async () => {
    fill(find("all-keys"), (await call("GET", "/api/accounts/keys")).map(row), text("nothing_here"));
  };

  await list();
  return list;
}
