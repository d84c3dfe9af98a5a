// The operation that is selected and the anomaly that is followed; the address names the former.

import { rowOf } from "./run.js";

/** @typedef {import("./run.js").Run} Run */

export class Selection {
  /** @param {Run} run */
  constructor(run) {
    this.run = run;
    /** The selected row, or -1. */
    this.row = -1;
    /** An operation that was asked for but is not drawn, or -1. */
    this.missing = -1;
    /** The rows of each anomaly that are drawn, in its own order. */
    this.anomalyRows = run.anomalies.map(({ operations }) =>
      operations.map((index) => rowOf(run, index)).filter((row) => row >= 0),
    );
    /** The anomaly that is followed: an index into run.anomalies, or -1. */
    this.anomaly = this.anomalyRows.findIndex((rows) => rows.length > 0);
    /** @type {((reveal: boolean) => void)[]} */
    this.listeners = [];
  }

  /** @param {(reveal: boolean) => void} listener told whether to bring the row into view */
  onChange(listener) {
    this.listeners.push(listener);
  }

  /**
   * @param {number} row
   * @param {boolean} reveal
   * @param {number} missing
   */
  select(row, reveal, missing = -1) {
    this.row = row;
    this.missing = missing;
    if (row >= 0) {
      const hash = `#op=${this.run.index[row]}`;
      if (location.hash !== hash) history.replaceState(null, "", hash);
    }
    for (const listener of this.listeners) listener(reveal);
  }

  /**
   * Select an operation by its place in the history, and bring it into view.
   * @param {number} index
   */
  selectIndex(index) {
    const row = rowOf(this.run, index);
    this.select(row, row >= 0, row < 0 ? index : -1);
  }

  /** Follow the address where it names an operation; says whether it does. */
  followAddress() {
    const match = /^#op=(\d{1,9})$/.exec(location.hash);
    if (!match) return false;
    this.selectIndex(Number(match[1]));
    return true;
  }

  /**
   * The anomalies that a row belongs to.
   * @param {number} row
   */
  anomaliesOf(row) {
    const index = this.run.index[row];
    return this.run.anomalies.filter((anomaly) => anomaly.operations.includes(index));
  }
}
