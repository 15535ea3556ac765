// @ts-check
/** The map: the network itself is the base map, segments in the colours of their class. */
import {attempt, find, make, show} from "./page.js";
import {allFeatures, chooseSurvey} from "./features.js";
import {number, text} from "./texts.js";

/**
 * Class 0 is "not assessed": grey and dashed, never a colour of a class. The others take their colour
 * from the survey's scheme; width tells them apart too.
 */
const GREY = "#8c8c8c";
const LOOK = [
  {class: 0, width: 3, dash: [0.6, 0.9]},
  {class: 1, width: 3},
  {class: 2, width: 4},
  {class: 3, width: 6},
  {class: 4, width: 8},
];
const SHOWN = ["street", "score", "condition_class", "reason", "riss_pct", "afli_pct", "ofs_pct", "coverage", "n_damages", "direction", "from_m", "to_m", "assessed_at", "model"];

/** @type {any} */
const maplibregl = /** @type {any} */ (globalThis).maplibregl;

const map = new maplibregl.Map({
  container: "map",
  style: {version: 8, sources: {}, layers: [{id: "paper", type: "background", paint: {"background-color": "#ffffff"}}]},
  attributionControl: false,
  locale: {"NavigationControl.ZoomIn": text("zoom_in"), "NavigationControl.ZoomOut": text("zoom_out")},
});
map.addControl(new maplibregl.NavigationControl({showCompass: false}));
map.addControl(new maplibregl.ScaleControl());
const ready = new Promise((done) => map.once("load", done));

/** @param {any[]} features */
function bounds(features) {
  const box = new maplibregl.LngLatBounds();
  for (const {geometry} of features) for (const point of geometry.coordinates) box.extend(point);
  return box;
}

/** @param {import("./features.js").Survey} chosen */
function load({name: survey, classes}) {
  attempt(async () => {
    const [segments, damages] = await Promise.all(["segments", "damages"].map((name) => allFeatures(name, {survey})));
    await ready;
    put("segments", segments.map((feature) => ({...feature, properties: {...feature.properties, look: feature.properties.condition_class ?? 0}})));
    put("damages", damages);
    if (!map.getLayer("class-0")) addLayers();
    for (const {number: class_, colour} of [{number: 0, colour: GREY}, ...classes]) {
      map.setPaintProperty(`class-${class_}`, "line-color", colour);
      find(`sample-${class_}`).setAttribute("stroke", colour);
    }
    const asked = location.hash.match(/^#([\d.]+)\/(-?[\d.]+)\/(-?[\d.]+)$/);
    if (asked) map.jumpTo({zoom: Number(asked[1]), center: [Number(asked[3]), Number(asked[2])]});
    else map.fitBounds(bounds(segments), {padding: 40, duration: 0});
    for (const {class: number_} of LOOK) count(number_, segments);
  });
}

/**
 * @param {string} name
 * @param {any[]} features
 */
function put(name, features) {
  const data = {type: "FeatureCollection", features};
  if (map.getSource(name)) map.getSource(name).setData(data);
  else map.addSource(name, {type: "geojson", data, promoteId: name === "segments" ? "segment_id" : "damage_id"});
}

function addLayers() {
  for (const look of LOOK) {
    const paint = {"line-color": GREY, "line-width": look.width, ...(look.dash ? {"line-dasharray": look.dash} : {})};
    map.addLayer({id: `class-${look.class}`, type: "line", source: "segments", filter: ["==", ["get", "look"], look.class], paint});
    map.on("click", `class-${look.class}`, (/** @type {any} */ event) => details(event.features[0].properties));
    map.on("mouseenter", `class-${look.class}`, () => { map.getCanvas().style.cursor = "pointer"; });
    map.on("mouseleave", `class-${look.class}`, () => { map.getCanvas().style.cursor = ""; });
  }
  map.addLayer({id: "damages", type: "line", source: "damages", minzoom: 15, paint: {"line-color": "#000000", "line-width": 1.5}});
  map.on("moveend", () => {
    const {lng, lat} = map.getCenter();
    history.replaceState(null, "", `${location.pathname}${location.search}#${map.getZoom().toFixed(2)}/${lat.toFixed(5)}/${lng.toFixed(5)}`);
  });
}

/** @param {Record<string, any>} properties */
function details(properties) {
  const list = make("dl", {});
  for (const key of SHOWN) {
    const value = properties[key];
    if (value === null || value === undefined || value === "null") continue;
    list.append(make("dt", {}, text("field_" + key)), make("dd", {}, typeof value === "number" ? number(value, Number.isInteger(value) ? 0 : 2) : String(value)));
  }
  const evidence = `/segment?${new URLSearchParams({survey: properties.survey, id: properties.segment_id})}`;
  find("details").replaceChildren(make("h2", {}, properties.street ?? properties.link_id), list, make("p", {}, make("a", {href: evidence}, text("to_evidence"))));
}

/**
 * @param {number} class_
 * @param {any[]} segments
 */
function count(class_, segments) {
  const length = segments.reduce((sum, {properties: p}) => sum + ((p.condition_class ?? 0) === class_ ? p.length_m : 0), 0);
  find(`length-${class_}`).textContent = `${number(length / 1000, 2)} km`;
}

for (const look of LOOK) {
  const box = make("input", {type: "checkbox", checked: true, id: `show-${look.class}`, change: (event) => {
    const shown = /** @type {HTMLInputElement} */ (event.target).checked;
    if (map.getLayer(`class-${look.class}`)) map.setLayoutProperty(`class-${look.class}`, "visibility", shown ? "visible" : "none");
  }});
  const sample = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  sample.setAttribute("width", "32");
  sample.setAttribute("height", "12");
  const line = document.createElementNS(sample.namespaceURI, "path");
  for (const [key, value] of Object.entries({id: `sample-${look.class}`, d: "M0,6H32", stroke: GREY, "stroke-width": look.width, "stroke-dasharray": look.dash ? "2 3" : "none"})) line.setAttribute(key, String(value));
  sample.append(line);
  find("classes").append(make("label", {}, box, sample, make("div", {}, text(`class_${look.class}`)), make("span", {id: `length-${look.class}`})));
}
attempt(async () => { if (!await chooseSurvey(find("survey"), load)) show(text("no_survey")); });
