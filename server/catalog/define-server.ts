import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { accepted, changedMembers, findTeam, requireAdministrator } from "../registry/index.ts";
import type { CatalogDeps } from "./catalog.ts";
import { serverDefined } from "./events.ts";
import { findServer, serverOf, toolsOfServer } from "./find.ts";
import { type Server, type ServerDefinition, serverDefinition } from "./server.ts";
import { insertServer, raiseVersion, replaceServer } from "./store.ts";

/**
 * Adds a server to the catalog, or says its record anew. Saying what stands already changes nothing.
 * No policy is asked whether it fits: for whom policies decide there is `admitServer`.
 * @throws Fault `forbidden`; `invalid`; `exists` when another server has the resource; `conflict` when the
 *   resource of a server with pinned tools would change, because grants name it
 */
export function defineServer(
  deps: CatalogDeps,
  caller: Caller,
  attackerServer: ServerDefinition,
): Promise<Server> {
  return perform(deps, caller, "server.define", async (change) => {
    requireAdministrator(caller);
    return putServer(deps, change, caller, attackerServer);
  });
}

/**
 * As `defineServer`, within a change that does more besides. Whoever calls it has decided that it may.
 * @param policyLoss ids of policies that lose something by it, which the caller accepted
 */
export async function putServer(
  deps: CatalogDeps,
  change: Change,
  caller: Caller,
  attackerServer: ServerDefinition,
  policyLoss: readonly string[] = [],
): Promise<Server> {
  const server = readServer(attackerServer);
  const before = await findServer(deps, server.id);
  if (before !== undefined && changedMembers(before, server).length === 0) return before;
  await requireSound(deps, before, server);
  if (before === undefined) insertServer(change, server);
  else replaceServer(change, before, server);
  raiseVersion(change);
  const { id, release, ...said } = server;
  const released = release === undefined ? {} : { release: [...release] };
  const loss = policyLoss.length === 0 ? {} : { policy_loss: [...policyLoss] };
  append(change, serverDefined(deps, caller, {}, { server: id, ...said, ...released, ...loss }));
  return server;
}

/** The record that a definition makes. @throws Fault `invalid` */
export const readServer = (attackerServer: ServerDefinition): Server =>
  accepted("server", serverDefinition, attackerServer) as Server;

async function requireSound(deps: CatalogDeps, before: Server | undefined, server: Server): Promise<void> {
  const holder = await serverOf(deps, server.resource);
  if (holder !== undefined && holder.id !== server.id) {
    throw new Fault("exists", `The server ${holder.id} has this resource already.`, {
      remedy: "Give each server its own.",
    });
  }
  const moves = before !== undefined && before.resource !== server.resource;
  if (moves && (await toolsOfServer(deps, server.id)).length > 0) {
    throw new Fault("conflict", `Grants name the resource of ${server.id}, so it cannot change.`, {
      remedy: "Define a server under another id.",
    });
  }
  if (server.team !== undefined && (await findTeam(deps, server.team)) === undefined) {
    throw new Fault("invalid", `There is no team ${server.team}.`, { remedy: "Register the team first." });
  }
}
