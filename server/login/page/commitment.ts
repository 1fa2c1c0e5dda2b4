import { decodeBase64url, encodeBase64url } from "@countersign/proof/digest";
import { canonicalBytes, type Json } from "@countersign/proof/jcs";

/**
 * Whether a value shown is the one behind a commitment that is signed: SHA-256(salt ‖ JCS(value)).
 * Without this a server could show one thing and have another signed.
 * @param commitment base64url
 * @param attackerSalt 32 bytes, base64url
 */
export async function opens(commitment: string, attackerSalt: string, value: Json): Promise<boolean> {
  const salt = decodeBase64url(attackerSalt);
  const salted = new Uint8Array([...salt, ...canonicalBytes(value)]);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", salted));
  return salt.length === 32 && encodeBase64url(hash) === commitment;
}
