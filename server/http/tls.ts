import { constants, createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, type Server } from "node:tls";
import { Fault, type Log } from "../lib/index.ts";

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
  encrypted: boolean,
  behindProxy: boolean,
): void {
  if (encrypted || behindProxy) return;
  if (issuer.protocol === "http:" && LOOPBACK.has(issuer.hostname) && LOOPBACK.has(host)) return;
  throw new Fault("invalid", "Plain HTTP is served on this machine only.", {
    remedy:
      "Give --tls-cert and --tls-key, or --tls acme, or --tls spiffe, or declare the proxy that ends TLS with --behind-proxy.",
  });
}

/** A certificate and its key, as they are served with. */
export interface TlsIdentity {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** What is served with until there is a certificate: every handshake fails. */
export const NO_CERTIFICATE_YET = {} as const;

/** @throws Fault `unavailable` when they cannot be read, or are not a pair */
export function readTls(files: TlsFiles): TlsIdentity {
  try {
    const identity = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
    requirePair(identity);
    return identity;
  } catch (cause) {
    throw new Fault("unavailable", "The TLS certificate or its key cannot be used.", {
      remedy:
        "Check the paths of --tls-cert and --tls-key, that this user may read them, and that they are a pair.",
      cause,
    });
  }
}

/** Node takes a certificate and its key apart, and says so only where they do not fit. @throws Error */
export function requirePair({ cert, key }: TlsIdentity): void {
  createSecureContext({ cert, key });
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new Error("the key is not that of the certificate");
}

/** Serves whoever connects from now on with another certificate: connections that are open stay as they are. */
export const serveWith = (server: Pick<Server, "setSecureContext">, identity: TlsIdentity): void =>
  server.setSecureContext({ ...CLIENT_CERTIFICATES, ...identity });

/**
 * Serves with a certificate that was renewed, without a restart: connections that are open stay as they are.
 * Files that cannot be used, written half or not a pair, change nothing and are told loudly.
 */
export class TlsReload {
  readonly #files: TlsFiles;
  readonly #log: Log;
  #served: TlsIdentity;
  #told: string | undefined;

  /** @param served what the server was started with */
  constructor(files: TlsFiles, served: TlsIdentity, log: Log) {
    this.#files = files;
    this.#served = served;
    this.#log = log;
  }

  /** Looks at the files: to be called every few seconds. Never throws. @returns whether it serves with others now */
  look(server: Pick<Server, "setSecureContext">): boolean {
    try {
      const found = readTls(this.#files);
      if (found.cert.equals(this.#served.cert) && found.key.equals(this.#served.key)) return this.#settled();
      serveWith(server, found);
      this.#served = found;
      this.#settled();
      this.#log.info({ certificate: this.#files.cert }, "serving with the renewed TLS certificate");
      return true;
    } catch (error) {
      this.#tell(error as Error);
      return false;
    }
  }

  #settled(): false {
    this.#told = undefined;
    return false;
  }

  #tell({ message, cause }: Error): void {
    const why = `${message} ${String(cause)}`;
    if (why === this.#told) return;
    this.#told = why;
    this.#log.error(
      { certificate: this.#files.cert, error: why },
      "the TLS certificate cannot be renewed; the old one is served",
    );
  }
}

/**
 * How clients may prove a key of theirs while the connection is made. The certificate is asked for and need
 * not come; who signed it does not matter, since it is the key in it that is known or not (RFC 8705 §2.2).
 */
export const CLIENT_CERTIFICATES = {
  requestCert: true,
  rejectUnauthorized: false,
  // A session taken up again knows the client's own certificate and not what it had sent along.
  secureOptions: constants.SSL_OP_NO_TICKET,
} as const;
