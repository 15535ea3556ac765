// @ts-check
/** Features of the layers, read page by page over the OGC API, and the choice of a survey. */
import {call} from "./api.js";
import {show} from "./page.js";
import {text} from "./texts.js";

const PAGE = 10000;

/**
 * @param {string} collection
 * @param {Record<string, string>} parameters
 * @returns {Promise<any[]>} all features
 */
export async function allFeatures(collection, parameters) {
  const query = new URLSearchParams({...parameters, limit: String(PAGE), f: "json"});
  let next = `/ogc/collections/${collection}/items?${query}`;
  const found = [];
  while (next) {
    const page = await call("GET", next);
    found.push(...page.features);
    const link = page.links.find((/** @type {any} */ l) => l.rel === "next");
    next = link ? new URL(link.href, location.href).pathname + new URL(link.href, location.href).search : "";
  }
  return found;
}

/** @typedef {{name: string, scheme: string, scheme_version: string, classes: {number: number, colour: string}[]}} Survey */

/**
 * Fill the choice of surveys; the chosen one is kept in the address.
 * @param {HTMLSelectElement} select
 * @param {(survey: Survey) => void} chosen
 * @returns {Promise<number>} how many surveys there are; the newest comes first
 */
export async function chooseSurvey(select, chosen) {
  /** @type {Survey[]} */
  const surveys = await call("GET", "/api/surveys");
  const names = surveys.map(({name}) => name);
  select.replaceChildren(...names.map((name) => new Option(name, name)));
  const asked = new URLSearchParams(location.search).get("survey");
  const unknown = asked !== null && !names.includes(asked);
  if (unknown) select.prepend(new Option("–", "", true, true)); // never the figures of another one
  else if (asked) select.value = asked;
  select.addEventListener("change", () => {
    const address = new URL(location.href);
    address.searchParams.set("survey", select.value);
    history.replaceState(null, "", address);
    const survey = surveys.find(({name}) => name === select.value);
    if (survey) chosen(survey);
  });
  if (unknown) show(text("survey_not_there", {survey: asked}));
  else if (names.length) chosen(surveys[select.selectedIndex]);
  return names.length;
}
