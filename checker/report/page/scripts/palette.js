// The colours of the page, as its style sheet gives them, for what is drawn on canvas.

const NAMES = /** @type {const} */ ([
  "surface", "sunken", "ink", "muted", "faint", "line", "accent",
  "ok", "ok-ink", "fail", "fail-soft", "info", "info-soft", "anomaly", "fault", "fault-soft",
  "p50", "p95", "p99",
]);

/** @typedef {Record<typeof NAMES[number], string>} Palette */

/** @returns {Palette} */
export function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const entries = NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]);
  return Object.fromEntries(entries);
}

/**
 * Call back when the colours change: another scheme, or paper.
 * @param {() => void} repaint
 */
export function onPaletteChange(repaint) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.paper = "true";
    repaint();
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.paper;
    repaint();
  });
}

/**
 * Diagonal lines: the mark of an unknown outcome, which colour alone must not carry.
 * @param {CanvasRenderingContext2D} context
 * @param {string} line
 * @param {string} ground
 * @returns {CanvasPattern | string}
 */
export function hatching(context, line, ground) {
  const size = 12;
  const tile = document.createElement("canvas");
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext("2d");
  if (!pen) return ground;
  pen.fillStyle = ground;
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = line;
  pen.lineWidth = 2.5;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 2, size + 2);
    pen.lineTo(shift + size + 2, -2);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat") ?? ground;
}
