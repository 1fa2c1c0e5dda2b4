import { decodeBase64url, encodeBase64url } from "@countersign/proof/digest";
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from "@simplewebauthn/server";
import { Refusal } from "./server.ts";

/** Asks the person's authenticator to make a passkey. @throws Refusal when she or her browser does not */
export async function createPasskey(
  options: PublicKeyCredentialCreationOptionsJSON,
): Promise<RegistrationResponseJSON> {
  const {
    challenge,
    rp,
    user,
    pubKeyCredParams,
    excludeCredentials = [],
    authenticatorSelection,
    timeout,
  } = options;
  const credential = await prompted(() =>
    navigator.credentials.create({
      publicKey: {
        challenge: decodeBase64url(challenge),
        rp,
        user: { ...user, id: decodeBase64url(user.id) },
        pubKeyCredParams: pubKeyCredParams as PublicKeyCredentialParameters[],
        excludeCredentials: excludeCredentials.map(({ id }) => ({
          type: "public-key",
          id: decodeBase64url(id),
        })),
        ...(authenticatorSelection && {
          authenticatorSelection: authenticatorSelection as AuthenticatorSelectionCriteria,
        }),
        ...(timeout === undefined ? {} : { timeout }),
        attestation: "none",
      },
    }),
  );
  const { clientDataJSON, attestationObject } = credential.response as AuthenticatorAttestationResponse;
  return { ...identified(credential), response: texts({ clientDataJSON, attestationObject }) };
}

/** Asks the person to sign in with any passkey she has for us. @throws Refusal */
export const signChallenge = (
  options: PublicKeyCredentialRequestOptionsJSON,
): Promise<AuthenticationResponseJSON> => assertion(decodeBase64url(options.challenge), options.rpId);

/**
 * Asks the person to sign 32 bytes that this page computed itself from what it shows.
 * @throws Refusal
 */
export const signHash = (hash: Uint8Array<ArrayBuffer>): Promise<AuthenticationResponseJSON> =>
  assertion(hash);

async function assertion(
  challenge: Uint8Array<ArrayBuffer>,
  rpId?: string,
): Promise<AuthenticationResponseJSON> {
  const credential = await prompted(() =>
    navigator.credentials.get({
      publicKey: { challenge, userVerification: "required", ...(rpId === undefined ? {} : { rpId }) },
    }),
  );
  const { clientDataJSON, authenticatorData, signature, userHandle } =
    credential.response as AuthenticatorAssertionResponse;
  const response = texts({ clientDataJSON, authenticatorData, signature });
  const handle = userHandle === null ? {} : texts({ userHandle });
  return { ...identified(credential), response: { ...response, ...handle } };
}

const identified = ({ id }: PublicKeyCredential) => ({
  id,
  rawId: id,
  type: "public-key" as const,
  clientExtensionResults: {},
});

function texts<Names extends string>(parts: Record<Names, ArrayBuffer>): Record<Names, string> {
  const entries = Object.entries<ArrayBuffer>(parts);
  return Object.fromEntries(
    entries.map(([name, bytes]) => [name, encodeBase64url(new Uint8Array(bytes))]),
  ) as Record<Names, string>;
}

async function prompted(prompt: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  if (!("PublicKeyCredential" in globalThis)) {
    throw new Refusal(
      0,
      "This browser has no passkeys here.",
      "Use a current browser, over https or on localhost.",
    );
  }
  const credential = await prompt().catch((error: unknown) => {
    throw new Refusal(0, reasonOf(error), "Nothing was signed. Try again when you are ready.");
  });
  if (credential instanceof PublicKeyCredential) return credential;
  throw new Refusal(0, "The browser gave no passkey.", "Try again.");
}

function reasonOf(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") return "The passkey prompt was closed, or took too long.";
  if (name === "InvalidStateError") return "This device holds a passkey of yours already.";
  if (name === "SecurityError") return "Passkeys do not work at this address.";
  return "The authenticator could not do this.";
}
