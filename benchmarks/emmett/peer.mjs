// `emmett-postgresql` under the closed loop of `benchmarks.closed_loop`, in a process of its own.
// usage: node peer.mjs URL '{"producers": 64, "batch": 1, "warm_up": 0.5, "seconds": 3}'
import { createRequire } from "node:module";
import { join } from "node:path";

const [url, task] = process.argv.slice(2);
const { producers, batch, warm_up, seconds, data } = JSON.parse(task);
// The package is installed apart from this file, where the benchmark says by its working directory.
const installed = createRequire(join(process.cwd(), "package.json"));
const { getPostgreSQLEventStore } = installed("@event-driven-io/emmett-postgresql");

const store = getPostgreSQLEventStore(url, { schema: { autoMigration: "None" } });
await store.schema.migrate();
const events = Array.from({ length: batch }, () => ({ type: "happened", data: JSON.parse(data) }));

const begin = performance.now() + warm_up * 1000;
const end = begin + seconds * 1000;
const latencies = [];

async function produce(number) {
  const run = `${process.pid}-${number}-${Date.now()}`;
  for (let appends = 0; ; appends++) {
    const sent = performance.now();
    if (sent >= end) return;
    await store.appendToStream(`bench-${run}-${Math.floor(appends / 100)}`, events);
    const answered = performance.now();
    if (answered >= begin && answered <= end) latencies.push((answered - sent) / 1000);
  }
}

await Promise.all(Array.from({ length: producers }, (_, number) => produce(number)));
await store.close();
latencies.sort((a, b) => a - b);
const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
console.log(
  JSON.stringify({
    events: latencies.length * batch,
    seconds,
    p50: at(0.5) ?? null,
    p99: at(0.99) ?? null,
  }),
);
