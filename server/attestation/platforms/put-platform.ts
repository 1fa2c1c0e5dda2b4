import { append, perform } from "../../audit/index.ts";
import type { Change } from "../../database/index.ts";
import { type Caller, Fault, newId, newSecret } from "../../lib/index.ts";
import { requireAdministrator } from "../../registry/index.ts";
import { revoke } from "../../revocation/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { platformConfigured, platformRemoved } from "./events-platforms.ts";
import { deadKeyOfBinding, deadKeyOfPlatform, type Platform, type PlatformDefinition } from "./platform.ts";
import { hashOf } from "./put-machine-trust.ts";
import { sealSecrets, unsealed } from "./secrets.ts";
import {
  bindingsOf,
  deleteBinding,
  deletePlatform,
  forgetRemoved,
  insertPlatform,
  type KeptPlatform,
  markRemoved,
  platformBy,
  replacePlatform,
  requireNotRemoved,
  wasRemoved,
} from "./store-platforms.ts";

/** A platform by our name for it, as an administrator says it. */
interface PlatformSaid {
  readonly name: string;
  readonly definition: PlatformDefinition;
}

/**
 * Says which platform's word is taken for what runs on it. It stands for nobody by that alone: rules say for whom.
 * The same again changes nothing; whatever is changed ends, in the same change, all that rested on it before. One that was removed is taken again.
 * @throws Fault `forbidden`; `invalid` for ourselves as the issuer, and for another issuer or kind than before;
 *   `exists` when another name has this issuer
 */
export const putPlatform = (deps: AttestationDeps, caller: Caller, said: PlatformSaid): Promise<Platform> =>
  perform(deps, caller, "platform.put", async (change) => {
    requireAdministrator(caller);
    if (await wasRemoved(deps.database, said.name)) forgetRemoved(change, said.name);
    return become(deps, change, caller, said, await platformBy(deps.database, "name", said.name));
  });

/**
 * As `putPlatform`, within a change that does more besides, by a declaration that holds no secrets: how a cluster
 * is asked stays as it was given. It may be older than what somebody has decided since: what was removed stays so.
 * @throws Fault `gone` for one that was removed
 */
export async function declarePlatformWithin(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  { name, definition: { review: _, ...definition } }: PlatformSaid,
): Promise<Platform> {
  requireAdministrator(caller);
  const before = await declarable(deps, name);
  const review = before && opened(deps, before).definition.review;
  const said = { name, definition: review === undefined ? definition : { ...definition, review } };
  const after = await become(deps, change, caller, said, before);
  if (after !== before) requireNotRemoved(change, name);
  return after;
}

async function become(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  { name, definition }: PlatformSaid,
  before: KeptPlatform | undefined,
): Promise<Platform> {
  await requireSound(deps, name, definition, before);
  const audience =
    definition.audience ?? before?.definition.audience ?? `${deps.issuer}/attest/${newSecret(deps)}`;
  const said = { ...definition, audience };
  if (before !== undefined && hashOf(opened(deps, before).definition) === hashOf(said)) return before;
  const { open, sealed } = sealSecrets(deps, placeOf(name), said);
  const after = { name, id: newId(deps, "platform"), definition: open, sealed, revision: 1 };
  if (before === undefined) insertPlatform(change, after);
  else {
    replacePlatform(change, before, after);
    revoke(deps, change, caller, [deadKeyOfPlatform(before)], "platform redefined");
  }
  const { preset, issuer } = definition;
  const body = { platform: name, id: after.id, preset, issuer, audience, hash: hashOf(open) };
  append(change, platformConfigured(deps, caller, {}, body));
  return after;
}

/**
 * Takes a platform's word no more: what rests on it is dead with the commit, and its rules are gone.
 * @throws Fault `forbidden`; `not-found`
 */
export function removePlatform(
  deps: AttestationDeps,
  caller: Caller,
  { name }: { name: string },
): Promise<void> {
  return perform(deps, caller, "platform.remove", async (change) => {
    requireAdministrator(caller);
    const platform = await platformOrRefuse(deps, name);
    const bindings = await bindingsOf(deps.database, { platform: name });
    deletePlatform(change, platform);
    markRemoved(change, name);
    for (const binding of bindings) deleteBinding(change, binding);
    const dead = [deadKeyOfPlatform(platform), ...bindings.map(deadKeyOfBinding)];
    revoke(deps, change, caller, dead, "platform removed");
    const { issuer } = platform.definition;
    append(change, platformRemoved(deps, caller, {}, { platform: name, id: platform.id, issuer }));
  });
}

/**
 * What is taken by this name, as it may be shown, or nothing.
 * @throws Fault `gone` for one that was removed
 */
export const declaredPlatform = async (
  deps: Pick<AttestationDeps, "database">,
  name: string,
): Promise<Platform["definition"] | undefined> => (await declarable(deps, name))?.definition;

async function declarable(
  { database }: Pick<AttestationDeps, "database">,
  name: string,
): Promise<KeptPlatform | undefined> {
  if (!(await wasRemoved(database, name))) return platformBy(database, "name", name);
  throw new Fault("gone", "This platform was removed, and no declaration takes its word again.", {
    remedy: "Leave it out, or take its word again: countersign platforms put.",
  });
}

/** As it may be shown. @throws Fault `not-found` */
export async function platformOrRefuse(deps: AttestationDeps, name: string): Promise<KeptPlatform> {
  const platform = await platformBy(deps.database, "name", name);
  if (platform !== undefined) return platform;
  throw new Fault("not-found", "There is no platform of this name.", {
    remedy: "List the platforms, or say that this one's word is taken.",
  });
}

/** With what was given to ask others with. */
export const opened = (
  deps: AttestationDeps,
  { sealed, definition, ...platform }: KeptPlatform,
): Platform => ({
  ...platform,
  definition: unsealed(deps, placeOf(platform.name), definition, sealed),
});

const placeOf = (name: string): string => `platform ${name}`;

async function requireSound(
  deps: AttestationDeps,
  name: string,
  { issuer, preset }: PlatformDefinition,
  before: Platform | undefined,
): Promise<void> {
  if (issuer === deps.issuer) throw invalid("Countersign does not take its own word for a platform's.");
  const other = await platformBy(deps.database, "issuer", issuer);
  if (other !== undefined && other.name !== name)
    throw new Fault("exists", "This issuer is known by another name already.", {
      remedy: "Change that platform.",
    });
  const same =
    before === undefined || (before.definition.issuer === issuer && before.definition.preset === preset);
  if (!same) throw invalid("A platform keeps its issuer and its kind: rules rest on them.");
}

const invalid = (message: string): Fault =>
  new Fault("invalid", message, { remedy: "Remove the platform and define another, or correct this one." });
