// What lies under and over the plots' lines: shade while something was broken, and the points.

import { FAIL, INFO, OK } from "./run.js";

/**
 * @typedef {import("./run.js").Run} Run
 * @typedef {import("./palette.js").Palette} Palette
 */

const NANOSECONDS = 1e9;

/**
 * @param {any} chart
 * @param {Run} run
 * @param {Palette} palette
 */
export function paintFaultBands(chart, run, palette) {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.fillStyle = palette["fault-soft"];
  for (const fault of run.faults) {
    if (fault.end === fault.begin) continue;
    const left = Math.max(chart.valToPos(fault.begin / NANOSECONDS, "x", true), bbox.left);
    const end = (fault.end ?? run.length) / NANOSECONDS;
    const right = Math.min(chart.valToPos(end, "x", true), bbox.left + bbox.width);
    if (right >= left) ctx.fillRect(left, bbox.top, Math.max(right - left, 1.5), bbox.height);
  }
  ctx.restore();
}

/**
 * The rows of some operations that have a latency, rare outcomes last so that they lie on top.
 * @param {Run} run
 * @param {string[]} fs
 */
export function pointRows(run, fs) {
  const wanted = run.fs.map((f) => fs.includes(f));
  /** @type {number[][]} */
  const rows = [[], [], []];
  for (let row = 0; row < run.count; row += 1) {
    if (wanted[run.f[row]] && run.end[row] >= 0) rows[run.outcome[row]].push(row);
  }
  return rows;
}

/**
 * A square is ok, a cross failed, a ring is unknown. Points that share a pixel are drawn once.
 * @param {any} chart
 * @param {Run} run
 * @param {number[][]} rows by outcome
 * @param {Palette} palette
 */
export function paintPoints(chart, run, rows, palette) {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineWidth = ratio;
  const styles = /** @type {[number, string, number][]} */ ([
    [OK, palette.ok, 0.28],
    [FAIL, palette.fail, 0.5],
    [INFO, palette.info, 0.85],
  ]);
  for (const [outcome, colour, alpha] of styles) {
    const seen = new Uint8Array((bbox.width + 1) * (bbox.height + 1));
    ctx.globalAlpha = alpha;
    ctx.fillStyle = colour;
    ctx.strokeStyle = colour;
    ctx.beginPath();
    for (const row of rows[outcome]) {
      const took = Math.max(run.end[row] - run.begin[row], 1);
      const x = Math.round(chart.valToPos(run.begin[row] / NANOSECONDS, "x", true));
      const y = Math.round(chart.valToPos(took, "y", true));
      const [column, line] = [x - Math.floor(bbox.left), y - Math.floor(bbox.top)];
      if (column < 0 || column > bbox.width || line < 0 || line > bbox.height) continue;
      const pixel = line * (bbox.width + 1) + column;
      if (seen[pixel]) continue;
      seen[pixel] = 1;
      mark(ctx, outcome, x, y, ratio);
    }
    if (outcome === OK) ctx.fill();
    else ctx.stroke();
  }
  ctx.restore();
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} outcome
 * @param {number} x
 * @param {number} y
 * @param {number} ratio
 */
function mark(ctx, outcome, x, y, ratio) {
  const r = 2 * ratio;
  if (outcome === OK) {
    ctx.rect(x - ratio, y - ratio, 2 * ratio, 2 * ratio);
  } else if (outcome === FAIL) {
    ctx.moveTo(x - r, y - r);
    ctx.lineTo(x + r, y + r);
    ctx.moveTo(x + r, y - r);
    ctx.lineTo(x - r, y + r);
  } else {
    ctx.moveTo(x + r, y);
    ctx.arc(x, y, r, 0, 2 * Math.PI);
  }
}
