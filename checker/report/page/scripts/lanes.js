// The rows of each lane in order of time, and the search for what lies under a place.

import { INFO } from "./run.js";

/**
 * @typedef {import("./run.js").Run} Run
 *
 * @typedef {object} Lane
 * @property {Int32Array} rows by begin
 * @property {Float64Array} reach the latest end of this row and all before it
 */

export class Lanes {
  /** @param {Run} run */
  constructor(run) {
    this.run = run;
    /** Where each row's bar ends. */
    this.barEnd = new Float64Array(run.count);
    /** @type {Lane[]} */
    this.lanes = [];
    /** Place of each row in its lane. */
    this.place = new Int32Array(run.count);
    /** @type {number[][]} */
    const rows = run.lanes.map(() => []);
    for (let row = 0; row < run.count; row += 1) rows[run.lane[row]].push(row);
    for (const list of rows) this.lanes.push(this.#index(list));
  }

  /**
   * @param {number[]} list
   * @returns {Lane}
   */
  #index(list) {
    const { begin, end, outcome, length } = this.run;
    list.sort((a, b) => begin[a] - begin[b] || a - b);
    const reach = new Float64Array(list.length);
    let latest = 0;
    list.forEach((row, place) => {
      const next = place + 1 < list.length ? begin[list[place + 1]] : length * 1.02;
      let until = end[row] < 0 ? Math.max(next, begin[row]) : end[row];
      if (outcome[row] === INFO && until > next) until = Math.max(next, begin[row]);
      this.barEnd[row] = until;
      this.place[row] = place;
      latest = Math.max(latest, until);
      reach[place] = latest;
    });
    return { rows: Int32Array.from(list), reach };
  }

  /**
   * The half-open range of places in a lane that a stretch of time may touch.
   * @param {number} lane
   * @param {number} begin
   * @param {number} end
   * @returns {[number, number]}
   */
  within(lane, begin, end) {
    const { rows, reach } = this.lanes[lane];
    const first = partition(rows.length, (place) => reach[place] < begin);
    const last = partition(rows.length, (place) => this.run.begin[rows[place]] <= end);
    return [first, Math.max(first, last)];
  }

  /**
   * The row nearest to a place, within a tolerance; -1 if none.
   * @param {number} lane
   * @param {number} position
   * @param {number} tolerance
   * @param {(row: number) => boolean} admits
   */
  nearest(lane, position, tolerance, admits) {
    const [first, last] = this.within(lane, position - tolerance, position + tolerance);
    let best = -1;
    let bestDistance = tolerance;
    for (let place = first; place < last; place += 1) {
      const row = this.lanes[lane].rows[place];
      const before = this.run.begin[row] - position;
      const distance = Math.max(before, position - this.barEnd[row], 0);
      if (distance <= bestDistance && admits(row)) {
        best = row;
        bestDistance = distance;
        if (distance === 0) break;
      }
    }
    return best;
  }

  /**
   * The row before (-1) or after (1) another in its lane; -1 if none.
   * @param {number} row
   * @param {number} step
   * @param {(row: number) => boolean} admits
   */
  neighbour(row, step, admits) {
    const { rows } = this.lanes[this.run.lane[row]];
    for (let place = this.place[row] + step; place >= 0 && place < rows.length; place += step) {
      if (admits(rows[place])) return rows[place];
    }
    return -1;
  }
}

/**
 * How many of the first places satisfy a condition that never becomes true again.
 * @param {number} count
 * @param {(place: number) => boolean} holds
 */
function partition(count, holds) {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
