import assert from "node:assert/strict";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { Grant } from "@countersign/proof/grant";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { type Change, Conflict } from "../database/index.ts";
import {
  ALL,
  begunTask,
  call,
  codeOf,
  fault,
  LEDGER,
  quarters,
  REPORTS,
  type Running,
} from "../delegation/fixture.ts";
import { chainOf, findConsent } from "../delegation/index.ts";
import { peerKeyIn } from "../http/index.ts";
import { minutes, system } from "../lib/index.ts";
import { issuer, stranger } from "../login/fixture.ts";
import {
  defineIdentityProvider,
  endIdentityProvider,
  type IdentityProviderDefinition,
  identityProviderDefinition,
  linkSubject,
  unlinkSubject,
} from "../login/index.ts";
import { startTestProvider, type TestProvider } from "../login/test-provider.ts";
import { replacePolicies, shippedPolicies } from "../policy/index.ts";
import { registerPerson, resumePerson, suspendPerson, updateAgent, updatePerson } from "../registry/index.ts";
import { deadAmong } from "../revocation/index.ts";
import { issueX509Svid } from "../spiffe/index.ts";
import { ask, claimsIn, exchange, exchangeForm, openMarket, proofsOf, requestTo } from "./fixture.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { forgetStaleProofs } from "./one-time-proof.ts";
import { issueToken } from "./token.ts";
import { callTool } from "./use-token.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const read = [call("reports/read", { open_args: true })];

forEachEngine((engine) => {
  let room: Opened;
  let idp: TestProvider;
  before(async () => {
    room = await openMarket(engine);
    idp = await startTestProvider();
    await define({});
    const { deps, ada, pat } = room;
    await linkSubject(deps, ada.caller, { person: pat.id, provider: "acme", subject: "idp-pat" });
  });
  after(async () => {
    await room.close();
    await idp.close();
  });

  const clients: IdentityProviderDefinition["clients"] = [
    { client_id: "planner-at-acme", agent: "planner", id_jag: "allowed" },
    { client_id: "writer-at-acme", agent: "writer", id_jag: "refused" },
  ];
  const define = (more: object) =>
    defineIdentityProvider(room.deps, room.ada.caller, {
      name: "acme",
      definition: identityProviderDefinition.parse({ issuer: idp.issuer, clients, ...more }),
    });

  const claims = (more: Record<string, unknown> = {}): Record<string, unknown> => {
    const now = Math.floor(room.deps.clock.now() / 1000);
    return {
      iss: idp.issuer,
      sub: "idp-pat",
      aud: issuer,
      client_id: "planner-at-acme",
      jti: randomUUID(),
      iat: now,
      exp: now + 300,
      resource: REPORTS,
      scope: "reports/read reports/write ledger/read",
      ...more,
    };
  };
  const present = (assertion: string, more: Record<string, string> = {}, client: Running = room.planner) =>
    ask(room.deps, client, { grant_type: JWT_BEARER, assertion, ...more });
  const signed = async (more: Record<string, unknown> = {}, form: Record<string, string> = {}) =>
    present(await idp.sign(claims(more)), form);

  describe("an identity assertion of the company's sign-in", () => {
    test("gives a token for the person, over a recorded consent of the weaker kind", async () => {
      const { deps, pat } = room;
      const jti = randomUUID();
      const answered = await signed({ jti, acr: "urn:acme:mfa", auth_time: 1_700_000_000 });
      assert.equal(answered.token_type, "DPoP");
      const token = claimsIn(answered);
      assert.deepEqual([token.sub, token.aud, token.act], [pat.id, REPORTS, { iss: issuer, sub: "planner" }]);
      assert.deepEqual([token.acr, token.auth_time], ["urn:acme:mfa", 1_700_000_000]);
      assert.ok(token.rev.includes("provider:acme#1"));
      const [given] = await findEvents(deps.database, {
        task: token.task ?? "",
        type: "consent.given",
        limit: 2,
      });
      const { body } = JSON.parse(given?.body ?? "{}");
      assert.equal(body.kind, "company-sign-in");
      assert.deepEqual(
        [body.sign_in.provider, body.sign_in.issuer, body.sign_in.jti, body.sign_in.acr],
        ["acme", idp.issuer, jti, "urn:acme:mfa"],
      );
      assert.equal(body.assertion, undefined);
      const consent = await findConsent(deps.database, token.task ?? "");
      assert.equal(consent?.credential, "company-sign-in:acme");
      const chain = await chainOf(deps, token.chain?.[0]?.edge ?? "");
      assert.equal(chain.task.signIn?.provider, "acme");
    });

    test("is good for its one request, however often that is decided, also where a certificate is all that the client has", async () => {
      const { deps, planner } = room;
      const { id } = planner.instance;
      const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const spki = publicKey.export({ type: "spki", format: "der" });
      const { chain } = await issueX509Svid(deps, { id, spki, expires: deps.clock.now() + minutes(30) });
      const assertion = await idp.sign(claims());
      const send = (to: OauthDeps) =>
        issueToken(to, stranger, {
          form: { grant_type: JWT_BEARER, assertion, client_id: id },
          request: { ...requestTo("/oauth/token", {}), peer: peerKeyIn(chain) },
        });
      let met = 0;
      const database = new Proxy(deps.database, {
        get(real, name) {
          const value = Reflect.get(real, name, real);
          if (typeof value !== "function") return value;
          if (name !== "commit") return value.bind(real);
          return async (change: Change) => {
            const mints = change.steps.some(({ sql }) => sql.includes('into "token"'));
            if (mints && met++ === 0) throw new Conflict("another change came first");
            return real.commit(change);
          };
        },
      });
      assert.equal((await send({ ...deps, database })).token_type, "Bearer");
      assert.equal(met, 2);
      assert.equal(await codeOf(send(deps)), "invalid-grant", "another request");
    });

    test("gives no more than what is asked, the provider allows, she has and the agent may have", async () => {
      const { deps, ada, pat } = room;
      const some = [call("reports/write", quarters("Q1", "Q2"))];
      const asked = [call("reports/write", quarters("Q2", "Q3"))];
      const form = { authorization_details: JSON.stringify(asked) };
      const both = await signed({ authorization_details: some }, form);
      assert.deepEqual(both.authorization_details, [call("reports/write", quarters("Q2"))]);
      const scoped = await signed({ scope: "reports/read openid unknown" });
      assert.deepEqual(scoped.authorization_details, read);
      assert.equal(await codeOf(signed({ scope: "openid" })), "access-denied");
      assert.equal(
        await codeOf(signed({ authorization_details: [call("ledger/read", { open_args: true })] })),
        "access-denied",
      );
      await updatePerson(deps, ada.caller, { id: pat.id, update: { groups: [] } });
      assert.equal(await codeOf(signed()), "access-denied", "what she has");
      await updatePerson(deps, ada.caller, { id: pat.id, update: { groups: ["reporting"] } });
      const narrow = {
        grants: read,
        delegation: { delegate_to: [], max_depth: 4, needs_person: [], shared: true },
      };
      await updateAgent(deps, ada.caller, { name: "planner", update: narrow as never });
      assert.deepEqual((await signed()).authorization_details, read);
      const wide = {
        grants: ALL,
        delegation: { delegate_to: ["writer", "publisher"], max_depth: 4, needs_person: [], shared: true },
      };
      await updateAgent(deps, ada.caller, { name: "planner", update: wide as never });
    });

    test("is for one of the resources that it names", async () => {
      assert.equal((await signed({ resource: [REPORTS, LEDGER] }, { resource: LEDGER })).token_type, "DPoP");
      assert.equal(await codeOf(signed({ resource: REPORTS }, { resource: LEDGER })), "invalid-target");
      assert.equal(await codeOf(signed({ resource: [REPORTS, LEDGER] })), "invalid-target");
      assert.equal(await codeOf(signed({ resource: "https://unknown.example" })), "invalid-target");
      assert.equal(await codeOf(signed({ resource: undefined })), "invalid-target");
      assert.equal((await signed({ resource: undefined }, { resource: REPORTS })).token_type, "DPoP");
    });

    test("counts once, whatever comes with it the second time", async () => {
      const { deps } = room;
      const assertion = await idp.sign(claims());
      await present(assertion);
      assert.equal(await codeOf(present(assertion)), "invalid-grant");
      const jti = randomUUID();
      await signed({ jti });
      assert.equal(
        await codeOf(signed({ jti, exp: Math.floor(deps.clock.now() / 1000) + 299 })),
        "invalid-grant",
      );
      await forgetStaleProofs(deps);
      assert.equal(await codeOf(present(assertion)), "invalid-grant");
    });

    test("sent at once by many gives one token and one task", async () => {
      const assertion = await idp.sign(claims());
      const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => present(assertion)));
      assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    });

    test("in the very same request sent twice at once gives one token", async () => {
      const { deps, planner } = room;
      const assertion = await idp.sign(claims());
      const proofs = proofsOf(deps, planner);
      const form = { grant_type: JWT_BEARER, assertion };
      const outcomes = await Promise.allSettled([1, 2, 3].map(() => ask(deps, planner, form, proofs)));
      assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    });

    test("bound to a key comes with that key alone", async () => {
      const { planner } = room;
      await signed({ cnf: { jkt: planner.instance.thumbprint } });
      assert.equal(await codeOf(signed({ cnf: { jkt: room.writer.instance.thumbprint } })), "invalid-grant");
      assert.equal(await codeOf(signed({ cnf: {} })), "invalid-grant");
      assert.equal(
        await codeOf(signed({ cnf: { jkt: planner.instance.thumbprint, "x5t#S256": "x" } })),
        "invalid-grant",
      );
      assert.equal(await codeOf(signed({ cnf: null })), "invalid-grant");
    });

    test("for another client, or one that no administrator allowed, is refused", async () => {
      const { writer, desk } = room;
      assert.equal(await codeOf(present(await idp.sign(claims()), {}, writer)), "invalid-grant");
      const writers = await idp.sign(claims({ client_id: "writer-at-acme" }));
      assert.equal(await codeOf(present(writers, {}, writer)), "invalid-grant");
      assert.equal(await codeOf(signed({ client_id: "unknown" })), "invalid-grant");
      assert.equal(await codeOf(signed({ client_id: room.planner.instance.id })), "invalid-grant");
      assert.equal(await codeOf(present(await idp.sign(claims()), {}, desk)), "unauthorized-client");
    });

    test("does not speak of our own acr values, nor say who acts", async () => {
      const answered = claimsIn(
        await signed({ acr: "urn:countersign:acr:passkey", act: { sub: "publisher" } }),
      );
      assert.equal(answered.acr, undefined);
      assert.deepEqual(answered.act, { iss: issuer, sub: "planner" });
    });

    const wrong: [string, () => Promise<string> | string][] = [
      ["of another type", () => idp.sign(claims(), { typ: "JWT" })],
      ["without a type", () => idp.sign(claims(), { typ: undefined as never })],
      ["that looks like an access token", () => idp.sign(claims(), { typ: "at+jwt" })],
      ["for two audiences", () => idp.sign(claims({ aud: [issuer, "https://other.example"] }))],
      ["for somebody else", () => idp.sign(claims({ aud: `${issuer}/` }))],
      ["for the token endpoint", () => idp.sign(claims({ aud: `${issuer}/oauth/token` }))],
      ["of another issuer", () => idp.sign(claims({ iss: "https://idp.example" }))],
      ["of ourselves", () => idp.sign(claims({ iss: issuer }))],
      ["without an id", () => idp.sign(claims({ jti: undefined }))],
      ["without an expiry", () => idp.sign(claims({ exp: undefined }))],
      ["without a time of issue", () => idp.sign(claims({ iat: undefined }))],
      ["of nobody that is known", () => idp.sign(claims({ sub: "idp-eve" }))],
      ["without a subject", () => idp.sign(claims({ sub: undefined }))],
      ["with grants that cannot be read", () => idp.sign(claims({ authorization_details: [{ type: "x" }] }))],
      ["that is no JWS", () => "not.a.token"],
      ["that is empty of parts", () => ".."],
      ["that is too long", async () => idp.sign(claims({ padding: "x".repeat(9_000) }))],
      ["that names a key's address", () => idp.sign(claims(), { jku: "https://evil.example/jwks" })],
      ["that demands an extension", async () => spoilt({ crit: ["exp"] })],
      ["without a signature", async () => spoilt({ alg: "none" })],
      ["signed with a public key as a shared secret", async () => spoilt({ alg: "HS256" })],
      [
        "whose claims were changed",
        async () => {
          const [header, , signature] = (await idp.sign(claims())).split(".");
          const other = Buffer.from(JSON.stringify(claims({ sub: "idp-ada" }))).toString("base64url");
          return `${header}.${other}.${signature}`;
        },
      ],
      [
        "signed by a key that is not published",
        async () => idp.sign(claims(), {}, await idp.key("ES256", "first")),
      ],
    ];
    /** With another header, under the old signature. */
    async function spoilt(more: object): Promise<string> {
      const [header = "", payload, signature] = (await idp.sign(claims())).split(".");
      const read = JSON.parse(Buffer.from(header, "base64url").toString());
      const spoilt = Buffer.from(JSON.stringify({ ...read, ...more })).toString("base64url");
      return `${spoilt}.${payload}.${signature}`;
    }
    for (const [what, make] of wrong) {
      test(`${what} is refused, recorded, and begins nothing`, async () => {
        const before = await tasks();
        const refusal = await fault(present(await make()));
        assert.equal(refusal.code, "invalid-grant");
        assert.ok(refusal.recordedAs?.startsWith("event_"));
        assert.equal(await tasks(), before);
      });
    }
    const tasks = async (): Promise<number> =>
      (await findEvents(room.deps.database, { type: "task.requested", limit: 500 })).length;

    test("holds from its time of issue to its end, to the second, and no longer than an hour", async () => {
      const now = Math.floor(room.deps.clock.now() / 1000);
      assert.equal(await codeOf(signed({ iat: now - 300, exp: now })), "invalid-grant");
      assert.equal(await codeOf(signed({ iat: now + 31, exp: now + 300 })), "invalid-grant");
      assert.equal(await codeOf(signed({ nbf: now + 31 })), "invalid-grant");
      assert.equal(await codeOf(signed({ exp: now + 3_700 })), "invalid-grant");
      assert.equal(await codeOf(signed({ iat: now + 20, exp: now + 10 })), "invalid-grant");
      await signed({ iat: now + 29, exp: now + 300 });
    });

    test("of a person who is suspended begins nothing", async () => {
      const { deps, ada, pat } = room;
      await suspendPerson(deps, ada.caller, { id: pat.id });
      assert.equal(await codeOf(signed()), "invalid-grant");
      await resumePerson(deps, ada.caller, { id: pat.id });
      await signed();
    });

    test("by a new key is found once it is published", async () => {
      const { deps } = room;
      const second = await idp.key("RS256", "second");
      idp.published = [...idp.published, second.publicJwk];
      // The fixture's keys keep their own time: a new definition looks anew.
      await define({ jwks_uri: idp.jwksUri });
      await present(await idp.sign(claims(), {}, second));
      await define({ jwks_uri: idp.jwksUri, algorithms: ["ES256"] });
      assert.equal(await codeOf(present(await idp.sign(claims(), {}, second))), "invalid-grant", "not taken");
      assert.ok(deps.providerKeys);
      await define({});
    });

    test("gives a delegation that its agent can pass on, and a ticket that it can exchange", async () => {
      const { deps, planner } = room;
      const { chain } = claimsIn(await signed());
      const form = await exchangeForm(deps, planner, chain?.[0]?.edge ?? "", read);
      assert.equal((await ask(deps, planner, form)).token_type, "DPoP");
    });

    test("that needs a person's yes says where to go on asking", async () => {
      const { deps, planner } = room;
      const publish = [call("reports/publish", { args: { quarter: { op: "eq", value: "Q1" } } })];
      const form = { authorization_details: JSON.stringify(publish) };
      const pending = await fault(signed({ scope: undefined }, form));
      assert.equal(pending.code, "authorization-pending");
      assert.equal(await codeOf(signed({ scope: "reports/publish" })), "invalid-authorization-details");
      const { edge, approval } = pending.members as { edge: string; approval: string };
      const again = await fault(ask(deps, planner, await exchangeForm(deps, planner, edge, publish)));
      assert.ok(["authorization-pending", "slow-down"].includes(again.code));
      assert.equal(again.members.approval, approval, "the same request to the same person");
    });

    test("dies with the provider, and with what an administrator takes away from it", async () => {
      const { deps, ada } = room;
      const token = claimsIn(await signed());
      assert.deepEqual(await deadAmong(deps, token.rev), []);
      await define({ clients: [...clients, { client_id: "more", agent: "publisher", id_jag: "allowed" }] });
      assert.deepEqual(await deadAmong(deps, token.rev), [], "what only adds ends nothing");
      await define({});
      assert.equal((await deadAmong(deps, token.rev)).length, 1);
      assert.equal(await codeOf(chainOf(deps, token.chain?.[0]?.edge ?? "")), "gone");
      const later = claimsIn(await signed());
      await endIdentityProvider(deps, ada.caller, { name: "acme" });
      assert.equal((await deadAmong(deps, later.rev)).length, 1);
      assert.equal(await codeOf(signed()), "invalid-grant");
      await define({});
      assert.deepEqual(await deadAmong(deps, claimsIn(await signed()).rev), []);
    });
  });

  describe("who is meant", () => {
    test("is told by a linked subject; an address counts only where it is verified, ours and said to count", async () => {
      const { deps, ada } = room;
      const kim = await registerPerson(deps, ada.caller, {
        name: "Kim",
        email: "kim@acme.example",
        groups: ["reporting"],
      });
      const asKim = { sub: "idp-kim", email: "kim@acme.example", email_verified: true };
      assert.equal(await codeOf(signed(asKim)), "invalid-grant", "addresses do not count");
      await define({ subjects: { by: "email", domains: ["acme.example"] } });
      for (const more of [
        { email_verified: false },
        { email_verified: "true" },
        { email_verified: undefined },
        { email: "kim@acme.example.evil.example" },
        { email: "kim@evil.example" },
        { email: "KIM@acme.example\u0000" },
      ]) {
        assert.equal(await codeOf(signed({ ...asKim, ...more })), "invalid-grant", JSON.stringify(more));
      }
      assert.equal(claimsIn(await signed(asKim)).sub, kim.id);
      assert.equal(
        await codeOf(signed({ ...asKim, sub: "idp-kim-the-second" })),
        "invalid-grant",
        "her address was given to somebody else",
      );
      assert.equal(claimsIn(await signed({ sub: "idp-kim" })).sub, kim.id, "by her subject from now on");
      await unlinkSubject(deps, ada.caller, { person: kim.id, provider: "acme" });
      assert.equal(await codeOf(signed({ sub: "idp-kim" })), "invalid-grant");
      assert.equal(await codeOf(signed(asKim)), "invalid-grant", "her address does not link it again");
      await linkSubject(deps, ada.caller, { person: kim.id, provider: "acme", subject: "idp-kim" });
      assert.equal(claimsIn(await signed({ sub: "idp-kim" })).sub, kim.id, "an administrator does");
      await define({});
    });

    test("nobody but an administrator says so", async () => {
      const { deps, pat, ada } = room;
      const link = { person: pat.id, provider: "acme", subject: "idp-ada" };
      assert.equal(await codeOf(linkSubject(deps, pat.caller, link)), "forbidden");
      assert.equal(await codeOf(linkSubject(deps, ada.caller, link)), "exists");
      assert.equal(
        await codeOf(linkSubject(deps, ada.caller, { ...link, person: ada.id, subject: "idp-pat" })),
        "exists",
      );
      const definition = identityProviderDefinition.parse({ issuer: "https://other.example" });
      assert.equal(
        await codeOf(defineIdentityProvider(deps, pat.caller, { name: "other", definition })),
        "forbidden",
      );
      assert.equal(
        await codeOf(defineIdentityProvider(deps, ada.caller, { name: "acme", definition })),
        "invalid",
        "a provider keeps its issuer",
      );
      const own = identityProviderDefinition.parse({ issuer });
      assert.equal(
        await codeOf(defineIdentityProvider(deps, ada.caller, { name: "own", definition: own })),
        "invalid",
      );
      const second = identityProviderDefinition.parse({ issuer: idp.issuer });
      assert.equal(
        await codeOf(defineIdentityProvider(deps, ada.caller, { name: "two", definition: second })),
        "exists",
      );
    });
  });

  describe("the weaker consent", () => {
    test("is told apart by policy, at the token and at the call", async () => {
      const { deps, planner, reports } = room;
      const write = [call("reports/write", quarters("Q1"))];
      const form = { authorization_details: JSON.stringify(write) };
      const before = claimsIn(await signed({}, form));
      const shipped = await shippedPolicies();
      const text = `@id("passkey-to-write") @reason("Writing needs her own passkey.")
        forbid (principal, action == Action::"reports/write", resource)
        when { context has task && context.task.consent != "passkey" };`;
      await replacePolicies(deps, system, [...shipped, { name: "weaker", text }]);
      assert.equal(await codeOf(signed({}, form)), "access-denied");
      const use = { jti: before.jti, tool: "reports/write", args: { quarter: "Q1" } };
      assert.equal(await codeOf(callTool(deps, reports.caller, use)), "denied", "also by a token of before");
      const { edge } = await begunTask(deps, room);
      assert.equal((await exchange(deps, planner, edge.id, write)).token_type, "DPoP");
      await replacePolicies(deps, system, shipped);
    });

    test("leaves nothing in force where nothing was given on it", async () => {
      const { deps } = room;
      const asked = { authorization_details: JSON.stringify([call("reports/publish", quarters("Q1"))]) };
      const refusal = await fault(signed({ scope: undefined }, asked));
      assert.equal(refusal.code, "invalid-authorization-details");
      const rows = await findEvents(deps.database, { type: "task.closed", limit: 500 });
      const { task } = refusal.record.about as { task: string };
      assert.ok(rows.some(({ body }) => JSON.parse(body).about.task === task));
    });
  });

  describe("limits that do not fit into one grant, or into one token", () => {
    const naming = (from: number): Grant => {
      const names = Array.from({ length: 40 }, (_, at) => [`a${from + at}`, { op: "any", optional: true }]);
      return call("reports/read", { open_args: true, args: Object.fromEntries(names) });
    };
    const asking = (grants: readonly Grant[]) => ({ authorization_details: JSON.stringify(grants) });

    test("give nothing, and begin nothing where they meet in more than a grant can name", async () => {
      const { deps } = room;
      const begun = async () => (await findEvents(deps.database, { type: "task.opened", limit: 500 })).length;
      const before = await begun();
      const tried = signed({ authorization_details: [naming(0)] }, asking([naming(40)]));
      assert.equal(await codeOf(tried), "access-denied");
      assert.equal(await begun(), before);
    });

    test("end what the sign-in began where no token can say them", async () => {
      const { deps } = room;
      const values = Array.from({ length: 200 }, (_, at) => `${at}-${"x".repeat(60)}`);
      const long = [call("reports/read", { args: { period: { op: "in", values } } })];
      const tasks = async (type: string) =>
        (await findEvents(deps.database, { type, limit: 500 })).map(
          ({ body }) => JSON.parse(body).about.task,
        );
      const before = await tasks("task.opened");
      assert.equal(await codeOf(signed({}, asking(long))), "invalid-authorization-details");
      const begun = (await tasks("task.opened")).filter((task) => !before.includes(task));
      assert.equal(begun.length, 1);
      assert.ok((await tasks("task.closed")).includes(begun[0]));
    });
  });

  describe("one copy, one task", () => {
    test("a copy that serves one task at a time leaves the one that her last sign-in began", async () => {
      const { deps, ada } = room;
      const alone = { delegate_to: ["writer", "publisher"], max_depth: 4, needs_person: [] };
      await updateAgent(deps, ada.caller, { name: "planner", update: { delegation: alone } as never });
      const { run } = await import("../delegation/fixture.ts");
      const copy = await run(deps, { agent: "planner" });
      const first = claimsIn(await present(await idp.sign(claims()), {}, copy));
      const second = claimsIn(await present(await idp.sign(claims()), {}, copy));
      assert.notEqual(first.task, second.task);
      assert.ok((await deadAmong(deps, first.rev)).includes(`task:${first.task}`));
      assert.deepEqual(await deadAmong(deps, second.rev), []);
    });
  });
});
