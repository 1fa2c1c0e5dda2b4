import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ServerRefusal } from "../../examples/authenticator/browser.ts";
import { Person } from "../../examples/authenticator/person.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { registerPerson } from "../registry/index.ts";
import { endedCookie, offeredSession, sameOrigin, sessionCookie } from "./cookie.ts";
import { issueFirstAdministratorLink } from "./first-administrator.ts";
import { type LoginServer, serveLogin } from "./http-fixture.ts";
import { newSession } from "./session.ts";
import { sessionCaller } from "./session-caller.ts";

const refusedWith = (status: number) => (error: unknown) =>
  error instanceof ServerRefusal && error.status === status;

forEachEngine((engine) => {
  describe("login over HTTP", () => {
    let server: LoginServer;
    let ada: Person;
    before(async () => {
      server = await serveLogin(engine);
      const { url } = await issueFirstAdministratorLink(server.deps);
      ada = new Person(server.issuer);
      await ada.becomeAdministrator(url, { name: "Ada Admin", email: "ada@acme.example" });
    });
    after(() => server.close());

    test("a person enrols by a link, signs in, is known, signs out, and is known no more", async () => {
      const boss = await sessionCaller(server.deps, await ada.terminalSession());
      assert.ok(boss);
      const { id } = await registerPerson(server.deps, boss, { name: "Alice", email: "alice@acme.example" });
      const { url } = await ada.browser.send("POST", `/people/${id}/enrolment-link`);
      const alice = new Person(server.issuer);
      await alice.enrol(String(url));
      await alice.signIn();
      assert.equal((await whoIs(alice)).id, id);
      await alice.browser.send("POST", "/login/sign-out");
      await assert.rejects(alice.browser.get("/login/whoami"), refusedWith(401));
    });

    test("a terminal signs in by a code and sends its token in a header", async () => {
      const headers = { authorization: `Session ${await ada.terminalSession()}` };
      const answer = await fetch(`${server.issuer}/login/whoami`, { headers });
      assert.deepEqual(((await answer.json()) as { person: object }).person, await whoIs(ada));
    });

    test("another site that makes her browser post something gets nothing", async () => {
      const token = await ada.terminalSession();
      for (const origin of [undefined, "null", "http://localhost:1", `${server.issuer}.evil.example`]) {
        const headers = {
          cookie: `countersign_session=${token}`,
          ...(origin === undefined ? {} : { origin }),
        };
        const answer = await fetch(`${server.issuer}/login/sign-out`, { method: "POST", headers });
        assert.equal(answer.status, 403, origin);
      }
      assert.ok(await sessionCaller(server.deps, token));
    });

    const whoIs = async (person: Person) =>
      (await person.browser.get("/login/whoami")).person as { id: string; name: string };

    test("the page runs nothing but its own files, and every module it imports is served", async () => {
      const page = await fetch(`${server.issuer}/login`);
      const policy = page.headers.get("content-security-policy") ?? "";
      const wanted =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
      assert.equal(policy, wanted);
      const html = await page.text();
      assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=/);
      const seen = new Set<string>();
      const todo = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => String(path));
      for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
        if (seen.has(path)) continue;
        seen.add(path);
        const answer = await fetch(server.issuer + path);
        assert.equal(answer.status, 200, path);
        if (!path.endsWith(".js")) continue;
        const text = await answer.text();
        assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/, path);
        todo.push(
          ...[...text.matchAll(/\bfrom\s*"([^"]+)"/g)].map(
            ([, imported]) => new URL(String(imported), "http://x").pathname,
          ),
        );
      }
      assert.ok(seen.has("/login/proof/jcs/canonicalize.js") && seen.has("/login/assets/consent.js"));
    });

    test("nothing beside the fixed list is served, however it is spelt", async () => {
      for (const path of [
        "/login/assets/tables.js",
        "/login/assets/main.ts",
        "/login/assets/..%2Froutes.ts",
        "/login/assets/__proto__",
        "/login/proof/webauthn/assertion.js",
        "/login/proof/digest/sha256.js",
        "/login/proof/jcs/..%2f..%2fpackage.json",
        "/login/proof/package.json",
      ]) {
        assert.equal((await fetch(server.issuer + path)).status, 404, path);
      }
    });
  });
});

describe("cookies", () => {
  const deps = {
    clock: { now: () => 1_000_000 },
    random: { bytes: (length: number) => new Uint8Array(length) },
  };
  const { session, token } = newSession(deps, { person: "person_1", epoch: 0, credential: "c" });

  test("are out of reach of scripts and other sites, and on https of the clear", () => {
    const plain = sessionCookie("http://localhost:4600", token, session);
    assert.equal(plain, `countersign_session=${token}; Max-Age=28800; Path=/; HttpOnly; SameSite=Strict`);
    assert.equal(sessionCookie("https://countersign.example", token, session), `${plain}; Secure`);
    assert.match(endedCookie("https://countersign.example"), /^countersign_session=; Max-Age=0; .*Secure$/);
  });

  test("of the name, two are none; and another scheme of Authorization is never taken for a session", () => {
    const cookie = `countersign_session=${token}`;
    assert.deepEqual(offeredSession({ headers: { cookie: `a=b; ${cookie}` } }), {
      attackerToken: token,
      from: "cookie",
    });
    const header = offeredSession({ headers: { authorization: `Session ${token}` } });
    assert.deepEqual(header, { attackerToken: token, from: "header" });
    for (const headers of [
      { cookie: `${cookie}; ${cookie}` },
      { cookie: "countersign_session=short" },
      { cookie: `x${cookie}` },
      { cookie, authorization: "Bearer x" },
      { authorization: `Session ${token} ` },
      {},
    ]) {
      assert.equal(offeredSession({ headers }), undefined, JSON.stringify(headers));
    }
  });

  test("count only for requests of our very own origin", () => {
    const issuer = "https://countersign.example";
    assert.ok(sameOrigin({ headers: { origin: issuer } }, issuer));
    for (const origin of [
      undefined,
      "null",
      "http://countersign.example",
      `${issuer}:8443`,
      `${issuer}/`,
      "https://countersign.example.evil",
    ]) {
      assert.ok(!sameOrigin({ headers: { origin } }, issuer), origin);
    }
  });
});
