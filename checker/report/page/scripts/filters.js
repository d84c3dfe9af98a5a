// Which operations are shown: one key or all, and which outcomes.

/** @typedef {import("./run.js").Run} Run */

export class Filters {
  /** @param {Run} run */
  constructor(run) {
    this.run = run;
    /** @type {number | null} */
    this.key = null;
    this.outcomes = [true, true, true];
    /** @type {(() => void)[]} */
    this.listeners = [];
  }

  /** @param {() => void} listener */
  onChange(listener) {
    this.listeners.push(listener);
  }

  /** @param {number | null} key */
  showKey(key) {
    this.key = key;
    for (const listener of this.listeners) listener();
  }

  /**
   * @param {number} outcome
   * @param {boolean} shown
   */
  showOutcome(outcome, shown) {
    this.outcomes[outcome] = shown;
    for (const listener of this.listeners) listener();
  }

  /** @param {number} row */
  admits(row) {
    if (this.key !== null && this.run.key[row] !== this.key) return false;
    return this.outcomes[this.run.outcome[row]];
  }
}
