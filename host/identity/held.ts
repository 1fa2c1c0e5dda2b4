import { createPublicKey, type KeyObject } from "node:crypto";
import { peekX509Svid, type TrustBundle, verifyX509Svid } from "@countersign/proof/svid";
import { type Certificate, readCertificate, same } from "@countersign/proof/x509";
import type { AttestAnswer, Entry } from "../upstream/upstream.ts";
import type { Svid } from "./standing.ts";

/** The key of one process under one entry: it stays, whatever is issued for it. */
export interface OwnKey {
  readonly key: KeyObject;
  /** Its public half, DER. */
  readonly spki: Uint8Array;
}

export function ownKey(key: KeyObject): OwnKey {
  return { key, spki: createPublicKey(key).export({ type: "spki", format: "der" }) };
}

/** An identity as a host holds it for a process. */
export interface Held extends Svid, OwnKey {
  /** As it was when this was issued: another one under the same id is asked for anew. */
  readonly entry: Entry;
  readonly certificates: readonly [leaf: Certificate, ...others: Certificate[]];
  /** When it is to be renewed, milliseconds since 1970. */
  readonly due: number;
}

/** How much of its life an SVID has behind it when it is renewed: at half of it at the latest. */
const EARLIEST = 1 / 3;
const LATEST = 1 / 2;

/**
 * Takes what was issued, where it is what was asked for: for this key, under the name that it is said to have,
 * for a while yet. A control plane that mixes up its answers gives nobody another's identity.
 * @throws VerificationError, TypeError
 */
export function accept(
  entry: Entry,
  own: OwnKey,
  { instance, chain, expires }: Extract<AttestAnswer, { instance: string }>,
  { now, random }: { now: number; random: number },
): Held {
  const [leaf, ...others] = chain.map((der) => readCertificate(Buffer.from(der, "base64")));
  if (leaf === undefined) throw new TypeError("no certificate was issued");
  if (peekX509Svid(leaf).uri !== instance) throw new TypeError("the certificate is another's");
  if (!same(leaf.key.export({ type: "spki", format: "der" }), own.spki))
    throw new TypeError("the certificate is for another key");
  const until = Math.min(expires, ...[leaf, ...others].map(({ notAfter }) => notAfter));
  if (until <= now) throw new TypeError("the certificate has expired");
  return {
    ...own,
    entry,
    id: instance,
    chain: [leaf, ...others].map(({ raw }) => raw),
    certificates: [leaf, ...others],
    expires: until,
    due: now + (until - now) * (EARLIEST + (LATEST - EARLIEST) * random),
    ...(entry.hint === undefined ? {} : { hint: entry.hint }),
  };
}

/** Whether it would be believed by whoever has this bundle: not after the key that signed it was taken out. */
export function isBelieved(
  { certificates: [leaf, ...others] }: Held,
  bundle: TrustBundle,
  now: number,
): boolean {
  try {
    verifyX509Svid(leaf, others, { bundle, now });
    return true;
  } catch {
    return false;
  }
}
