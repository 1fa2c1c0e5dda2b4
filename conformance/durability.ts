/**
 * Kill -9 under load, and a disk that is full: what was acknowledged is there afterwards, and the log holds.
 * On the embedded store; `durability-postgres.ts` has the same on PostgreSQL.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { type Administrator, becomeAdministrator } from "./administrator.ts";
import { type Chance, chanceOfThisRun, eventually, pause } from "./chance.ts";
import { requireKept } from "./kept.ts";
import { startLoad } from "./load.ts";
import { freshFolder, type Place } from "./place.ts";
import type { Report, Suite } from "./report.ts";
import {
  freePort,
  launchServer,
  type ServerOptions,
  type ServerProcess,
  startServer,
} from "./server-process.ts";

const KILLS = 20;
const LONG_KILLS = 300;

export const durability: Suite = async (report, { long }) => {
  const chance = chanceOfThisRun();
  report.note(`seed ${chance.seed}`);
  await report.case("killed during its very first start, it starts the next time", () =>
    killedAtBirth(chance),
  );
  await onPlace(freshFolder(), async (place, server, administrator) => {
    const last = await killAgainAndAgain(report, chance, {
      place,
      server,
      administrator,
      kills: long ? LONG_KILLS : KILLS,
    });
    await last.stop();
  });
  await report.case(
    "on a full disk writes are refused with 503, reads go on, and with room again all is as acknowledged",
    () => onPlace(freshFolder(), fullDisk),
  );
};

/** Runs something against a fresh server with an administrator, and removes everything afterwards. */
export async function onPlace(
  place: Place,
  run: (place: Place, server: ServerProcess, administrator: Administrator) => Promise<void>,
  options: Omit<ServerOptions, "port"> = {},
): Promise<void> {
  try {
    const server = await startServer(place, { port: await freePort(), ...options });
    try {
      await run(place, server, await becomeAdministrator(place, server));
    } finally {
      await server.kill();
    }
  } finally {
    await place.remove();
  }
}

async function killedAtBirth(chance: Chance): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const place = freshFolder();
    const unlucky = launchServer(place, { port: await freePort() });
    const moment = chance.between(300, 1_000);
    await pause(moment);
    await unlucky.kill();
    try {
      const server = await startServer(place, { port: unlucky.port });
      await becomeAdministrator(place, server);
      await server.stop();
    } catch (cause) {
      throw new Error(`killed after ${moment} ms`, { cause });
    } finally {
      await place.remove();
    }
  }
}

export interface Victim {
  readonly place: Place;
  readonly server: ServerProcess;
  readonly administrator: Administrator;
  readonly kills: number;
}

/** Each kill is one case. @returns the server as it runs after the last */
export async function killAgainAndAgain(
  report: Report,
  chance: Chance,
  { place, server: first, administrator, kills }: Victim,
): Promise<ServerProcess> {
  let server = first;
  let acknowledged = 0;
  for (let round = 1; round <= kills; round++) {
    const moment = chance.between(20, 450);
    await report.case(
      `kill ${round} of ${kills}, ${moment} ms into the load: nothing acknowledged is lost`,
      async () => {
        const names = `k${String(round).padStart(3, "0")}`;
        const load = startLoad(administrator, names);
        await pause(moment);
        await server.kill();
        await load.stop();
        acknowledged += load.acknowledged.teams.size + load.acknowledged.events.size;
        server = await startServer(place, { port: server.port });
        await requireKept(administrator, names, load);
      },
    );
  }
  report.note(`${acknowledged} requests had been acknowledged`);
  return server;
}

/**
 * The kernel lets the process write no file longer than now: as on a full disk, writes fail and everything
 * else works. Lifting the limit is the room that the operator makes.
 */
async function fullDisk(place: Place, server: ServerProcess, administrator: Administrator): Promise<void> {
  const load = startLoad(administrator, "full");
  await pause(200);
  const longest = statSync(join(place.data, "countersign.db-wal")).size;
  limitFiles(server, longest + 65_536);
  await eventually(15_000, async () => assert(load.unavailable() > 20, "the disk never was full"));
  assert.equal((await administrator.ask("GET", "/teams")).status, 200, "reads do not go on");
  assert.equal((await administrator.ask("GET", "/health")).status, 200);
  limitFiles(server, "unlimited");
  await eventually(5_000, () => administrator.put("/teams/room-again", { lead: administrator.person }));
  await load.stop();
  await requireKept(administrator, "full", load);
  await server.kill();
  const restarted = await startServer(place, { port: server.port });
  await requireKept(administrator, "full", load);
  await restarted.stop();
}

const limitFiles = ({ pid }: ServerProcess, bytes: number | "unlimited"): void =>
  void execFileSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:`]);
