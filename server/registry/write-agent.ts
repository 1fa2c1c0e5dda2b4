import type { Change } from "../database/index.ts";
import type { Clock, Random } from "../lib/index.ts";
import type { Agent } from "./agent.ts";
import { same } from "./record.ts";
import { insertChanges } from "./store-changes.ts";
import { replaceAgent } from "./store-workloads.ts";

/** A word by which those who were told of an agent know it again; nobody else can tell whose it is. */
export const newWatch = ({ random }: { random: Random }): string =>
  Buffer.from(random.bytes(16)).toString("base64url");

/**
 * Writes an agent's record anew, if nobody else did since it was read, and tells those who asked about it when it
 * is no longer as they were told. Where what it may do changed, it goes by another word from then on: whoever may
 * not be told of it any more hears of this change and of none after.
 * @returns the record as it is after the change
 */
export function writeAgent(
  deps: { readonly clock: Clock; readonly random: Random },
  change: Change,
  before: Agent,
  after: Agent,
): Agent {
  const differs = !same(toldOf(before), toldOf(after));
  const renamed = differs && (before.watch === undefined || !same(before.grants, after.grants));
  const written = renamed ? { ...after, watch: newWatch(deps) } : after;
  replaceAgent(change, before, written);
  if (differs && before.watch !== undefined) insertChanges(change, [before.watch], deps.clock.now());
  return { ...written, revision: before.revision + 1 };
}

/** What any service may be told of an agent. */
function toldOf(agent: Agent): object {
  const { status, expires, graceEnds, strength, grants, delegation, owner, purpose } = agent;
  const { class: of, version, model, environment, region } = agent;
  const told = { status, expires, graceEnds, strength, grants, delegation, owner, purpose };
  return JSON.parse(JSON.stringify({ ...told, class: of, version, model, environment, region }));
}
