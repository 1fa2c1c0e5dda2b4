import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { softwareAuthenticator } from "../../examples/authenticator/authenticator.ts";
import { type Cbor, encodeCbor } from "../../examples/authenticator/cbor.ts";
import { perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { Fault } from "../lib/index.ts";
import { verifyAssertion } from "./assertion.ts";
import { beginEnrolment, finishEnrolment } from "./enrol-passkey.ts";
import { issueEnrolmentLink } from "./enrolment-link.ts";
import {
  type Enrolled,
  firstAdministrator,
  issuer,
  type LoginTest,
  openLogin,
  person,
  secretOf,
  stranger,
} from "./fixture.ts";
import type { AssertionResponse, RegistrationResponse } from "./webauthn-schema.ts";

const unproven = (error: unknown) => error instanceof Fault && error.code === "unauthenticated";
/** Refused to the outside as ever, and to the operator with this cause. */
const because = (cause: RegExp) => (error: unknown) =>
  unproven(error) &&
  error instanceof Fault &&
  error.cause instanceof Error &&
  cause.test(error.cause.message);
const newChallenge = (): string => randomBytes(32).toString("base64url");

forEachEngine((engine) => {
  let room: LoginTest;
  let ada: Enrolled;
  let bob: Enrolled;
  before(async () => {
    room = await openLogin(engine);
    ada = await firstAdministrator(room.deps);
    bob = await person(room.deps, ada.caller, "Bob");
  });
  after(() => room.close());

  const verify = (who: Enrolled, challenge: string, response: AssertionResponse) =>
    perform(room.deps, who.caller, "test.sign", (change) =>
      verifyAssertion(room.deps, change, { person: who.id, challenge, response }),
    );

  describe("an assertion over a given challenge", () => {
    test("holds for the person whose passkey signed it, and is returned as evidence", async () => {
      const challenge = newChallenge();
      const response = ada.authenticator.get(issuer, { challenge });
      const { authenticatorData, clientDataJSON, signature } = response.response;
      const evidence = { credential: response.id, authenticatorData, clientDataJSON, signature };
      assert.deepEqual(await verify(ada, challenge, response), evidence);
    });

    test("holds for nobody else, for no other challenge, and not twice", async () => {
      const challenge = newChallenge();
      const response = ada.authenticator.get(issuer, { challenge });
      await assert.rejects(verify(bob, challenge, response), unproven);
      await assert.rejects(verify(ada, newChallenge(), response), unproven);
      await verify(ada, challenge, response);
      await assert.rejects(verify(ada, challenge, response), unproven);
    });

    test("made on another origin, even of the same host, does not hold", async () => {
      for (const origin of ["http://localhost:4601", "https://localhost:4600"]) {
        const challenge = newChallenge();
        const response = ada.authenticator.get(origin, { challenge, rpId: "localhost" });
        await assert.rejects(verify(ada, challenge, response), unproven, origin);
      }
    });

    test("with any bit changed does not hold", async () => {
      const challenge = newChallenge();
      const good = ada.authenticator.get(issuer, { challenge });
      const part = fc.constantFrom(
        "authenticatorData" as const,
        "clientDataJSON" as const,
        "signature" as const,
      );
      await fc.assert(
        fc.asyncProperty(part, fc.nat(), async (name, at) => {
          const response = { ...good.response, [name]: flipped(good.response[name], at) };
          await assert.rejects(verify(ada, challenge, { ...good, response }), unproven);
        }),
        { numRuns: 100 },
      );
      await verify(ada, challenge, good);
    });
  });

  describe("a passkey's registration", () => {
    async function offer(change: (response: RegistrationResponse) => RegistrationResponse, origin = issuer) {
      const { url } = await issueEnrolmentLink(room.deps, ada.caller, { person: bob.id });
      const attackerSecret = secretOf(url);
      const { challenge, options } = await beginEnrolment(room.deps, stranger, { attackerSecret });
      const response = change(softwareAuthenticator().create(origin, options));
      return finishEnrolment(room.deps, stranger, { attackerSecret, challenge, label: "key", response });
    }

    const withAttestation = (fmt: string, attStmt: Cbor, patch = (data: Buffer): Buffer => data) => {
      return (good: RegistrationResponse): RegistrationResponse => {
        const bytes = Buffer.from(good.response.attestationObject, "base64url");
        // "authData" is the last member; its value a byte string with a one-byte length.
        const authData = patch(
          Buffer.from(bytes.subarray(bytes.indexOf("authData") + "authData".length + 2)),
        );
        const members: [string, Cbor][] = [
          ["fmt", fmt],
          ["attStmt", attStmt],
          ["authData", authData],
        ];
        const attestationObject = encodeCbor(new Map(members)).toString("base64url");
        return { ...good, response: { ...good.response, attestationObject } };
      };
    };

    test("as the authenticator made it is accepted", async () => {
      assert.equal((await offer(withAttestation("none", new Map()))).person, bob.id);
    });

    test("without the person verified is refused", async () => {
      const unverified = withAttestation("none", new Map(), (data) => {
        data[32] = (data[32] ?? 0) & ~0x04;
        return data;
      });
      await assert.rejects(offer(unverified), unproven);
    });

    test("that brings certificates is refused before anything in them is read or fetched", async () => {
      const statement = new Map<string, Cbor>([
        ["alg", -7],
        ["sig", Buffer.alloc(70)],
        ["x5c", Buffer.from("der")],
      ]);
      await assert.rejects(offer(withAttestation("packed", statement)), because(/carries certificates/));
      await assert.rejects(offer(withAttestation("apple", statement)), because(/carries certificates/));
    });

    test("made on another origin, or in another site's frame, is refused", async () => {
      await assert.rejects(
        offer((good) => good, "http://localhost:9999"),
        unproven,
      );
      const framed = (good: RegistrationResponse): RegistrationResponse => {
        const data = JSON.parse(Buffer.from(good.response.clientDataJSON, "base64url").toString());
        const clientDataJSON = Buffer.from(JSON.stringify({ ...data, crossOrigin: true })).toString(
          "base64url",
        );
        return { ...good, response: { ...good.response, clientDataJSON } };
      };
      await assert.rejects(offer(framed), because(/that of a frame/));
    });

    test("that names another credential beside the one in it is refused", async () => {
      const id = newChallenge();
      await assert.rejects(
        offer((good) => ({ ...good, id, rawId: id })),
        unproven,
      );
    });
  });
});

function flipped(base64url: string, at: number): string {
  const bytes = Buffer.from(base64url, "base64url");
  const bit = at % (bytes.length * 8);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return bytes.toString("base64url");
}
