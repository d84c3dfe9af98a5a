// The overview: the whole run in one strip, and the stretch of it that is in view.

import { FAIL, INFO, OK, rowOf } from "./run.js";
import { SANS } from "./paint_frame.js";
import { readPalette } from "./palette.js";

/**
 * @typedef {import("./run.js").Run} Run
 */

const HEIGHT = 46;
const COLUMN_WIDTH = 2;
const EDGE = 7;

export class Overview {
  /**
   * @param {Run} run
   * @param {import("./geometry.js").Geometry} geometry of the timeline, to stand in line with it
   * @param {HTMLElement} mount
   */
  constructor(run, geometry, mount) {
    const { viewport } = geometry;
    this.run = run;
    this.geometry = geometry;
    this.viewport = viewport;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "overview";
    this.canvas.setAttribute("aria-hidden", "true");
    const context = this.canvas.getContext("2d");
    if (!context) throw new Error("this browser draws no canvas");
    this.context = context;
    this.width = 1;
    /** @type {Float32Array[]} operations a column by outcome */
    this.columns = [];
    this.pending = false;
    mount.append(this.canvas);
    viewport.onChange(() => this.refresh());
    new ResizeObserver(() => this.resize(mount.clientWidth)).observe(mount);
    this.resize(mount.clientWidth);
    this.#listen();
  }

  /** @param {number} width */
  resize(width) {
    const ratio = devicePixelRatio || 1;
    this.width = Math.max(width, 1);
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = HEIGHT * ratio;
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${HEIGHT}px`;
    this.#count();
    this.paint();
  }

  get gutter() {
    return this.geometry.gutter;
  }

  refresh() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.paint();
    });
  }

  #count() {
    const count = Math.ceil((this.width - this.gutter) / COLUMN_WIDTH);
    this.columns = [0, 1, 2].map(() => new Float32Array(count));
    for (let row = 0; row < this.run.count; row += 1) {
      const column = Math.floor((this.#x(this.run.begin[row]) - this.gutter) / COLUMN_WIDTH);
      this.columns[this.run.outcome[row]][Math.min(column, count - 1)] += 1;
    }
  }

  /** @param {number} position */
  #x(position) {
    const { low, high } = this.viewport;
    return this.gutter + ((position - low) / (high - low)) * (this.width - this.gutter);
  }

  /** @param {number} x */
  #position(x) {
    const { low, high } = this.viewport;
    return low + ((x - this.gutter) / (this.width - this.gutter)) * (high - low);
  }

  paint() {
    const { context, run } = this;
    const palette = readPalette();
    const ratio = devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = palette.surface;
    context.fillRect(0, 0, this.width, HEIGHT);
    context.fillStyle = palette["fault-soft"];
    for (const fault of run.faults) {
      const left = this.#x(fault.begin);
      context.fillRect(left, 0, Math.max(this.#x(fault.end ?? run.length) - left, 1.5), HEIGHT);
    }
    this.#paintColumns(palette);
    context.fillStyle = palette.line;
    context.fillRect(this.gutter - 1, 0, 1, HEIGHT);
    context.font = `11px ${SANS}`;
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.fillStyle = palette.faint;
    context.fillText("whole run", this.gutter - 10, HEIGHT / 2);
    context.fillStyle = palette.anomaly;
    for (const anomaly of run.anomalies) {
      for (const index of anomaly.operations.slice(0, 40)) this.#tick(index);
    }
    this.#paintWindow(palette);
  }

  /** @param {import("./palette.js").Palette} palette */
  #paintColumns(palette) {
    const count = this.columns[OK].length;
    let most = 1;
    for (let column = 0; column < count; column += 1) {
      most = Math.max(most, this.columns.reduce((sum, counts) => sum + counts[column], 0));
    }
    const colours = [
      [OK, palette.ok],
      [FAIL, palette.fail],
      [INFO, palette.info],
    ];
    for (let column = 0; column < count; column += 1) {
      let bottom = HEIGHT - 4;
      for (const [outcome, colour] of /** @type {[number, string][]} */ (colours)) {
        const tall = (this.columns[outcome][column] / most) * (HEIGHT - 14);
        this.context.fillStyle = colour;
        this.context.fillRect(this.gutter + column * COLUMN_WIDTH, bottom - tall, COLUMN_WIDTH, tall);
        bottom -= tall;
      }
    }
  }

  /** @param {number} index */
  #tick(index) {
    const place = rowOf(this.run, index);
    if (place < 0) return;
    const x = this.#x(this.run.begin[place]);
    this.context.beginPath();
    this.context.moveTo(x - 5, 0);
    this.context.lineTo(x + 5, 0);
    this.context.lineTo(x, 8);
    this.context.closePath();
    this.context.fill();
  }

  /** @param {import("./palette.js").Palette} palette */
  #paintWindow(palette) {
    if (this.viewport.isWhole) return;
    const { context } = this;
    const left = this.#x(this.viewport.begin);
    const right = Math.max(this.#x(this.viewport.end), left + 2);
    context.globalAlpha = 0.72;
    context.fillStyle = palette.surface;
    context.fillRect(this.gutter, 0, left - this.gutter, HEIGHT);
    context.fillRect(right, 0, this.width - right, HEIGHT);
    context.globalAlpha = 1;
    context.strokeStyle = palette.accent;
    context.lineWidth = 2;
    context.strokeRect(left, 1, right - left, HEIGHT - 2);
  }

  /** Drag the window to move it, its edges or anything else to set it anew. */
  #listen() {
    /** @type {{kind: "move" | "stretch", from: number} | null} */
    let drag = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      const { begin, end } = this.viewport;
      const x = event.offsetX;
      const [left, right] = [this.#x(begin), this.#x(end)];
      this.canvas.setPointerCapture(event.pointerId);
      if (this.viewport.isWhole || x < left - EDGE || x > right + EDGE) {
        drag = { kind: "stretch", from: this.#position(x) };
      } else if (x < left + EDGE && right - left > 3 * EDGE) {
        drag = { kind: "stretch", from: end };
      } else if (x > right - EDGE && right - left > 3 * EDGE) {
        drag = { kind: "stretch", from: begin };
      } else {
        drag = { kind: "move", from: this.#position(x) - (begin + end) / 2 };
      }
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!drag) return;
      const at = this.#position(event.offsetX);
      if (drag.kind === "stretch") {
        this.viewport.show(Math.min(at, drag.from), Math.max(at, drag.from));
      } else {
        const middle = at - drag.from;
        this.viewport.show(middle - this.viewport.span / 2, middle + this.viewport.span / 2);
      }
    });
    const release = () => {
      drag = null;
    };
    this.canvas.addEventListener("pointerup", release);
    this.canvas.addEventListener("pointercancel", release);
    this.canvas.addEventListener("dblclick", () => this.viewport.showAll());
  }
}
