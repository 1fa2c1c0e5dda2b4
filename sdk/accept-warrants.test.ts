import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Consent, consentHash, consentType } from "@countersign/proof/consent";
import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type JsonObject } from "@countersign/proof/jcs";
import { signCompact } from "@countersign/proof/jws";
import { readLink } from "@countersign/proof/warrant";
import { newPerson, origin, rpId } from "../proof/webauthn/person.ts";
import { args, billing, livingFeed, refusedWith } from "./billing-of-tests.ts";
import { CountersignError, Unreachable } from "./errors.ts";
import { grantOf, issuer, resource, testIssuer, tool } from "./issuer-of-tests.ts";
import { makeKey } from "./key.ts";
import { createProofNonces } from "./proof-nonces.ts";
import type { ProtectedRequest } from "./protect.ts";
import { RequestRefused } from "./refusal.ts";
import type { WarrantAccess } from "./warrant-access.ts";
import { holders, warrantBilling } from "./warrants-of-tests.ts";

const other = "http://localhost:4700/cloud";
const neverRuns = async (): Promise<never> => assert.fail("it ran");
type World = ReturnType<typeof warrantBilling>;

async function accepted(world: World, request: ProtectedRequest): Promise<WarrantAccess> {
  const access = await world.protector.verify(request);
  assert.ok(access.by === "warrant");
  return access;
}

describe("a service that takes warrants", () => {
  test("learns who acts for whom, by whose word, and runs the call once, on record", async () => {
    const world = warrantBilling();
    const chain = world.chainOf(3);
    const access = await accepted(world, world.request(chain));
    assert.deepEqual(
      [access.human_principal, access.agent, access.task, access.chain_hash, access.consent],
      ["person_alice", "clerk", "task_1", sha256Base64url(chain[2] ?? ""), undefined],
    );
    assert.deepEqual(
      access.links.map(({ jti, agent, namedBy, jkt }) => [jti, agent, namedBy, jkt]),
      [
        ["jti_root", "planner", "issuer", holders[0].jkt],
        ["link-1", "writer", "holder", holders[1].jkt],
        ["link-2", "clerk", "holder", holders[2].jkt],
      ],
    );
    assert.equal(await access.run(async () => "listed"), "listed");
    assert.deepEqual(world.recorded, [`called ${tool} by warrant`, "returned"]);
    await assert.rejects(
      access.run(async () => "again"),
      /once/,
    );
  });

  test("says what else the chain would let pass, and nothing that asks for more", async () => {
    const world = warrantBilling();
    const counted = { ...grantOf("billing/applyCredit"), max_uses: 1 };
    const chain = world.pass([world.root({ authorization_details: [grantOf(tool), counted] })]);
    const access = await accepted(world, world.request(chain));
    assert.ok(access.permits({ tool, args }));
    assert.ok(!access.permits({ tool, args: { quarter: "2026-Q2" } }));
    assert.ok(!access.permits({ tool: "billing/applyCredit", args }));
    const root = [world.root({ authorization_details: [grantOf(tool), counted] })];
    const byPlanner = await accepted(world, world.request(root));
    assert.ok(!byPlanner.permits({ tool: "billing/applyCredit", args }), "counted");
  });

  test("serves tokens as before, and one that takes none knows no chain", async () => {
    const world = warrantBilling();
    const { request, protector } = billing();
    assert.equal((await protector.verify(request())).by, "token");
    const bare = { ...world.request(), authorization: undefined };
    const refused = await refusedWith(protector.verify(bare), 401, undefined);
    assert.equal(refused.headers["www-authenticate"], 'DPoP algs="ES256 EdDSA"');
    const good = request();
    const both = { ...good, warrant: world.request().warrant };
    assert.equal((await protector.verify(both)).by, "token", "it does not look");
  });

  test("demands its nonces of chains as well", async () => {
    const runtime = { elapsed: () => 0 };
    const nonces = createProofNonces(runtime);
    const world = warrantBilling({ nonces });
    const chain = world.chainOf(2);
    const refused = await refusedWith(world.protector.verify(world.request(chain)), 401, "use_dpop_nonce");
    const nonce = refused.headers["dpop-nonce"] ?? "";
    const access = await accepted(world, world.request(chain, { nonce }));
    assert.equal(access.headers["dpop-nonce"], nonces.newest());
    assert.deepEqual(world.recorded, [], "a missing nonce is no attempt");
  });

  test("runs nothing that could not be recorded, whatever arguments the holder signed", async () => {
    let deep: JsonObject = {};
    for (let i = 0; i < 62; i++) deep = { deep };
    const unrecordable: JsonObject[] = [
      { quarter: 2 ** 53 },
      { quarter: 1e300 },
      { quarter: "\0" },
      JSON.parse('{"quarter":{"__proto__":1}}'),
      JSON.parse('{"__proto__":{"quarter":1}}'),
      { ["n".repeat(201)]: 1 },
      { quarter: "é".repeat(130_000) },
      { quarter: deep },
    ];
    const world = warrantBilling();
    const free = { ...grantOf(tool), args: {}, open_args: true as const };
    const token = billing();
    for (const hostile of unrecordable) {
      const root = world.root({ authorization_details: [free] });
      const call = { tool, args: hostile };
      await refusedWith(world.protector.verify(world.request([root], {}, call)), 400, "invalid_request");
      const granted = token.server.issue({ authorization_details: [free] });
      await refusedWith(token.protector.verify(token.request(granted, {}, call)), 400, "invalid_request");
    }
    assert.deepEqual(
      [...world.recorded, ...token.recorded].map((line) => line.split(" ", 2).join(" ")),
      Array.from({ length: 16 }, () => "refused invalid_request"),
    );
    const root = world.root({ authorization_details: [free] });
    const big = { tool, args: { quarter: "é".repeat(100_000), most: 2 ** 53 - 1 } };
    assert.equal((await world.protector.verify(world.request([root], {}, big))).by, "warrant");
  });

  test("cannot be one that asks about every call first", () => {
    assert.throws(() => warrantBilling({ askFirst: true }), CountersignError);
  });

  test("begins no transaction under a warrant", async () => {
    const world = warrantBilling();
    const access = await accepted(world, world.request());
    await assert.rejects(
      access.run(({ transaction }) => transaction()),
      CountersignError,
    );
    assert.deepEqual(world.recorded, [`called ${tool} by warrant`, "failed"]);
  });
});

describe("a chain is refused", () => {
  type Attack = (world: World) => ProtectedRequest;
  const promise = (name: string, status: number, error: string, attack: Attack): void => {
    test(name, async () => {
      const world = warrantBilling();
      const refused = await refusedWith(world.protector.verify(attack(world)), status, error);
      assert.match(refused.headers["www-authenticate"] ?? "", /^DPoP error="\w+", error_description="[^"]+"/);
      assert.ok(
        world.recorded.every((line) => line.startsWith("refused")),
        "nothing was done",
      );
    });
  };

  promise("without a proof", 401, "invalid_dpop_proof", (w) => ({ ...w.request(), dpop: undefined }));
  promise("with two proofs", 401, "invalid_dpop_proof", (w) => ({
    ...w.request(),
    dpop: [...(w.request().dpop ?? []), ...(w.request().dpop ?? [])],
  }));
  promise("with a proof by another key", 401, "invalid_dpop_proof", (w) =>
    w.request(w.chainOf(2), { key: makeKey().privateKey }),
  );
  promise("brought by a holder above", 401, "invalid_dpop_proof", (w) =>
    w.request(w.chainOf(2), { key: holders[0].privateKey }),
  );
  promise("cut short by the holder below it, for the wider link", 401, "invalid_dpop_proof", (w) =>
    w.request(w.chainOf(1), { key: holders[1].privateKey }),
  );
  promise("whose last link was taken off after the proof was made", 401, "invalid_dpop_proof", (w) => ({
    ...w.request(w.chainOf(3)),
    warrant: [w.chainOf(2).join(",")],
  }));
  promise("with a proof over its root", 401, "invalid_dpop_proof", (w) =>
    w.request(w.chainOf(2), { accessToken: w.root() }),
  );
  promise("with the proof of a token", 401, "invalid_dpop_proof", (w) =>
    w.request(w.chainOf(2), { accessToken: w.server.issue() }),
  );
  promise("with a proof for other arguments", 401, "invalid_dpop_proof", (w) =>
    w.request(w.chainOf(2), { argsHash: sha256Base64url(canonicalize({ quarter: "2026-Q2" })) }),
  );
  promise("with a proof for no call", 401, "invalid_dpop_proof", (w) =>
    w.request(w.chainOf(2), { tool: undefined, argsHash: undefined } as never),
  );
  promise("with a proof for another tool", 401, "invalid_dpop_proof", (w) =>
    w.request(w.chainOf(2), { tool: "billing/applyCredit" }),
  );
  promise("with a proof for another URL", 401, "invalid_dpop_proof", (w) =>
    w.request(w.chainOf(2), { url: `${resource}/applyCredit` }),
  );
  promise("with a proof for another method", 401, "invalid_dpop_proof", (w) =>
    w.request(w.chainOf(2), { method: "GET" }),
  );
  promise("with a proof of a minute ago", 401, "invalid_dpop_proof", (w) =>
    w.request(w.chainOf(2), { now: w.clock.now() - 60_000 }),
  );
  promise("for another resource", 401, "invalid_token", (w) => {
    const there = { ...grantOf(tool), locations: [other] };
    return w.request([w.root({ aud: [other], authorization_details: [there] })]);
  });
  promise("of another issuer", 401, "invalid_token", (w) =>
    w.request([w.root({ iss: "http://localhost:4601" })]),
  );
  promise("whose root a stranger signed", 401, "invalid_token", (w) => w.request([w.root({}, makeKey())]));
  promise("whose root was signed by a key of access tokens", 401, "invalid_token", (w) =>
    w.request([w.root({}, w.server.key)]),
  );
  promise("whose last link has expired", 401, "invalid_token", (w) => {
    const chain = w.pass([w.root()], { exp: Math.floor(w.clock.now() / 1000) + 1 });
    w.clock.move(1_000);
    return w.request(chain);
  });
  promise("that is a token's", 401, "invalid_token", (w) => ({
    ...w.request(),
    warrant: [w.server.issue()],
  }));
  promise("with a link left out", 401, "invalid_token", (w) => {
    const [root = "", , leaf = ""] = w.chainOf(3);
    return w.request([root, leaf], { key: holders[2].privateKey });
  });
  promise("with more links than are taken", 401, "invalid_token", (w) =>
    w.request(w.chainOf(5), { key: holders[2].privateKey }),
  );
  promise("with more links than any chain has", 401, "invalid_token", (w) => ({
    ...w.request(),
    warrant: [Array(9).fill(w.root()).join(",")],
  }));
  promise("that is longer than any chain is", 401, "invalid_token", (w) => ({
    ...w.request(),
    warrant: ["a".repeat(1_000_000)],
  }));
  promise("for arguments that it does not grant", 403, "insufficient_scope", (w) =>
    w.request(w.chainOf(2), {}, { tool, args: { quarter: "2026-Q2" } }),
  );
  promise("for arguments that one link in it does not grant", 403, "insufficient_scope", (w) => {
    const less = {
      ...grantOf(tool),
      args: { quarter: { op: "in" as const, values: ["2026-Q1", "2026-Q3"] } },
    };
    const root = w.root({ authorization_details: [less] });
    const chain = w.pass([root], {
      grants: [{ ...less, args: { quarter: { op: "eq", value: "2026-Q1" } } }],
    });
    return w.request(chain);
  });
  promise("for another tool", 403, "insufficient_scope", (w) =>
    w.request(w.chainOf(2), {}, { tool: "billing/applyCredit", args }),
  );
  promise("whose calls are decided one by one", 403, "insufficient_scope", (w) =>
    w.request(w.chainOf(2, w.root({ per_call: true }))),
  );
  promise("whose calls a person must approve", 403, "insufficient_scope", (w) => {
    const grants = [{ ...grantOf(tool), approval: "required" as const }];
    return w.request(w.pass([w.root()], { grants }));
  });
  promise("whose calls are counted, at any link", 403, "insufficient_scope", (w) =>
    w.request(w.pass([w.root()], { grants: [{ ...grantOf(tool), max_uses: 3 }] })),
  );
  promise("that asks how the person proved herself", 401, "insufficient_user_authentication", (w) =>
    w.request(w.pass([w.root()], { grants: [{ ...grantOf(tool), acr: "urn:acr:mfa" }] })),
  );
  promise("that names somebody of another issuer", 401, "invalid_token", (w) =>
    w.request(w.pass([w.root()], { act: { iss: "https://elsewhere.example", sub: "writer" } })),
  );
  promise("that names a person, or what is no name", 401, "invalid_token", (w) =>
    w.request(w.pass([w.root()], { act: { iss: issuer, sub: "person_alice\n" } })),
  );
  promise("that names a copy of another trust domain's agent", 401, "invalid_token", (w) =>
    w.request(w.pass([w.root()], { act: { iss: issuer, sub: "spiffe://evil.example/agent/writer/1" } })),
  );
  promise("beside an access token", 400, "invalid_request", (w) => ({
    ...w.request(),
    authorization: [`DPoP ${w.server.issue()}`],
  }));
  promise("that comes twice", 400, "invalid_request", (w) => ({
    ...w.request(),
    warrant: [w.chainOf(2).join(", "), w.chainOf(2).join(", ")],
  }));

  test("whatever bytes stand in the header", async () => {
    const world = warrantBilling();
    const chain = world.chainOf(2);
    const [root = "", leaf = ""] = chain;
    const headers = [
      "",
      ",",
      " ",
      `${root},`,
      `,${root}`,
      `${root}~${leaf}`,
      `${root}, ,${leaf}`,
      `${root}\t,${leaf}`,
      `${root},\r\n${leaf}`,
      `${root}\0, ${leaf}`,
      `${root}, ${leaf}\u00e9`,
      `["${root}","${leaf}"]`,
      `"${root}", "${leaf}"`,
      `DPoP ${root}`,
      `${root}, ${leaf}=`,
      `${root.slice(0, -1)}, ${leaf}`,
      "__proto__, constructor",
    ];
    for (const header of headers) {
      const attempt = world.protector.verify({ ...world.request(chain), warrant: [header] });
      await refusedWith(attempt, 401, "invalid_token");
    }
    await accepted(world, { ...world.request(chain), warrant: [chain.join(",")] });
  });

  test("when its proof has been used, for a chain or for a token", async () => {
    const world = warrantBilling();
    const once = world.request();
    await accepted(world, once);
    await refusedWith(world.protector.verify(once), 401, "invalid_dpop_proof");
    const token = world.server.issue({ cnf: { jkt: holders[1].jkt } });
    const withToken = { ...world.request(), warrant: undefined, authorization: [`DPoP ${token}`] };
    await refusedWith(world.protector.verify(withToken), 401, "invalid_dpop_proof");
  });

  test("when a link, its holder, an agent, the person, the task or the key of its root is dead", async () => {
    const keys = [
      "jti:jti_root",
      "jti:link-1",
      "jti:link-2",
      `jkt:${holders[1].jkt}`,
      "agent:planner#0",
      "instance:i-planner",
      "person:person_alice#0",
      "task:task_1",
      "edge:edge_1",
      "kid:roots-1",
    ];
    for (const dead of keys) {
      const feed = { ...livingFeed, isDead: (asked: readonly string[] = []) => asked.includes(dead) };
      const world = warrantBilling({ feed: feed as typeof livingFeed });
      const refused = await refusedWith(
        world.protector.verify(world.request(world.chainOf(3))),
        401,
        "invalid_token",
      );
      assert.match(refused.message, /revoked/, dead);
    }
  });

  test("when an agent that a link below the root names was suspended or has ended, or the copy that it names", async () => {
    for (const dead of ["agent:writer#3", "agent:writer/access#1", "agent:writer"]) {
      const world = warrantBilling();
      const early = world.request(world.chainOf(3));
      await accepted(world, early);
      world.ended.hear(dead);
      await refusedWith(world.protector.verify(world.request(world.chainOf(3))), 401, "invalid_token");
      await accepted(world, world.request(world.chainOf(1)));
    }
    const resumed = warrantBilling();
    resumed.ended.hear("agent:planner#0");
    await accepted(resumed, resumed.request(resumed.chainOf(2)));
    const copy = "spiffe://example.org/agent/writer/1";
    const feed = {
      ...livingFeed,
      isDead: (asked: readonly string[] = []) => asked.includes(`instance:${copy}`),
    };
    const world = warrantBilling({ feed: feed as typeof livingFeed });
    const chain = world.pass([world.root()], { act: { iss: issuer, sub: copy } });
    await refusedWith(world.protector.verify(world.request(chain)), 401, "invalid_token");
  });

  test("and so is everything, while nobody knows what was revoked or which keys sign", async () => {
    const deaf = warrantBilling({ feed: { ...livingFeed, isFresh: () => false } });
    await refusedWith(deaf.protector.verify(deaf.request()), 503, "temporarily_unavailable");
    const away = () => Promise.reject(new Unreachable("away"));
    const keyless = warrantBilling({ warrantKeys: { verifyWith: away, hear: () => {} } });
    await refusedWith(keyless.protector.verify(keyless.request()), 503, "temporarily_unavailable");
    assert.deepEqual([deaf.recorded, keyless.recorded], [[], []]);
  });

  test("where the resource wants the person to have proven herself", async () => {
    const world = warrantBilling({ authentication: { max_age: 300 } });
    const refused = await refusedWith(
      world.protector.verify(world.request()),
      401,
      "insufficient_user_authentication",
    );
    assert.match(refused.headers["www-authenticate"] ?? "", /max_age="300"/);
  });

  test("in the moment of the call, when it has died or expired since it was verified", async () => {
    let dead = false;
    const feed = { ...livingFeed, isDead: () => dead };
    const world = warrantBilling({ feed });
    const [one, two] = [
      await accepted(world, world.request(world.chainOf(2))),
      await accepted(world, world.request(world.chainOf(2))),
    ];
    dead = true;
    await refusedWith(one.run(neverRuns), 401, "invalid_token");
    dead = false;
    world.ended.hear("agent:writer#0");
    await refusedWith(two.run(neverRuns), 401, "invalid_token");
    const three = await accepted(world, world.request(world.chainOf(1)));
    world.clock.move(600_000);
    await refusedWith(three.run(neverRuns), 401, "invalid_token");
    assert.deepEqual(world.recorded.filter((line) => line === "failed").length, 3);
  });

  test("when it cannot be recorded", async () => {
    const begin = async () => {
      throw new RequestRefused("temporarily_unavailable", "The call cannot be recorded now.");
    };
    const world = warrantBilling({ begin });
    const access = await accepted(world, world.request());
    await refusedWith(access.run(neverRuns), 503, "temporarily_unavailable");
  });

  test("and that is told where the issuer signed its root, and not what strangers send", async () => {
    const world = warrantBilling();
    const perCall = world.chainOf(2, world.root({ per_call: true }));
    await assert.rejects(world.protector.verify(world.request(perCall)));
    await assert.rejects(world.protector.verify(world.request([world.root({}, makeKey())])));
    await assert.rejects(world.protector.verify({ ...world.request(), warrant: ["a.b.c"] }));
    assert.deepEqual(world.recorded, ["refused insufficient_scope jti_root"]);
  });
});

test("the proof of a chain is worth nothing for a token", async () => {
  const { protector, server } = billing();
  const world = warrantBilling();
  const token = server.issue({ cnf: { jkt: holders[1].jkt } });
  const stolen = { ...world.request(), authorization: [`DPoP ${token}`] };
  await refusedWith(protector.verify(stolen), 401, "invalid_dpop_proof");
});

test("a chain is worth nothing as a token, nor a token's own signature as a link", async () => {
  const world = warrantBilling();
  const chain = world.chainOf(1);
  const asToken = { ...world.request(chain), warrant: undefined, authorization: [`DPoP ${chain[0]}`] };
  await refusedWith(world.protector.verify(asToken), 401, "invalid_token");
  const claims = { ...readLink(chain[0] ?? "").claims };
  const forged = signCompact({
    header: { typ: "at+jwt", kid: "roots-1" },
    payload: claims,
    key: testIssuer(world.clock).key.privateKey,
  });
  await refusedWith(world.protector.verify(world.request([forged])), 401, "invalid_token");
});

describe("a person's consent that comes with a chain", () => {
  const alice = newPerson("ES256");
  const passkey = {
    person: "person_alice",
    credentialPublicKey: alice.credentialPublicKey,
    origins: [origin],
    rpId,
  };
  const shown = (world: World, more: Partial<Consent> = {}) => {
    const consent: Consent = {
      type: consentType,
      trust_domain: "example.org",
      task: "task_1",
      instruction_hash: sha256Base64url("List them."),
      agent: "planner",
      grants: [grantOf(tool)],
      issued_at: world.clock.now() - 1_000,
      expires_at: world.clock.now() + 900_000,
      person: "person_alice",
      nonce: "n-1",
      ...more,
    };
    const hash = consentHash(consent);
    const chain = world.chainOf(2, world.root({ consent: hash }));
    const presented = { consent: JSON.parse(JSON.stringify(consent)), assertion: alice.sign(hash) };
    return { ...world.request(chain), consent: presented };
  };

  test("is hers where the service knows her passkey, and nobody's where it does not", async () => {
    const world = warrantBilling({ options: { passkeysOf: () => [passkey] } });
    assert.equal((await accepted(world, shown(world))).consent?.task, "task_1");
    assert.equal((await accepted(world, { ...shown(world), consent: undefined })).consent, undefined);
    const blind = warrantBilling();
    assert.equal((await accepted(blind, shown(blind))).consent, undefined);
  });

  test("refuses the chain where it does not hold", async () => {
    const world = warrantBilling({ options: { passkeysOf: () => [passkey] } });
    const foreign = { ...world.request(), consent: shown(world).consent };
    const less = shown(world, {
      grants: [{ ...grantOf(tool), args: { quarter: { op: "eq", value: "2026-Q1" } } }],
    });
    const stranger = warrantBilling({ options: { passkeysOf: () => [] } });
    for (const [at, request] of [
      [world, foreign],
      [world, less],
      [stranger, shown(stranger)],
    ] as const)
      await refusedWith(at.protector.verify(request), 401, "invalid_token");
  });
});
