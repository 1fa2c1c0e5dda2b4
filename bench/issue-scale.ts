/**
 * What a token costs where a million agents are registered, against where a thousand are: the same thousand
 * ask in both.
 */
import { type ChildProcess, execFileSync } from "node:child_process";

import { join } from "node:path";
import type { Instance } from "@countersign/sdk";
import SqliteDatabase from "better-sqlite3";
import { freshFolder } from "../conformance/place.ts";
import { freePort } from "../conformance/server-process.ts";
import type { Loaded } from "./load/load.ts";
import {
  listening,
  loaded,
  median,
  rounded,
  SERVER_CORE,
  serveArguments,
  startLoad,
  startOn,
  stopped,
} from "./load/process.ts";
import type { Figures } from "./run.ts";
import { ourEndpoint, prepare, requestsTo } from "./token-issue/requests.ts";

const ACTIVE = 1_000;
const REGISTERED = 1_000_000;
const ROUNDS = 9;
const CONNECTIONS = 16;

export async function run(): Promise<Figures> {
  const [few, many] = [freshFolder(), freshFolder()];
  const stops: (() => Promise<unknown>)[] = [few.remove, many.remove];
  try {
    const agents = await prepare(few, await freePort(), ACTIVE);
    execFileSync("cp", ["-a", `${few.data}/.`, many.data]);
    registerMore(many.data);
    const ports = { few: await freePort(), many: await freePort() };
    const servers = [few, many].map(({ data }, nth) =>
      startOn(SERVER_CORE, serveArguments(data, nth === 0 ? ports.few : ports.many)),
    );
    const load = startLoad();
    stops.unshift(...[load, ...servers].map((child) => () => stopped(child)));
    await Promise.all([listening(ports.few), listening(ports.many)]);
    return await measured(load, agents, ports);
  } finally {
    for (const stop of stops) await stop();
  }
}

const NAMES = ["few", "many"] as const;

async function measured(
  load: ChildProcess,
  agents: readonly Instance[],
  ports: Record<(typeof NAMES)[number], number>,
): Promise<Figures> {
  const rounds: Record<(typeof NAMES)[number], Loaded[]> = { few: [], many: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const name of NAMES) {
      const requests = requestsTo(ourEndpoint(ports[name]), agents, ACTIVE);
      const usual = { connections: CONNECTIONS, milliseconds: 60_000, once: true };
      const result = await loaded(load, { ...usual, port: ports[name], requests });
      if (round > 0) rounds[name].push(result); // the first warms
    }
  }
  const middle = (name: (typeof NAMES)[number], what: "p50" | "p99"): number =>
    median(rounds[name].map((round) => round[what]));
  return {
    ratio: rounded(middle("many", "p50") / middle("few", "p50")),
    fewP50Ms: rounded(middle("few", "p50")),
    manyP50Ms: rounded(middle("many", "p50")),
    p99Ratio: rounded(middle("many", "p99") / middle("few", "p99")),
    registered: REGISTERED,
    active: ACTIVE,
    rounds: ROUNDS,
  };
}

/** Copies of an agent, written past the server: a million registrations would take it an hour. */
function registerMore(folder: string): void {
  const database = new SqliteDatabase(join(folder, "countersign.db"));
  try {
    const names = database.pragma("table_info(agent)") as { name: string }[];
    const columns = names.map(({ name }) => `"${name}"`);
    const copied = columns.map((column) => (column === '"name"' ? "'idle-agent-' || n" : column));
    database
      .prepare(
        `with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ?)
         insert into agent (${columns.join(", ")})
         select ${copied.join(", ")} from numbers, (select * from agent where name = 'posting-agent-0')`,
      )
      .run(REGISTERED - ACTIVE);
  } finally {
    database.close();
  }
}
