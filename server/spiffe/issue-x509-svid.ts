import {
  authorityName,
  certificateOf,
  type LeafIssuer,
  leafIssuer,
  leafToSign,
} from "@countersign/proof/x509";
import type { AuthoritySigner } from "../keys/index.ts";
import { Fault, minutes, seconds } from "../lib/index.ts";
import { SKEW } from "./own-authority.ts";
import { requireOwnWorkload } from "./own-workload.ts";
import { newSerial, serialText } from "./serial.ts";
import type { AuthorityDeps } from "./spiffe-deps.ts";

/** What an X.509-SVID is wanted for. Whose word it is that the key is that workload's, the caller has judged. */
export interface WantedX509Svid {
  /** SPIFFE ID of a workload of our own trust domain. */
  readonly id: string;
  /** SubjectPublicKeyInfo of a key of P-256, in DER. */
  readonly spki: Uint8Array;
  /** Milliseconds since the epoch: a minute from now at least; what is later than an hour from now is an hour. */
  readonly expires: number;
  readonly dnsNames?: readonly string[];
}

export interface IssuedX509Svid {
  /** In DER: the leaf, then what leads to a root of our bundle. */
  readonly chain: readonly Uint8Array[];
  /** Hexadecimal. */
  readonly serial: string;
  readonly expires: number;
}

const SHORTEST = minutes(1);
const LONGEST = minutes(60);

/** What is the same in every leaf of one key is written once. */
const ISSUERS = new WeakMap<AuthoritySigner, LeafIssuer>();

/**
 * Signs an X.509-SVID. Records nothing (`recordSvid`) and asks nobody whether the workload may have one.
 * @throws Fault `invalid` for what is no workload of ours, no key of P-256 or no DNS name; `gone` where less than a
 *   minute is left; `unavailable` while the authority's key is away
 * @see X509-SVID §2, §4
 */
export async function issueX509Svid(deps: AuthorityDeps, wanted: WantedX509Svid): Promise<IssuedX509Svid> {
  requireOwnWorkload(deps, wanted.id);
  const { signer, record } = await deps.authority.signer(deps, "x509-authority");
  const now = deps.clock.now();
  const expires = lifeOf(wanted.expires, now, record.expires ?? 0);
  const serial = newSerial(deps);
  const { id, spki, dnsNames = [] } = wanted;
  const leaf = { id, spki, dnsNames, serial, notBefore: now - SKEW, notAfter: expires };
  const toSign = written(() => leafToSign(issuerOf(signer), leaf));
  const der = certificateOf(toSign, await signer.signDer(toSign));
  return { chain: [der, ...record.upstream], serial: serialText(serial), expires };
}

function issuerOf(signer: AuthoritySigner): LeafIssuer {
  const known = ISSUERS.get(signer);
  if (known !== undefined) return known;
  const made = leafIssuer({ name: authorityName(signer.spki), spki: signer.spki });
  ISSUERS.set(signer, made);
  return made;
}

/** A certificate knows no parts of a second, and none outlives what signs it. */
function lifeOf(wanted: number, now: number, authorityExpires: number): number {
  const expires = Math.floor(Math.min(wanted, now + LONGEST, authorityExpires) / seconds(1)) * seconds(1);
  if (expires >= now + SHORTEST - seconds(1)) return expires;
  throw new Fault("gone", "An SVID would live less than a minute.", {
    remedy: "Ask for one that lives longer; where the agent itself expires now, ask its owner.",
    members: { reason: "svid-too-short" },
  });
}

function written<T>(write: () => T): T {
  try {
    return write();
  } catch (cause) {
    throw new Fault("invalid", `No X.509-SVID can say this: ${(cause as Error).message}.`, {
      remedy: "Send the public key of a pair on P-256, in DER.",
      members: { reason: "svid-unwritable" },
      cause,
    });
  }
}
