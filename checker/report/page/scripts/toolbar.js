// The row above the timeline: what is shown, and the buttons that move the view.

import { OUTCOMES } from "./run.js";
import { button, make } from "./elements.js";
import { grouped, shortened } from "./words.js";

/** @typedef {import("./timeline.js").Timeline} Timeline */

/** A longer list of keys is no list that anyone reads; the worst come first. */
const KEYS_LISTED_MAX = 500;
const MEANINGS = ["certainly happened", "certainly had no effect", "unknown whether it happened"];

/**
 * @param {Timeline} timeline
 * @returns {HTMLElement}
 */
export function makeToolbar(timeline) {
  const { run, viewport, selection } = timeline.parts;
  const bar = make("div", { class: "toolbar", role: "toolbar", "aria-label": "Timeline" });
  bar.append(outcomeChoices(timeline));
  if (run.keys.length > 1) bar.append(keyChoice(timeline));
  const buttons = make("div", { class: "buttons" });
  if (selection.anomaly >= 0) buttons.append(...anomalyButtons(timeline));
  buttons.append(
    button("−", "Zoom out (−)", () => viewport.zoom(1 / 0.6), "quiet square"),
    button("+", "Zoom in (+)", () => viewport.zoom(0.6), "quiet square"),
    button("Show all", "Show the whole run (0)", () => viewport.showAll()),
  );
  bar.append(buttons);
  return bar;
}

/**
 * To the first anomaly, and where there are more, from one to the next.
 * @param {Timeline} timeline
 */
function anomalyButtons(timeline) {
  const { selection } = timeline.parts;
  const shown = selection.anomalyRows.flatMap((rows, anomaly) => (rows.length > 0 ? [anomaly] : []));
  /** @param {number} anomaly */
  const show = (anomaly) => {
    timeline.showAnomaly(anomaly);
    timeline.scroller.focus({ preventScroll: true });
  };
  /** @param {number} step */
  const move = (step) => {
    const place = shown.indexOf(selection.anomaly) + step + shown.length;
    show(shown[place % shown.length]);
  };
  const buttons = [
    button("Jump to first anomaly", "Show the operations of the first anomaly", () => {
      show(shown[0]);
    }, "alarm"),
  ];
  if (shown.length > 1) {
    buttons.push(
      button("‹", "Previous anomaly", () => move(-1), "quiet square"),
      button("›", "Next anomaly", () => move(1), "quiet square"),
    );
  }
  return buttons;
}

/** @param {Timeline} timeline */
function outcomeChoices(timeline) {
  const { filters } = timeline.parts;
  const group = make("div", { class: "choices", role: "group", "aria-label": "Outcomes shown" });
  OUTCOMES.forEach((name, outcome) => {
    const box = make("input", { type: "checkbox" });
    box.checked = true;
    box.addEventListener("change", () => filters.showOutcome(outcome, box.checked));
    const swatch = make("span", { class: "swatch", "data-outcome": name, "aria-hidden": "true" });
    group.append(make("label", { title: MEANINGS[outcome] }, [box, swatch, name]));
  });
  return group;
}

/** @param {Timeline} timeline */
function keyChoice(timeline) {
  const { filters, run } = timeline.parts;
  const select = make("select", { "aria-label": "Key", "data-role": "keys" });
  select.append(make("option", { value: "" }, [`all ${grouped(run.keys.length)} keys`]));
  run.keys.slice(0, KEYS_LISTED_MAX).forEach(({ text, verdict, operations }, number) => {
    const alarm = verdict && verdict !== "valid" ? `${verdict.toUpperCase()} · ` : "";
    const words = `${alarm}${shortened(text ?? "(no key)", 40)} · ${grouped(operations)}`;
    select.append(make("option", { value: String(number) }, [words]));
  });
  if (run.keys.length > KEYS_LISTED_MAX) {
    const rest = `${grouped(run.keys.length - KEYS_LISTED_MAX)} more keys are not listed`;
    select.append(make("option", { disabled: "" }, [rest]));
  }
  select.addEventListener("change", () => {
    filters.showKey(select.value === "" ? null : Number(select.value));
  });
  return make("label", { class: "key" }, ["Key", select]);
}
