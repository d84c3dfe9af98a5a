// The page comes alive: decode the run, build the timeline and the plots, follow the address.
//
// <html data-ready="true"> says that all is drawn; data-errors counts what went wrong.

import { decodeRun } from "./run.js";
import { Details, pointerNote } from "./details.js";
import { copyText, make } from "./elements.js";
import { Filters } from "./filters.js";
import { listenToKeys, listenToPointer } from "./gestures.js";
import { Lanes } from "./lanes.js";
import { Overview } from "./overview.js";
import { onPaletteChange } from "./palette.js";
import { Plots } from "./plots.js";
import { Selection } from "./selection.js";
import { Timeline } from "./timeline.js";
import { makeToolbar } from "./toolbar.js";
import { Viewport } from "./viewport.js";

const page = document.documentElement;

function countError() {
  page.dataset.errors = String(Number(page.dataset.errors) + 1);
}

addEventListener("error", countError);
addEventListener("unhandledrejection", countError);
document.addEventListener("securitypolicyviolation", countError);

/** @param {import("./run.js").Run} run */
function buildTimeline(run) {
  const viewport = new Viewport(run.length, run.timed);
  const parts = {
    run,
    viewport,
    lanes: new Lanes(run),
    filters: new Filters(run),
    selection: new Selection(run),
  };
  const scroller = make("div", {
    class: "scroller",
    tabindex: "0",
    role: "application",
    "aria-label": `Timeline of ${run.count} operations in ${run.lanes.length} lanes`,
    "data-lanes": String(run.lanes.length),
  });
  const frame = make("div", { class: "frame" }, [scroller]);
  const strip = make("div", { class: "strip" });
  const aside = make("aside", { class: "details", "aria-live": "polite", "aria-label": "Operation" });
  const mount = /** @type {HTMLElement} */ (document.getElementById("timeline-mount"));
  const chart = make("div", { class: "chart" }, [strip, frame]);
  mount.replaceChildren(make("div", { class: "workbench" }, [chart, aside]));
  const timeline = new Timeline(parts, scroller);
  mount.prepend(makeToolbar(timeline));
  const overview = new Overview(run, timeline.geometry, strip);
  new Details(timeline, aside);
  const hover = pointerNote(timeline, frame);
  listenToPointer(timeline, {
    hover,
    click: (event) => {
      const row = timeline.rowAt(event.offsetX, event.offsetY);
      parts.selection.select(row, false);
      scroller.focus({ preventScroll: true });
    },
  });
  listenToKeys(timeline);
  return { timeline, overview };
}

/** @param {Timeline} timeline */
function listenToPage(timeline) {
  const { selection } = timeline.parts;
  const section = document.getElementById("timeline");
  const follow = () => {
    if (selection.followAddress()) section?.scrollIntoView({ block: "start" });
    else openFold(location.hash);
  };
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const show = target.closest("[data-show-anomaly]");
    const copy = target.closest("[data-copy]");
    const link = target.closest("a.op-link");
    if (link && link.getAttribute("href") === location.hash) follow();
    if (show) {
      const number = Number(show.getAttribute("data-show-anomaly"));
      timeline.showAnomaly(timeline.parts.run.anomalies.findIndex((a) => a.number === number));
      section?.scrollIntoView({ block: "start" });
    }
    if (copy instanceof HTMLElement) {
      const source = document.getElementById(copy.dataset.copy ?? "");
      void copyText(copy, source?.textContent ?? "");
    }
  });
  follow();
}

/**
 * Show an anomaly that lies in a closed fold.
 * @param {string} hash
 */
function openFold(hash) {
  if (!hash.startsWith("#anomaly-")) return;
  const card = document.getElementById(hash.slice(1));
  const fold = card?.closest("details");
  if (fold) fold.open = true;
  card?.scrollIntoView({ block: "start" });
}

async function start() {
  const data = document.getElementById("data");
  const run = await decodeRun(data?.textContent ?? "");
  const { timeline, overview } = buildTimeline(run);
  const mount = document.getElementById("plots-mount");
  const plots = mount && run.series ? new Plots(run, timeline.parts.viewport, mount) : null;
  onPaletteChange(() => {
    timeline.repalette();
    overview.paint();
    plots?.build();
  });
  listenToPage(timeline);
}

start().then(
  () => {
    page.dataset.ready = "true";
  },
  (error) => {
    countError();
    const pending = document.querySelector("[data-role=pending]");
    if (pending) pending.textContent = `The timeline cannot be drawn here: ${error.message}`;
    console.error(error);
  },
);
