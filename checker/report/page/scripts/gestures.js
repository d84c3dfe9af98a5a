// Wheel, drag, pinch and keys on the timeline.

/** @typedef {import("./timeline.js").Timeline} Timeline */

const WHEEL_STRENGTH = 0.0022;
const DRAG_THRESHOLD = 4;
const KEY_PAN = 0.15;
const KEY_ZOOM = 0.6;

/**
 * The wheel scrolls the page until the timeline has the focus; with Ctrl, ⌘ or a pinch it zooms
 * at once. Dragging pans; dragging with Shift marks a stretch to zoom into.
 * @param {Timeline} timeline
 * @param {{hover: (event: PointerEvent | null) => void, click: (event: PointerEvent) => void}} on
 */
export function listenToPointer(timeline, on) {
  const { canvas, geometry, scroller } = timeline;
  const { viewport } = timeline.parts;
  const band = document.createElement("div");
  band.className = "stretch";
  band.hidden = true;
  scroller.parentElement?.append(band);
  /** @type {{x: number, y: number, begin: number, end: number, top: number, marks: boolean} | null} */
  let drag = null;
  let moved = false;

  scroller.addEventListener("wheel", (event) => onWheel(timeline, event), { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const { begin, end } = viewport;
    const { offsetX: x, offsetY: y } = event;
    drag = { x, y, begin, end, top: scroller.scrollTop, marks: event.shiftKey };
    moved = false;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag) {
      on.hover(event);
      return;
    }
    const [dx, dy] = [event.offsetX - drag.x, event.offsetY - drag.y];
    if (Math.abs(dx) + Math.abs(dy) > DRAG_THRESHOLD) moved = true;
    if (!moved) return;
    on.hover(null);
    if (drag.marks) {
      band.hidden = false;
      band.style.left = `${Math.min(drag.x, event.offsetX)}px`;
      band.style.width = `${Math.abs(dx)}px`;
      return;
    }
    const shift = dx * geometry.perPixel;
    viewport.show(drag.begin - shift, drag.end - shift);
    scroller.scrollTop = drag.top - dy;
  });
  canvas.addEventListener("pointerup", (event) => {
    if (drag?.marks && moved) {
      const ends = [drag.x, event.offsetX].map((x) => geometry.positionAt(x));
      viewport.show(Math.min(...ends), Math.max(...ends));
    } else if (drag && !moved) {
      on.click(event);
    }
    drag = null;
    band.hidden = true;
  });
  canvas.addEventListener("pointercancel", () => {
    drag = null;
    band.hidden = true;
  });
  canvas.addEventListener("pointerleave", () => on.hover(null));
  canvas.addEventListener("dblclick", (event) => {
    viewport.zoom(0.25, geometry.positionAt(event.offsetX));
  });
}

/**
 * @param {Timeline} timeline
 * @param {WheelEvent} event
 */
function onWheel({ geometry, parts, scroller }, event) {
  const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    parts.viewport.pan(sideways * geometry.perPixel);
    return;
  }
  const focused = document.activeElement === scroller;
  if (!event.ctrlKey && !event.metaKey && !focused) return;
  event.preventDefault();
  const strength = event.ctrlKey ? WHEEL_STRENGTH * 3 : WHEEL_STRENGTH;
  const x = event.clientX - scroller.getBoundingClientRect().left;
  parts.viewport.zoom(Math.exp(event.deltaY * strength), geometry.positionAt(x));
}

/** What each key does, as the page tells it. */
export const KEYS = /** @type {const} */ ([
  ["← →", "move in time"],
  ["+ −", "zoom"],
  ["0", "show everything"],
  [", .", "previous, next operation of the client"],
  ["p n", "previous, next operation of the anomaly"],
  ["Esc", "deselect"],
]);

/**
 * @param {Timeline} timeline
 */
export function listenToKeys(timeline) {
  const { filters, lanes, selection, viewport } = timeline.parts;
  /** @param {number} step */
  const stepInLane = (step) => {
    if (selection.row < 0) return;
    const row = lanes.neighbour(selection.row, step, (other) => filters.admits(other));
    if (row >= 0) selection.select(row, true);
  };
  /** @param {number} step */
  const stepInAnomaly = (step) => {
    const rows = selection.anomalyRows[selection.anomaly] ?? [];
    if (rows.length === 0) return;
    const place = rows.indexOf(selection.row);
    selection.select(rows[(place + step + rows.length) % rows.length], true);
  };
  /** @type {Record<string, () => void>} */
  const actions = {
    ArrowLeft: () => viewport.pan(-viewport.span * KEY_PAN),
    ArrowRight: () => viewport.pan(viewport.span * KEY_PAN),
    "+": () => viewport.zoom(KEY_ZOOM),
    "=": () => viewport.zoom(KEY_ZOOM),
    "-": () => viewport.zoom(1 / KEY_ZOOM),
    0: () => viewport.showAll(),
    Home: () => viewport.showAll(),
    ",": () => stepInLane(-1),
    ".": () => stepInLane(1),
    p: () => stepInAnomaly(-1),
    n: () => stepInAnomaly(1),
    Escape: () => selection.select(-1, false),
  };
  timeline.scroller.addEventListener("keydown", (event) => {
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });
}
