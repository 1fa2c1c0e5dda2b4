import { readFileSync } from "node:fs";
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
