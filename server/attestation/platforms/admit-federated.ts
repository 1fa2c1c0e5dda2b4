import { sha256Base64url } from "@countersign/proof/digest";
import { type PublicJwk, thumbprint } from "@countersign/proof/jwk";
import { spiffeId } from "@countersign/proof/spiffe-id";
import { perform } from "../../audit/index.ts";
import { Change } from "../../database/index.ts";
import { type Caller, minutes } from "../../lib/index.ts";
import { type Agent, agentOrRefuse, type Instance, vouchFor } from "../../registry/index.ts";
import { requireNothingDemanded } from "../artifacts/require-nothing-demanded.ts";
import { recordEvidence } from "../record-evidence.ts";
import type { ForeignToken } from "./foreign-token.ts";
import { type Binding, deadKeyOfBinding, deadKeyOfPlatform, type Platform } from "./platform.ts";
import type { PlatformDeps } from "./platform-deps.ts";
import { presetNamed, type ReadToken } from "./presets/index.ts";
import { refused } from "./refused.ts";
import { standsFor } from "./stands-for.ts";
import {
  bindingsOf,
  burnToken,
  deleteExpired,
  isBurnt,
  noteInstance,
  platformBy,
  requireBinding,
  requirePlatform,
  vouchersOf,
} from "./store-platforms.ts";
import { platformMeant, verifyPlatformToken } from "./verify-platform-token.ts";

/**
 * How long a copy is good for whose platform's tokens live shorter than the first or longer than the second: the
 * token says who it is at this moment, and from then on its key does.
 */
const SHORTEST = minutes(15);
const LONGEST = minutes(60);

/** A workload for which its platform vouches, with the key that it has proven to hold. */
export interface OfferedWorkload {
  /** The platform by our name for it; where none is named, by the issuer that the token names. */
  readonly platform?: string;
  readonly attackerToken: string;
  /** The agent that it is meant for, where the platform says the same of several. */
  readonly agent?: string;
  /** The key that it has proven to hold in this request. */
  readonly jwk: PublicJwk;
}

/** A running copy for which its platform has vouched. */
export interface Federated {
  readonly instance: Instance;
  readonly agent: Agent;
  /** What kills whatever it is issued, besides itself and its agent. */
  readonly rev: readonly string[];
}

/**
 * Takes in a running copy for which a platform vouches. The token counts once; what it says is kept as evidence. A
 * copy that the platform tells from others is the same running copy here, whatever key it brings next.
 * @param source whoever connects
 * @throws Fault `unauthenticated` with the member `reason`; `replayed`; `forbidden`, `gone`, `exists` as whoever is
 *   vouched for; `unavailable` when whoever must be asked is away
 */
export async function admitFederated(
  deps: PlatformDeps,
  source: Caller,
  { platform: name, attackerToken, agent: asked, jwk }: OfferedWorkload,
): Promise<Federated> {
  const platform = await platformMeant(deps, name, attackerToken);
  const token = await verifyPlatformToken(deps, platform, attackerToken);
  return perform(deps, source, "platform.attest", async (change) => {
    // A genuine token is used up by whatever it is brought for, and what it is refused for is recorded by itself.
    await burn(deps, change, platform, attackerToken, token);
    const preset = presetNamed(platform.definition.preset);
    const read = preset.read(token.claims, platform.definition.issuer);
    const binding = standsFor(
      await bindingsOf(deps.database, { platform: platform.name }),
      read,
      preset,
      asked,
    );
    requirePlatform(change, platform, "unauthenticated");
    requireBinding(change, binding);
    return admit(deps, change, source, { platform, binding, token, read, jwk });
  });
}

/**
 * What kills what a running copy is issued, because its platform's word is not taken any more, or not so; nothing
 * for one that came otherwise.
 */
export async function restsOnPlatform(deps: PlatformDeps, { id, strength }: Instance): Promise<string[]> {
  if (strength !== "platform-federated") return [];
  const on = await vouchersOf(deps.database, id);
  return on === undefined ? [] : [deadKeyOfPlatform(on.platform), deadKeyOfBinding(on.binding)];
}

/** Forgets tokens that have expired by themselves: housekeeping, to be run every few minutes. */
export async function forgetExpiredTokens(deps: PlatformDeps): Promise<void> {
  const change = new Change(deps.database);
  deleteExpired(change, deps.clock.now());
  await deps.database.commit(change);
}

/** Whether tokens of this issuer are a platform's. */
export const isPlatformIssuer = async (deps: PlatformDeps, attackerIssuer: string): Promise<boolean> =>
  (await platformBy(deps.database, "issuer", attackerIssuer)) !== undefined;

interface Admitting {
  readonly platform: Platform;
  readonly binding: Binding;
  readonly token: ForeignToken;
  readonly read: ReadToken;
  readonly jwk: PublicJwk;
}

async function admit(
  deps: PlatformDeps,
  change: Change,
  { source }: Caller,
  { platform, binding, token, read, jwk }: Admitting,
): Promise<Federated> {
  const agent = await agentOrRefuse(deps, binding.agent);
  await requireNothingDemanded(deps, change, { agent });
  const id = idOf(deps, platform, agent, read.copy ?? `key ${thumbprint(jwk)}`);
  const caller: Caller = {
    principal: agent.name,
    kind: "agent",
    strength: "platform-federated",
    via: "platform-token",
    roles: [],
    instance: id,
    keyThumbprint: thumbprint(jwk),
    ...(source === undefined ? {} : { source }),
  };
  const evidence = recordEvidence(deps, change, caller, evidenceOf(id, { platform, binding, token }));
  const instance = await vouchFor(deps, change, caller, {
    id,
    of: { agent },
    jwk,
    strength: "platform-federated",
    expires: expiryOf(token, deps.clock.now()),
    issued: token.issued,
    evidence,
    keepsId: true,
  });
  noteInstance(change, { instance: id, platform, binding });
  return { instance, agent, rev: [deadKeyOfPlatform(platform), deadKeyOfBinding(binding)] };
}

/** One for each copy that a platform tells from others: ended is ended, whatever key it brings next. */
const idOf = (
  { trustDomain }: PlatformDeps,
  { name, definition }: Platform,
  agent: Agent,
  copy: string,
): string => {
  const segment = `platform-${sha256Base64url(`${name} ${definition.issuer} ${copy}`)}`;
  return spiffeId(trustDomain, "agent", agent.name, segment).uri;
};

const expiryOf = ({ expires }: ForeignToken, now: number): number =>
  Math.min(Math.max(expires, now + SHORTEST), now + LONGEST);

const evidenceOf = (
  subject: string,
  { platform, binding, token }: Pick<Admitting, "platform" | "binding" | "token">,
) => ({
  subject,
  shown: { platform: platform.name, preset: platform.definition.preset, claims: token.claims },
  checks: [
    {
      what: platform.definition.review === undefined ? "token-signature" : "token-review",
      subject: platform.definition.issuer,
      by: platform.id,
      result: "passed" as const,
    },
    { what: "platform-rule", subject: binding.id, by: platform.name, result: "passed" as const },
  ],
  concluded: `it is the agent ${binding.agent}`,
});

/**
 * Uses the token up: by its issuer and id, and by what was signed where it has none, until it expires.
 * @throws Fault, reason `replayed`
 */
async function burn(
  deps: PlatformDeps,
  change: Change,
  { definition: { issuer } }: Platform,
  attackerToken: string,
  { claims, expires }: ForeignToken,
): Promise<void> {
  const { jti } = claims;
  const signed = attackerToken.slice(0, attackerToken.lastIndexOf("."));
  const named = typeof jti === "string" && jti !== "" ? `jti ${jti}` : `signed ${signed}`;
  const key = sha256Base64url(`${issuer} ${named}`);
  if (await isBurnt(deps.database, key))
    throw refused("replayed", "This token was used before.", {
      remedy: "Fetch a new one: each counts once.",
    });
  burnToken(change, { key, expires });
}
