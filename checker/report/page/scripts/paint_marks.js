// Over the bars: anomalies outlined, the followed one joined, and the selected operation.

import { INFO } from "./run.js";
import { barBox } from "./paint_lanes.js";
import { SANS } from "./paint_frame.js";

/** @typedef {import("./paint_lanes.js").Scene} Scene */
/** @typedef {import("./selection.js").Selection} Selection */

const MARK_WIDTH_MIN = 9;
const BADGE_RADIUS = 8;
/** Nearer points are joined by a bow beside them, which a straight line would hide. */
const NEAR = 60;

/**
 * @param {Scene} scene
 * @param {Selection} selection
 */
export function paintMarks(scene, selection) {
  const { context, geometry, palette } = scene;
  context.save();
  context.beginPath();
  context.rect(geometry.gutter, geometry.head - 5, geometry.plotWidth, geometry.height);
  context.clip();
  if (selection.row >= 0) paintSelected(scene, selection.row);
  for (const rows of selection.anomalyRows) {
    for (const row of rows) outline(scene, row, palette.anomaly);
  }
  if (selection.anomaly >= 0) join(scene, selection.anomalyRows[selection.anomaly]);
  context.restore();
}

/**
 * @param {Scene} scene
 * @param {number} row
 * @returns {[number, number, number, number]}
 */
function markBox(scene, row) {
  const [left, top, width, height] = barBox(scene, row);
  const spare = Math.max(MARK_WIDTH_MIN - width, 0);
  return [left - spare / 2 - 2, top - 2, width + spare + 4, height + 4];
}

/**
 * @param {Scene} scene
 * @param {number} row
 * @param {string} colour
 * @param {number} grow pixels on each side
 */
function outline(scene, row, colour, grow = 0) {
  const { context, geometry, palette } = scene;
  const box = markBox(scene, row);
  const [left, top] = [box[0] - grow, box[1] - grow];
  const [width, height] = [box[2] + 2 * grow, box[3] + 2 * grow];
  if (left + width < geometry.gutter || left > geometry.width) return;
  context.beginPath();
  context.roundRect(left, top, width, height, 4);
  context.strokeStyle = palette.surface;
  context.lineWidth = 5;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = 2.25;
  context.stroke();
}

/**
 * The selected operation, and how long an unknown one may still take effect.
 * @param {Scene} scene
 * @param {number} row
 */
function paintSelected(scene, row) {
  const { context, geometry, palette, run } = scene;
  outline(scene, row, palette.ink, 3);
  const [left, top, width, height] = barBox(scene, row);
  context.save();
  context.strokeStyle = palette.ink;
  context.globalAlpha = 0.4;
  context.lineWidth = 1;
  context.setLineDash([3, 3]);
  context.beginPath();
  for (const x of [left, left + width]) {
    context.moveTo(Math.round(x) + 0.5, geometry.head - 5);
    context.lineTo(Math.round(x) + 0.5, geometry.height);
  }
  context.stroke();
  if (run.outcome[row] === INFO) {
    context.globalAlpha = 0.9;
    context.strokeStyle = palette.info;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(left + width, top + height / 2);
    context.lineTo(geometry.x(geometry.viewport.high), top + height / 2);
    context.stroke();
  }
  context.restore();
}

/**
 * Number the operations of the followed anomaly and join them in its order.
 * @param {Scene} scene
 * @param {number[]} rows
 */
function join(scene, rows) {
  const { context, palette } = scene;
  const points = rows.map((row) => {
    const [left, top, , height] = markBox(scene, row);
    return { x: left - BADGE_RADIUS / 2, y: top + height / 2 };
  });
  context.strokeStyle = palette.anomaly;
  context.lineWidth = 1.75;
  context.beginPath();
  points.forEach(({ x, y }, place) => {
    if (place === 0) {
      context.moveTo(x, y);
      return;
    }
    const from = points[place - 1];
    const far = Math.abs(x - from.x) > NEAR;
    const [out, back] = far ? [(x - from.x) / 2, (from.x - x) / 2] : [-NEAR / 2, -NEAR / 2];
    context.bezierCurveTo(from.x + out, from.y, x + back, y, x, y);
  });
  context.stroke();
  context.font = `600 10.5px ${SANS}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  points.forEach(({ x, y }, place) => {
    context.beginPath();
    context.arc(x, y, BADGE_RADIUS, 0, 2 * Math.PI);
    context.fillStyle = palette.anomaly;
    context.fill();
    context.strokeStyle = palette.surface;
    context.lineWidth = 2;
    context.stroke();
    context.fillStyle = palette.surface;
    context.fillText(String(place + 1), x, y + 0.5);
  });
}
