// Throughput and latency over time, drawn by uPlot on the timeline's stretch.

import { make } from "./elements.js";
import { readPalette } from "./palette.js";
import { paintFaultBands, paintPoints, pointRows } from "./plot_layers.js";
import { SANS } from "./paint_frame.js";
import { axisTicks, grouped, spanText } from "./words.js";

/**
 * @typedef {import("./run.js").Run} Run
 * @typedef {import("./viewport.js").Viewport} Viewport
 * @typedef {import("./palette.js").Palette} Palette
 */

const SECOND = 1e9;
const THROUGHPUT_HEIGHT = 190;
const LATENCY_HEIGHT = 180;
const FOLLOW_DELAY_MS = 90;

export class Plots {
  /**
   * @param {Run} run
   * @param {Viewport} viewport
   * @param {HTMLElement} mount
   */
  constructor(run, viewport, mount) {
    this.run = run;
    this.viewport = viewport;
    this.mount = mount;
    /** @type {any[]} */
    this.charts = [];
    this.timer = 0;
    viewport.onChange(() => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.follow(), FOLLOW_DELAY_MS);
    });
    new ResizeObserver(() => this.resize()).observe(mount);
    this.build();
  }

  build() {
    for (const chart of this.charts) chart.destroy();
    this.charts = [];
    const { series } = this.run;
    if (!series) return;
    const palette = readPalette();
    const range = latencyRange(this.run);
    const shade = this.run.faults.length > 0 ? "shaded: a fault lasted" : "";
    const throughput = this.#figure("Completions a second", shade, "wide");
    this.charts.push(
      makeChart(this, throughput, THROUGHPUT_HEIGHT, throughputOptions(this.run, palette)),
    );
    const grid = make("div", { class: "panels" });
    this.mount.replaceChildren(throughput, pointLegend(), grid);
    for (const panel of series.latency) {
      const figure = this.#figure(panel.title, `${grouped(panel.operations)} operations`, "");
      grid.append(figure);
      const options = latencyOptions(this.run, panel, range, palette);
      this.charts.push(makeChart(this, figure, LATENCY_HEIGHT, options));
    }
    this.resize();
    this.follow();
  }

  /**
   * @param {string} title
   * @param {string} remark
   * @param {string} kind
   */
  #figure(title, remark, kind) {
    const caption = make("figcaption", {}, [make("b", {}, [title]), make("span", {}, [remark])]);
    return make("figure", { class: `plot ${kind}` }, [caption]);
  }

  resize() {
    for (const chart of this.charts) {
      const width = chart.root.parentElement?.clientWidth ?? 0;
      if (width > 0 && width !== chart.width) chart.setSize({ width, height: chart.height });
    }
  }

  follow() {
    const min = this.viewport.begin / SECOND;
    const max = this.viewport.end / SECOND;
    for (const chart of this.charts) chart.setScale("x", { min, max });
  }
}

/**
 * @param {Plots} plots
 * @param {HTMLElement} figure
 * @param {number} height
 * @param {{data: any[], options: any}} chart
 */
function makeChart({ run, viewport }, figure, height, { data, options }) {
  const palette = readPalette();
  const axis = {
    font: `11px ${SANS}`,
    stroke: palette.muted,
    grid: { stroke: palette.line, width: 1 },
    ticks: { show: false },
  };
  const body = make("div");
  figure.append(body);
  const hooks = {
    drawClear: [(/** @type {any} */ chart) => paintFaultBands(chart, run, palette)],
    drawAxes: options.under ?? [],
    setSelect: [
      (/** @type {any} */ chart) => {
        const { left, width } = chart.select;
        if (width < 4) return;
        const ends = [left, left + width].map((x) => chart.posToVal(x, "x") * SECOND);
        chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        viewport.show(ends[0], ends[1]);
      },
    ],
  };
  return new uPlot(
    {
      width: 320,
      height,
      padding: [10, 10, 0, 0],
      cursor: {
        sync: { key: "run" },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => () => viewport.showAll() },
      },
      legend: { markers: { width: 2, fill: () => "transparent" } },
      scales: { x: { time: false, auto: false }, ...options.scales },
      axes: [
        { ...axis, size: 28, space: 64, splits: timeSplits, values: timeWords },
        { ...axis, size: 58, ...options.axis },
      ],
      series: [
        { label: "time", value: (/** @type {any} */ _, /** @type {number | null} */ v) =>
          v === null ? "" : `${v.toFixed(2)} s` },
        ...options.series,
      ],
      hooks,
    },
    data,
    body,
  );
}

/**
 * @param {any} chart
 * @param {number} _axis
 * @param {number} min
 * @param {number} max
 */
function timeSplits(chart, _axis, min, max) {
  const width = chart.bbox.width / devicePixelRatio;
  const most = Math.max(Math.floor(width / (width < 500 ? 60 : 100)), 2);
  return axisTicks(min * SECOND, max * SECOND, most, true).map(({ at }) => at / SECOND);
}

/**
 * @param {any} chart
 * @param {number[]} splits
 */
function timeWords(chart, splits) {
  if (splits.length < 2) return splits.map((value) => `${value} s`);
  const step = splits[1] - splits[0];
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return splits.map((value) => `${value.toFixed(decimals)} s`);
}

/**
 * @param {Run} run
 * @param {Palette} palette
 */
function throughputOptions(run, palette) {
  const series = /** @type {import("./run.js").Series} */ (run.series);
  const length = series.bin_length / SECOND;
  const times = Array.from({ length: series.bins }, (_, bin) => (bin + 0.5) * length);
  const names = /** @type {const} */ (["ok", "fail", "info"]);
  const rate = (/** @type {any} */ _, /** @type {number | null} */ value) =>
    value === null ? "" : `${grouped(Math.round(value))}/s`;
  return {
    data: [times, ...names.map((name) => rates(run, name))],
    options: {
      scales: { y: { range: (/** @type {any} */ _c, /** @type {number} */ _min, /** @type {number} */ max) =>
        [0, Math.max(max, 1) * 1.08] } },
      axis: { space: 34, values: (/** @type {any} */ _, /** @type {number[]} */ splits) =>
        splits.map((value) => grouped(value)) },
      series: names.map((name) => ({
        label: name,
        stroke: palette[name],
        fill: name === "ok" ? `${palette.ok}22` : undefined,
        width: name === "ok" ? 1.75 : 1.5,
        dash: { ok: undefined, fail: [7, 3], info: [2, 3] }[name],
        points: { show: false },
        value: rate,
      })),
    },
  };
}

/**
 * Completions a second in each bin; null for a last bin too short to tell.
 * @param {Run} run
 * @param {string} outcome
 */
function rates(run, outcome) {
  const { bin_length: length, bins, throughput } = /** @type {import("./run.js").Series} */ (run.series);
  const rest = run.length - (bins - 1) * length;
  return throughput[outcome].map((count, bin) => {
    if (bin < bins - 1) return (count / length) * SECOND;
    return rest < length / 2 && bins > 1 ? null : (count / Math.max(rest, 1)) * SECOND;
  });
}

/**
 * @param {Run} run
 * @param {import("./run.js").Panel} panel
 * @param {[number, number]} range
 * @param {Palette} palette
 */
function latencyOptions(run, panel, range, palette) {
  const series = /** @type {import("./run.js").Series} */ (run.series);
  const length = series.bin_length / SECOND;
  const times = Array.from({ length: series.bins }, (_, bin) => (bin + 0.5) * length);
  const names = /** @type {const} */ (["p50", "p95", "p99"]);
  const rows = pointRows(run, panel.fs);
  const words = (/** @type {any} */ _, /** @type {number | null} */ value) =>
    value === null || value === undefined ? "" : spanText(value);
  return {
    data: [times, ...names.map((name) => panel[name])],
    options: {
      scales: { y: { distr: 3, range: () => range } },
      axis: {
        splits: () => decades(range),
        values: (/** @type {any} */ _, /** @type {number[]} */ splits) =>
          splits.map((value) => spanText(value)),
      },
      under: [(/** @type {any} */ chart) => paintPoints(chart, run, rows, palette)],
      series: names.map((name) => ({
        label: name,
        stroke: palette[name],
        width: { p50: 2.25, p95: 1.5, p99: 1.5 }[name],
        dash: { p50: undefined, p95: undefined, p99: [4, 3] }[name],
        points: { show: false },
        spanGaps: false,
        value: words,
      })),
    },
  };
}

/**
 * The decades that hold every latency, the same for all panels so that they compare.
 * @param {Run} run
 * @returns {[number, number]}
 */
function latencyRange(run) {
  let least = Infinity;
  let most = 0;
  for (let row = 0; row < run.count; row += 1) {
    const took = run.end[row] - run.begin[row];
    if (run.end[row] < 0 || took <= 0) continue;
    if (took < least) least = took;
    if (took > most) most = took;
  }
  if (most === 0) return [1e3, 1e9];
  const low = 10 ** Math.floor(Math.log10(least));
  return [low, Math.max(10 ** Math.ceil(Math.log10(most)), low * 10)];
}

/** @param {[number, number]} range */
function decades([low, high]) {
  const values = [];
  for (let value = low; value <= high * 1.001; value *= 10) values.push(value);
  return values;
}

function pointLegend() {
  const marks = /** @type {const} */ ([["ok", "ok"], ["fail", "fail"], ["info", "unknown"]]);
  const parts = marks.map(([name, word]) =>
    make("span", {}, [make("span", { class: "dot", "data-outcome": name, "aria-hidden": "true" }), word]),
  );
  return make("p", { class: "point-legend" }, [
    make("b", {}, ["Latency"]),
    "one point an operation:",
    ...parts,
    make("span", {}, ["lines: quantiles of ok operations"]),
  ]);
}
