import { X509Certificate } from "node:crypto";
import type { JsonObject } from "@countersign/proof/jcs";
import type { AuthoritySigner } from "../keys/index.ts";

/** A key of our own authority, as it was published once and for all. */
export interface AuthorityRecord {
  /** RFC 7638 thumbprint of the key. */
  readonly kid: string;
  /** What stands in our bundle because of it: its certificate, its upstream's root, or its key for JWT-SVIDs. */
  readonly element: JsonObject;
  /** Of a key that signs X.509-SVIDs: its own certificate, in DER. */
  readonly certificate?: Uint8Array;
  /** Between it and the root that the bundle shows, its own certificate included; nothing where that is the root. */
  readonly upstream: readonly Uint8Array[];
  readonly created: number;
  /** Of its certificate, milliseconds since the epoch. */
  readonly expires?: number;
  /** When it left the bundle for ever. */
  readonly withdrawn?: number;
}

/** Our own trust domain's bundle, as others fetch it. */
export interface OwnBundle {
  /** Another one whenever its keys are others, and always a larger one. */
  readonly sequence: number;
  readonly keys: readonly JsonObject[];
  readonly updated: number;
}

/** How often others are to look for a new one, in seconds. Keys are published a day ahead of their use at least. */
export const REFRESH_HINT = 300;

/** @see SPIFFE Trust Domain and Bundle §4 */
export const bundleDocument = ({ sequence, keys }: OwnBundle): JsonObject => ({
  spiffe_sequence: sequence,
  spiffe_refresh_hint: REFRESH_HINT,
  keys: [...keys],
});

/** An element of use `x509-svid`: one certificate, and no kid. @see SPIFFE Trust Domain and Bundle §4.2.1 */
export const rootElement = (der: Uint8Array): JsonObject => ({
  ...(new X509Certificate(der).publicKey.export({ format: "jwk" }) as JsonObject),
  use: "x509-svid",
  x5c: [Buffer.from(der).toString("base64")],
});

/** An element of use `jwt-svid`, found by its kid. */
export const jwtElement = ({ kid, publicJwk }: AuthoritySigner): JsonObject => ({
  ...publicJwk,
  use: "jwt-svid",
  kid,
  alg: "ES256",
});

/** What the bundle shows for these: each element once, the oldest first. */
export function elementsOf(records: readonly AuthorityRecord[]): JsonObject[] {
  const elements = [...records]
    .filter(({ withdrawn }) => withdrawn === undefined)
    .sort((a, b) => a.created - b.created || (a.kid < b.kid ? -1 : 1))
    .map(({ element }) => [JSON.stringify(element), element] as const);
  return [...new Map(elements).values()];
}
