import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { softwareAuthenticator } from "../../examples/authenticator/authenticator.ts";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { Fault, minutes, system } from "../lib/index.ts";
import { findPerson, registerPerson, resumePerson, suspendPerson } from "../registry/index.ts";
import { beginEnrolment, finishEnrolment } from "./enrol-passkey.ts";
import { issueEnrolmentLink } from "./enrolment-link.ts";
import { beginFirstAdministrator, issueFirstAdministratorLink } from "./first-administrator.ts";
import {
  becomeFirst,
  type Enrolled,
  enrol,
  firstAdministrator,
  issuer,
  type LoginTest,
  openLogin,
  person,
  secretOf,
  signIn,
  stranger,
} from "./fixture.ts";
import { recoverAdministrator } from "./recover-administrator.ts";
import { sessionCaller } from "./session-caller.ts";
import { beginSignIn, finishSignIn } from "./sign-in.ts";

const refused = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;

forEachEngine((engine) => {
  describe("the first administrator", () => {
    test("enrols by a link with its secret in the fragment, and is signed in with the role", async () => {
      const { deps, close } = await openLogin(engine);
      const { url, expires } = await issueFirstAdministratorLink(deps);
      assert.match(url, /^http:\/\/localhost:4600\/login#first=[A-Za-z0-9_-]{43}$/);
      assert.equal(expires - deps.clock.now(), minutes(10));
      const ada = await becomeFirst(deps, secretOf(url));
      assert.deepEqual(ada.caller.roles, ["administrator", "policy-publisher"]);
      assert.equal(ada.caller.strength, "enrolled-key");
      await close();
    });

    test("the link works once, for ten minutes, and only while there is no administrator", async () => {
      const { deps, close } = await openLogin(engine);
      const old = secretOf((await issueFirstAdministratorLink(deps)).url);
      const late = secretOf((await issueFirstAdministratorLink(deps)).url);
      await assert.rejects(becomeFirst(deps, old), refused("gone"), "a newer link voids the older");
      deps.clock.advance(minutes(10));
      await assert.rejects(becomeFirst(deps, late), refused("gone"));
      const good = secretOf((await issueFirstAdministratorLink(deps)).url);
      await becomeFirst(deps, good);
      await assert.rejects(becomeFirst(deps, good), refused("gone"));
      await assert.rejects(issueFirstAdministratorLink(deps), refused("conflict"));
      await close();
    });

    test("when two use the link at once, one of them becomes it", async () => {
      const { deps, close } = await openLogin(engine);
      const secret = secretOf((await issueFirstAdministratorLink(deps)).url);
      const both = await Promise.allSettled([becomeFirst(deps, secret), becomeFirst(deps, secret)]);
      assert.equal(both.filter(({ status }) => status === "fulfilled").length, 1);
      await close();
    });

    test("a guessed secret gets nothing, not even a challenge", async () => {
      const { deps, close } = await openLogin(engine);
      await issueFirstAdministratorLink(deps);
      const who = { attackerSecret: "A".repeat(43), name: "Eve", email: "eve@evil.example" };
      await assert.rejects(beginFirstAdministrator(deps, stranger, who), refused("gone"));
      await close();
    });
  });

  describe("a link for whoever holds the store", () => {
    let room: LoginTest;
    let ada: Enrolled;
    let finn: Enrolled;
    before(async () => {
      room = await openLogin(engine);
      await assert.rejects(recoverAdministrator(room.deps, {}), refused("conflict"), "there was none yet");
      ada = await firstAdministrator(room.deps);
      finn = await person(room.deps, ada.caller, "Finn");
    });
    after(() => room.close());

    const alarms = async (): Promise<string[]> => {
      const rows = await findEvents(room.deps.database, { type: "administrator.link-made", limit: 20 });
      return rows.map(({ body }) => body);
    };

    test("enrols one more passkey of an administrator who can act, who is named, and of nobody else", async () => {
      const { deps } = room;
      for (const email of [undefined, "finn@acme.example", "nobody@acme.example"])
        await assert.rejects(
          recoverAdministrator(deps, { email }),
          refused(email === undefined ? "conflict" : "not-found"),
        );
      assert.deepEqual(await alarms(), []);
      const { url } = await recoverAdministrator(deps, { email: "Ada@acme.example" });
      const again = await enrol(deps, secretOf(url));
      assert.equal(again.id, ada.id);
      assert.ok(again.caller.roles.includes("administrator"));
      const [told = ""] = await alarms();
      assert.match(told, /"severity":"alarm"/);
      assert.ok(told.includes(ada.id));
    });

    test("lets somebody new administer where all who could are suspended: once, and not once one of them is back", async () => {
      const { deps } = room;
      await suspendPerson(deps, ada.caller, { id: ada.id });
      await assert.rejects(issueFirstAdministratorLink(deps), refused("conflict"), "no start makes one");
      await assert.rejects(recoverAdministrator(deps, { email: "ada@acme.example" }), refused("not-found"));
      const before = await alarms();
      const old = secretOf((await recoverAdministrator(deps, {})).url);
      await resumePerson(deps, system, { id: ada.id });
      await assert.rejects(becomeFirst(deps, old, "eve@acme.example"), refused("gone"));
      await suspendPerson(deps, system, { id: ada.id });
      const good = secretOf((await recoverAdministrator(deps, {})).url);
      await assert.rejects(becomeFirst(deps, old, "eve@acme.example"), refused("gone"), "the newer voids it");
      const olga = await becomeFirst(deps, good, "olga@acme.example");
      assert.deepEqual(olga.caller.roles, ["administrator", "policy-publisher"]);
      assert.equal((await findPerson(deps, ada.id))?.status, "suspended");
      await assert.rejects(becomeFirst(deps, good, "eve@acme.example"), refused("gone"));
      await assert.rejects(recoverAdministrator(deps, {}), refused("conflict"));
      assert.equal((await alarms()).length, before.length + 2);
      assert.deepEqual(finn.caller.roles, []);
    });
  });

  describe("enrolment by link", () => {
    let room: LoginTest;
    let ada: Enrolled;
    before(async () => {
      room = await openLogin(engine);
      ada = await firstAdministrator(room.deps);
    });
    after(() => room.close());

    test("only an administrator makes links", async () => {
      const bob = await person(room.deps, ada.caller, "Bob");
      await assert.rejects(
        issueEnrolmentLink(room.deps, bob.caller, { person: ada.id }),
        refused("forbidden"),
      );
    });

    test("a link enrols one passkey and no second", async () => {
      const { deps } = room;
      const { id } = await registerPerson(deps, ada.caller, { name: "Cleo", email: "cleo@acme.example" });
      const secret = secretOf((await issueEnrolmentLink(deps, ada.caller, { person: id })).url);
      await enrol(deps, secret);
      await assert.rejects(enrol(deps, secret), refused("gone"));
    });

    test("a challenge of one link cannot be answered with another", async () => {
      const { deps } = room;
      const dora = await person(deps, ada.caller, "Dora");
      const [one, two] = await Promise.all(
        [ada.id, dora.id].map(async (id) =>
          secretOf((await issueEnrolmentLink(deps, ada.caller, { person: id })).url),
        ),
      );
      const begun = await beginEnrolment(deps, stranger, { attackerSecret: String(one) });
      const response = softwareAuthenticator().create(issuer, begun.options);
      const spliced = { attackerSecret: String(two), challenge: begun.challenge, label: "key", response };
      await assert.rejects(finishEnrolment(deps, stranger, spliced), refused("unauthenticated"));
    });

    test("a passkey of one person cannot be enrolled again for another", async () => {
      const { deps } = room;
      const emil = await person(deps, ada.caller, "Emil");
      const secret = secretOf((await issueEnrolmentLink(deps, ada.caller, { person: emil.id })).url);
      const begun = await beginEnrolment(deps, stranger, { attackerSecret: secret });
      const taken = softwareAuthenticator();
      const response = taken.create(issuer, begun.options);
      const input = { attackerSecret: secret, challenge: begun.challenge, label: "key", response };
      await finishEnrolment(deps, stranger, input);
      const again = secretOf((await issueEnrolmentLink(deps, ada.caller, { person: ada.id })).url);
      const second = await beginEnrolment(deps, stranger, { attackerSecret: again });
      const clientDataJSON = taken.create(issuer, { ...second.options, excludeCredentials: [] }).response
        .clientDataJSON;
      const replayed = { ...response, response: { ...response.response, clientDataJSON } };
      const stolen = { attackerSecret: again, challenge: second.challenge, label: "key", response: replayed };
      await assert.rejects(finishEnrolment(deps, stranger, stolen), refused("unauthenticated"));
    });

    test("a suspended person cannot enrol, whatever link she holds", async () => {
      const { deps } = room;
      const finn = await person(deps, ada.caller, "Finn");
      const secret = secretOf((await issueEnrolmentLink(deps, ada.caller, { person: finn.id })).url);
      await suspendPerson(deps, ada.caller, { id: finn.id });
      await assert.rejects(enrol(deps, secret), refused("gone"));
    });
  });

  describe("signing in", () => {
    let room: LoginTest;
    let ada: Enrolled;
    before(async () => {
      room = await openLogin(engine);
      ada = await firstAdministrator(room.deps);
    });
    after(() => room.close());

    test("a passkey signs its person in, with a fresh session", async () => {
      const started = await signIn(room.deps, ada);
      assert.equal(started.person, ada.id);
      assert.notEqual(started.token, ada.token);
      assert.equal((await sessionCaller(room.deps, started.token))?.principal, ada.id);
    });

    test("with one bit changed of what was signed or of the signature, it is refused in the same words", async () => {
      const { deps } = room;
      const messages = new Set<string>();
      for (const part of ["authenticatorData", "clientDataJSON", "signature"] as const) {
        for (const at of [0, 7, 9, 10, 77, 150, 271]) {
          const { challenge, options } = await beginSignIn(deps, stranger);
          const good = ada.authenticator.get(issuer, options);
          const response = {
            ...good,
            response: { ...good.response, [part]: flipped(good.response[part], at) },
          };
          const refusal = finishSignIn(deps, stranger, { challenge, response });
          await assert.rejects(
            refusal,
            (error: Fault) => Boolean(messages.add(error.message)),
            `${part} ${at}`,
          );
        }
      }
      assert.equal(messages.size, 1);
    });

    test("an unknown passkey is refused in the words of a bad signature", async () => {
      const { deps } = room;
      const other = await openLogin(engine);
      const eve = await firstAdministrator(other.deps);
      const { challenge, options } = await beginSignIn(deps, stranger);
      const good = ada.authenticator.get(issuer, options);
      const bad = {
        ...good,
        response: { ...good.response, signature: flipped(good.response.signature, 99) },
      };
      const unknown = eve.authenticator.get(issuer, (await beginSignIn(deps, stranger)).options);
      const messages = await Promise.all(
        [bad, unknown].map((response) =>
          finishSignIn(deps, stranger, { challenge, response }).catch(
            (error: Fault) => `${error.code} ${error.message}`,
          ),
        ),
      );
      assert.equal(messages[0], messages[1]);
      await other.close();
    });

    test("an assertion is good once, and its challenge is used up even by a failed try", async () => {
      const { deps } = room;
      const { challenge, options } = await beginSignIn(deps, stranger);
      const response = ada.authenticator.get(issuer, options);
      const bad = {
        ...response,
        response: { ...response.response, signature: flipped(response.response.signature, 99) },
      };
      await assert.rejects(
        finishSignIn(deps, stranger, { challenge, response: bad }),
        refused("unauthenticated"),
      );
      await assert.rejects(finishSignIn(deps, stranger, { challenge, response }), refused("unauthenticated"));
      const again = await beginSignIn(deps, stranger);
      const used = ada.authenticator.get(issuer, again.options);
      await finishSignIn(deps, stranger, { challenge: again.challenge, response: used });
      await assert.rejects(
        finishSignIn(deps, stranger, { challenge: again.challenge, response: used }),
        refused("unauthenticated"),
      );
    });

    test("of two uses of one assertion at the same time, one is refused", async () => {
      const { deps } = room;
      const { challenge, options } = await beginSignIn(deps, stranger);
      const response = ada.authenticator.get(issuer, options);
      const both = await Promise.allSettled(
        [1, 2].map(() => finishSignIn(deps, stranger, { challenge, response })),
      );
      assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    });

    test("a challenge is stale after five minutes", async () => {
      const { deps } = room;
      const { challenge, options } = await beginSignIn(deps, stranger);
      const response = ada.authenticator.get(issuer, options);
      deps.clock.advance(minutes(5));
      await assert.rejects(finishSignIn(deps, stranger, { challenge, response }), refused("unauthenticated"));
    });

    test("a copied authenticator, whose counter has fallen behind, is refused", async () => {
      const { deps } = room;
      const [first, second] = [await beginSignIn(deps, stranger), await beginSignIn(deps, stranger)];
      const behind = ada.authenticator.get(issuer, first.options);
      const ahead = ada.authenticator.get(issuer, second.options);
      await finishSignIn(deps, stranger, { challenge: second.challenge, response: ahead });
      const late = finishSignIn(deps, stranger, { challenge: first.challenge, response: behind });
      await assert.rejects(late, refused("unauthenticated"));
    });
  });
});

function flipped(base64url: string, at: number): string {
  const bytes = Buffer.from(base64url, "base64url");
  const bit = at % (bytes.length * 8);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return bytes.toString("base64url");
}
