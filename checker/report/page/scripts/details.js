// What is known of one operation: the panel beside the timeline, and the note under the pointer.

import { INFO, OK, OUTCOMES } from "./run.js";
import { button, copyText, make } from "./elements.js";
import { KEYS } from "./gestures.js";
import { grouped, positionText, shortened, spanText } from "./words.js";

/** @typedef {import("./timeline.js").Timeline} Timeline */

const NOTE_CHARACTERS = 140;

export class Details {
  /**
   * @param {Timeline} timeline
   * @param {HTMLElement} mount
   */
  constructor(timeline, mount) {
    this.timeline = timeline;
    this.mount = mount;
    timeline.parts.selection.onChange(() => this.show());
    this.show();
  }

  show() {
    const { row, missing } = this.timeline.parts.selection;
    if (row >= 0) this.mount.replaceChildren(...this.#operation(row));
    else this.mount.replaceChildren(...guide(missing));
    this.mount.scrollTop = 0;
  }

  /** @param {number} row */
  #operation(row) {
    const { run, selection } = this.timeline.parts;
    const outcome = OUTCOMES[run.outcome[row]];
    const title = make("h3", {}, [
      make("code", {}, [run.fs[run.f[row]]]),
      make("span", { class: "outcome", "data-outcome": outcome }, [outcome]),
    ]);
    const list = make("dl", { class: "operation" });
    for (const [name, value, kind] of operationRows(run, row)) {
      const text = make(kind === "value" ? "pre" : "span", {}, [value]);
      list.append(make("div", { class: kind }, [make("dt", {}, [name]), make("dd", {}, [text])]));
    }
    const parts = [title];
    for (const anomaly of selection.anomaliesOf(row)) {
      const link = make("a", { href: `#anomaly-${anomaly.number}` }, [
        `Anomaly ${anomaly.number}: ${anomaly.type}`,
      ]);
      parts.push(make("p", { class: "in-anomaly" }, [link]));
    }
    return [...parts, list, this.#steps(row)];
  }

  /** @param {number} row */
  #steps(row) {
    const { filters, lanes, run, selection } = this.timeline.parts;
    const bar = make("p", { class: "steps" });
    for (const [label, step] of /** @type {[string, number][]} */ ([["← previous", -1], ["next →", 1]])) {
      const other = lanes.neighbour(row, step, (candidate) => filters.admits(candidate));
      const go = button(label, `${label} operation of this client`, () => {
        selection.select(other, true);
      });
      go.disabled = other < 0;
      bar.append(go);
    }
    const copy = button("Copy link", "Copy the address of this operation", () => {
      void copyText(copy, `${location.href.split("#")[0]}#op=${run.index[row]}`);
    });
    bar.append(copy);
    return bar;
  }
}

/**
 * Name, value and kind of each thing that is known.
 * @param {import("./run.js").Run} run
 * @param {number} row
 * @returns {[string, string, "short" | "value"][]}
 */
function operationRows(run, row) {
  const key = run.keys[run.key[row]].text;
  const lasted = run.end[row] < 0 ? -1 : run.end[row] - run.begin[row];
  /** @type {[string, string, "short" | "value"][]} */
  const rows = [
    ["operation", `#${run.index[row]}`, "short"],
    ["client", run.lanes[run.lane[row]], "short"],
    ["process", run.text(run.process[row]), "short"],
    ["key", key ?? "none", "short"],
    ["invoked", positionText(run.begin[row], run.timed), "short"],
  ];
  if (lasted < 0) rows.push(["completed", "never", "short"]);
  else rows.push(["completed", positionText(run.end[row], run.timed), "short"]);
  if (lasted >= 0 && run.timed) rows.push(["took", spanText(lasted), "short"]);
  if (run.line[row]) rows.push(["line", grouped(run.line[row]), "short"]);
  const texts = /** @type {[string, number][]} */ ([
    ["request", run.request[row]],
    ["answer", run.answer[row]],
    ["error", run.error[row]],
  ]);
  for (const [name, number] of texts) {
    if (number) rows.push([name, run.text(number), "value"]);
  }
  if (run.outcome[row] === INFO) {
    rows.push(["meaning", "Unknown: it may have taken effect, may still, or never will.", "short"]);
  }
  return rows;
}

/**
 * What stands there while nothing is selected.
 * @param {number} missing an operation that was asked for but is not drawn, or -1
 */
function guide(missing) {
  const parts = [];
  if (missing >= 0) {
    parts.push(
      make("p", { class: "missing", "data-role": "missing" }, [
        `Operation #${missing} is not drawn on this page.`,
      ]),
    );
  }
  parts.push(
    make("h3", {}, ["No operation selected"]),
    make("p", {}, ["Click a bar to read what was asked and answered."]),
    make("p", {}, ["Drag to move, Ctrl + wheel to zoom, Shift + drag to zoom into a stretch."]),
  );
  const keys = make("dl", { class: "keys" });
  for (const [key, meaning] of KEYS) {
    const caps = key.split(" ").map((cap) => make("kbd", {}, [cap]));
    keys.append(make("div", {}, [make("dt", {}, caps), make("dd", {}, [meaning])]));
  }
  parts.push(keys);
  return parts;
}

/**
 * The note under the pointer.
 * @param {Timeline} timeline
 * @param {HTMLElement} frame the note's positioned ancestor
 * @returns {(event: PointerEvent | null) => void}
 */
export function pointerNote(timeline, frame) {
  const note = make("div", { class: "pointer-note", "aria-hidden": "true" });
  note.hidden = true;
  frame.append(note);
  return (event) => {
    const lines = event ? noteLines(timeline, event.offsetX, event.offsetY) : [];
    timeline.canvas.classList.toggle("over", lines.length > 0);
    note.hidden = lines.length === 0;
    if (!event || lines.length === 0) return;
    note.replaceChildren(...lines);
    const room = frame.clientWidth - note.offsetWidth - 8;
    note.style.left = `${Math.max(8, Math.min(event.offsetX + 14, room))}px`;
    const below = event.offsetY + 18;
    const fits = below + note.offsetHeight < timeline.geometry.height;
    note.style.top = `${fits ? below : Math.max(event.offsetY - note.offsetHeight - 12, 0)}px`;
  };
}

/**
 * @param {Timeline} timeline
 * @param {number} x
 * @param {number} y
 */
function noteLines(timeline, x, y) {
  const { run } = timeline.parts;
  const fault = timeline.faultAt(x, y);
  if (fault) {
    const until = fault.end === null ? "never ended" : fault.ended_by || "a moment";
    const lasted = fault.end === null || !run.timed ? "" : `, ${spanText(fault.end - fault.begin)}`;
    const lines = [make("strong", {}, [fault.began_by]), make("div", {}, [`until ${until}${lasted}`])];
    if (fault.detail) lines.push(make("code", {}, [shortened(fault.detail, NOTE_CHARACTERS)]));
    return lines;
  }
  const row = timeline.rowAt(x, y);
  if (row < 0) return [];
  const outcome = OUTCOMES[run.outcome[row]];
  const key = run.keys[run.key[row]].text;
  const lasted = run.end[row] < 0 ? "never answered" : spanText(run.end[row] - run.begin[row]);
  const lines = [
    make("strong", {}, [`${run.fs[run.f[row]]} ${key ?? ""}`]),
    make("span", { class: "outcome", "data-outcome": outcome }, [outcome]),
    make("div", {}, [`#${run.index[row]}, ${run.lanes[run.lane[row]]}${run.timed ? `, ${lasted}` : ""}`]),
  ];
  const answer = run.outcome[row] === OK ? run.answer[row] : run.error[row];
  for (const number of [run.request[row], answer]) {
    if (number) lines.push(make("code", {}, [shortened(run.text(number), NOTE_CHARACTERS)]));
  }
  return lines;
}
