import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { forEachEngine } from "../audit/test-databases.ts";
import { Fault, hours, minutes } from "../lib/index.ts";
import { resumePerson, suspendPerson } from "../registry/index.ts";
import { endSession } from "./end-session.ts";
import { issueFirstAdministratorLink } from "./first-administrator.ts";
import {
  becomeFirst,
  type Enrolled,
  firstAdministrator,
  type LoginTest,
  openLogin,
  person,
  secretOf,
  signIn,
  stranger,
} from "./fixture.ts";
import { grantRole, rolesOf, withdrawRole } from "./roles.ts";
import { sessionCaller } from "./session-caller.ts";
import { exchangeTerminalCode, issueTerminalCode } from "./terminal.ts";

const refused = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;

forEachEngine((engine) => {
  describe("a session", () => {
    let room: LoginTest;
    let ada: Enrolled;
    before(async () => {
      room = await openLogin(engine);
      ada = await firstAdministrator(room.deps);
    });
    after(() => room.close());

    test("ends after an hour of idling, and after eight hours whatever happens", async () => {
      const { deps } = room;
      const { token } = await signIn(deps, ada);
      for (let passed = 0; passed + 50 < 8 * 60; passed += 50) {
        deps.clock.advance(minutes(50));
        assert.notEqual(await sessionCaller(deps, token), undefined, `after ${passed + 50} minutes`);
      }
      deps.clock.advance(minutes(50));
      assert.equal(await sessionCaller(deps, token), undefined);
      const idle = (await signIn(deps, ada)).token;
      deps.clock.advance(hours(1));
      assert.equal(await sessionCaller(deps, idle), undefined);
    });

    test("is over at once when its person signs out", async () => {
      const { deps } = room;
      const { token } = await signIn(deps, ada);
      const caller = await sessionCaller(deps, token);
      assert.ok(caller);
      assert.equal(caller.credential?.expires, deps.clock.now() + hours(1), "as long as it may idle");
      await endSession(deps, caller);
      assert.equal(await sessionCaller(deps, token), undefined);
    });

    test("does not survive a suspension, even after the person is back", async () => {
      const { deps } = room;
      const boss = await signIn(deps, ada);
      const admin = await sessionCaller(deps, boss.token);
      assert.ok(admin);
      const gina = await person(deps, admin, "Gina");
      await suspendPerson(deps, admin, { id: gina.id });
      assert.equal(await sessionCaller(deps, gina.token), undefined);
      await assert.rejects(signIn(deps, gina), refused("unauthenticated"));
      await resumePerson(deps, admin, { id: gina.id });
      assert.equal(await sessionCaller(deps, gina.token), undefined);
      assert.equal((await signIn(deps, gina)).person, gina.id);
    });

    test("goes to a terminal by a code that works once, for ten minutes, however it is typed", async () => {
      const { deps } = room;
      const caller = await sessionCaller(deps, (await signIn(deps, ada)).token);
      assert.ok(caller);
      const { code } = await issueTerminalCode(deps, caller);
      assert.match(code, /^[0-9A-Z]{5}(-[0-9A-Z]{5}){3}$/);
      const typed = code.toLowerCase().replaceAll("-", " ");
      const { token, session } = await exchangeTerminalCode(deps, stranger, { attackerCode: typed });
      assert.equal((await sessionCaller(deps, token))?.principal, ada.id);
      assert.equal(session.startedBy, "terminal");
      await assert.rejects(
        exchangeTerminalCode(deps, stranger, { attackerCode: code }),
        refused("unauthenticated"),
      );
      const late = await issueTerminalCode(deps, caller);
      deps.clock.advance(minutes(10));
      const attempt = exchangeTerminalCode(deps, stranger, { attackerCode: late.code });
      await assert.rejects(attempt, refused("unauthenticated"));
    });

    test("of a terminal ends no later than the one that vouched for it, so sessions cannot breed", async () => {
      const { deps } = room;
      const started = await signIn(deps, ada);
      deps.clock.advance(minutes(30));
      const caller = await sessionCaller(deps, started.token);
      assert.ok(caller);
      const { code } = await issueTerminalCode(deps, caller);
      const terminal = await exchangeTerminalCode(deps, stranger, { attackerCode: code });
      assert.equal(terminal.session.expires, started.session.expires);
    });

    test("gives no code to a terminal once its person has signed out", async () => {
      const { deps } = room;
      const caller = await sessionCaller(deps, (await signIn(deps, ada)).token);
      assert.ok(caller);
      const { code } = await issueTerminalCode(deps, caller);
      await endSession(deps, caller);
      await assert.rejects(
        exchangeTerminalCode(deps, stranger, { attackerCode: code }),
        refused("unauthenticated"),
      );
      await assert.rejects(issueTerminalCode(deps, caller), refused("unauthenticated"));
      await assert.rejects(endSession(deps, caller), refused("unauthenticated"));
    });
  });

  describe("roles", () => {
    test("of a policy publisher is given by another administrator, never by oneself", async () => {
      const { deps, close } = await openLogin(engine);
      const ada = await firstAdministrator(deps);
      const hana = await person(deps, ada.caller, "Hana");
      await grantRole(deps, ada.caller, { person: hana.id, role: "administrator" });
      const caller = (await sessionCaller(deps, hana.token)) ?? assert.fail();
      const own = { person: hana.id, role: "policy-publisher" } as const;
      await assert.rejects(grantRole(deps, caller, own), refused("forbidden"));
      assert.deepEqual(await rolesOf(deps, hana.id), ["administrator"]);
      await grantRole(deps, ada.caller, own);
      assert.deepEqual((await rolesOf(deps, hana.id)).sort(), ["administrator", "policy-publisher"]);
      await close();
    });

    test("are given and taken by administrators, and the last administrator stays", async () => {
      const { deps, close } = await openLogin(engine);
      const ada = await firstAdministrator(deps);
      const hana = await person(deps, ada.caller, "Hana");
      const role = "administrator" as const;
      await assert.rejects(grantRole(deps, hana.caller, { person: hana.id, role }), refused("forbidden"));
      await assert.rejects(withdrawRole(deps, ada.caller, { person: ada.id, role }), refused("conflict"));
      await grantRole(deps, ada.caller, { person: hana.id, role });
      await assert.rejects(grantRole(deps, ada.caller, { person: hana.id, role }), refused("exists"));
      assert.deepEqual((await sessionCaller(deps, hana.token))?.roles, ["administrator"]);
      const both = [ada.id, hana.id].map((id) => withdrawRole(deps, ada.caller, { person: id, role }));
      const outcomes = await Promise.allSettled(both);
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
      const left = [...(await rolesOf(deps, ada.id)), ...(await rolesOf(deps, hana.id))];
      assert.deepEqual(left.sort(), ["administrator", "policy-publisher"]);
      await close();
    });
  });

  test("no secret is in any event, and no store keeps one in clear", async () => {
    const { deps, close } = await openLogin(engine);
    const { url } = await issueFirstAdministratorLink(deps);
    const ada = await becomeFirst(deps, secretOf(url));
    const { code } = await issueTerminalCode(deps, ada.caller);
    const terminal = await exchangeTerminalCode(deps, stranger, { attackerCode: code });
    const events = await deps.database
      .tables<{ event: { body: string } }>()
      .selectFrom("event")
      .select("body")
      .execute();
    const rows = await Promise.all(
      (["link", "session", "terminal_code", "challenge"] as const).map((table) =>
        deps.database
          .tables<Record<string, Record<string, unknown>>>()
          .selectFrom(table)
          .selectAll()
          .execute(),
      ),
    );
    const kept = JSON.stringify([events, rows]);
    for (const secret of [secretOf(url), ada.token, terminal.token, code, code.replaceAll("-", "")]) {
      assert.ok(!kept.includes(secret));
    }
    assert.ok(kept.includes(createHash("sha256").update(ada.token).digest("base64url")));
    for (const personal of ["Ada Admin", "ada@acme.example"])
      assert.ok(!JSON.stringify(events).includes(personal));
    await close();
  });
});
