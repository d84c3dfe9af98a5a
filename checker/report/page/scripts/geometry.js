// Where things lie on the timeline's canvas, in CSS pixels.

/** @typedef {import("./run.js").Run} Run */
/** @typedef {import("./viewport.js").Viewport} Viewport */

const AXIS_HEIGHT = 26;
const FAULT_HEIGHT = 20;
const FAULT_ROWS_MAX = 6;
const LANES_HEIGHT_WANTED = 420;
const LANE_HEIGHT_MIN = 14;
const LANE_HEIGHT_MAX = 34;
const HEIGHT_MAX = 640;

export class Geometry {
  /**
   * @param {Run} run
   * @param {Viewport} viewport
   */
  constructor(run, viewport) {
    this.viewport = viewport;
    this.laneCount = Math.max(run.lanes.length, 1);
    /** Names of what was broken, one row each; the last row takes what is too many. */
    this.faultTargets = [...new Set(run.faults.map((fault) => fault.target))];
    this.faultRows = Math.min(this.faultTargets.length, FAULT_ROWS_MAX);
    this.axisHeight = AXIS_HEIGHT;
    this.faultHeight = FAULT_HEIGHT;
    this.head = AXIS_HEIGHT + this.faultRows * FAULT_HEIGHT + 6;
    const fair = Math.floor(LANES_HEIGHT_WANTED / this.laneCount);
    this.laneHeight = Math.min(Math.max(fair, LANE_HEIGHT_MIN), LANE_HEIGHT_MAX);
    /** Height of everything, scrolled out of view or not. */
    this.fullHeight = this.head + this.laneCount * this.laneHeight + 8;
    this.height = Math.min(this.fullHeight, HEIGHT_MAX);
    this.width = 0;
    this.gutter = 0;
    this.scrollTop = 0;
  }

  /** @param {number} width */
  resize(width) {
    this.width = width;
    this.gutter = width < 640 ? 72 : 108;
  }

  get plotWidth() {
    return Math.max(this.width - this.gutter, 1);
  }

  /** Length of the axis under one pixel. */
  get perPixel() {
    return this.viewport.span / this.plotWidth;
  }

  /** @param {number} position */
  x(position) {
    return this.gutter + (position - this.viewport.begin) / this.perPixel;
  }

  /** @param {number} x */
  positionAt(x) {
    return this.viewport.begin + (x - this.gutter) * this.perPixel;
  }

  /** @param {number} lane */
  laneTop(lane) {
    return this.head + lane * this.laneHeight - this.scrollTop;
  }

  /**
   * The lane at a height, or -1.
   * @param {number} y
   */
  laneAt(y) {
    if (y < this.head) return -1;
    const lane = Math.floor((y - this.head + this.scrollTop) / this.laneHeight);
    return lane < this.laneCount ? lane : -1;
  }

  /** The half-open range of lanes in view. */
  get lanesInView() {
    const first = Math.max(Math.floor(this.scrollTop / this.laneHeight), 0);
    const last = Math.ceil((this.scrollTop + this.height - this.head) / this.laneHeight);
    return [first, Math.min(last, this.laneCount)];
  }

  /** @param {string} target */
  faultRow(target) {
    return Math.min(this.faultTargets.indexOf(target), this.faultRows - 1);
  }
}
