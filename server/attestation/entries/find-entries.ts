import type { DatabaseDeps } from "../../database/index.ts";
import type { Entry } from "./entry.ts";
import { entriesOf, type Owner } from "./store-entries.ts";

/** The entries of an agent or a service, by name. */
export const allEntriesOf = ({ database }: DatabaseDeps, owner: Owner): Promise<Entry[]> =>
  entriesOf(database, owner);
