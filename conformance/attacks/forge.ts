import { createHmac, type KeyObject, sign } from "node:crypto";
import { canonicalize, type JsonObject } from "@countersign/proof/jcs";

/** A JWS as an attacker writes it: any header, any claims, any key, or none. */
export function forged(header: JsonObject, claims: JsonObject, by?: KeyObject | string): string {
  const signed = `${encoded(header)}.${encoded(claims)}`;
  return `${signed}.${signatureOf(signed, by).toString("base64url")}`;
}

/** A JWS with something of it changed, under its old signature. */
export function altered(
  jws: string,
  { header = {}, claims = {} }: { header?: JsonObject; claims?: JsonObject },
): string {
  const [oldHeader = "", oldClaims = "", signature = ""] = jws.split(".");
  return `${encoded({ ...decoded(oldHeader), ...header })}.${encoded({ ...decoded(oldClaims), ...claims })}.${signature}`;
}

function signatureOf(signed: string, by: KeyObject | string | undefined): Buffer {
  if (by === undefined) return Buffer.alloc(0);
  if (typeof by === "string") return createHmac("sha256", by).update(signed).digest();
  return sign(by.asymmetricKeyType === "ed25519" ? null : "sha256", Buffer.from(signed), {
    key: by,
    dsaEncoding: "ieee-p1363",
  });
}

/** Canonical, so that it is not for its spelling that something is refused. */
const encoded = (value: JsonObject): string => Buffer.from(canonicalize(value)).toString("base64url");
const decoded = (part: string): JsonObject => JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
