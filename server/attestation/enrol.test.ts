import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { afterEach, beforeEach, it } from "node:test";
import { sha256Base64url } from "@countersign/proof/digest";
import type { Json, JsonObject } from "@countersign/proof/jcs";
import { publicJwkOf } from "@countersign/proof/jwk";
import { signCompact } from "@countersign/proof/jws";
import { auditMigrations } from "../audit/index.ts";
import { forEachEngine, seededRandom } from "../audit/test-databases.ts";
import { openDatabase } from "../database/index.ts";
import { type Code, Fault, hours, inSeconds, minutes, newId, nobody } from "../lib/index.ts";
import {
  aliveAgent,
  decommissionAgent,
  findInstance,
  listInstances,
  registerService,
  registryMigrations,
  suspendAgent,
  suspendService,
} from "../registry/index.ts";
import {
  type ExampleRegistry,
  eventsOf,
  exampleAgent,
  exampleRegistry,
  personCaller,
} from "../registry/test-registry.ts";
import { revocationMigrations } from "../revocation/index.ts";
import { type AttestationDeps, attestationMigrations, enrol, issueJoinToken } from "./index.ts";

const refusal = (code: Code, words?: RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === code && (words === undefined || words.test(error.message));

const stranger = nobody("10.0.0.7");
const key = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

interface Lies {
  claims?: JsonObject;
  typ?: string;
  signedBy?: KeyObject;
  jwk?: Json;
}

forEachEngine((engine) => {
  let example: ExampleRegistry;
  beforeEach(async () => {
    example = await exampleRegistry(engine, attestationMigrations);
    await exampleAgent(example);
  });
  afterEach(() => example.close());

  const issue = () => issueJoinToken(example.deps, example.administrator, { agent: "reporter" });

  /** An enrolment as an honest process makes it, but for the lies wanted. */
  const offer = (token: string, mine = key(), lies: Lies = {}) => {
    const claims = {
      aud: example.deps.issuer,
      token_hash: sha256Base64url(token),
      iat: inSeconds(example.deps.clock.now()),
      jti: randomUUID(),
      ...lies.claims,
    };
    return {
      attackerToken: token,
      attackerJwk: lies.jwk ?? publicJwkOf(mine),
      attackerProof: signCompact({
        header: { typ: lies.typ ?? "enrol+jwt" },
        payload: claims,
        key: lies.signedBy ?? mine,
      }),
    };
  };

  it("a process that proves its key with a join token becomes an instance and makes its agent active", async () => {
    const { deps } = example;
    const { id, token } = await issue();
    const instance = await enrol(deps, stranger, offer(token));
    assert.match(instance.id, /^spiffe:\/\/example\.org\/agent\/reporter\/instance_/);
    assert.equal(instance.strength, "enrolled-key");
    assert.deepEqual(await findInstance(deps, instance.id), instance);
    assert.equal((await aliveAgent(deps, "reporter")).strength, "enrolled-key");
    const [event] = await eventsOf(example, "instance.enrolled");
    assert.equal(event?.actor.instance, instance.id);
    assert.equal((event?.body as { evidence: string }).evidence, `join token ${id}`);
    assert.equal((await eventsOf(example, "agent.activated")).length, 1);
  });

  it("an Ed25519 key enrols as well", async () => {
    const { token } = await issue();
    await enrol(example.deps, stranger, offer(token, generateKeyPairSync("ed25519").privateKey));
  });

  it("a join token is shown once; the store and the log know only that it was issued", async () => {
    const { token } = await issue();
    const rows = await example.database
      .tables<{ join_token: object }>()
      .selectFrom("join_token")
      .selectAll()
      .execute();
    const secret = token.slice("cs_join_".length);
    assert.ok(!JSON.stringify(rows).includes(secret));
    assert.ok(!JSON.stringify(await eventsOf(example)).includes(secret));
  });

  it("unknown, used and expired tokens are refused in the same words", async () => {
    const { deps } = example;
    const used = await issue();
    await enrol(deps, stranger, offer(used.token));
    const expired = await issue();
    deps.clock.advance(minutes(10));
    const messages = new Set<string>();
    for (const token of [used.token, expired.token, "cs_join_guess", ""]) {
      await assert.rejects(enrol(deps, stranger, offer(token)), (error: unknown) => {
        assert.ok(error instanceof Fault && error.code === "unauthenticated");
        messages.add(JSON.stringify([error.message, error.remedy, error.members]));
        return true;
      });
    }
    assert.equal(messages.size, 1);
  });

  it("a token is good until the very millisecond of its expiry", async () => {
    const { deps, administrator } = example;
    const { token, expires } = await issueJoinToken(deps, administrator, { agent: "reporter", lifetime: 60 });
    assert.equal(expires, deps.clock.now() + minutes(1));
    deps.clock.set(expires - 1);
    await enrol(deps, stranger, offer(token));
  });

  it("of many processes that use one token at once, exactly one enrols", async () => {
    const { token } = await issue();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => enrol(example.deps, stranger, offer(token))),
    );
    const lost = outcomes.filter((outcome) => outcome.status === "rejected");
    assert.equal(lost.length, 7);
    for (const { reason } of lost)
      assert.ok(refusal("unauthenticated", /does not work/)(reason), String(reason));
    const { items } = await listInstances(
      example.deps,
      { kind: "agent", principal: "reporter" },
      { limit: 20 },
    );
    assert.equal(items.length, 1);
  });

  it("a service's token, whose use changes no other row, works once as well", async () => {
    const { deps, administrator, owner } = example;
    const { id } = await registerService(deps, administrator, { name: "billing", owner });
    const { token } = await issueJoinToken(deps, administrator, { service: id });
    const asked = Array.from({ length: 8 }, () => enrol(deps, stranger, offer(token)));
    const outcomes = await Promise.allSettled(asked);
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal(
      (await listInstances(deps, { kind: "service", principal: id }, { limit: 20 })).items.length,
      1,
    );
  });

  it("of two servers on one PostgreSQL that are asked at once, exactly one enrols", async (context) => {
    if (engine.name === "sqlite") return context.skip("an embedded store has one server");
    const { deps, location } = example;
    const migrations = [
      ...auditMigrations,
      ...revocationMigrations,
      ...registryMigrations,
      ...attestationMigrations,
    ];
    const database = await openDatabase(deps, location, migrations);
    const second: AttestationDeps = { ...deps, database, random: seededRandom("second") };
    for (let round = 0; round < 5; round++) {
      const { token } = await issue();
      const asked = [deps, second, deps, second].map((each) => enrol(each, stranger, offer(token)));
      const outcomes = await Promise.allSettled(asked);
      assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    }
    await database.close();
  });

  it("a refused proof leaves the token usable", async () => {
    const { deps } = example;
    const { token } = await issue();
    const now = inSeconds(deps.clock.now());
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const lies: Lies[] = [
      { claims: { aud: "https://evil.example" } },
      { claims: { token_hash: sha256Base64url("another") } },
      { claims: { iat: now - 121 } },
      { claims: { iat: now + 31 } },
      { claims: { jti: "" } },
      { typ: "dpop+jwt" },
      { signedBy: key() },
      { jwk: publicJwkOf(rsa.publicKey) },
      { jwk: {} },
      { jwk: key().export({ format: "jwk" }) as Json },
    ];
    for (const lie of lies) {
      await assert.rejects(
        enrol(deps, stranger, offer(token, key(), lie)),
        refusal("unauthenticated", /proof/),
        JSON.stringify(lie),
      );
    }
    for (const attackerProof of ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30."]) {
      await assert.rejects(
        enrol(deps, stranger, { ...offer(token), attackerProof }),
        refusal("unauthenticated", /proof/),
      );
    }
    await enrol(deps, stranger, offer(token));
  });

  it("a proof made for one token is no proof for another", async () => {
    const [mine, theirs] = [await issue(), await issue()];
    const { attackerJwk, attackerProof } = offer(mine.token);
    const spliced = { attackerToken: theirs.token, attackerJwk, attackerProof };
    await assert.rejects(enrol(example.deps, stranger, spliced), refusal("unauthenticated"));
  });

  it("one key is one process: it enrols once", async () => {
    const mine = key();
    await enrol(example.deps, stranger, offer((await issue()).token, mine));
    const second = await issue();
    await assert.rejects(enrol(example.deps, stranger, offer(second.token, mine)), refusal("exists"));
    await enrol(example.deps, stranger, offer(second.token));
  });

  it("what the key is called by its sender does not make it another key", async () => {
    const mine = key();
    await enrol(example.deps, stranger, offer((await issue()).token, mine));
    const renamed = { ...publicJwkOf(mine), kid: "another" };
    await assert.rejects(
      enrol(example.deps, stranger, offer((await issue()).token, mine, { jwk: renamed })),
      refusal("exists"),
    );
  });

  it("nothing of a suspended or decommissioned agent enrols, even with a token given before", async () => {
    const { deps, administrator } = example;
    await enrol(deps, stranger, offer((await issue()).token));
    const early = await issue();
    await suspendAgent(deps, administrator, { name: "reporter" });
    await assert.rejects(enrol(deps, stranger, offer(early.token)), refusal("forbidden", /suspended/));
    await assert.rejects(issue(), refusal("forbidden", /suspended/));
    await decommissionAgent(deps, administrator, { name: "reporter" });
    await assert.rejects(enrol(deps, stranger, offer(early.token)), refusal("forbidden", /decommissioned/));
  });

  it("an owner gives tokens for her own agents; others do not", async () => {
    const { deps, owner } = example;
    await issueJoinToken(deps, personCaller(owner), { agent: "reporter" });
    const other = personCaller(newId(deps, "person"), ["auditor"]);
    await assert.rejects(issueJoinToken(deps, other, { agent: "reporter" }), refusal("forbidden"));
    const agent = { ...other, kind: "agent", principal: "reporter", roles: [] } as const;
    await assert.rejects(issueJoinToken(deps, agent, { agent: "reporter" }), refusal("forbidden"));
  });

  it("a request for a token names one agent or service, and a lifetime of a day at most", async () => {
    const { deps, administrator } = example;
    const wrong = [
      {},
      { agent: "reporter", service: "billing" },
      { agent: "reporter", lifetime: 86_401 },
      { agent: "reporter", uses: 2 },
    ];
    for (const request of wrong)
      await assert.rejects(issueJoinToken(deps, administrator, request), refusal("invalid"));
    await assert.rejects(issueJoinToken(deps, administrator, { agent: "nowhere" }), refusal("not-found"));
  });

  it("a service enrols like an agent, while it is active", async () => {
    const { deps, administrator, owner } = example;
    const { id } = await registerService(deps, administrator, { name: "billing", owner });
    const { token } = await issueJoinToken(deps, administrator, { service: id });
    const instance = await enrol(deps, stranger, offer(token));
    assert.match(instance.id, /^spiffe:\/\/example\.org\/service\/billing\/instance_/);
    assert.equal(instance.principal, id);
    assert.equal(instance.expires, deps.clock.now() + hours(24 * 7));
    const late = await issueJoinToken(deps, administrator, { service: id });
    await suspendService(deps, administrator, { id });
    await assert.rejects(enrol(deps, stranger, offer(late.token)), refusal("forbidden", /suspended/));
  });
});
