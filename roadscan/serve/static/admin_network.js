// @ts-check
/** Preview of a road network before it is used: its content, the meaning of its columns, its faults. */
import {call, failure} from "./api.js";
import {attempt, fill, find, given, make} from "./page.js";
import {number, text} from "./texts.js";
import {send} from "./tus.js";

const POLL_MS = 1000;

/** @typedef {{name: string, filled: number, examples: string[]}} Column */
/** @typedef {{line: number, kind: string, value: string, link_id: string}} Fault */
/** @typedef {{kind: string, links: number, length_m: number}} Assumption */
/** @typedef {{lines: number, columns: Column[], taken: Record<string, string>, faults: Fault[], fault_counts: Record<string, number>, assumed?: Assumption[], islands?: {line: number, link_id: string, links: number, length_m: number}[], all_islands?: {islands: number, links: number, length_m: number}, encoding?: string}} Preview */

/** The file shown, and the network read from it; "" where it could not be read. */
let shown = {file_sha256: "", name: "", network_sha256: ""};

/** @param {string} file_sha256 @param {Record<string, string>} [columns] */
async function read(file_sha256, columns) {
  const job = await call("POST", "/api/networks", {file_sha256, columns: columns ?? null});
  remember(job.job_id);
  await follow(job);
}

/** @param {string} jobId put into the address, so that a reload shows the same preview; "" for none */
function remember(jobId) {
  const address = new URL(location.href);
  if (jobId) address.searchParams.set("network", jobId);
  else address.searchParams.delete("network");
  history.replaceState(null, "", address);
}

/** @param {any} job that reads a network */
async function follow(job) {
  const state = find("network-state");
  find("network-preview").hidden = true;
  while (job.state === "waiting" || job.state === "running") {
    state.textContent = text("state_" + job.state);
    await new Promise((go) => setTimeout(go, POLL_MS));
    job = await call("GET", `/api/jobs/${job.job_id}`);
  }
  state.textContent = job.state === "done" ? "" : text("state_" + job.state);
  show(job, await call("GET", `/api/networks/looks/${job.job_id}`));
  if (job.done?.failure) throw failure(job.done.failure);
}

/**
 * @param {any} job that has ended
 * @param {Preview | null} preview
 */
function show(job, preview) {
  const facts = job.done?.failure ? {} : job.done?.facts ?? {};
  shown = {file_sha256: job.request.file_sha256, name: job.request.file_name, network_sha256: facts.network_sha256 ?? ""};
  find("network-preview").hidden = false;
  find("network-name").textContent = shown.name;
  const read_ = Boolean(shown.network_sha256);
  find("network-drawn").hidden = !read_;
  find("network-summary").textContent = read_ ? text("network_summary", {...facts, links: number(facts.links), named: number(facts.named), segments: number(facts.segments), length: number(facts.length_m / 1000, 1)}) : "";
  if (facts.before) find("network-summary").textContent += ` ${text("network_known_ids", {known: number(facts.known_ids), links: number(facts.links), before: facts.before})}`;
  if (read_) {
    const address = `/api/networks/${shown.network_sha256}/drawing`;
    find("network-drawing").src = address;
    find("network-large").href = address;
  }
  find("network-use").disabled = !read_;
  find("network-hint").textContent = "";
  find("network-columns").hidden = !preview?.columns.length;
  if (preview?.columns.length) showColumns(preview);
  else if (preview) find("network-hint").textContent = text("columns_none");
}

/** @param {Preview} preview */
function showColumns(preview) {
  const columns = new Map(preview.columns.map((column) => [column.name, column]));
  fill(find("network-meanings"), Object.entries(preview.taken).map(([meaning, taken]) => {
    const [filled, examples] = [make("span"), make("bdi")];
    const describeColumn = (/** @type {string} */ name) => {
      const column = columns.get(name);
      filled.textContent = column ? text("lines_filled", {filled: number(column.filled), lines: number(preview.lines)}) : "–";
      examples.textContent = column?.examples.join(" · ") ?? "";
    };
    const select = /** @type {HTMLSelectElement} */ (make("select", {"data-meaning": meaning, "aria-label": text("meaning_" + meaning), change: () => {
      describeColumn(select.value);
      find("network-use").disabled = true;
      find("network-hint").textContent = text("read_first");
    }}));
    select.append(new Option(text("no_column"), ""), ...preview.columns.map(({name}) => new Option(name, name)));
    if (taken && !columns.has(taken)) select.append(new Option(taken, taken)); // an id of several columns
    select.value = taken;
    describeColumn(taken);
    return [text("meaning_" + meaning), select, filled, examples];
  }), "");
  const assumed = (preview.assumed ?? []).map(({kind, links, length_m}) => text("assumed_" + kind, {km: number(length_m / 1000, 2), links: number(links)}));
  if (preview.encoding) assumed.unshift(text("encoding_found", {encoding: preview.encoding}));
  find("network-assumed-part").hidden = !assumed.length;
  find("network-assumed").replaceChildren(...assumed.map((said) => make("li", {}, said)));
  const islands = preview.all_islands ?? {islands: 0, links: 0, length_m: 0};
  find("network-islands").replaceChildren(...(islands.islands ? [
    make("p", {}, text("islands_told", {islands: number(islands.islands), links: number(islands.links), km: number(islands.length_m / 1000, 2)})),
    make("ul", {}, ...(preview.islands ?? []).map((island) => make("li", {}, text("island_told", {links: number(island.links), m: number(island.length_m), first: [island.line ? `${text("line")} ${island.line}` : "", island.link_id].filter(Boolean).join(", ")})))),
  ] : []));
  const all = Object.values(preview.fault_counts).reduce((sum, n) => sum + n, 0);
  const counts = Object.entries(preview.fault_counts).map(([kind, n]) => make("li", {}, `${number(n)} × ${text("fault_" + kind)}`));
  find("network-fault-counts").replaceChildren(...(all ? [make("ul", {}, ...counts)] : [text("no_faults")]), all > preview.faults.length ? text("first_shown", {shown: number(preview.faults.length), all: number(all)}) : "");
  find("network-fault-table").hidden = !all;
  fill(find("network-faults"), preview.faults.map((fault) => [String(fault.line), text("fault_" + fault.kind), given([...new Set([fault.link_id, fault.value])].filter(Boolean).join(": "))]), "", [1]);
}

/** @returns {Record<string, string>} column by meaning, as chosen on the page */
function chosen() {
  const selects = /** @type {NodeListOf<HTMLSelectElement>} */ (find("network-meanings").querySelectorAll("select"));
  return Object.fromEntries([...selects].map((select) => [select.dataset.meaning ?? "", select.value]));
}

/** @param {() => Promise<unknown>} inForce is called when a network was put in force */
export function watchNetwork(inForce) {
  find("network-file").addEventListener("change", () => {
    const [file] = find("network-file").files;
    if (!file) return;
    find("network-file").value = ""; // so that the same file can be chosen again
    attempt(async () => {
      find("network-preview").hidden = true;
      const state = find("network-state");
      const {sha256} = await send(file, {survey: ""}, (done) => { state.textContent = `${Math.round(100 * done / file.size)} %`; });
      await read(sha256);
    });
  });
  find("network-again").addEventListener("click", () => attempt(() => read(shown.file_sha256, chosen())));
  find("network-use").addEventListener("click", () => attempt(async () => {
    const {network_sha256, name} = shown;
    await call("PUT", "/api/networks/in-force", {network_sha256, name});
    remember("");
    find("network-preview").hidden = true;
    find("network-state").textContent = text("network_in_use", {name});
    await inForce();
  }));
  const asked = new URLSearchParams(location.search).get("network");
  if (asked) attempt(async () => follow(await call("GET", `/api/jobs/${encodeURIComponent(asked)}`)));
}
