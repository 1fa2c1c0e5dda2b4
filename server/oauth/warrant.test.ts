import assert from "node:assert/strict";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { createClientAssertion } from "@countersign/proof/client-assertion";
import { readDelegationToken } from "@countersign/proof/delegation-token";
import { sha256Base64url } from "@countersign/proof/digest";
import { createDpopProof } from "@countersign/proof/dpop";
import type { Grant } from "@countersign/proof/grant";
import { inspectToken } from "@countersign/proof/inspect";
import { canonicalize } from "@countersign/proof/jcs";
import { publicJwkOf } from "@countersign/proof/jwk";
import { verifyAccessToken } from "@countersign/proof/token";
import { type NextLink, narrowWarrant, readLink, type WarrantClaims } from "@countersign/proof/warrant";
import { endHost } from "../attestation/index.ts";
import { findEvents, reveal } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import {
  ALL,
  begunTask,
  call,
  codeOf,
  fault,
  LEDGER,
  passOn,
  quarter,
  quarters,
  REPORTS,
  type Running,
  run,
} from "../delegation/fixture.ts";
import { chainOf, closeTask } from "../delegation/index.ts";
import { inSeconds, minutes, seconds, system } from "../lib/index.ts";
import { issuer, stranger } from "../login/fixture.ts";
import { replacePolicies, shippedPolicies } from "../policy/index.ts";
import { endInstance, registerService, updateAgent } from "../registry/index.ts";
import { deadAmong } from "../revocation/index.ts";
import { ask, claimsIn, exchangeForm, openMarket, ownToken } from "./fixture.ts";
import { keySetOf } from "./oauth-deps.ts";
import { reportRefusal } from "./report-refusal.ts";
import { revokeToken } from "./revoke-token.ts";
import { runWithin } from "./test-copies.ts";
import { callTool } from "./use-token.ts";
import { type ReportedWarrantUse, recordWarrantUse } from "./use-warrant.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const WARRANT = "urn:countersign:params:oauth:token-type:warrant";
const CHAIN = "urn:countersign:params:oauth:token-type:warrant_chain";
const write = [call("reports/write", quarters("Q1", "Q2"))];
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
  });
  after(() => room.close());

  const mintForm = async (edge: string, grants?: readonly Grant[], client = room.planner) => ({
    ...(await exchangeForm(room.deps, client, edge, grants)),
    requested_token_type: WARRANT,
  });
  async function minted(grants: readonly Grant[] = write) {
    const { task, edge } = await begunTask(room.deps, room);
    const answered = await ask(room.deps, room.planner, await mintForm(edge.id, grants));
    return { task, edge, root: answered.access_token, answered };
  }
  /** The next link, to a running copy. */
  const pass = (
    chain: readonly string[],
    from: Running,
    to: Running,
    more: Partial<NextLink> = {},
  ): string => {
    const { kid: _, ...holder } = publicJwkOf(to.key) as never as Record<string, string>;
    const now = inSeconds(room.deps.clock.now());
    return narrowWarrant(
      chain,
      {
        holder: holder as never,
        act: { iss: issuer, sub: to.instance.principal },
        grants: write,
        iat: now,
        exp: now + 300,
        jti: randomUUID(),
        ...more,
      },
      from.key,
    );
  };
  /** Presents a chain at the token endpoint, with a proof over its last link. */
  function present(
    chain: readonly string[],
    client: Running,
    more: Record<string, string> = {},
    proof: { accessToken?: string; key?: Running["key"] } = {},
  ) {
    const { deps } = room;
    const now = deps.clock.now();
    const url = `${issuer}/oauth/token`;
    const { instance, key } = client;
    const proofs = {
      assertion: createClientAssertion({ clientId: instance.id, issuer, key, now, jti: randomUUID() }),
      dpop: createDpopProof({
        key: proof.key ?? key,
        method: "POST",
        url,
        now,
        jti: randomUUID(),
        accessToken: proof.accessToken ?? chain.at(-1) ?? "",
      }),
    };
    const form = {
      grant_type: EXCHANGE,
      subject_token: chain.join("~"),
      subject_token_type: CHAIN,
      resource: REPORTS,
      ...more,
    };
    return ask(deps, client, form, proofs);
  }
  const giveBack = (text: string, client: Running) => {
    const { deps } = room;
    const { instance, key } = client;
    const now = deps.clock.now();
    return revokeToken(deps, stranger, {
      form: {
        token: text,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: createClientAssertion({
          clientId: instance.id,
          issuer,
          key,
          now,
          jti: randomUUID(),
        }),
      },
    });
  };
  const events = async (type: string) =>
    (await findEvents(room.deps.database, { type, limit: 500 })).map(({ body }) => JSON.parse(body));

  describe("a root warrant", () => {
    test("is signed over the consent for the agent's own key, and recorded with its decision", async () => {
      const { deps, pat, planner } = room;
      const { task, edge, root, answered } = await minted();
      assert.equal(answered.token_type, "N_A");
      assert.equal(answered.issued_token_type, WARRANT);
      const { claims, jkt } = readLink(root);
      const chain = await chainOf(deps, edge.id);
      assert.deepEqual(
        [claims.sub, claims.aud, claims.txn, claims.consent, claims.del_depth, claims.del_max_depth, jkt],
        [pat.id, [REPORTS], task.id, chain.consent, 0, 3, planner.instance.thumbprint],
      );
      assert.deepEqual(claims.act, { iss: issuer, sub: "planner" });
      assert.deepEqual(claims.authorization_details, write);
      assert.ok(claims.rev?.includes(`edge:${edge.id}`) && claims.rev.includes(`jti:${claims.jti}`));
      assert.equal(claims.per_call, true, "the shipped policies ask what was called before");
      const recorded = (await events("warrant.issued")).find(({ body }) => body.jti === claims.jti);
      assert.equal(recorded.body.granted[0].policies[0], "delegated-call");
      assert.equal(recorded.about.task, task.id);
    });

    test("lives as long as asked, at most an hour, and never longer than its chain", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room, { expiresIn: minutes(90), deadlineIn: minutes(90) });
      const form = () => mintForm(edge.id, write);
      assert.equal((await ask(deps, planner, { ...(await form()), expires_in: "3600" })).expires_in, 3_600);
      assert.equal(
        await codeOf(ask(deps, planner, { ...(await form()), expires_in: "3601" })),
        "invalid-request",
      );
      const short = await begunTask(deps, room, { expiresIn: seconds(42) });
      assert.equal((await ask(deps, planner, await mintForm(short.edge.id, write))).expires_in, 42);
    });

    test("gives nothing that policy, the chain or a person has to give each time", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room);
      const asked = async (grants: readonly Grant[]) =>
        codeOf(ask(deps, planner, await mintForm(edge.id, grants)));
      assert.equal(await asked([call("reports/write", quarters("Q4"))]), "access-denied");
      assert.equal(await asked([call("reports/publish", quarter("Q1"))]), "authorization-pending");
      assert.equal(await asked([call("reports/publish", quarters("Q1"))]), "invalid-authorization-details");
      assert.equal(
        await asked([call("reports/write", { ...quarters("Q1"), max_uses: 3 })]),
        "invalid-authorization-details",
        "nobody would count",
      );
    });

    test("that says more than anybody reads is refused, as is a token, and nothing of it is on record", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room);
      const values = Array.from({ length: 200 }, (_, at) => `${at}-${"x".repeat(60)}`);
      const long = [call("reports/read", { args: { period: { op: "in", values } } })];
      const issued = async () => [
        (await events("warrant.issued")).length,
        (await events("token.issued")).length,
      ];
      const forms = [await mintForm(edge.id, long), await exchangeForm(deps, planner, edge.id, long)];
      const before = await issued();
      for (const form of forms) {
        const refusal = await fault(ask(deps, planner, form));
        assert.equal(refusal.code, "invalid-authorization-details");
        assert.ok(refusal.recordedAs?.startsWith("event_"));
      }
      assert.deepEqual(await issued(), before);
    });

    test("is read by the keys that are published for warrants, as is a ticket, and by no others", async () => {
      const { deps, planner } = room;
      const { root, edge } = await minted();
      const { subject_token: ticket = "" } = await exchangeForm(deps, planner, edge.id, write);
      const now = deps.clock.now();
      const [keys, warrantKeys] = [keySetOf(deps.keys, "token"), keySetOf(deps.keys, "delegation")];
      for (const text of [root, ticket]) {
        const problems = (known: object) =>
          inspectToken(text, { now, ...known }).parts.flatMap((part) =>
            part.problems.map(({ code }) => code),
          );
        assert.deepEqual(problems({ keys, warrantKeys }), []);
        assert.deepEqual(problems({ keys }), ["unknown-key"]);
      }
    });

    test("passes for nothing else of ours", async () => {
      const { deps, planner } = room;
      const { root, edge } = await minted();
      const now = deps.clock.now();
      const keys = keySetOf(deps.keys, "delegation");
      assert.throws(() => verifyAccessToken(root, { issuer, audience: REPORTS, keys, now }));
      assert.throws(() => readDelegationToken(root, { issuer, keys, now }));
      const form = await exchangeForm(deps, planner, edge.id, write);
      assert.equal(await codeOf(ask(deps, planner, { ...form, subject_token: root })), "invalid-request");
      const ticket = [form.subject_token ?? ""];
      assert.equal(await codeOf(present(ticket, planner)), "invalid-request", "nor a ticket for a warrant");
    });
  });

  describe("a chain of warrants", () => {
    test("becomes a token for its last holder, with every link known from then on", async () => {
      const { pat, planner, writer, publisher } = room;
      const { root, task } = await minted();
      const second = pass([root], planner, writer);
      const third = pass([root, second], writer, publisher, {
        grants: [call("reports/write", quarter("Q1"))],
      });
      const answered = await present([root, second, third], publisher);
      const token = claimsIn(answered);
      assert.deepEqual([token.sub, token.task, token.aud], [pat.id, task.id, REPORTS]);
      assert.deepEqual(
        token.chain?.map(({ agent }) => agent),
        ["planner", "writer", "publisher"],
      );
      assert.deepEqual(token.authorization_details, [call("reports/write", quarter("Q1"))]);
      assert.deepEqual(
        [token.wrt?.root, token.wrt?.leaf],
        [readLink(root).claims.jti, readLink(third).claims.jti],
      );
      for (const link of [root, second, third])
        assert.ok(token.rev.includes(`jti:${readLink(link).claims.jti}`));
      const registered = (await events("warrant.registered")).filter(({ about }) => about.task === task.id);
      assert.deepEqual(
        registered.map(({ body }) => [body.by, body.to]).sort(([a], [b]) => (a < b ? -1 : 1)),
        [
          [planner.instance.id, writer.instance.id],
          [writer.instance.id, publisher.instance.id],
        ],
      );
      const again = claimsIn(await present([root, second, third], publisher));
      assert.deepEqual(again.chain, token.chain, "the same links are the same delegations");
      const byWriter = claimsIn(await present([root, second], writer));
      assert.deepEqual(byWriter.chain, token.chain?.slice(0, 2));
      const byPlanner = claimsIn(await present([root], planner));
      assert.deepEqual(byPlanner.chain, token.chain?.slice(0, 1));
    });

    test("ends with the first of its links", async () => {
      const { planner, writer } = room;
      const { root } = await minted();
      const now = inSeconds(room.deps.clock.now());
      const second = pass([root], planner, writer, { exp: now + 40 });
      assert.equal((await present([root, second], writer)).expires_in, 40);
    });

    test("goes no deeper than its links say, by whatever way they are passed on once they are known", async () => {
      const { deps, planner, writer } = room;
      const { root } = await minted();
      const edgeOf = async (maxDepth: number) => {
        const { chain } = claimsIn(
          await present([root, pass([root], planner, writer, { maxDepth })], writer),
        );
        return chain?.at(-1)?.edge ?? "";
      };
      const last = await edgeOf(1);
      const onward = { to: "publisher", grants: write };
      assert.equal(await codeOf(passOn(deps, writer, { edge: last, ...onward })), "denied");
      const own = await ask(deps, writer, await mintForm(last, write, writer));
      assert.equal(readLink(own.access_token).claims.del_max_depth, 0);
      assert.throws(() => pass([own.access_token], writer, room.publisher), /beyond del_max_depth/);
      const open = await edgeOf(2);
      const again = await ask(deps, writer, await mintForm(open, write, writer));
      assert.equal(readLink(again.access_token).claims.del_max_depth, 1);
      assert.equal((await passOn(deps, writer, { edge: open, ...onward })).depth, 3);
    });

    test("gives what every link gives and no more, at one of its resources", async () => {
      const { planner, writer } = room;
      const { root } = await minted();
      const second = pass([root], planner, writer, { grants: [call("reports/write", quarter("Q1"))] });
      const asking = (grants: readonly Grant[], resource = REPORTS) =>
        present([root, second], writer, { resource, authorization_details: JSON.stringify(grants) });
      assert.deepEqual((await asking(write)).authorization_details, [call("reports/write", quarter("Q1"))]);
      assert.equal(await codeOf(asking([call("ledger/read")], LEDGER)), "invalid-request");
      assert.equal(await codeOf(asking([call("reports/read")])), "access-denied");
      assert.equal((await asking([call("reports/write", quarter("Q1"))])).token_type, "DPoP");
      const beyondRoot = {
        authorization_details: JSON.stringify([call("reports/read", { open_args: true })]),
      };
      assert.equal(
        await codeOf(present([root], planner, beyondRoot)),
        "access-denied",
        "although the delegation that the root rests on gives it",
      );
    });

    const attacks: [string, () => Promise<unknown>][] = [
      [
        "brought by somebody above",
        async () => {
          const { planner, writer } = room;
          const { root } = await minted();
          return present([root, pass([root], planner, writer)], planner);
        },
      ],
      [
        "cut short by somebody below, for the wider link above",
        async () => {
          const { writer } = room;
          const { root } = await minted();
          return present([root], writer);
        },
      ],
      [
        "with a proof that is over another link",
        async () => {
          const { planner, writer } = room;
          const { root } = await minted();
          return present([root, pass([root], planner, writer)], writer, {}, { accessToken: root });
        },
      ],
      [
        "with a link of another chain",
        async () => {
          const { planner, writer } = room;
          const [one, other] = [await minted(), await minted()];
          return present([other.root, pass([one.root], planner, writer)], writer);
        },
      ],
      [
        "with a link left out",
        async () => {
          const { planner, writer, publisher } = room;
          const { root } = await minted();
          const second = pass([root], planner, writer);
          return present([root, pass([root, second], writer, publisher)], publisher);
        },
      ],
      [
        "whose link names another agent than holds the key",
        async () => {
          const { planner, writer } = room;
          const { root } = await minted();
          return present(
            [root, pass([root], planner, writer, { act: { iss: issuer, sub: "publisher" } })],
            writer,
          );
        },
      ],
      [
        "whose link names an agent of somebody else's",
        async () => {
          const { planner, writer } = room;
          const { root } = await minted();
          const act = { iss: "https://other.example", sub: "writer" };
          return present([root, pass([root], planner, writer, { act })], writer);
        },
      ],
      [
        "through an agent that never took part, by a key that nobody enrolled",
        async () => {
          const { planner, writer, publisher } = room;
          const { root } = await minted();
          const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
          const puppet: Running = { ...writer, key: privateKey };
          const second = pass([root], planner, puppet);
          return present([root, second, pass([root, second], puppet, publisher)], publisher);
        },
      ],
      [
        "through a copy within a process of which nobody knows which",
        async () => {
          const { deps, planner, publisher } = room;
          const { root } = await minted();
          const copy = await run(deps, { agent: "writer" }, "in-process");
          const second = pass([root], planner, copy);
          return present([root, second, pass([root, second], copy, publisher)], publisher);
        },
      ],
      [
        "that runs in a circle",
        async () => {
          const { planner, writer } = room;
          const { root } = await minted();
          const second = pass([root], planner, writer);
          return present([root, second, pass([root, second], writer, planner)], planner);
        },
      ],
      [
        "to an agent that may not be delegated to",
        async () => {
          const { planner, publisher, writer } = room;
          const { root } = await minted();
          const second = pass([root], planner, publisher);
          return present([root, second, pass([root, second], publisher, writer)], writer);
        },
      ],
      [
        "whose link has the id of one of ours",
        async () => {
          const { planner, writer } = room;
          const { root } = await minted();
          const { jti } = claimsIn({ access_token: await ownToken(room.deps, writer) });
          return present([root, pass([root], planner, writer, { jti })], writer);
        },
      ],
      [
        "whose link has the id of another link",
        async () => {
          const { planner, writer } = room;
          const [one, other] = [await minted(), await minted()];
          const jti = randomUUID();
          await present([one.root, pass([one.root], planner, writer, { jti })], writer);
          return present([other.root, pass([other.root], planner, writer, { jti })], writer);
        },
      ],
      [
        "of a task that is closed",
        async () => {
          const { deps, pat, planner, writer } = room;
          const { root, task } = await minted();
          await closeTask(deps, pat.caller, { task: task.id });
          return present([root, pass([root], planner, writer)], writer);
        },
      ],
      [
        "with an actor token beside it",
        async () => {
          const { deps, planner } = room;
          const { root } = await minted();
          const actor_token = await ownToken(deps, planner);
          return present([root], planner, {
            actor_token,
            actor_token_type: "urn:ietf:params:oauth:token-type:access_token",
          });
        },
      ],
      ["that is nothing of the kind", () => present(["a.b.c"], room.planner)],
      ["that is empty", () => present([""], room.planner)],
    ];
    for (const [what, attempt] of attacks) {
      test(`${what} is refused and recorded`, async () => {
        const refusal = await fault(attempt());
        assert.ok(["invalid-request", "denied", "gone"].includes(refusal.code), refusal.code);
        assert.ok(refusal.recordedAs?.startsWith("event_"));
      });
    }

    test("obeys the registry at every hop, as it is today", async () => {
      const { deps, ada, planner, writer, publisher } = room;
      const rules = { delegate_to: ["writer", "publisher"], max_depth: 4, needs_person: [], shared: true };
      const become = (delegation: object) =>
        updateAgent(deps, ada.caller, { name: "planner", update: { grants: ALL, delegation } as never });
      const { root } = await minted();
      const second = pass([root], planner, writer);
      await become({ ...rules, delegate_to: ["publisher"] });
      assert.equal(await codeOf(present([root, second], writer)), "denied", "not even made known");
      await become(rules);
      await present([root, second], writer);
      await become({ ...rules, delegate_to: ["publisher"] });
      assert.equal(await codeOf(present([root, second], writer)), "access-denied", "nor used once it is");
      await become({ ...rules, max_depth: 2 });
      const third = pass([root, second], writer, publisher);
      assert.equal(await codeOf(present([root, second, third], publisher)), "denied");
      await become(rules);
      await present([root, second, third], publisher);
    });

    test("is no way around a machine's end: what a copy there gave dies, and nothing that it signs is taken", async () => {
      const { deps, ada, planner, publisher } = room;
      const within = await runWithin(deps, ada, { agent: "writer", machine: "build-1" });
      const { root, task } = await minted();
      const second = pass([root], planner, within);
      const next = () => [root, second, pass([root, second], within, publisher)];
      const token = claimsIn(await present(next(), publisher));
      for (const key of [`host:${within.host.id}`, `instance:${within.voucher}`])
        assert.ok(token.rev.includes(key), key);
      const registered = async () =>
        (await events("warrant.registered")).filter(({ about }) => about.task === task.id).length;
      const before = await registered();
      await endHost(deps, ada.caller, { name: within.host.name });
      assert.deepEqual(await deadAmong(deps, token.rev), [`host:${within.host.id}`]);
      const refusal = await fault(present(next(), publisher));
      assert.equal(refusal.code, "gone");
      assert.ok(refusal.recordedAs?.startsWith("event_"));
      assert.equal(await registered(), before);
      const edge = token.chain?.at(-1)?.edge ?? "";
      assert.equal(await codeOf(chainOf(deps, edge)), "gone", "nor by the delegation that its link became");
    });

    test("counts uses where its delegation counts them, however many tokens are made of it", async () => {
      const { deps, planner, writer, reports } = room;
      const counted = [call("reports/write", { ...quarters("Q1"), max_uses: 2 })];
      const { edge } = await begunTask(deps, room, { grants: counted });
      const { access_token: root } = await ask(deps, planner, await mintForm(edge.id, counted));
      const use = async (chain: string[], client: Running) => {
        const { jti } = claimsIn(await present(chain, client));
        return callTool(deps, reports.caller, { jti, tool: "reports/write", args: { quarter: "Q1" } });
      };
      const one = pass([root], planner, writer, { grants: counted });
      const two = pass([root], planner, writer, { grants: counted });
      await use([root, one], writer);
      await use([root, two], writer);
      assert.equal(await codeOf(use([root], planner)), "gone");
    });

    test("presented by many at once makes each link known once", async () => {
      const { planner, writer } = room;
      const { root, task } = await minted();
      const second = pass([root], planner, writer);
      const answers = await Promise.all(Array.from({ length: 5 }, () => present([root, second], writer)));
      assert.equal(new Set(answers.map((each) => JSON.stringify(claimsIn(each).chain))).size, 1);
      const registered = (await events("warrant.registered")).filter(({ about }) => about.task === task.id);
      assert.equal(registered.length, 1);
    });
  });

  describe("a warrant that is given back", () => {
    test("is dead, and every token that was made of it or of what hangs on it", async () => {
      const { deps, planner, writer, publisher } = room;
      const { root } = await minted();
      const second = pass([root], planner, writer);
      const third = pass([root, second], writer, publisher);
      const [above, below] = [
        claimsIn(await present([root], planner)),
        claimsIn(await present([root, second, third], publisher)),
      ];
      await giveBack([root, second].join("~"), planner);
      assert.ok((await deadAmong(deps, below.rev)).length > 0);
      assert.deepEqual(await deadAmong(deps, above.rev), []);
      for (const [chain, client] of [
        [[root, second], writer],
        [[root, second, third], publisher],
      ] as const) {
        assert.equal(await codeOf(present(chain, client)), "invalid-request");
      }
      const [given] = (await events("warrant.revoked")).slice(-1);
      assert.equal(given.body.jti, readLink(second).claims.jti);
      await giveBack(root, planner);
      assert.ok((await deadAmong(deps, above.rev)).length > 0);
    });

    test("takes with it the delegations that its links became, by whatever way they are used", async () => {
      const { deps, planner, writer } = room;
      const { root } = await minted();
      const { chain } = claimsIn(await present([root, pass([root], planner, writer)], writer));
      const edge = chain?.at(-1)?.edge ?? "";
      const { rev } = claimsIn(await ask(deps, writer, await exchangeForm(deps, writer, edge)));
      assert.ok(rev.includes(`kid:${deps.keys.signer("delegation").kid}`), "the key that signed the root");
      const form = await exchangeForm(deps, writer, edge);
      await giveBack(root, planner);
      assert.equal(await codeOf(ask(deps, writer, form)), "gone");
      assert.equal(await codeOf(chainOf(deps, edge)), "gone");
      await chainOf(deps, chain?.[0]?.edge ?? "");
    });

    test("is dead although nobody had presented it before", async () => {
      const { planner, writer } = room;
      const { root } = await minted();
      const second = pass([root], planner, writer);
      await giveBack([root, second].join("~"), writer);
      assert.equal(await codeOf(present([root, second], writer)), "invalid-request");
      assert.equal((await present([root], planner)).token_type, "DPoP");
    });

    test("is not taken from whoever holds no link of it, nor by an id that is somebody else's", async () => {
      const { deps, planner, writer, publisher } = room;
      const { root } = await minted();
      const second = pass([root], planner, writer);
      await giveBack([root, second].join("~"), publisher);
      const victim = claimsIn({ access_token: await ownToken(deps, publisher) });
      await giveBack([root, pass([root], planner, writer, { jti: victim.jti })].join("~"), planner);
      assert.deepEqual(await deadAmong(deps, victim.rev), []);
      const [header, , signature] = second.split(".");
      const forged = Buffer.from(
        JSON.stringify({ ...(readLink(second).claims as WarrantClaims), jti: "other" }),
      ).toString("base64url");
      await giveBack([root, `${header}.${forged}.${signature}`].join("~"), planner);
      assert.equal((await present([root, second], writer)).token_type, "DPoP");
    });

    test("dies with the key that holds a link above", async () => {
      const { deps, ada, writer, publisher } = room;
      const copy = await run(deps, { agent: "planner" });
      const { edge } = await begunTask(deps, room);
      const { access_token: root } = await ask(deps, copy, await mintForm(edge.id, write, copy));
      const second = pass([root], copy, writer);
      await present([root, second], writer);
      await endInstance(deps, ada.caller, { id: copy.instance.id });
      assert.equal(await codeOf(present([root, second], writer)), "invalid-request");
      const third = pass([root, second], writer, publisher);
      assert.equal(await codeOf(present([root, second, third], publisher)), "invalid-request");
    });
  });

  describe("a call that a service let pass on a chain, with nobody asked,", () => {
    const args = { quarter: "Q1" };
    const url = `${REPORTS}/write`;
    /** What the service was shown, and tells. */
    function usedBy(
      chain: readonly string[],
      { key }: Pick<Running, "key">,
      { jti = randomUUID(), ...more }: Partial<ReportedWarrantUse> & { jti?: string } = {},
    ): ReportedWarrantUse {
      const at = room.deps.clock.now();
      const proof = createDpopProof({
        ...{ key, method: "POST", url, now: at, jti, accessToken: chain.at(-1) ?? "" },
        ...{ tool: "reports/write", argsHash: sha256Base64url(canonicalize(args)) },
      });
      const told = { resource: REPORTS, method: "POST", url, at, chain: chain.join("~"), proof };
      return { ...told, tool: "reports/write", args, phase: "called", ...more };
    }
    /** Where no policy reads what was called before, a root leaves calls to whoever verifies it. */
    const quiet = async () => {
      const shipped = await shippedPolicies();
      const silent = shipped.filter(({ text }) => !/history|window/.test(text));
      await replacePolicies(room.deps, system, silent, { message: "nothing counted" });
    };
    const tell = (told: ReportedWarrantUse, caller = room.reports.caller) =>
      recordWarrantUse(room.deps, caller, told);

    /** In no order: two may have come within one millisecond. */
    const eventsOf = async (type: string, task: string) =>
      (await events(type)).filter(({ about }) => about.task === task);

    before(quiet);

    test("stands in the trail of its task, by the keys that signed it and not by the names that stand in it", async () => {
      const { pat, planner, writer, reports } = room;
      const { root, task } = await minted();
      assert.equal(readLink(root).claims.per_call, undefined);
      const told = usedBy([root, pass([root], planner, writer)], writer);
      await tell(told);
      await tell({ ...told, phase: "returned" });
      const recorded = await eventsOf("warrant.used", task.id);
      const [called, returned] = ["called", "returned"].map((phase) =>
        recorded.find(({ body }) => body.phase === phase),
      );
      assert.deepEqual(called.about, { task: task.id, agent: "writer", person: pat.id });
      const { instance, holders, as_named, revoked, key, service } = called.body;
      assert.deepEqual(
        [instance, holders, as_named, revoked, key, service],
        [
          writer.instance.id,
          [planner.instance.id, writer.instance.id],
          true,
          false,
          writer.instance.thumbprint,
          reports.service.id,
        ],
      );
      assert.ok(!JSON.stringify(called).includes('"Q1"'), "its arguments as a commitment");
      assert.equal(returned.body.proof, called.body.proof);
    });

    test("is known by all that its holder signed: no name that the holder gives to two proofs makes them one", async () => {
      const { planner } = room;
      const { root, task } = await minted();
      const one = usedBy([root], planner, { jti: "same" });
      room.deps.clock.advance(1_000);
      for (const told of [one, usedBy([root], planner, { jti: "same" }), one]) await tell(told);
      const proofs = (await eventsOf("warrant.used", task.id)).map(({ body }) => body.proof);
      assert.deepEqual([proofs.length, new Set(proofs).size], [3, 2]);
    });

    test("shows a puppet, and that it was revoked meanwhile", async () => {
      const { deps, pat, planner, writer } = room;
      const { root, task } = await minted();
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const puppet: Running = { ...writer, key: privateKey };
      const told = usedBy([root, pass([root], planner, puppet)], puppet);
      await closeTask(deps, pat.caller, { task: task.id });
      await tell(told);
      const [{ about, body }] = await eventsOf("warrant.used", task.id);
      assert.deepEqual([body.as_named, body.revoked, body.instance], [false, true, undefined]);
      assert.match(body.holders[1], /^jkt:[\w-]{43}$/);
      assert.equal(about.agent, undefined, "nobody whom we know");
    });

    test("is told late, as it was then, and neither of tomorrow nor of long ago", async () => {
      const { deps, planner, reports } = room;
      const { root } = await minted();
      const told = usedBy([root], planner);
      const after = (milliseconds: number) => {
        const clock = { ...deps.clock, now: () => told.at + milliseconds };
        return recordWarrantUse({ ...deps, clock }, reports.caller, told);
      };
      assert.equal(await codeOf(after(-31_000)), "invalid-request");
      assert.equal(await codeOf(after(86_400_001)), "invalid-request");
      assert.equal(
        await codeOf(tell({ ...told, at: told.at + 60_000 })),
        "invalid-request",
        "not its proof's",
      );
      await after(3_600_000);
    });

    test("under a key that was withdrawn since stands in the record of its refusal", async () => {
      const { deps, planner } = room;
      const { root } = await minted();
      const told = usedBy([root], planner);
      const keys = new Proxy(deps.keys, {
        get: (ring, name) => (name === "verifier" ? () => undefined : Reflect.get(ring, name, ring)),
      });
      const refusal = await fault(recordWarrantUse({ ...deps, keys }, room.reports.caller, told));
      assert.equal(refusal.code, "invalid-request");
      const { about, body } = (await events("request.refused")).find(({ id }) => id === refusal.recordedAs);
      const { claims, kid } = readLink(root);
      const { args: concealed, tool, resource, phase, root: named, kid: by } = body.details;
      assert.deepEqual(
        [tool, resource, phase, named, by],
        ["reports/write", REPORTS, "called", claims.jti, kid],
      );
      assert.deepEqual(await reveal(deps, concealed), args);
      assert.equal(about.task, undefined, "whose it says it is nobody knows");
    });

    test("is recorded only as its holder signed it, at a resource of the service's own", async () => {
      const { planner, writer, reports } = room;
      const { root } = await minted();
      const told = usedBy([root], planner);
      const lies: Partial<ReportedWarrantUse>[] = [
        { args: { quarter: "Q2" } },
        { tool: "reports/read" },
        { url: `${REPORTS}/publish` },
        { method: "GET" },
        { chain: "a.b.c" },
        { chain: "" },
        { proof: "a.b.c" },
        { proof: usedBy([root], writer).proof },
        { chain: [root, pass([root], planner, writer)].join("~") },
      ];
      for (const lie of lies) {
        const refusal = await fault(tell({ ...told, ...lie }));
        assert.equal(refusal.code, "invalid-request", JSON.stringify(lie));
        assert.ok(refusal.recordedAs?.startsWith("event_"));
      }
      assert.equal(await codeOf(tell({ ...told, resource: LEDGER })), "forbidden");
      assert.equal(await codeOf(tell(told, planner.caller)), "forbidden");
      const counted = [call("reports/write", { ...quarters("Q1"), max_uses: 2 })];
      const demanding = pass([root], planner, writer, { grants: counted });
      assert.equal(await codeOf(tell(usedBy([root, demanding], writer))), "invalid-request");
      await tell(told, reports.caller);
    });

    test("and what it turned away stands in the trail of the warrant's task", async () => {
      const { deps, reports } = room;
      const { root, task } = await minted();
      const { jti } = readLink(root).claims;
      const refusal = {
        resource: REPORTS,
        tool: "reports/write",
        error: "invalid_token",
        why: "It is dead.",
      };
      await reportRefusal(deps, reports.caller, { ...refusal, jti });
      const [{ about, body }] = await eventsOf("call.refused", task.id);
      assert.deepEqual(about, { task: task.id }, "and is not held against whoever holds its root");
      assert.deepEqual([body.jti, body.why], [jti, "It is dead."]);
      const elsewhere = await registerService(deps, system, {
        name: "elsewhere",
        owner: reports.service.owner,
        resources: ["https://elsewhere.example"],
      });
      const stranger = { ...reports.caller, principal: elsewhere.id };
      await reportRefusal(deps, stranger, { ...refusal, resource: "https://elsewhere.example", jti });
      const foreign = (await eventsOf("call.refused", task.id)).filter(
        ({ body: { why } }) => why !== body.why,
      );
      assert.deepEqual(
        foreign.map(({ body: { why } }) => why),
        ["The warrant is for another resource."],
      );
    });
  });
});
