// @ts-check
/** Street names on the map, drawn in the page's own font, so that no font server is asked. */

const SIZE_PX = 13;
const HALO_PX = 3;
/** Pixels drawn per CSS pixel, for high-density screens. */
export const FINENESS = 2;

/**
 * @param {any[]} segments
 * @returns {any[]} a line per link, with its street's name, in the digitised direction
 */
export function nameLines(segments) {
  /** @type {Map<string, any[]>} */
  const lanes = new Map();
  for (const segment of segments) {
    const {street, link_id: link, direction} = segment.properties;
    if (!street) continue;
    const key = `${link}/${direction}`;
    lanes.set(key, [...lanes.get(key) ?? [], segment]);
  }
  return [...lanes].filter(([key]) => key.endsWith("/forward") || !lanes.has(key.replace(/backward$/, "forward"))).map(([, lane]) => {
    const forward = lane[0].properties.direction === "forward";
    const parts = lane.sort((a, b) => a.properties.from_m - b.properties.from_m)
      .map(({geometry}) => forward ? geometry.coordinates : [...geometry.coordinates].reverse());
    return {type: "Feature", properties: {street: lane[0].properties.street}, geometry: {type: "LineString", coordinates: parts.flat()}};
  });
}

/**
 * @param {string} name
 * @returns {ImageData} dark letters with a light halo
 */
export function nameImage(name) {
  const canvas = document.createElement("canvas");
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const font = `600 ${SIZE_PX * FINENESS}px system-ui, sans-serif`;
  pen.font = font;
  canvas.width = Math.ceil(pen.measureText(name).width) + 2 * HALO_PX * FINENESS;
  canvas.height = Math.ceil(1.5 * SIZE_PX * FINENESS);
  Object.assign(pen, {font, textAlign: "center", textBaseline: "middle", lineJoin: "round", lineWidth: 2 * HALO_PX, strokeStyle: "#ffffff", fillStyle: "#1a1a1a"});
  pen.strokeText(name, canvas.width / 2, canvas.height / 2);
  pen.fillText(name, canvas.width / 2, canvas.height / 2);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}
