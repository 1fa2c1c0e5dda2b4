import { RefusalCounter, type Sealer } from "../audit/index.ts";
import { type DatabaseLocation, openDatabaseAsItIs } from "../database/index.ts";
import { type Deps, Fault } from "../lib/index.ts";
import { recoverAdministrator } from "../login/index.ts";
import { migrations } from "./migrations.ts";

/** A store that somebody holds, and by what names it is known. */
export interface Held {
  readonly location: DatabaseLocation;
  /** The public origin, such as `https://countersign.example.com`. */
  readonly issuer: string;
  readonly trustDomain: string;
}

const refuseToSeal = (): never => {
  throw new Fault("unavailable", "Nothing can be concealed without the keys.");
};
/** No key is needed to make a link, so none is opened. */
const NOTHING_SEALED: Sealer = { seal: refuseToSeal, open: refuseToSeal };

/**
 * Makes a link to an administrator in a store that no server holds: a folder of its own, or one on PostgreSQL, beside
 * the servers there.
 * @throws Fault as `recoverAdministrator`; `unavailable` for a store that cannot be used, or that is not exactly of this
 *   version: nobody's folder is made one by a mistyped name, and nothing is migrated below servers that run
 */
export async function linkInStore(
  basics: Deps,
  { location, issuer, trustDomain }: Held,
  whose: { email?: string | undefined },
): Promise<{ url: string; expires: number }> {
  const database = await openDatabaseAsItIs(basics, location, migrations);
  try {
    const more = { sealer: NOTHING_SEALED, refusals: new RefusalCounter(), issuer, trustDomain };
    return await recoverAdministrator({ ...basics, database, ...more }, whose);
  } finally {
    await database.close();
  }
}
