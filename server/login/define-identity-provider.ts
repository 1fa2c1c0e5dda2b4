import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { findAgent, requireAdministrator } from "../registry/index.ts";
import { type RevocationDeps, revoke } from "../revocation/index.ts";
import { providerDefined, providerEnded } from "./events-identity-providers.ts";
import {
  definitionOf,
  type IdentityProvider,
  type IdentityProviderDefinition,
  onlyAddsClients,
  providerKey,
  sameDefinition,
} from "./identity-provider.ts";
import type { LoginDeps } from "./login-deps.ts";
import {
  insertProvider,
  providerNamed,
  providerOfIssuer,
  providersAfter,
  replaceProvider,
} from "./store-identity-providers.ts";

type Deps = LoginDeps & RevocationDeps;

interface Said {
  readonly name: string;
  readonly definition: IdentityProviderDefinition;
}

/**
 * Says whose word about people is taken, and for which agents. The same again changes nothing; what takes
 * anything away ends, in the same change, all that rested on the word as it was taken before.
 * @throws Fault `forbidden` unless an administrator asks; `invalid` for ourselves as the issuer, another
 *   issuer than before, or an agent that is not registered; `exists` when another name has this issuer
 */
export const defineIdentityProvider = (deps: Deps, caller: Caller, said: Said): Promise<IdentityProvider> =>
  perform(deps, caller, "identity-provider.define", async (change) => {
    requireAdministrator(caller);
    return become(deps, change, caller, said, await providerNamed(deps.database, said.name));
  });

/**
 * As `defineIdentityProvider`, within a change that does more besides, by a declaration that may be older than
 * what somebody has decided since: one that was ended stays ended.
 * @throws Fault `gone` for one that was ended
 */
export async function declareProviderWithin(
  deps: Deps,
  change: Change,
  caller: Caller,
  said: Said,
): Promise<IdentityProvider> {
  requireAdministrator(caller);
  return become(deps, change, caller, said, await declarableProvider(deps, said.name));
}

/**
 * What stands where one is declared, or nothing.
 * @throws Fault `gone` for one that was ended
 */
export async function declarableProvider(
  { database }: Pick<Deps, "database">,
  name: string,
): Promise<IdentityProvider | undefined> {
  const provider = await providerNamed(database, name);
  if (provider?.state !== "ended") return provider;
  throw new Fault("gone", "This identity provider was ended, and no declaration takes its word again.", {
    remedy: "Leave it out, or take its word again: countersign identity-providers put.",
  });
}

async function become(
  deps: Deps,
  change: Change,
  caller: Caller,
  { name, definition }: Said,
  before: IdentityProvider | undefined,
): Promise<IdentityProvider> {
  await requireSound(deps, name, definition);
  if (before !== undefined && isUnchanged(before, definition)) return before;
  const after = nextOf(name, before, definition);
  if (before === undefined) insertProvider(change, after, deps.clock.now());
  else {
    requireSameIssuer(before, definition);
    replaceProvider(change, before, after, deps.clock.now());
    if (after.epoch !== before.epoch) {
      revoke(deps, change, caller, [providerKey(before)], "identity provider redefined");
    }
  }
  append(change, providerDefined(deps, caller, {}, told(after)));
  return after;
}

/**
 * Takes a provider's word no more: what rests on it is dead with the commit.
 * @throws Fault `forbidden` unless an administrator asks; `not-found`
 */
export function endIdentityProvider(deps: Deps, caller: Caller, { name }: { name: string }): Promise<void> {
  return perform(deps, caller, "identity-provider.end", async (change) => {
    requireAdministrator(caller);
    const before = await activeProvider(deps, name);
    const after = {
      ...before,
      state: "ended" as const,
      epoch: before.epoch + 1,
      revision: before.revision + 1,
    };
    replaceProvider(change, before, after, deps.clock.now());
    revoke(deps, change, caller, [providerKey(before)], "identity provider ended");
    append(change, providerEnded(deps, caller, {}, { provider: name, issuer: before.issuer }));
  });
}

/** @throws Fault `not-found`, also for one that has been ended */
export async function activeProvider(deps: LoginDeps, name: string): Promise<IdentityProvider> {
  const provider = await providerNamed(deps.database, name);
  if (provider?.state === "active") return provider;
  throw new Fault("not-found", "There is no identity provider of this name.", {
    remedy: "List the identity providers, or define this one.",
  });
}

/** The provider that this issuer is, while its word is taken. */
export async function providerBehind(
  deps: LoginDeps,
  attackerIssuer: string,
): Promise<IdentityProvider | undefined> {
  const provider = await providerOfIssuer(deps.database, attackerIssuer);
  return provider?.state === "active" ? provider : undefined;
}

export const listProviders = (deps: LoginDeps, page: { after?: string | undefined; limit: number }) =>
  providersAfter(deps.database, page);

async function requireSound(
  deps: LoginDeps,
  name: string,
  { issuer, clients }: IdentityProviderDefinition,
): Promise<void> {
  if (issuer === deps.issuer) throw invalid("Countersign does not take its own word for somebody else's.");
  const other = await providerOfIssuer(deps.database, issuer);
  if (other !== undefined && other.name !== name) {
    throw new Fault("exists", "This issuer is known by another name already.", {
      remedy: "Change that definition.",
    });
  }
  for (const { agent } of clients) {
    if ((await findAgent(deps, agent)) === undefined) throw invalid(`There is no agent ${agent}.`);
  }
}

/** Subjects are names at one issuer: under another one they would be somebody else. */
function requireSameIssuer(before: IdentityProvider, { issuer }: IdentityProviderDefinition): void {
  if (before.issuer !== issuer) throw invalid("A provider keeps its issuer: its people are known by it.");
}

const isUnchanged = (before: IdentityProvider, definition: IdentityProviderDefinition): boolean =>
  before.state === "active" && sameDefinition(definitionOf(before), definition);

function nextOf(
  name: string,
  before: IdentityProvider | undefined,
  definition: IdentityProviderDefinition,
): IdentityProvider {
  if (before === undefined) return { ...definition, name, state: "active", epoch: 1, revision: 1 };
  const keeps = before.state === "ended" || onlyAddsClients(definitionOf(before), definition);
  return {
    ...definition,
    name,
    state: "active",
    epoch: before.epoch + (keeps ? 0 : 1),
    revision: before.revision + 1,
  };
}

const told = (provider: IdentityProvider) => {
  const definition = definitionOf(provider);
  const { issuer, jwks_uri, algorithms, clients, subjects } = definition;
  const allowed = clients.filter(({ id_jag }) => id_jag === "allowed").map(({ agent }) => agent);
  return {
    provider: provider.name,
    issuer,
    ...(jwks_uri === undefined ? {} : { jwks_uri }),
    algorithms: [...algorithms],
    clients: clients.length,
    allowed: [...new Set(allowed)].slice(0, 100),
    subjects: subjects.by,
    hash: sha256Base64url(canonicalize(JSON.parse(JSON.stringify(definition)) as Json)),
    epoch: provider.epoch,
  };
};

const invalid = (message: string): Fault =>
  new Fault("invalid", message, { remedy: "Correct the definition, or give it a name of its own." });
