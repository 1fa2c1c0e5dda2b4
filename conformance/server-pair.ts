import { type Administrator, becomeAdministrator } from "./administrator.ts";
import { freshFolder, freshPostgres, type Place } from "./place.ts";
import { freePort, type ServerProcess, startServer } from "./server-process.ts";
import { startWorkloads, type Workloads } from "./workloads.ts";

/** Two servers on one PostgreSQL and one key folder, with an administrator, an agent and a service. */
export interface ServerPair {
  readonly place: Place;
  readonly keys: string;
  readonly first: ServerProcess;
  readonly second: ServerProcess;
  readonly administrator: Administrator;
  readonly workloads: Workloads;
}

/** The database and the folders are gone afterwards; what still runs is whoever used the pair's to stop. */
export async function onTwoServers(use: (pair: ServerPair) => Promise<void>): Promise<void> {
  const place = await freshPostgres();
  const beside = { ...freshFolder(), databaseUrl: place.databaseUrl };
  const keys = `${place.data}/keys`;
  try {
    const first = await startServer(place, { port: await freePort(), keys });
    const administrator = await becomeAdministrator(place, first);
    const second = await startServer(beside, { port: await freePort(), keys, issuer: first.issuer });
    const workloads = await startWorkloads(administrator, first.issuer);
    await use({ place, keys, first, second, administrator, workloads });
  } finally {
    await place.remove();
    await beside.remove();
  }
}
