import { createHash } from "node:crypto";
import pg from "pg";
import type { Deps } from "../lib/index.ts";
import { Listeners } from "./notify.ts";
import type { Leadership } from "./open.ts";
import { ANNOUNCEMENTS } from "./postgres-commit.ts";

const RECONNECT_MS = 500;

/**
 * Hears what other servers announce. Notifications are lost while the connection is down, so every
 * listener is told once after a reconnect, and polls besides.
 */
export class PostgresListener {
  readonly #listeners = new Listeners();
  readonly #deps: Deps;
  readonly #options: pg.ClientConfig;
  #client: pg.Client | undefined;
  #closed = false;

  constructor(deps: Deps, options: pg.ClientConfig) {
    this.#deps = deps;
    this.#options = options;
    void this.#connect();
  }

  add(channel: string, callback: () => void): () => void {
    return this.#listeners.add(channel, callback);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.end().catch(() => {});
  }

  async #connect(): Promise<void> {
    if (this.#closed) return;
    const client = new pg.Client(this.#options);
    client.on("error", (error) =>
      this.#deps.log.warn({ error: error.message }, "lost the listening connection"),
    );
    client.on("notification", ({ payload }) => this.#listeners.tell(payload ?? ""));
    // Whether it never came about or broke: each connection is followed by one other.
    client.once("end", () => this.#reconnectLater());
    this.#client = client;
    try {
      await client.connect();
      await client.query(`listen ${ANNOUNCEMENTS}`);
      this.#listeners.tellAll();
    } catch (error) {
      this.#deps.log.warn({ error: (error as Error).message }, "cannot listen to the database yet");
      await client.end().catch(() => {});
    }
  }

  #reconnectLater(): void {
    if (!this.#closed) setTimeout(() => void this.#connect(), RECONNECT_MS).unref();
  }
}

/** A session of its own holds the lock: it ends with the process, however that ends. */
export async function leadByAdvisoryLock(
  options: pg.ClientConfig,
  job: string,
): Promise<Leadership | undefined> {
  const client = new pg.Client(options);
  const leadership = { held: false, release: () => client.end() };
  const lose = (): void => {
    leadership.held = false;
  };
  client.on("error", lose).on("end", lose);
  try {
    await client.connect();
    const { rows } = await client.query("select pg_try_advisory_lock($1) as held", [lockNumber(job)]);
    leadership.held = rows[0]?.held === true;
  } catch {
    leadership.held = false;
  }
  if (leadership.held) return leadership;
  await client.end().catch(() => {});
  return undefined;
}

/** Advisory locks are numbered: the first 52 bits of the name's hash. */
const lockNumber = (job: string): number =>
  Number.parseInt(createHash("sha256").update(`countersign ${job}`).digest("hex").slice(0, 13), 16);
