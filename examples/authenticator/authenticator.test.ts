import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { verifyAssertion } from "@countersign/proof/webauthn";
import { verifyAuthenticationResponse, verifyRegistrationResponse } from "@simplewebauthn/server";
import fc from "fast-check";
import { type AuthenticationResponse, type Authenticator, softwareAuthenticator } from "./authenticator.ts";

const origin = "http://localhost:4600";
const rpId = "localhost";
const challenge = randomBytes(32).toString("base64url");

async function enrolled() {
  const authenticator = softwareAuthenticator();
  const response = authenticator.create(origin, {
    challenge,
    rp: { id: rpId, name: "Countersign" },
    user: {
      id: Buffer.from("person_1").toString("base64url"),
      name: "alice@acme.example",
      displayName: "Alice",
    },
    pubKeyCredParams: [{ alg: -7, type: "public-key" }],
  });
  const { verified, registrationInfo } = await verifyRegistrationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: rpId,
    supportedAlgorithmIDs: [-7],
  });
  assert.ok(verified);
  return { authenticator, credential: registrationInfo.credential };
}

type Enrolled = Awaited<ReturnType<typeof enrolled>>;

/** Both verifiers must accept: the library alone reads a signature's DER leniently, and three bits with it. */
async function accepts(
  { credential }: Enrolled,
  response: AuthenticationResponse,
  expectedChallenge = challenge,
): Promise<boolean> {
  const expected = { response, expectedChallenge, expectedOrigin: origin, expectedRPID: rpId, credential };
  try {
    verifyAssertion(bytesOf(response), {
      credentialPublicKey: credential.publicKey,
      challenge: expectedChallenge,
      origins: [origin],
      rpId,
      requireUserVerification: true,
    });
    return (await verifyAuthenticationResponse(expected)).verified;
  } catch {
    return false;
  }
}

const bytesOf = ({ response }: AuthenticationResponse) => ({
  authenticatorData: Buffer.from(response.authenticatorData, "base64url"),
  clientDataJSON: Buffer.from(response.clientDataJSON, "base64url"),
  signature: Buffer.from(response.signature, "base64url"),
});

const ask = (authenticator: Authenticator): AuthenticationResponse =>
  authenticator.get(origin, { challenge, rpId });

function withBitFlipped(base64url: string, at: number): string {
  const bytes = Buffer.from(base64url, "base64url");
  const bit = at % (bytes.length * 8);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return bytes.toString("base64url");
}

describe("the software authenticator, judged by @simplewebauthn/server and by proof", () => {
  test("what it makes is a passkey, and what it signs is verified with the user verified", async () => {
    const person = await enrolled();
    const result = await verifyAuthenticationResponse({
      response: ask(person.authenticator),
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      credential: person.credential,
      requireUserVerification: true,
    });
    assert.ok(result.verified);
    assert.equal(result.authenticationInfo.newCounter, 1);
    assert.equal(result.authenticationInfo.userVerified, true);
  });

  test("with any one bit changed of what it signed, or of its signature, it is refused", async () => {
    const person = await enrolled();
    const good = ask(person.authenticator);
    assert.ok(await accepts(person, good));
    const part = fc.constantFrom(
      "authenticatorData" as const,
      "clientDataJSON" as const,
      "signature" as const,
    );
    await fc.assert(
      fc.asyncProperty(part, fc.nat(), async (name, at) => {
        const response = { ...good.response, [name]: withBitFlipped(good.response[name], at) };
        assert.equal(await accepts(person, { ...good, response }), false);
      }),
      { numRuns: 200 },
    );
  });

  test("an answer to one challenge answers no other", async () => {
    const person = await enrolled();
    const other = randomBytes(32).toString("base64url");
    assert.equal(await accepts(person, ask(person.authenticator), other), false);
  });

  test("its counter goes up by one with each use", async () => {
    const person = await enrolled();
    const counters = [ask(person.authenticator), ask(person.authenticator)].map(({ response }) =>
      Buffer.from(response.authenticatorData, "base64url").readUInt32BE(33),
    );
    assert.deepEqual(counters, [1, 2]);
  });

  test("a page cannot ask for another site's passkey", async () => {
    const { authenticator } = await enrolled();
    assert.throws(() => authenticator.get("https://evil.example", { challenge, rpId }), /may not ask/);
    assert.throws(() => authenticator.get("https://evil.example", { challenge }), /no passkey/);
  });

  test("it makes no second passkey for an account that excludes its first", async () => {
    const { authenticator, credential } = await enrolled();
    const options = {
      challenge,
      rp: { id: rpId, name: "Countersign" },
      user: { id: "cGVyc29u", name: "a", displayName: "a" },
      pubKeyCredParams: [{ alg: -7, type: "public-key" }],
      excludeCredentials: [{ id: credential.id }],
    };
    assert.throws(() => authenticator.create(origin, options), /already/);
  });
});
