// @ts-check
/** The map: segments in the colours of their class; the network itself serves as base map. */
import {CLASSES, classOf, coloursOf, GREY, strokeOf} from "./class_styles.js";
import {allFeatures, chooseSurvey} from "./features.js";
import {attempt, button, describe, find, make, show} from "./page.js";
import {between, leading, section} from "./sections.js";
import {FINENESS, nameImage, nameLines} from "./street_names.js";
import {lineSample} from "./svg.js";
import {number, text, textOr, time} from "./texts.js";

/** Shown where a person has judged something. */
const REVIEWS = ["n_reviewed", "n_rejected"];
const SHOWN = ["street", "score", "finding", "score_low", "score_high", "class_probability", "reason", "riss_pct", "afli_pct", "ofs_pct", "coverage", "n_damages", "n_reviewed", "n_rejected", "direction", "from_m", "to_m", "assessed_at", "model"];

/** How far beside a line a click or a finger still means it. */
const REACH_PX = 8;

/** Prefix of the images that show street names. */
const NAME = "name:";

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
const {basemap} = find("map").dataset;
if (basemap) {
  ready.then(() => {
    map.addSource("basemap", {type: "raster", tiles: [basemap], tileSize: 256});
    const lowest = map.getStyle().layers.find((/** @type {{id: string}} */ {id}) => id !== "paper")?.id;
    map.addLayer({id: "basemap", type: "raster", source: "basemap", paint: {"raster-opacity": 0.6, "raster-saturation": -0.6}}, lowest);
  });
}

/** @param {any[]} features */
function bounds(features) {
  const box = new maplibregl.LngLatBounds();
  for (const {geometry} of features) for (const point of geometry.coordinates) box.extend(point);
  return box;
}

/**
 * @param {any[]} segments
 * @returns {any[]} those that the address asks for, by segment or street
 */
function wantedOf(segments) {
  const asked = new URLSearchParams(location.search);
  const [segment, street] = [asked.get("segment"), asked.get("street")];
  if (segment === null && street === null) return [];
  return segments.filter(({properties: p}) => segment === null ? (p.street ?? "") === street : p.segment_id === segment);
}

/** @param {import("./features.js").Survey} chosen */
function load({name: survey, classes}) {
  attempt(async () => {
    const [segments, damages] = await Promise.all(["segments", "damages"].map((name) => allFeatures(name, {survey})));
    await ready;
    put("segments", segments.map((feature) => ({...feature, properties: {...feature.properties, class: classOf(feature.properties)}})));
    put("damages", damages);
    put("names", nameLines(segments));
    if (!map.getLayer("class-0")) addLayers();
    for (const [class_, colour] of coloursOf(classes).set(0, GREY)) {
      map.setPaintProperty(`class-${class_}`, "line-color", colour);
      find(`sample-${class_}`).setAttribute("stroke", colour);
    }
    const asked = location.hash.match(/^#([\d.]+)\/(-?[\d.]+)\/(-?[\d.]+)$/);
    const wanted = wantedOf(segments);
    if (wanted.length === 1) details(wanted[0].properties);
    else if (wanted.length) list(wanted);
    if (wanted.length) map.fitBounds(bounds(wanted), {padding: 80, maxZoom: 17, duration: 0});
    else if (asked) map.jumpTo({zoom: Number(asked[1]), center: [Number(asked[3]), Number(asked[2])]});
    else if (segments.length) map.fitBounds(bounds(segments), {padding: 40, duration: 0});
    for (const style of CLASSES) count(style.class, segments);
    if (!segments.length) show(text("survey_empty"));
  });
}

/**
 * @param {string} name
 * @param {any[]} features
 */
function put(name, features) {
  const data = {type: "FeatureCollection", features};
  if (map.getSource(name)) map.getSource(name).setData(data);
  else map.addSource(name, {type: "geojson", data});
}

/** @returns {ImageData} a mark that points along a line */
function arrow() {
  const canvas = Object.assign(document.createElement("canvas"), {width: 14, height: 14});
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.moveTo(3, 2);
  pen.lineTo(12, 7);
  pen.lineTo(3, 12);
  pen.closePath();
  pen.fillStyle = "#1a1a1a";
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 2;
  pen.stroke();
  pen.fill();
  return pen.getImageData(0, 0, 14, 14);
}

function addLayers() {
  for (const style of CLASSES) {
    const id = `class-${style.class}`;
    const paint = {"line-color": GREY, "line-width": style.width, ...(style.dash ? {"line-dasharray": style.dash} : {})};
    map.addLayer({id, type: "line", source: "segments", filter: ["==", ["get", "class"], style.class], paint, layout: {visibility: hidden.has(String(style.class)) ? "none" : "visible"}});
    map.on("mouseenter", id, () => { map.getCanvas().style.cursor = "pointer"; });
    map.on("mouseleave", id, () => { map.getCanvas().style.cursor = ""; });
  }
  map.on("click", (/** @type {any} */ {point: {x, y}}) => {
    const layers = CLASSES.map((style) => `class-${style.class}`);
    const around = [[x - REACH_PX, y - REACH_PX], [x + REACH_PX, y + REACH_PX]];
    const [nearest] = map.queryRenderedFeatures([x, y], {layers}).concat(map.queryRenderedFeatures(around, {layers}));
    if (nearest) details(nearest.properties);
  });
  map.addImage("arrow", arrow());
  map.addLayer({id: "directions", type: "symbol", source: "segments", minzoom: 15, layout: {"symbol-placement": "line", "symbol-spacing": 90, "icon-image": "arrow", "icon-size": 0.75, "icon-padding": 0}});
  map.addLayer({id: "damages", type: "line", source: "damages", minzoom: 15, paint: {"line-color": "#000000", "line-width": 1.5}});
  map.on("styleimagemissing", (/** @type {{id: string}} */ {id}) => map.addImage(id, nameImage(id.slice(NAME.length)), {pixelRatio: FINENESS}));
  map.addLayer({id: "names", type: "symbol", source: "names", minzoom: 14, layout: {"symbol-placement": "line", "symbol-spacing": 400, "icon-image": ["concat", NAME, ["get", "street"]], "icon-rotation-alignment": "map", "icon-keep-upright": true, "icon-offset": [0, -16], "icon-padding": 8}});
  map.on("moveend", () => {
    const {lng, lat} = map.getCenter();
    history.replaceState(null, "", `${location.pathname}${location.search}#${map.getZoom().toFixed(2)}/${lat.toFixed(5)}/${lng.toFixed(5)}`);
  });
}

/**
 * @param {string} key
 * @param {any} value
 * @returns {string}
 */
function shown(key, value) {
  if (key === "assessed_at") return time(Date.parse(value) / 1000);
  if (typeof value === "number") return number(value, Number.isInteger(value) ? 0 : 2);
  return textOr(`${key}_${value}`, String(value));
}

/** @param {Record<string, any>} properties */
function details(properties) {
  const list = make("dl", {});
  const known = SHOWN.filter((key) => ![null, undefined, "null"].includes(properties[key]) && !(REVIEWS.includes(key) && !properties.n_reviewed));
  describe(list, known.map((key) => [text("field_" + key), key === "direction" ? leading(properties) : shown(key, properties[key])]));
  const evidence = `/segment?${new URLSearchParams({survey: properties.survey, id: properties.segment_id})}`;
  find("details").replaceChildren(make("h2", {}, section(properties)), list, make("p", {}, make("a", {href: evidence}, text("to_evidence"))));
}

/**
 * Segments without pointing at the map: those of a street, one after the other.
 * @param {any[]} segments of one street
 */
function list(segments) {
  const items = segments.map(({properties: p}) => {
    const along = [between(p), `${number(p.from_m)}–${number(p.to_m)} m`, leading(p)].filter(Boolean).join(", ");
    const where = `${along}: ${p.score === null ? text("class_0") : number(p.score, 2)}`;
    return make("li", {}, button(where, () => details(p)));
  });
  find("details").replaceChildren(make("h2", {}, segments[0].properties.street || text("unnamed")), make("ul", {class: "segments"}, ...items));
}

/**
 * @param {number | string} class_
 * @param {any[]} segments
 */
function count(class_, segments) {
  const length = segments.reduce((sum, {properties: p}) => sum + (classOf(p) === class_ ? p.length_m : 0), 0);
  find(`length-${class_}`).textContent = `${number(length / 1000, 2)} km`;
}

/** Classes that the address hides. */
const hidden = new Set((new URLSearchParams(location.search).get("hide") ?? "").split("-").filter(Boolean));
for (const {class: class_} of CLASSES) {
  const box = make("input", {type: "checkbox", checked: !hidden.has(String(class_)), id: `show-${class_}`, change: (event) => {
    const visible = /** @type {HTMLInputElement} */ (event.target).checked;
    if (visible) hidden.delete(String(class_));
    else hidden.add(String(class_));
    const address = new URL(location.href);
    if (hidden.size) address.searchParams.set("hide", [...hidden].join("-"));
    else address.searchParams.delete("hide");
    history.replaceState(null, "", address);
    if (map.getLayer(`class-${class_}`)) map.setLayoutProperty(`class-${class_}`, "visibility", visible ? "visible" : "none");
  }});
  const sample = lineSample({id: `sample-${class_}`, ...strokeOf(class_)});
  find("classes").append(make("label", {}, box, sample, make("div", {}, text(`class_${class_}`)), make("span", {id: `length-${class_}`})));
}
attempt(async () => { if (!await chooseSurvey(find("survey"), load)) show(text("no_survey")); });
