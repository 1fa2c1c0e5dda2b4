import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessTokenClaims } from "@countersign/proof/token";
import { args, billing, livingFeed, refusedWith } from "./billing-of-tests.ts";
import { grantOf, tool } from "./issuer-of-tests.ts";
import { RequestRefused } from "./refusal.ts";

test("a proven, granted request runs, and is recorded as called and returned", async () => {
  const { protector, request, recorded } = billing();
  const access = await protector.verify(request());
  assert.equal(access.human_principal, "person_alice");
  assert.equal(access.agent, "cost-analysis-agent");
  assert.equal(await access.run(async () => 42), 42);
  assert.deepEqual(recorded, [`called ${tool}`, "returned"]);
});

test("a call that fails while it runs is recorded as failed, and fails", async () => {
  const { protector, request, recorded } = billing();
  const access = await protector.verify(request());
  await assert.rejects(
    access.run(() => Promise.reject(new Error("disk full"))),
    /disk full/,
  );
  assert.deepEqual(recorded, [`called ${tool}`, "failed"]);
});

test("a call is refused when its task dies between its verification and its execution", async () => {
  const dead = new Set<string>();
  const feed = { ...livingFeed, isDead: (keys: readonly string[] = []) => keys.some((key) => dead.has(key)) };
  const { protector, request } = billing({ feed, begin: async () => void dead.add("task:task_1") });
  const access = await protector.verify(request());
  await refusedWith(
    access.run(async () => assert.fail("it ran")),
    401,
    "invalid_token",
  );
});

test("an argument outside the grant is refused before anything runs, and the refusal is told", async () => {
  const { protector, request, server, recorded } = billing();
  const call = { tool, args: { quarter: "2026-Q2" } };
  const access = await protector.verify(request(server.issue(), {}, call));
  await refusedWith(
    access.run(async () => assert.fail("it ran")),
    403,
    "insufficient_scope",
  );
  assert.deepEqual(recorded, [`refused insufficient_scope ${access.claims.jti}`]);
});

test("an argument that the grant does not name, and a tool that it does not grant, are refused", async () => {
  const { protector, request, server } = billing();
  const calls = [
    { tool, args: { ...args, everything: true } },
    { tool: "billing/applyCredit", args },
  ];
  for (const call of calls) {
    const access = await protector.verify(request(server.issue(), {}, call));
    assert.equal(access.permits(call), false);
    await refusedWith(
      access.run(async () => assert.fail("it ran")),
      403,
      "insufficient_scope",
    );
  }
});

test("a grant at another location permits nothing here", async () => {
  const { protector, withClaims } = billing();
  const elsewhere = { ...grantOf(tool), locations: ["http://localhost:4700/cloud"] };
  const access = await protector.verify(withClaims({ authorization_details: [elsewhere] }));
  await refusedWith(
    access.run(async () => assert.fail("it ran")),
    403,
    "insufficient_scope",
  );
});

test("counted and approved calls, and those that are decided one by one, wait for a yes before they run", async () => {
  const cases: Partial<AccessTokenClaims>[] = [
    { authorization_details: [{ ...grantOf(tool), max_uses: 1 }] },
    { authorization_details: [{ ...grantOf(tool), approval: "required" }] },
    { approval: "approval_1" },
    { per_call: true as const },
  ];
  for (const claims of cases) {
    const { protector, withClaims, recorded } = billing();
    const access = await protector.verify(withClaims(claims));
    await access.run(async () => assert.deepEqual(recorded, [`called ${tool} counted`]));
  }
});

test("what cannot be spent does not run", async () => {
  const spent = () => Promise.reject(new RequestRefused("insufficient_scope", "It has been used."));
  const { protector, withClaims } = billing({ begin: spent });
  const access = await protector.verify(withClaims({ approval: "approval_1" }));
  await refusedWith(
    access.run(async () => assert.fail("it ran")),
    403,
    "insufficient_scope",
  );
});

test("a grant that asks for a way of signing in that nobody knows permits nothing", async () => {
  const { protector, withClaims } = billing();
  const access = await protector.verify(
    withClaims({ authorization_details: [{ ...grantOf(tool), acr: "urn:acr:mfa" }], acr: "urn:acr:mfa" }),
  );
  await refusedWith(
    access.run(async () => assert.fail("it ran")),
    401,
    "insufficient_user_authentication",
  );
});

test("one proof runs one call, even if the service tries to run it again", async () => {
  const { protector, request, recorded } = billing();
  const access = await protector.verify(request());
  await access.run(async () => {});
  await assert.rejects(
    access.run(async () => assert.fail("it ran again")),
    /run once/,
  );
  assert.equal(recorded.length, 2);
});

test("a token that expires while its call is being recorded does not run, which is recorded", async () => {
  const { protector, request, clock, server, recorded } = billing({ begin: async () => clock.move(2_000) });
  const access = await protector.verify(request(server.issue({ exp: Math.floor(clock.now() / 1000) + 2 })));
  await refusedWith(
    access.run(async () => assert.fail("it ran")),
    401,
    "invalid_token",
  );
  assert.deepEqual(recorded, [`called ${tool}`, "failed"]);
});
