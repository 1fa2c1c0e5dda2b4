import type { DatabaseDeps } from "../../database/index.ts";
import type { Host } from "../hosts/host.ts";
import { processesOnHost } from "./store-processes.ts";

/** SPIFFE IDs of the running copies on a machine whose SVIDs live yet, in their order. */
export const liveProcessesOn = async (
  { database, clock }: DatabaseDeps,
  { id }: Pick<Host, "id">,
): Promise<string[]> => (await processesOnHost(database, id, clock.now())).map(({ instance }) => instance);
