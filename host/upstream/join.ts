import { createHash, generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { signCompact } from "@countersign/proof/jws";
import type { Credential } from "./credential.ts";
import { refusedBy, UpstreamRefused } from "./refused.ts";
import type { Ask, Transport } from "./transport.ts";

/** What a machine shows of itself to join. */
export interface MachineEvidence {
  readonly type: "join_token" | "x509pop" | "k8s" | "aws" | "gcp" | "azure";
  readonly payload: Json;
  /** Where it was made for one. */
  readonly nonce?: string;
}

/** What evidence is made for. */
export interface EvidenceFor {
  /** The control plane's origin. */
  readonly issuer: string;
  /** RFC 7638 thumbprint of the key that the machine will hold. */
  readonly jkt: string;
  /** Asks for a nonce, where the evidence holds one. */
  challenge(): Promise<string>;
}

/** Makes or fetches evidence, anew for each attempt. */
export type EvidenceSource = (wanted: EvidenceFor) => Promise<MachineEvidence>;

/**
 * Joins: makes a key in memory, shows what the machine is, and proves the key.
 * @throws UpstreamAway; UpstreamRefused with the reason
 */
export async function join(
  transport: Transport,
  evidence: EvidenceSource,
  now: () => number = Date.now,
): Promise<Credential> {
  const key = makeHostKey();
  const jwk = publicJwkOf(key);
  const issuer = transport.origin;
  const challenge = async (): Promise<string> =>
    (await answered<{ nonce: string }>(transport, { method: "POST", path: "/hosts/self/challenge" })).nonce;
  const shown = await evidence({ issuer, jkt: thumbprint(jwk), challenge });
  const { type, payload, nonce } = shown;
  const said = { type, payload, ...(nonce === undefined ? {} : { nonce }) };
  const proof = possession(key, "host-join+jwt", { issuer, now: now(), of: canonicalize(said) });
  const body = { ...said, jwk, proof };
  const joined = await answered<Joined>(transport, { method: "POST", path: "/hosts/self/join", body });
  return { host: joined.host, id: joined.id, expires: joined.expires, key };
}

export interface Joined {
  readonly host: string;
  readonly id: string;
  readonly expires: number;
}

export const makeHostKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** A proof that whoever sends this request holds the key, and means exactly this. */
export const possession = (
  key: KeyObject,
  typ: "host-join+jwt" | "host-key+jwt",
  { issuer, now, of }: { issuer: string; now: number; of: string },
): string => {
  const token_hash = createHash("sha256").update(of).digest("base64url");
  const payload = { aud: issuer, token_hash, iat: Math.floor(now / 1000), jti: randomUUID() };
  return signCompact({ header: { typ }, payload, key });
};

async function answered<T>(transport: Transport, ask: Ask): Promise<T> {
  const { status, body } = await transport.ask(ask);
  if (status < 300) return body as T;
  throw new UpstreamRefused(status, refusedBy(body, status));
}
