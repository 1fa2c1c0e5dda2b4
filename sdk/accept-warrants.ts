import type { KeyCache, KeySet } from "@countersign/proof/jwk";
import {
  createWarrantCache,
  type Passkeys,
  parseWarrantChain,
  signedRoot,
  type VerifiedWarrant,
  verifyWarrant,
  type WarrantConditions,
  warrantLimits,
} from "@countersign/proof/warrant";
import { callAt } from "./access.ts";
import type { EndedAgents } from "./ended-agents.ts";
import { CountersignError } from "./errors.ts";
import { proofWindow, readProof, requireFirst } from "./holder-proof.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import type { ProtectedRequest } from "./protect.ts";
import { keysAway, type Protection, requireFresh, requireLiving } from "./protection.ts";
import { requireRecordable } from "./recordable.ts";
import { RequestRefused } from "./refusal.ts";
import type { ReplayMemory } from "./replay-memory.ts";
import { accessByWarrant, type WarrantAccess } from "./warrant-access.ts";
import { type NamedHolder, namedHolder } from "./warrant-holder.ts";
import { revoked, warrantRefused } from "./warrant-refusal.ts";

/** What a service says of the chains of warrants that it takes. */
export interface WarrantOptions {
  /** How many links, the root included; 4 if absent, 8 at most. */
  readonly mostLinks?: number;
  /** Where people's passkeys are known: then a consent that comes along is verified, and refused if it does not hold. */
  readonly passkeysOf?: Passkeys;
}

/** What a protector that takes warrants rests on besides. */
export interface WarrantAcceptance extends WarrantOptions {
  /** The keys that sign roots, and no others. */
  readonly keys: IssuerKeys;
  readonly ended: EndedAgents;
  readonly trustDomain: string;
}

/** What a protector remembers of proofs and their keys, whatever the proofs are over. */
interface Memory {
  readonly proofs: ReplayMemory;
  readonly holders: KeyCache;
}

/** Links whose signature was verified: one chain is sent with many calls, each with a proof of its own. */
const rememberedLinks = 1_000;

/**
 * Takes chains of warrants, with nobody asked: what cannot be known or done offline refuses, and says that the chain
 * can be exchanged for an access token, where it is known.
 */
export function warrantAcceptor(
  protection: Protection,
  acceptance: WarrantAcceptance,
  { proofs, holders }: Memory,
): (attackerRequest: ProtectedRequest) => Promise<WarrantAccess> {
  const cache = createWarrantCache(rememberedLinks);
  const { runtime, issuer, resource, feed } = protection;
  const { trustDomain } = acceptance;

  return async (attackerRequest) => {
    const attackerChain = readChain(attackerRequest);
    return recordingRefusals(protection, acceptance, { attackerRequest, attackerChain }, () =>
      judge(attackerRequest, attackerChain),
    );
  };

  async function judge(
    attackerRequest: ProtectedRequest,
    attackerChain: readonly string[],
  ): Promise<WarrantAccess> {
    const attackerProof = readProof(attackerRequest.dpop);
    requireRecordable(attackerRequest.call, { chain: attackerChain, proof: attackerProof });
    requireFresh(feed);
    const { verified, at } = await withKeys(acceptance, (keys) =>
      verify(keys, attackerRequest, { attackerChain, attackerProof }),
    );
    requireFirst(proofs, verified.proof, runtime.now());
    const named = refusing(() => verified.chain.map((link) => namedHolder(link, { issuer, trustDomain })));
    const requireAlive = (): void => requireNobodyDead(protection, acceptance, verified, named);
    requireAlive();
    requireDischarged(verified.conditions);
    refuseAuthentication(protection);
    return accessByWarrant(
      protection,
      { verified, at, named, shown: { chain: attackerChain, proof: attackerProof }, requireAlive },
      attackerRequest,
    );
  }

  function verify(
    keys: KeySet,
    { method, url, call, consent }: ProtectedRequest,
    { attackerChain, attackerProof }: { attackerChain: readonly string[]; attackerProof: string },
  ): VerifiedAt {
    const at = runtime.now();
    const verified = verifyWarrant(
      attackerChain,
      { proof: attackerProof, consent },
      {
        ...{ issuer, keys, audience: resource, method, url, call: callAt(resource, call) },
        ...{ now: at, windowSeconds: proofWindow, nonce: protection.nonces?.good() },
        ...{ mostLinks: acceptance.mostLinks, passkeysOf: acceptance.passkeysOf },
        ...{ isDead: (rev) => feed.isDead(rev), importedKeys: holders, cache },
      },
    );
    return { verified, at };
  }
}

/** A chain that holds, and the moment for which that was judged, in milliseconds since 1970. */
type VerifiedAt = { readonly verified: VerifiedWarrant; readonly at: number };

const written = /^[\w.-]+(?:, ?[\w.-]+)*$/;

/** @throws RequestRefused unless there is one chain, and no access token beside it */
function readChain({ warrant, authorization }: ProtectedRequest): string[] {
  const [only = "", ...more] = warrant ?? [];
  if (more.length > 0) throw new RequestRefused("invalid_request", "More than one Warrant header.");
  if ((authorization ?? []).length > 0)
    throw new RequestRefused("invalid_request", "A Warrant header beside an Authorization header.");
  if (only.length > warrantLimits.chain)
    throw new RequestRefused("invalid_token", `The Warrant header is too long; ${exchange}`);
  if (!written.test(only))
    throw new RequestRefused("invalid_token", "The Warrant header must be the links of a chain, root first.");
  return refusing(() => parseWarrantChain(only));
}

/**
 * What is turned away with a chain whose root the issuer has signed is told to the control plane; what strangers
 * send is not.
 */
async function recordingRefusals<T>(
  { uses, resource }: Protection,
  { keys }: WarrantAcceptance,
  sent: { attackerRequest: ProtectedRequest; attackerChain: readonly string[] },
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (refusal) {
    if (refusal instanceof RequestRefused && refusal.status !== 503 && refusal.error !== "use_dpop_nonce") {
      const [attackerRoot = ""] = sent.attackerChain;
      const root = await keys.verifyWith((known) => signedRoot(attackerRoot, known)).catch(() => undefined);
      const { tool } = sent.attackerRequest.call;
      if (root !== undefined) uses.refused({ resource, tool, refusal, jti: root.claims.jti });
    }
    throw refusal;
  }
}

async function withKeys<T>({ keys }: WarrantAcceptance, verify: (keys: KeySet) => T): Promise<T> {
  try {
    return await keys.verifyWith(verify);
  } catch (cause) {
    throw cause instanceof CountersignError ? keysAway(cause) : warrantRefused(cause);
  }
}

function refusing<T>(step: () => T): T {
  try {
    return step();
  } catch (cause) {
    throw warrantRefused(cause);
  }
}

/**
 * Whom the root names is in its `rev` with its epoch; whom the links after it name has ended as soon as anything of
 * that name has.
 */
function requireNobodyDead(
  { feed }: Protection,
  { ended }: WarrantAcceptance,
  { rev }: VerifiedWarrant,
  [, ...below]: readonly NamedHolder[],
): void {
  const copies = below.flatMap(({ instance }) => (instance === undefined ? [] : [`instance:${instance}`]));
  requireLiving(feed, [...rev, ...copies], revoked);
  if (below.every(({ agent }) => !ended.has(agent))) return;
  throw new RequestRefused(
    "invalid_token",
    `An agent in the chain was suspended, narrowed or ended at some time; ${exchange}`,
  );
}

const exchange = "exchange the chain for an access token.";

/** Whatever a grant or the issuer asks besides needs somebody to be asked, and here nobody is. */
function requireDischarged({ acr, ...conditions }: WarrantConditions): void {
  if (acr !== undefined)
    throw new RequestRefused(
      "insufficient_user_authentication",
      `A warrant does not say how the person has proven herself; ${exchange}`,
      { wanted: { acr_values: acr } },
    );
  const [condition] = Object.keys(conditions) as (keyof typeof conditions)[];
  if (condition === undefined) return;
  throw new RequestRefused(
    "insufficient_scope",
    `${undischarged[condition] ?? "A condition is left"}; ${exchange}`,
  );
}

const undischarged: Readonly<Record<Exclude<keyof WarrantConditions, "acr">, string>> = {
  per_call: "Each such call is decided before it runs",
  approval: "A person must approve each such call",
  max_uses: "Such calls are counted",
  status: "Nobody here knows whether the chain was revoked",
};

function refuseAuthentication({ authentication: wanted }: Protection): void {
  if (wanted === undefined) return;
  throw new RequestRefused(
    "insufficient_user_authentication",
    `A warrant does not say how the person has proven herself; ${exchange}`,
    { wanted },
  );
}
