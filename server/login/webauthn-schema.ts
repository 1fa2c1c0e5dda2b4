import { decodeBase64url } from "@countersign/proof/digest";
import { z } from "zod";

/** Bytes in their one base64url text: a second text for the same bytes would be a second assertion. */
const bytes = (most: number) => z.string().min(1).max(most).refine(isCanonical, "must be base64url");

function isCanonical(text: string): boolean {
  try {
    decodeBase64url(text);
    return true;
  } catch {
    return false;
  }
}

const credential = {
  id: bytes(1400),
  rawId: bytes(1400),
  type: z.literal("public-key"),
  authenticatorAttachment: z.enum(["platform", "cross-platform"]).optional(),
  /** Browsers add members of their own; nothing here reads them. */
  clientExtensionResults: z.object({}),
};

/**
 * What a browser answers when it has made a passkey.
 * @see WebAuthn Level 3 §5.1, RegistrationResponseJSON
 */
export const registrationResponse = z.strictObject({
  ...credential,
  response: z.object({ clientDataJSON: bytes(8192), attestationObject: bytes(16384) }),
});

/**
 * What a browser answers when a passkey has signed. Consents and receipts are given in this form.
 * @see WebAuthn Level 3 §5.1, AuthenticationResponseJSON
 */
export const assertionResponse = z.strictObject({
  ...credential,
  response: z.object({
    clientDataJSON: bytes(8192),
    authenticatorData: bytes(4096),
    signature: bytes(2048),
    userHandle: bytes(128).optional(),
  }),
});

export type RegistrationResponse = z.output<typeof registrationResponse>;
export type AssertionResponse = z.output<typeof assertionResponse>;
