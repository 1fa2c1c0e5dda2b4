import type { Consent } from "../consent/index.ts";
import { sha256Base64url } from "../digest/index.ts";
import { type DpopProof, verifyDpopProof } from "../dpop/index.ts";
import type { Call } from "../grant/index.ts";
import { canonicalize } from "../jcs/index.ts";
import type { KeyCache, KeySet } from "../jwk/index.ts";
import { clockSkewSeconds } from "../jws/index.ts";
import { parseSpiffeId, workloadOf } from "../spiffe-id/index.ts";
import type { StatusReference, WarrantReference } from "../token/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import { requireChainSize } from "./chain-size.ts";
import type { WarrantClaims } from "./claims.ts";
import { type CallConditions, type JudgedCall, judgeCall } from "./judge-call.ts";
import { warrantLimits } from "./limits.ts";
import type { HeldLink, WarrantLink } from "./link.ts";
import { requireRoot } from "./narrower.ts";
import { type Passkeys, type PresentedConsent, verifyRootConsent } from "./root-consent.ts";
import { verifiedLinks } from "./verified-links.ts";
import type { WarrantCache } from "./warrant-cache.ts";
import { atLink, atPart } from "./warrant-error.ts";

/** What comes with a chain. */
export type WarrantPresentation = {
  /** A DPoP proof by the key that holds the last link, over the last link, and over the call if there is one. */
  proof: string;
  /** The person's consent, if it was handed on as well. */
  consent?: PresentedConsent | undefined;
};

/** What a verifier insists on. */
export type WarrantExpectation = {
  /** Our issuer, exactly. */
  issuer: string;
  /** The keys that sign roots, imported once by `createKeySet`. No others, such as those of access tokens. */
  keys: KeySet;
  /** The one resource that asks, or that is asked for. Every link must be for it. */
  audience: string;
  /** The HTTP method of the request. */
  method: string;
  /** The configured public URL of the endpoint, never one made from the `Host` header. */
  url: string;
  /** Nonces that are good now, if this verifier hands out nonces. */
  nonce?: string | readonly string[] | undefined;
  /** Milliseconds since 1970; `exp` has no leeway, `iat` and `nbf` have 30 s. */
  now: number;
  /** How old the holder's proof may be, in seconds. */
  windowSeconds: number;
  /**
   * The call to judge, with the arguments that will be forwarded. Without one nothing is permitted yet: for a
   * token endpoint, which judges the grants themselves.
   */
  call?: Call | undefined;
  /** How many links are taken, the root included; 4 if absent, 8 at most. */
  mostLinks?: number | undefined;
  /** Whether any of these revocation keys has been revoked. Without it, `conditions.status` is left to check. */
  isDead?: ((keys: string[]) => boolean) | undefined;
  /** Where people's passkeys are known: then a consent that comes along is verified. */
  passkeysOf?: Passkeys | undefined;
  /** Keeps imported keys between calls. */
  importedKeys?: KeyCache | undefined;
  /** Keeps verified links between calls; made by `createWarrantCache`. */
  cache?: WarrantCache | undefined;
};

/** What is left to discharge. Whoever cannot discharge one of these refuses. */
export type WarrantConditions = CallConditions & {
  /** Status lists to be asked, because nobody here knew what has been revoked. */
  status?: StatusReference[];
  /** The issuer must be asked about each call before it runs. */
  per_call?: true;
};

/** A chain that holds, in the hands of the one who presents it. */
export type VerifiedWarrant = {
  /** Root first. */
  chain: WarrantLink[];
  leaf: WarrantLink;
  /** For the claim `wrt` of a token, and for records. */
  reference: WarrantReference;
  /** The holder's proof. It may count once: remember `replayKey` until `expiresAt`. */
  proof: DpopProof;
  /** Every revocation key that kills this chain. */
  rev: string[];
  /** When the first link ends, seconds since 1970. */
  exp: number;
  /** The call, if one was asked about. */
  call: JudgedCall | undefined;
  /** The person's own word. Without it nothing is `instructed`, whatever the root says. */
  consent: Consent | undefined;
  conditions: WarrantConditions;
};

/**
 * Verifies a chain of warrants and that whoever presents it holds it: every signature, each link inside the
 * one before, the call by every link, times, revocation, the holder's proof for this very request, and the
 * person's consent where it is there. There is no way to ask for less.
 *
 * @param attackerChain compact forms, root first; `parseWarrantChain` takes them apart
 * @throws VerificationError, a WarrantError where one link is at fault, a PresentationError where the proof or the
 *   consent is: `malformed`, `not-canonical`,
 *   `too-large`, `too-deep`, `too-long-lived`, `missing-claim`, `wrong-typ`, `wrong-alg`, `unknown-key`,
 *   `private-key`, `bad-signature`, `wrong-issuer`, `wrong-audience`, `wrong-subject`, `broken-chain`,
 *   `widened`, `expired`, `not-yet-valid`, `dead`, `not-permitted`; of the proof what `verifyDpopProof`
 *   refuses; of the consent `wrong-consent` and what `verifyConsent` refuses
 * @see RFC 8693, RFC 9396, RFC 9449
 */
export function verifyWarrant(
  attackerChain: readonly string[],
  attacker: WarrantPresentation,
  expected: WarrantExpectation,
): VerifiedWarrant {
  requireChainSize(attackerChain, expected.mostLinks ?? warrantLimits.usualLinks);
  const chain = verifiedLinks(attackerChain, expected);
  const [root, leaf] = [chain[0], chain.at(-1)];
  if (root === undefined || leaf === undefined)
    throw new VerificationError("malformed", "the chain is empty");
  atLink(0, () => requireRoot(root.claims, expected.issuer));
  chain.forEach((link, i) => {
    atLink(i, () => requireUsable(link.claims, expected));
  });
  const rev = deadKeys(chain);
  if (expected.isDead?.(rev)) {
    expected.cache?.forget(attackerChain);
    throw new VerificationError("dead", "the warrant has been revoked");
  }
  const leafText = attackerChain.at(-1) ?? "";
  const proof = atPart("proof", () => verifyHolder(attacker.proof, leaf, leafText, expected));
  expected.cache?.keep(attackerChain, chain, expected.keys);
  const judged = expected.call === undefined ? undefined : judgeCall(chain, expected.call);
  return {
    chain,
    leaf,
    reference: { root: root.claims.jti, leaf: leaf.claims.jti, h: sha256Base64url(leafText) },
    proof,
    rev,
    exp: Math.min(...chain.map(({ claims }) => claims.exp)),
    call: judged?.call,
    consent: atPart("consent", () => consentOf(root.claims, attacker, expected)),
    conditions: {
      ...judged?.conditions,
      ...(root.claims.per_call === undefined ? {} : { per_call: true }),
      ...statusLeft(chain, expected),
    },
  };
}

function requireUsable(
  { aud, iat, nbf = 0, exp }: WarrantClaims,
  { audience, call, now }: WarrantExpectation,
): void {
  const isFor = aud.includes(audience) && (call === undefined || call.location === audience);
  if (!isFor) throw new VerificationError("wrong-audience", "it is for other resources");
  // Written so that a time which is no number refuses.
  if (!(now < exp * 1000)) throw new VerificationError("expired", "it has expired");
  if (!(Math.max(iat, nbf) * 1000 <= now + clockSkewSeconds * 1000)) {
    throw new VerificationError("not-yet-valid", "it lies in the future");
  }
}

/**
 * What kills a chain: what the issuer wrote into its root, the key that signed it, its task, any link or holder, the
 * holder by its key and by the name that its link says.
 */
function deadKeys(chain: readonly WarrantLink[]): string[] {
  const keys = chain.flatMap(({ claims, jkt, kid }) => [
    ...(kid === undefined ? [] : [`kid:${kid}`]),
    ...(claims.rev ?? []),
    `task:${claims.txn}`,
    `jti:${claims.jti}`,
    `jkt:${jkt}`,
    ...keysOfHolder(claims.act.sub),
  ]);
  return [...new Set(keys)];
}

/**
 * An agent by its name or by the SPIFFE ID of its copy. Names are the giver's word, so these can only end more than
 * the keys do: whoever is ended for good, and a copy whose key was another one when it was ended.
 */
function keysOfHolder(attackerSub: string): string[] {
  if (AGENT_NAME.test(attackerSub)) return [`agent:${attackerSub}`];
  const workload = namedIn(attackerSub);
  if (workload === undefined) return [];
  const copy = [`instance:${attackerSub}`];
  return workload.kind === "agent" ? [...copy, `agent:${workload.name}`] : copy;
}

const AGENT_NAME = /^[a-z0-9-]+$/;

function namedIn(attackerSub: string): ReturnType<typeof workloadOf> {
  try {
    return workloadOf(parseSpiffeId(attackerSub));
  } catch (error) {
    if (error instanceof VerificationError) return undefined;
    throw error;
  }
}

function verifyHolder(
  attackerProof: string,
  leaf: HeldLink,
  leafText: string,
  { method, url, nonce, now, windowSeconds, call }: WarrantExpectation,
): DpopProof {
  return verifyDpopProof(attackerProof, {
    method,
    url,
    nonce,
    now,
    windowSeconds,
    accessToken: leafText,
    expectedJkt: leaf.jkt,
    tool: call?.identifier,
    argsHash: call && orRefuse("malformed", "the arguments", () => argsHashOf(call)),
    keys: onlyOf(leaf),
  });
}

const argsHashOf = ({ args = {} }: Call): string => sha256Base64url(canonicalize(args));

/** No other key is worth importing: the proof is by the leaf's, or refused. */
const onlyOf = ({ jkt, holder }: HeldLink): KeyCache => ({
  import(_, attackerJkt) {
    if (attackerJkt === jkt) return holder;
    throw new VerificationError(
      "not-bound",
      "the proof is by another key than the one that holds the warrant",
    );
  },
});

function consentOf(
  root: WarrantClaims,
  { consent }: WarrantPresentation,
  { passkeysOf, now, call }: WarrantExpectation,
): Consent | undefined {
  if (consent === undefined || passkeysOf === undefined) return undefined;
  return verifyRootConsent(root, consent, { passkeysOf, now, call });
}

/**
 * Who is told of no revocation must be able to ask: a chain that leaves neither way is good for nothing. Only the
 * issuer says where: every `status` lies in the list of the root, so that no holder has a verifier fetch from a
 * place of the holder's choosing (`requireNarrower`).
 */
function statusLeft(
  chain: readonly WarrantLink[],
  { isDead }: WarrantExpectation,
): { status?: StatusReference[] } {
  if (isDead !== undefined) return {};
  if (chain[0]?.claims.status === undefined) {
    throw new VerificationError("missing-claim", "nobody here can tell whether the root was revoked");
  }
  return { status: chain.flatMap(({ claims }) => claims.status ?? []) };
}
