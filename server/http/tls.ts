import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { Fault } from "../lib/index.ts";

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "::1", "[::1]"]);

/**
 * What may be served how: plain HTTP on this machine only; anywhere else a certificate, or a proxy in front
 * that the operator declares.
 * @throws Fault `invalid` for a public plain address
 */
export function requireSafeTransport(
  issuer: URL,
  host: string,
  tls: TlsFiles | undefined,
  behindProxy: boolean,
): void {
  if (tls !== undefined || behindProxy) return;
  if (issuer.protocol === "http:" && LOOPBACK.has(issuer.hostname) && LOOPBACK.has(host)) return;
  throw new Fault("invalid", "Plain HTTP is served on this machine only.", {
    remedy: "Give --tls-cert and --tls-key, or declare the proxy that ends TLS with --behind-proxy.",
  });
}

export function readTls(files: TlsFiles): { cert: Buffer; key: Buffer } {
  try {
    return { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  } catch (cause) {
    throw new Fault("unavailable", "The TLS certificate or its key cannot be read.", {
      remedy: "Check the paths of --tls-cert and --tls-key and that this user may read them.",
      cause,
    });
  }
}

/**
 * How clients may prove a key of theirs while the connection is made. The certificate is asked for and need
 * not come; who signed it does not matter, since it is the key in it that is known or not (RFC 8705 §2.2).
 */
export const CLIENT_CERTIFICATES = { requestCert: true, rejectUnauthorized: false } as const;

/** A key that the client of a connection has proven to hold, by the handshake's signature with it. */
export interface PeerKey {
  /** RFC 7638 thumbprint of the public key in the client's certificate. */
  readonly thumbprint: string;
}

/** What the handshake proved, once for each connection. */
const PEERS = new WeakMap<Socket, PeerKey | "none">();

/**
 * The key by which the client of this connection proved itself: the same object as long as it is open.
 * Nothing without TLS, without a certificate, or for a key of a kind that is not accepted here.
 * @see RFC 8705 §2.2
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
  if (certificate === undefined) return undefined;
  try {
    return { thumbprint: thumbprint(publicJwkOf(certificate.publicKey)) };
  } catch {
    return undefined; // a key that nothing here can be enrolled with
  }
}
