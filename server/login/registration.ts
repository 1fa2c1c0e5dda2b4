import { decodeBase64url, encodeBase64url } from "@countersign/proof/digest";
import { isJsonObject, parseStrict } from "@countersign/proof/jcs";
import { importCoseKey } from "@countersign/proof/webauthn";
import type {
  PublicKeyCredentialCreationOptionsJSON,
  RegistrationResponseJSON,
} from "@simplewebauthn/server";
import { append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { Caller, PersonId } from "../lib/index.ts";
import type { Challenge } from "./challenge.ts";
import { passkeyEnrolled } from "./events.ts";
import type { Link } from "./link.ts";
import type { LoginDeps } from "./login-deps.ts";
import { ALGORITHMS, type Passkey, relyingParty, userHandle } from "./passkey.ts";
import { notProven } from "./refusal.ts";
import { insertPasskey, passkeyByCredential, passkeysOf } from "./store-passkeys.ts";
import { webauthn, webauthnHelpers } from "./webauthn-library.ts";
import type { RegistrationResponse } from "./webauthn-schema.ts";

/** How a person's authenticator is asked to make a passkey: discoverable, and verifying her each time. */
export async function creationOptions(
  deps: LoginDeps,
  challenge: Challenge,
  person: { id: PersonId; name: string; email: string },
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const passkeys = await passkeysOf(deps.database, person.id);
  const { generateRegistrationOptions } = await webauthn();
  return generateRegistrationOptions({
    rpName: "Countersign",
    rpID: relyingParty(deps.issuer).id,
    userName: person.email,
    userDisplayName: person.name,
    userID: userHandle(person.id),
    challenge: decodeBase64url(challenge.value),
    attestationType: "none",
    excludeCredentials: passkeys.map(({ credential }) => ({ id: credential })),
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
    supportedAlgorithmIDs: ALGORITHMS,
  });
}

/**
 * Verifies what the authenticator made, and adds the passkey to the change, with its record.
 * @throws Fault `unauthenticated`
 * @see WebAuthn Level 3 §7.1
 */
export async function addPasskey(
  deps: LoginDeps,
  change: Change,
  caller: Caller,
  given: {
    person: PersonId;
    challenge: Challenge;
    link: Link;
    label: string;
    response: RegistrationResponse;
  },
): Promise<Passkey> {
  const { person, label } = given;
  const { id, publicKey, counter } = await verify(deps.issuer, given.challenge.value, given.response);
  // Somebody's passkey already: were it accepted, she could be signed in as the other.
  if ((await passkeyByCredential(deps.database, id)) !== undefined) throw notProven();
  const created = deps.clock.now();
  const passkey = { credential: id, person, publicKey, counter, created, lastUsed: undefined, label };
  insertPasskey(change, passkey);
  append(change, passkeyEnrolled(deps, caller, { person }, await recordOf(deps.issuer, passkey, given.link)));
  return passkey;
}

async function verify(issuer: string, challenge: string, response: RegistrationResponse) {
  try {
    const { id, origin } = relyingParty(issuer);
    refuseFramed(response.response.clientDataJSON);
    await refuseCertificates(response.response.attestationObject);
    const { verifyRegistrationResponse } = await webauthn();
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: response as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    // What was verified is the id inside the authenticator's data; the one beside it is only said.
    if (!verified || registrationInfo.credential.id !== response.id) throw notProven();
    // A key that no stranger could verify with would make consents that prove nothing.
    importCoseKey(registrationInfo.credential.publicKey);
    return registrationInfo.credential;
  } catch (cause) {
    throw notProven(cause);
  }
}

/** A prompt in another site's frame is not one the person could judge; the library does not look at this here. */
function refuseFramed(attackerClientData: string): void {
  const clientData = parseStrict(decodeBase64url(attackerClientData));
  const framed =
    !isJsonObject(clientData) || clientData.crossOrigin === true || clientData.topOrigin !== undefined;
  if (framed) throw new Error("the client data is that of a frame");
}

/**
 * No attestation is asked for, so no certificates come from an honest browser; and reading a stranger's
 * would make this server fetch the revocation lists they name.
 */
async function refuseCertificates(attackerAttestation: string): Promise<void> {
  const { decodeAttestationObject } = await webauthnHelpers();
  const attestation = decodeAttestationObject(decodeBase64url(attackerAttestation));
  const format = attestation.get("fmt");
  const plain =
    format === "none" || (format === "packed" && attestation.get("attStmt").get("x5c") === undefined);
  if (!plain) throw new Error("the attestation carries certificates");
}

async function recordOf(issuer: string, passkey: Passkey, link: Link) {
  const { id, origin } = relyingParty(issuer);
  const { decodeCredentialPublicKey } = await webauthnHelpers();
  return {
    credential: passkey.credential,
    person: passkey.person,
    public_key: encodeBase64url(passkey.publicKey),
    algorithm: Number(decodeCredentialPublicKey(passkey.publicKey).get(3)),
    counter: passkey.counter,
    rp_id: id,
    origin,
    link: link.id,
  };
}
