// The run as the page carries it: typed columns, one row an operation, decoded once.

/** Outcome codes of the column `outcome`. */
export const OK = 0;
export const FAIL = 1;
export const INFO = 2;
export const OUTCOMES = ["ok", "fail", "info"];

/**
 * @typedef {object} Fault
 * @property {string} target
 * @property {number} begin
 * @property {number | null} end
 * @property {string} began_by
 * @property {string} ended_by
 * @property {string} detail
 *
 * @typedef {object} Anomaly
 * @property {number} number
 * @property {string} type
 * @property {number[]} operations indices into the history
 *
 * @typedef {object} Panel
 * @property {string} title
 * @property {string[]} fs
 * @property {number} operations
 * @property {(number | null)[]} p50
 * @property {(number | null)[]} p95
 * @property {(number | null)[]} p99
 *
 * @typedef {object} Series
 * @property {number} bin_length
 * @property {number} bins
 * @property {Record<string, number[]>} throughput
 * @property {Panel[]} latency
 *
 * @typedef {object} Run
 * @property {boolean} timed positions are nanoseconds; otherwise they count events
 * @property {number} length
 * @property {string[]} lanes
 * @property {string[]} fs
 * @property {{text: string | null, verdict: string | null, operations: number}[]} keys
 * @property {Fault[]} faults
 * @property {Anomaly[]} anomalies
 * @property {Series | null} series
 * @property {number} count rows
 * @property {Uint32Array} index
 * @property {Uint32Array} line
 * @property {Uint32Array} lane
 * @property {Uint32Array} process
 * @property {Uint32Array} f
 * @property {Uint32Array} key
 * @property {Uint8Array} outcome
 * @property {Float64Array} begin
 * @property {Float64Array} end -1 where the client never heard back
 * @property {Uint32Array} request
 * @property {Uint32Array} answer
 * @property {Uint32Array} error
 * @property {(number: number) => string} text a text by its number
 */

const COLUMN_TYPES = { Uint8: Uint8Array, Uint32: Uint32Array, Float64: Float64Array };

/**
 * Unpack base64 of gzip of columns (see columns.py for the layout).
 * @param {string} packed
 * @returns {Promise<Run>}
 */
export async function decodeRun(packed) {
  const letters = atob(packed.trim());
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
  const unzipped = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(unzipped).arrayBuffer();
  const head = new DataView(buffer).getUint32(0, true);
  const utf8 = new TextDecoder();
  const manifest = JSON.parse(utf8.decode(new Uint8Array(buffer, 4, head)));
  const { columns, ...rest } = manifest;
  /** @type {any} */
  const run = rest;
  for (const [name, { type, offset, count }] of Object.entries(columns)) {
    const Column = COLUMN_TYPES[/** @type {keyof typeof COLUMN_TYPES} */ (type)];
    run[name] = new Column(buffer, 4 + head + offset, count);
  }
  const { text_offsets: starts, text_bytes: letterBytes } = run;
  run.text = (/** @type {number} */ number) =>
    utf8.decode(letterBytes.subarray(starts[number], starts[number + 1]));
  run.count = run.index.length;
  return run;
}

/**
 * The row that draws an operation of the history, or -1 when it is not drawn.
 * @param {Run} run
 * @param {number} index
 */
export function rowOf(run, index) {
  let low = 0;
  let high = run.count - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (run.index[middle] === index) return middle;
    if (run.index[middle] < index) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
