// Around the lanes: the axis, the faults and their shade, the names of the lanes.

import { axisTicks, shortened } from "./words.js";

/** @typedef {import("./paint_lanes.js").Scene} Scene */

export const SANS = 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", sans-serif';
export const MONO = 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, monospace';
/** The target under which events that broke nothing are gathered; faults.py gives it. */
const MOMENTS = "events";
const TICK_ROOM = 76;

/**
 * Under the lanes: alternating ground, tick lines, and shade while something was broken.
 * @param {Scene} scene
 */
export function paintGround({ context, geometry, palette, run }) {
  const { gutter, head, height, width, laneHeight } = geometry;
  const [first, last] = geometry.lanesInView;
  context.fillStyle = palette.sunken;
  for (let lane = first; lane < last; lane += 1) {
    if (lane % 2 === 0) context.fillRect(gutter, geometry.laneTop(lane), width - gutter, laneHeight);
  }
  context.fillStyle = palette["fault-soft"];
  for (const fault of run.faults) {
    const left = Math.max(geometry.x(fault.begin), gutter);
    const right = Math.min(geometry.x(fault.end ?? run.length), width);
    if (right >= gutter && left <= width) {
      context.fillRect(left, head - 6, Math.max(right - left, 1.5), height - head + 6);
    }
  }
  context.fillStyle = palette.line;
  for (const { at } of visibleTicks(geometry, run.timed)) {
    context.fillRect(Math.round(geometry.x(at)), head, 1, height - head);
  }
}

/**
 * Over the lanes: where faults begin and end, since dense lanes hide the shade.
 * @param {Scene} scene
 */
export function paintFaultEdges({ context, geometry, palette, run }) {
  context.strokeStyle = palette.fault;
  context.lineWidth = 1;
  context.setLineDash([2, 4]);
  context.beginPath();
  for (const fault of run.faults) {
    for (const position of [fault.begin, fault.end ?? fault.begin]) {
      const x = Math.round(geometry.x(position)) + 0.5;
      if (x < geometry.gutter || x > geometry.width) continue;
      context.moveTo(x, geometry.head);
      context.lineTo(x, geometry.height);
    }
  }
  context.stroke();
  context.setLineDash([]);
}

/**
 * Over the lanes, so that what scrolls passes under it.
 * @param {Scene} scene
 */
export function paintFrame(scene) {
  const { context, geometry, palette, run } = scene;
  const { gutter, head, height, width } = geometry;
  context.fillStyle = palette.surface;
  context.fillRect(0, 0, width, head - 6);
  context.fillRect(0, 0, gutter, height);
  paintAxis(scene);
  paintFaults(scene);
  context.fillStyle = palette.line;
  context.fillRect(0, head - 6, width, 1);
  context.fillRect(gutter - 1, 0, 1, height);
  context.save();
  context.beginPath();
  context.rect(0, head - 5, gutter, height);
  context.clip();
  context.font = `12px ${SANS}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillStyle = palette.muted;
  const [first, last] = geometry.lanesInView;
  for (let lane = first; lane < last; lane += 1) {
    const name = shortened(run.lanes[lane] ?? "", Math.floor(gutter / 7));
    context.fillText(name, gutter - 10, geometry.laneTop(lane) + geometry.laneHeight / 2);
  }
  context.restore();
}

/**
 * @param {import("./geometry.js").Geometry} geometry
 * @param {boolean} timed
 */
function visibleTicks(geometry, timed) {
  const { begin, end } = geometry.viewport;
  const most = Math.floor(geometry.plotWidth / TICK_ROOM);
  return axisTicks(Math.max(begin, 0), end, most, timed);
}

/** @param {Scene} scene */
function paintAxis({ context, geometry, palette, run }) {
  context.font = `11px ${SANS}`;
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.fillStyle = palette.faint;
  context.fillText(run.timed ? "time" : "order", geometry.gutter - 10, geometry.axisHeight / 2);
  context.fillStyle = palette.muted;
  context.textAlign = "center";
  for (const { at, word } of visibleTicks(geometry, run.timed)) {
    const x = geometry.x(at);
    const half = context.measureText(word).width / 2;
    if (x - half > geometry.gutter && x + half < geometry.width) {
      context.fillText(word, x, geometry.axisHeight / 2);
    }
  }
}

/** @param {Scene} scene */
function paintFaults({ context, geometry, palette, run }) {
  const { axisHeight, faultHeight, gutter, width } = geometry;
  context.font = `12px ${SANS}`;
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.fillStyle = palette.muted;
  for (let row = 0; row < geometry.faultRows; row += 1) {
    const target = geometry.faultTargets[row];
    const sign = target === MOMENTS ? "" : "ϟ ";
    const name = shortened(target, Math.floor(gutter / 8.5));
    context.fillText(sign + name, gutter - 10, axisHeight + (row + 0.5) * faultHeight);
  }
  context.save();
  context.beginPath();
  context.rect(gutter, 0, width - gutter, geometry.head);
  context.clip();
  context.textAlign = "left";
  for (const fault of run.faults) {
    const top = axisHeight + geometry.faultRow(fault.target) * faultHeight + 2;
    const left = Math.max(geometry.x(fault.begin), gutter - 4);
    const right = Math.min(geometry.x(fault.end ?? run.length), width + 4);
    if (right < gutter || left > width) continue;
    context.fillStyle = palette.fault;
    context.beginPath();
    context.roundRect(left, top, Math.max(right - left, 3), faultHeight - 4, 3);
    context.fill();
    const words = fault.end === null ? `${fault.began_by} (never ended)` : fault.began_by;
    const length = context.measureText(words).width;
    const inside = length + 10 < right - left;
    const after = Math.max(right, left + 3) + 5;
    const beside = after + length < width ? after : left - length - 5;
    context.fillStyle = inside ? palette.surface : palette.muted;
    context.fillText(words, inside ? left + 6 : beside, top + (faultHeight - 4) / 2 + 0.5);
  }
  context.restore();
}
