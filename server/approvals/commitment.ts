import { encodeBase64url, sha256Base64url } from "@countersign/proof/digest";
import { canonicalBytes, type Json } from "@countersign/proof/jcs";
import type { Random } from "../lib/index.ts";

const SALT_BYTES = 32;

/**
 * Binds a receipt and the log to arguments without showing them. Whoever is given salt and arguments can
 * check the commitment, as the approval page does; from the commitment alone nobody can guess.
 * @returns base64url of SHA-256(salt ‖ JCS(arguments)), and the salt, 32 bytes in base64url
 */
export function commitTo(
  random: Random,
  args: Readonly<Record<string, Json>>,
): { salt: string; commitment: string } {
  const salt = random.bytes(SALT_BYTES);
  const salted = Buffer.concat([salt, canonicalBytes(args)]);
  return { salt: encodeBase64url(salt), commitment: sha256Base64url(salted) };
}
