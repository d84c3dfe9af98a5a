// The stretch of the run that is in view; timeline, overview and plots share it.

/** The shortest stretch: a microsecond, or a few events. */
const SHORTEST_TIMED = 1_000;
const SHORTEST_EVENTS = 4;
const MARGIN = 0.02;

export class Viewport {
  /**
   * @param {number} length of the run
   * @param {boolean} timed
   */
  constructor(length, timed) {
    this.length = length;
    this.low = -length * MARGIN;
    this.high = length * (1 + MARGIN);
    this.shortest = Math.min(timed ? SHORTEST_TIMED : SHORTEST_EVENTS, this.high - this.low);
    this.begin = this.low;
    this.end = this.high;
    /** @type {(() => void)[]} */
    this.listeners = [];
  }

  /** @param {() => void} listener called after every change */
  onChange(listener) {
    this.listeners.push(listener);
  }

  get span() {
    return this.end - this.begin;
  }

  get isWhole() {
    return this.begin <= this.low && this.end >= this.high;
  }

  /**
   * Show a stretch, moved and stretched where the run or the shortest stretch demands it.
   * @param {number} begin
   * @param {number} end
   */
  show(begin, end) {
    let span = Math.min(Math.max(end - begin, this.shortest), this.high - this.low);
    const middle = (begin + end) / 2;
    const from = Math.min(Math.max(middle - span / 2, this.low), this.high - span);
    if (from === this.begin && from + span === this.end) return;
    this.begin = from;
    this.end = from + span;
    for (const listener of this.listeners) listener();
  }

  showAll() {
    this.show(this.low, this.high);
  }

  /**
   * @param {number} factor below 1 zooms in
   * @param {number} anchor the position that stays where it is
   */
  zoom(factor, anchor = (this.begin + this.end) / 2) {
    const span = Math.min(Math.max(this.span * factor, this.shortest), this.high - this.low);
    const share = (anchor - this.begin) / this.span;
    this.show(anchor - span * share, anchor + span * (1 - share));
  }

  /** @param {number} distance on the axis */
  pan(distance) {
    this.show(this.begin + distance, this.end + distance);
  }
}
