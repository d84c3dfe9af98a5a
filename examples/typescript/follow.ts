// A consumer in TypeScript that needs NATS alone: it follows the log by subjects and headers, sees
// every event once and in order, and goes on where it was.
//
//   eventstore relay run &
//   npm ci && npm run build && npm start -- --server nats://127.0.0.1:4222 --checkpoint follow.position
//
// The contract is docs/reference/nats.md. The sequence of a message in the stream EVENTS is the
// position of its event, so the last position is all there is to remember: the consumer in
// JetStream is a cursor to throw away, and acknowledges nothing.

import { open, readFile, rename } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import {
  AckPolicy,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  jetstream,
  jetstreamManager,
} from "@nats-io/jetstream";
import { connect, nanos } from "@nats-io/transport-node";

const STREAM = "EVENTS";
const BATCH = 100;
const PATIENCE = 1000; // milliseconds without an event, then look where the stream is
const PAUSE = 200; // milliseconds before trying again
const REMEMBERED = 4096; // events whose repetition is compared

/** Ends the program: somebody must look at it. */
class Stop extends Error {}

interface Event {
  position: number;
  stream: string;
  type: string;
  data: unknown;
}

/** What this consumer is for. Here it prints; `save` follows, so it is at least once. To have each
 * event take effect exactly once, keep the position in the transaction of the effect. */
function handle(event: Event): void {
  console.log(`${event.position} ${event.stream} ${event.type} ${JSON.stringify(event.data)}`);
}

class Follower {
  stopping = false;
  private readonly ids = new Map<number, string>(); // of the last events, by position

  constructor(
    private readonly js: JetStreamClient,
    private readonly manager: JetStreamManager,
    private readonly checkpoint: string,
    private readonly until: number,
    public position: number, // everything up to here was handled
  ) {}

  get done(): boolean {
    return this.stopping || (this.until > 0 && this.position >= this.until);
  }

  /** Reads from behind the position until something is wrong with the cursor. Whatever it is (a lost
   * connection, a stream that was deleted and made again, a gap), the cure is another cursor. */
  async follow(): Promise<void> {
    const { name } = await this.manager.consumers.add(STREAM, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.position + 1,
      ack_policy: AckPolicy.None,
      inactive_threshold: nanos(60_000),
      mem_storage: true,
      num_replicas: 1,
    });
    try {
      const cursor = await this.js.consumers.get(STREAM, name);
      while (!this.done) {
        const before = this.position;
        const messages = await cursor.fetch({ max_messages: BATCH, expires: PATIENCE });
        try {
          for await (const message of messages) {
            this.take(message);
          }
        } finally {
          await this.save(before);
        }
        if (this.position === before && !this.done) {
          await this.compare();
        }
      }
    } finally {
      // If not now, JetStream deletes it after a minute.
      await this.manager.consumers.delete(STREAM, name).catch(() => undefined);
    }
  }

  /** Handles a message if it is the next one. */
  private take(message: JsMsg): void {
    const position = Number(message.headers?.get("Trueorder-Position"));
    if (message.seq !== position) {
      throw new Stop(`a message on ${message.subject} is not the log's: who else publishes to the stream?`);
    }
    if (this.done) {
      return;
    }
    const id = message.headers?.get("Nats-Msg-Id") ?? "";
    if (position <= this.position) {
      const known = this.ids.get(position);
      if (known !== undefined && known !== id) {
        throw new Stop(`position ${position} is event ${id}, and was ${known}: the log went back`);
      }
      return; // a repetition
    }
    if (position > this.position + 1) {
      throw new Error(`position ${position} came, ${this.position + 1} is missing`);
    }
    const [, , stream, type, ...rest] = message.subject.split(".");
    if (stream === undefined || type === undefined || rest.length > 0) {
      throw new Stop(`${message.subject} is no subject of the log`);
    }
    // In a token %XX stands for what NATS forbids there; everything else for itself.
    handle({
      position,
      stream: decodeURIComponent(stream),
      type: decodeURIComponent(type),
      data: message.json(),
    });
    this.position = position;
    this.ids.set(position, id);
    this.ids.delete(position - REMEMBERED);
  }

  /** Makes sure that silence is the end of the stream. */
  private async compare(): Promise<void> {
    const last = (await this.manager.streams.info(STREAM)).state.last_seq;
    if (last > this.position) {
      throw new Error(`the stream is at ${last}, and nothing comes`);
    }
  }

  /** Replaces the checkpoint as a whole, if there is anything new. */
  private async save(before: number): Promise<void> {
    if (this.position === before) {
      return;
    }
    const fresh = `${this.checkpoint}.new`;
    const file = await open(fresh, "w");
    try {
      await file.writeFile(`${this.position}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, this.checkpoint);
  }
}

async function load(path: string): Promise<number> {
  let text: string;
  try {
    text = await readFile(path, "utf-8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return 0;
    }
    throw error;
  }
  const position = Number(text);
  if (!Number.isSafeInteger(position) || position < 0 || text.trim() === "") {
    throw new Stop(`${path} holds no position`);
  }
  return position;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      server: { type: "string", default: "nats://127.0.0.1:4222" },
      checkpoint: { type: "string", default: "follow.position" },
      until: { type: "string", default: "0" }, // stop behind this position; 0 goes on for ever
    },
  });
  const position = await load(values.checkpoint);
  const connection = await connect({
    servers: values.server,
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
  });
  const follower = new Follower(
    jetstream(connection),
    await jetstreamManager(connection, { checkAPI: false }),
    values.checkpoint,
    Number(values.until),
    position,
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      follower.stopping = true; // what is in hand is finished first
    });
  }
  while (!follower.done) {
    try {
      await follower.follow();
    } catch (error) {
      if (error instanceof Stop) {
        throw error;
      }
      console.error(`after position ${follower.position}: ${error}; trying again`);
      await sleep(PAUSE);
    }
  }
  await connection.close();
}

main().catch((error: unknown) => {
  console.error(String(error));
  process.exit(1);
});
