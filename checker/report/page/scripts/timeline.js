// The timeline: a canvas that repaints when its run, stretch, filters or selection change.

import { Geometry } from "./geometry.js";
import { paintFaultEdges, paintFrame, paintGround, MONO } from "./paint_frame.js";
import { paintLane } from "./paint_lanes.js";
import { paintMarks } from "./paint_marks.js";
import { hatching, readPalette } from "./palette.js";

/**
 * @typedef {object} Parts
 * @property {import("./run.js").Run} run
 * @property {import("./lanes.js").Lanes} lanes
 * @property {import("./viewport.js").Viewport} viewport
 * @property {import("./filters.js").Filters} filters
 * @property {import("./selection.js").Selection} selection
 */

export class Timeline {
  /**
   * @param {Parts} parts
   * @param {HTMLElement} scroller holds the canvas and scrolls the lanes under it
   */
  constructor(parts, scroller) {
    this.parts = parts;
    this.scroller = scroller;
    this.geometry = new Geometry(parts.run, parts.viewport);
    this.canvas = document.createElement("canvas");
    this.canvas.className = "lanes";
    const context = this.canvas.getContext("2d");
    if (!context) throw new Error("this browser draws no canvas");
    this.context = context;
    this.palette = readPalette();
    this.hatch = this.hatching();
    this.pending = false;
    const depth = document.createElement("div");
    depth.style.height = `${this.geometry.fullHeight - this.geometry.height}px`;
    scroller.style.height = `${this.geometry.height}px`;
    scroller.append(this.canvas, depth);
    scroller.addEventListener("scroll", () => this.refresh());
    new ResizeObserver(() => this.resize()).observe(scroller);
    parts.viewport.onChange(() => this.refresh());
    parts.filters.onChange(() => this.refresh());
    parts.selection.onChange((reveal) => {
      if (reveal) this.reveal(parts.selection.row);
      this.refresh();
    });
    this.resize();
  }

  repalette() {
    this.palette = readPalette();
    this.hatch = this.hatching();
    this.paint();
  }

  hatching() {
    return hatching(this.context, this.palette.info, this.palette["info-soft"]);
  }

  resize() {
    const width = this.scroller.clientWidth;
    const ratio = devicePixelRatio || 1;
    this.geometry.resize(width);
    this.canvas.width = Math.max(Math.round(width * ratio), 1);
    this.canvas.height = Math.round(this.geometry.height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${this.geometry.height}px`;
    this.paint();
  }

  /** Paint before the next frame, once however often it is asked for. */
  refresh() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.paint();
    });
  }

  paint() {
    const { context, geometry, hatch, palette, parts } = this;
    const ratio = devicePixelRatio || 1;
    geometry.scrollTop = this.scroller.scrollTop;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = palette.surface;
    context.fillRect(0, 0, geometry.width, geometry.height);
    const scene = { context, geometry, palette, hatch, ...parts };
    paintGround(scene);
    context.font = `10px ${MONO}`;
    const [first, last] = geometry.lanesInView;
    for (let lane = first; lane < last; lane += 1) {
      if (lane < parts.run.lanes.length) paintLane(scene, lane);
    }
    paintFaultEdges(scene);
    paintMarks(scene, parts.selection);
    paintFrame(scene);
  }

  /**
   * Bring a row into view; zoom in where its bar would be too thin to see.
   * @param {number} row
   */
  reveal(row) {
    const { run, lanes, viewport } = this.parts;
    const begin = run.begin[row];
    const end = lanes.barEnd[row];
    const width = Math.max(end - begin, viewport.shortest / 4);
    const thin = width / this.geometry.perPixel < 12;
    if (thin || begin < viewport.begin || end > viewport.end) {
      const margin = width * 12;
      viewport.show(begin - margin, end + margin);
    }
    this.revealLane(run.lane[row]);
  }

  /** @param {number} lane */
  revealLane(lane) {
    const { head, height, laneHeight } = this.geometry;
    const top = lane * laneHeight;
    const room = height - head;
    if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
    else if (top + laneHeight > this.scroller.scrollTop + room) {
      this.scroller.scrollTop = top + laneHeight - room + 8;
    }
  }

  /**
   * Follow an anomaly: all its operations in view, the first one selected.
   * @param {number} anomaly
   */
  showAnomaly(anomaly) {
    const { run, lanes, viewport, selection } = this.parts;
    const rows = selection.anomalyRows[anomaly];
    if (rows.length === 0) return;
    const begin = Math.min(...rows.map((row) => run.begin[row]));
    const end = Math.max(...rows.map((row) => lanes.barEnd[row]));
    const margin = Math.max((end - begin) * 0.15, viewport.shortest);
    selection.anomaly = anomaly;
    viewport.show(begin - margin, end + margin);
    this.revealLane(run.lane[rows[0]]);
    selection.select(rows[0], false);
  }

  /**
   * The row under a point of the canvas, or -1.
   * @param {number} x
   * @param {number} y
   */
  rowAt(x, y) {
    const { geometry, parts } = this;
    const lane = geometry.laneAt(y);
    if (lane < 0 || lane >= parts.run.lanes.length || x < geometry.gutter) return -1;
    const marked = this.markedRowAt(x, lane);
    if (marked >= 0) return marked;
    const position = geometry.positionAt(x);
    const tolerance = geometry.perPixel * 4;
    return parts.lanes.nearest(lane, position, tolerance, (row) => parts.filters.admits(row));
  }

  /**
   * An operation of an anomaly wins over its neighbours.
   * @param {number} x
   * @param {number} lane
   */
  markedRowAt(x, lane) {
    const { run, lanes, selection } = this.parts;
    for (let anomaly = 0; anomaly < run.anomalies.length; anomaly += 1) {
      for (const row of selection.anomalyRows[anomaly]) {
        const left = this.geometry.x(run.begin[row]) - 8;
        const right = this.geometry.x(lanes.barEnd[row]) + 6;
        if (run.lane[row] === lane && x >= left && x <= right) return row;
      }
    }
    return -1;
  }

  /**
   * The fault under a point of the canvas, if any.
   * @param {number} x
   * @param {number} y
   */
  faultAt(x, y) {
    const { geometry } = this;
    if (y < geometry.axisHeight || y > geometry.head || x < geometry.gutter) return undefined;
    const row = Math.floor((y - geometry.axisHeight) / geometry.faultHeight);
    return this.parts.run.faults.find(
      (fault) =>
        geometry.faultRow(fault.target) === row &&
        x >= geometry.x(fault.begin) - 3 &&
        x <= geometry.x(fault.end ?? this.parts.run.length) + 3,
    );
  }
}
