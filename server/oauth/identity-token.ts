import { sign } from "node:crypto";
import { encodeBase64url } from "@countersign/proof/digest";
import { canonicalBytes, type Json, type JsonObject } from "@countersign/proof/jcs";
import type { Signer } from "../keys/index.ts";

/**
 * What an identity token says. No claim decides anything here: it is for others, who know none of ours.
 * Times are seconds since 1970.
 * @see OpenID Connect Core §2
 */
export interface IdentityTokenClaims {
  readonly iss: string;
  readonly sub: string;
  /** One, and a text: some who read it take no array. */
  readonly aud: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly jti: string;
  readonly agent: string;
  readonly agent_class: string;
  readonly environment: string;
  readonly instance: string;
}

/** The claims by name, for the metadata. */
export const IDENTITY_CLAIMS = [
  "iss",
  "sub",
  "aud",
  "iat",
  "nbf",
  "exp",
  "jti",
  "agent",
  "agent_class",
  "environment",
  "instance",
] as const satisfies readonly (keyof IdentityTokenClaims)[];

/**
 * Signs an identity token by RS256, which every cloud takes. The key is for this alone, so that nothing which
 * it signs can pass for a token of ours, nor the other way round.
 * @see RFC 7515 §7.1, RFC 7518 §3.3
 */
export function signIdentityToken(claims: IdentityTokenClaims, { kid, key, alg }: Signer): string {
  if (alg !== "RS256") throw new TypeError("identity tokens are signed RS256");
  const signed = `${encoded({ alg, kid, typ: "JWT" })}.${encoded({ ...claims })}`;
  return `${signed}.${encodeBase64url(sign("sha256", Buffer.from(signed), key))}`;
}

const encoded = (object: JsonObject): string => encodeBase64url(canonicalBytes(object as Json));
