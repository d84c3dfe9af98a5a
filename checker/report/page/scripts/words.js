// Numbers as people read them.

const UNITS = /** @type {const} */ ([
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
  [1, "ns"],
]);

/** @param {number} number */
export function grouped(number) {
  return number.toLocaleString("en-US");
}

/**
 * A duration in the unit that gives it few digits.
 * @param {number} nanoseconds
 */
export function spanText(nanoseconds) {
  for (const [size, unit] of UNITS) {
    if (nanoseconds >= size || size === 1) {
      const amount = nanoseconds / size;
      return `${amount >= 100 ? grouped(Math.round(amount)) : Number(amount.toPrecision(3))} ${unit}`;
    }
  }
  return "0 ns";
}

/**
 * A place on the axis, exact enough to tell neighbours apart.
 * @param {number} position
 * @param {boolean} timed
 */
export function positionText(position, timed) {
  if (!timed) return `event ${grouped(position)}`;
  return `${(position / 1e9).toFixed(6)} s`;
}

/**
 * Round steps for an axis: positions of its ticks and the words under them.
 * @param {number} begin
 * @param {number} end
 * @param {number} ticksMax
 * @param {boolean} timed
 * @returns {{at: number, word: string}[]}
 */
export function axisTicks(begin, end, ticksMax, timed) {
  const unit = timed ? 1e9 : 1;
  const rough = (end - begin) / unit / Math.max(ticksMax, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  if (!timed) step = Math.max(Math.round(step), 1);
  const decimals = timed ? Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) : 0;
  const ticks = [];
  for (let n = Math.ceil(begin / unit / step); n * step <= end / unit; n += 1) {
    const value = n * step;
    ticks.push({
      at: value * unit,
      word: timed ? `${value.toFixed(decimals)} s` : grouped(Math.round(value)),
    });
  }
  return ticks;
}

/**
 * @param {string} text
 * @param {number} max characters
 */
export function shortened(text, max) {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}
