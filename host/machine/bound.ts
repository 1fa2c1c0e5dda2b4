import { sha256 } from "@countersign/proof/digest";

/**
 * The audience that a machine of Google's cloud asks for: this control plane, and the key that it will hold.
 * @param issuer the control plane's origin exactly
 * @param jkt RFC 7638 thumbprint
 */
export const gcpAudience = (issuer: string, jkt: string): string => `${issuer}/hosts/gcp/${jkt}`;

/**
 * The nonce that a machine of Azure asks for: ten digits, as its metadata service takes no more, made of what was
 * handed out and of the key that it will hold.
 */
export function azureNonce(nonce: string, jkt: string): string {
  const digest = sha256(new TextEncoder().encode(`countersign/azure ${nonce} ${jkt}`));
  const number = Buffer.from(digest).readBigUInt64BE(0) % 10_000_000_000n;
  return String(number).padStart(10, "0");
}
