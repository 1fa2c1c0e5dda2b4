import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { sha256Base64url } from "@countersign/proof/digest";
import { type PublicJwk, publicJwkOf, thumbprint } from "@countersign/proof/jwk";

/** A key that the client of a connection has proven to hold, by the handshake's signature with it. */
export interface PeerKey {
  /** RFC 7638 thumbprint of the public key in the client's certificate. */
  readonly thumbprint: string;
  readonly jwk: PublicJwk;
  /** Base64url SHA-256 of the certificate: `x5t#S256`. @see RFC 8705 §3.1 */
  readonly certificate: string;
  /** DER: the client's certificate, then what it sent along. Who signed any of it, nobody has looked at. */
  readonly chain: readonly Uint8Array[];
}

/** More is not read of what a client sends along. */
const LONGEST_CHAIN = 10;

/** What the handshake proved, once for each connection. */
const PEERS = new WeakMap<Socket, PeerKey | "none">();

/**
 * The key by which the client of this connection proved itself: the same object as long as it is open.
 * Nothing without TLS, without a certificate, or for a key of a kind that is not accepted here.
 * @see RFC 8705 §2
 */
export function peerKeyOf(socket: Socket): PeerKey | undefined {
  let peer = PEERS.get(socket);
  if (peer === undefined) {
    peer = provenBy(socket) ?? "none";
    PEERS.set(socket, peer);
  }
  return peer === "none" ? undefined : peer;
}

function provenBy(socket: Socket): PeerKey | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? undefined : peerKeyIn(chainFrom(certificate));
}

/** @returns nothing for a key of a kind that nothing here can be enrolled with, or for what is no certificate */
export function peerKeyIn(attackerChain: readonly Uint8Array[]): PeerKey | undefined {
  const [own = new Uint8Array()] = attackerChain;
  try {
    const jwk = publicJwkOf(new X509Certificate(own).publicKey);
    const chain = attackerChain.slice(0, LONGEST_CHAIN);
    return { thumbprint: thumbprint(jwk), jwk, certificate: sha256Base64url(own), chain };
  } catch {
    return undefined;
  }
}

/** Certificates in DER as far as they lead; a root is its own issuer. */
export function chainFrom(certificate: X509Certificate): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let next: X509Certificate | undefined = certificate;
  while (next !== undefined && chain.length < LONGEST_CHAIN) {
    const { raw } = next;
    if (chain.some((known) => Buffer.compare(known, raw) === 0)) break;
    chain.push(raw);
    next = next.issuerCertificate;
  }
  return chain;
}
