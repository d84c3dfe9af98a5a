// One lane: bars where operations are wide enough to tell apart, their density where not.

import { FAIL, INFO, OK } from "./run.js";
import { shortened } from "./words.js";

/**
 * @typedef {object} Scene
 * @property {CanvasRenderingContext2D} context
 * @property {import("./run.js").Run} run
 * @property {import("./lanes.js").Lanes} lanes
 * @property {import("./geometry.js").Geometry} geometry
 * @property {import("./filters.js").Filters} filters
 * @property {import("./palette.js").Palette} palette
 * @property {CanvasPattern | string} hatch
 */

/** Width of a column of density, and the mean room an operation needs to be drawn as a bar. */
const COLUMN = 2;
const ROOM_PER_BAR = 5;
const BAR_WIDTH_MIN = 2;
const LABEL_WIDTH_MIN = 30;
const LETTER_WIDTH = 6.1;
const PART_LETTERS_MAX = 48;
/** An operation counts at least this much of a column, so that short ones are seen. */
const WEIGHT_MIN = 0.2;
const RARE_SHARE = 0.22;

/**
 * @param {Scene} scene
 * @param {number} lane
 */
export function paintLane(scene, lane) {
  const { geometry, lanes } = scene;
  const { begin, end } = geometry.viewport;
  const [first, last] = lanes.within(lane, begin, end);
  if ((last - first) * ROOM_PER_BAR > geometry.plotWidth) paintDensity(scene, lane, first, last);
  else paintBars(scene, lane, first, last);
}

/**
 * The box of a row's bar: x, y, width, height.
 * @param {Scene} scene
 * @param {number} row
 * @returns {[number, number, number, number]}
 */
export function barBox({ geometry, lanes, run }, row) {
  const left = geometry.x(run.begin[row]);
  const right = geometry.x(lanes.barEnd[row]);
  const gap = geometry.laneHeight > 20 ? 4 : 2;
  const top = geometry.laneTop(run.lane[row]) + gap;
  return [left, top, Math.max(right - left, BAR_WIDTH_MIN), geometry.laneHeight - 2 * gap];
}

/**
 * @param {Scene} scene
 * @param {number} lane
 * @param {number} first
 * @param {number} last
 */
function paintBars(scene, lane, first, last) {
  const { rows } = scene.lanes.lanes[lane];
  for (let place = first; place < last; place += 1) {
    if (scene.filters.admits(rows[place])) paintBar(scene, rows[place]);
  }
}

/**
 * A filled bar is ok, a hollow crossed one failed, a hatched one with an open end is unknown.
 * @param {Scene} scene
 * @param {number} row
 */
function paintBar(scene, row) {
  const { context, palette, run, geometry } = scene;
  const [left, top, width, height] = barBox(scene, row);
  const x = Math.max(left, geometry.gutter - 8);
  const visible = Math.min(left + width, geometry.width + 8) - x;
  const radius = Math.min(3, visible / 3);
  const outcome = run.outcome[row];
  context.beginPath();
  if (outcome === INFO) openBar(context, x, top, visible, height);
  else context.roundRect(x, top, visible, height, radius);
  if (outcome === OK) {
    context.fillStyle = palette.ok;
    context.fill();
  } else if (outcome === FAIL) {
    context.fillStyle = visible > 4 ? palette["fail-soft"] : palette.fail;
    context.fill();
    context.strokeStyle = palette.fail;
    context.lineWidth = 1.25;
    if (visible > 4) context.stroke();
    if (visible > 9) cross(context, x + Math.min(visible, 14) / 2, top + height / 2);
  } else {
    context.fillStyle = visible > 4 ? scene.hatch : palette.info;
    context.fill();
    context.strokeStyle = palette.info;
    context.lineWidth = 1.25;
    if (visible > 4) context.stroke();
  }
  if (visible > LABEL_WIDTH_MIN && height >= 13) label(scene, row, x, top, visible, height);
}

/**
 * A bar whose right edge points on: nobody knows when, or whether, it ended.
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
function openBar(context, x, y, width, height) {
  const tip = Math.min(7, width);
  context.moveTo(x, y);
  context.lineTo(x + width - tip, y);
  context.lineTo(x + width, y + height / 2);
  context.lineTo(x + width - tip, y + height);
  context.lineTo(x, y + height);
  context.closePath();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 */
function cross(context, x, y) {
  context.beginPath();
  context.moveTo(x - 3, y - 3);
  context.lineTo(x + 3, y + 3);
  context.moveTo(x + 3, y - 3);
  context.lineTo(x - 3, y + 3);
  context.stroke();
}

/**
 * @param {Scene} scene
 * @param {number} row
 * @param {number} x
 * @param {number} top
 * @param {number} width
 * @param {number} height
 */
function label({ context, palette, run }, row, x, top, width, height) {
  const outcome = run.outcome[row];
  const inset = outcome === FAIL ? 15 : 6;
  const room = Math.floor((width - inset - (outcome === INFO ? 10 : 5)) / LETTER_WIDTH);
  const words = fittingWords(run, row, room);
  if (words === "") return;
  context.textBaseline = "middle";
  context.textAlign = "left";
  const middle = top + height / 2 + 0.5;
  if (outcome === INFO) {
    // Letters on hatching need a ground of their own.
    context.strokeStyle = palette["info-soft"];
    context.lineWidth = 4;
    context.lineJoin = "round";
    context.strokeText(words, x + inset, middle);
  }
  context.fillStyle = outcome === OK ? palette["ok-ink"] : palette.ink;
  context.fillText(words, x + inset, middle);
}

/**
 * As much of an operation as there is room for: name, key, request, answer.
 * @param {import("./run.js").Run} run
 * @param {number} row
 * @param {number} room letters
 */
function fittingWords(run, row, room) {
  let words = run.fs[run.f[row]];
  if (words.length > room) return "";
  const key = run.keys[run.key[row]].text;
  const request = run.text(run.request[row]);
  const answer = run.text(run.outcome[row] === OK ? run.answer[row] : run.error[row]);
  const silent = answer === "" || (answer === "null" && request !== "");
  const more = [key ?? "", request, silent ? "" : `→ ${answer}`];
  for (const part of more) {
    if (part === "") continue;
    const longer = `${words} ${shortened(part, PART_LETTERS_MAX)}`;
    if (longer.length > room) break;
    words = longer;
  }
  return words;
}

/**
 * Each column is filled by how busy the lane was, and parted by how its operations ended.
 * @param {Scene} scene
 * @param {number} lane
 * @param {number} first
 * @param {number} last
 */
function paintDensity(scene, lane, first, last) {
  const { context, geometry, palette } = scene;
  const weights = laneDensity(scene, lane, first, last);
  const top = geometry.laneTop(lane) + 3;
  const height = geometry.laneHeight - 6;
  for (let column = 0; column < weights[OK].length; column += 1) {
    const [ok, fail, info] = [weights[OK][column], weights[FAIL][column], weights[INFO][column]];
    const sum = ok + fail + info;
    if (sum === 0) continue;
    const x = geometry.gutter + column * COLUMN;
    const infoHeight = info > 0 ? height * Math.max(info / sum, RARE_SHARE) : 0;
    const failHeight = fail > 0 ? height * Math.max(fail / sum, RARE_SHARE) : 0;
    const rest = Math.max(height - infoHeight - failHeight, 0);
    if (ok > 0) {
      context.globalAlpha = 0.3 + 0.55 * Math.min(sum, 1);
      context.fillStyle = palette.ok;
      context.fillRect(x, top, COLUMN, rest);
      context.globalAlpha = 1;
    }
    if (failHeight > 0) {
      context.fillStyle = palette.fail;
      context.fillRect(x, top + height - infoHeight - failHeight, COLUMN, failHeight);
    }
    if (infoHeight > 0) {
      context.fillStyle = palette.info;
      context.fillRect(x, top + height - infoHeight, COLUMN, infoHeight);
    }
  }
}

/**
 * @param {Scene} scene
 * @param {number} lane
 * @param {number} first
 * @param {number} last
 */
function laneDensity({ geometry, lanes, run, filters }, lane, first, last) {
  const columns = Math.ceil(geometry.plotWidth / COLUMN);
  const weights = [0, 1, 2].map(() => new Float32Array(columns));
  const { rows } = lanes.lanes[lane];
  const perColumn = geometry.perPixel * COLUMN;
  const { begin } = geometry.viewport;
  for (let place = first; place < last; place += 1) {
    const row = rows[place];
    if (!filters.admits(row)) continue;
    const from = (run.begin[row] - begin) / perColumn;
    const until = (lanes.barEnd[row] - begin) / perColumn;
    const weight = weights[run.outcome[row]];
    const lastColumn = Math.min(Math.floor(until), columns - 1);
    for (let column = Math.max(Math.floor(from), 0); column <= lastColumn; column += 1) {
      const covered = Math.min(until, column + 1) - Math.max(from, column);
      weight[column] += Math.max(covered, WEIGHT_MIN);
    }
  }
  return weights;
}
