import type { X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { peekX509Svid, verifyX509Svid } from "@countersign/proof/svid";
import { VerificationError } from "@countersign/proof/verification-error";
import { type Certificate, readCertificate } from "@countersign/proof/x509";
import type { X509State } from "../workload/x509-state.ts";

/** Who is at the other end of a connection, and until when that holds. */
export interface PeerSvid {
  /** Its SPIFFE ID. */
  readonly id: string;
  readonly expires: number;
  /** Revocation keys: what kills this running copy, and its key. */
  readonly keys: readonly string[];
}

/** No path is longer; whoever sends more wants us to read. */
const MOST_CERTIFICATES = 8;

/**
 * Judges what the other side has proven to hold by the bundle of the trust domain that it names and by no other:
 * TLS itself takes any root for any name.
 * @throws VerificationError, TypeError
 * @see X509-SVID §5
 */
export function judgePeer(attackerChain: readonly Uint8Array[], state: X509State, now: number): PeerSvid {
  const [leaf, ...others] = attackerChain.map(readCertificate);
  if (leaf === undefined) throw new TypeError("the other side has shown no certificate");
  const { trustDomain } = peekX509Svid(leaf);
  const bundle = state.bundles.get(trustDomain);
  if (bundle === undefined) throw new TypeError("nobody of the other side's trust domain is known here");
  const { id, expires } = verifyX509Svid(leaf, others, { bundle, now });
  return { id: id.uri, expires, keys: [`instance:${id.uri}`, ...keysOf(leaf)] };
}

/** Keys of other kinds than ours are nobody's here, and nothing that dies here. */
function keysOf({ key }: Certificate): string[] {
  try {
    return [`jkt:${thumbprint(publicJwkOf(key))}`];
  } catch (error) {
    if (error instanceof VerificationError) return [];
    throw error;
  }
}

/** What a server sees of its client. */
export function chainOf(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let next: X509Certificate | undefined = socket.getPeerX509Certificate();
  while (next !== undefined && chain.length < MOST_CERTIFICATES) {
    chain.push(next.raw);
    next = next.issuerCertificate?.raw.equals(next.raw) === true ? undefined : next.issuerCertificate;
  }
  return chain;
}

/** What a client is shown of its server while it decides. */
export function chainFrom(certificate: DetailedPeerCertificate): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let next: DetailedPeerCertificate | undefined = certificate;
  while (next?.raw !== undefined && chain.length < MOST_CERTIFICATES) {
    chain.push(next.raw);
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  return chain;
}
