import { createHash } from "node:crypto";
import type { SecureContextOptions } from "node:tls";
import type { X509State } from "../workload/x509-state.ts";

/** What TLS is done with: the default SVID, its key, and every root that anybody could lead to. */
export function contextOf({ svids: [svid], bundles }: X509State): SecureContextOptions {
  return {
    cert: svid.chain.map(pemOf).join(""),
    key: svid.key.export({ type: "pkcs8", format: "pem" }),
    // Which of them counts for whom is decided after the handshake. None at all trusts nobody, not the system's.
    ca: [...bundles.values()].flatMap(({ roots }) => roots.map(({ raw }) => pemOf(raw))),
    minVersion: "TLSv1.3",
  };
}

/** Whether two states are the same to TLS. */
export const fingerprintOf = (state: X509State | undefined): string =>
  state === undefined
    ? ""
    : createHash("sha256")
        .update(JSON.stringify(contextOf(state)))
        .digest("hex");

const pemOf = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${(
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? []
  ).join("\n")}\n-----END CERTIFICATE-----\n`;
