import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Grant } from "@countersign/proof/grant";
import { findEvents } from "../audit/index.ts";
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
} from "../delegation/fixture.ts";
import { chainOf } from "../delegation/index.ts";
import { seconds } from "../lib/index.ts";
import { issuer } from "../login/fixture.ts";
import { updateAgent, updatePerson } from "../registry/index.ts";
import { ask, claimsIn, exchange, exchangeForm, openMarket } from "./fixture.ts";
import { type Circumstances, questionOf } from "./question.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const own = { grant_type: "client_credentials" };
const write = [call("reports/write", quarters("Q1", "Q2"))];
const publish = [call("reports/publish", quarter("Q1"))];

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
  });
  after(() => room.close());

  describe("an exchange", () => {
    test("makes a token for the person, with the chain as actors and what the delegation grants", async () => {
      const { deps, pat, planner, writer } = room;
      const { task, edge } = await begunTask(deps, room);
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      const answered = await exchange(deps, writer, second.id);
      assert.equal(answered.issued_token_type, "urn:ietf:params:oauth:token-type:access_token");
      assert.deepEqual(answered.authorization_details, write);
      const claims = claimsIn(answered);
      assert.deepEqual([claims.sub, claims.aud, claims.task], [pat.id, REPORTS, task.id]);
      assert.deepEqual(claims.act, { iss: issuer, sub: "writer", act: { iss: issuer, sub: "planner" } });
      assert.deepEqual(claims.chain, [
        { edge: edge.id, agent: "planner" },
        { edge: second.id, agent: "writer" },
      ]);
      for (const key of [
        `jti:${claims.jti}`,
        `jkt:${writer.instance.thumbprint}`,
        `instance:${writer.instance.id}`,
        `task:${task.id}`,
        `edge:${edge.id}`,
        `edge:${second.id}`,
        "agent:planner",
        "agent:writer",
      ]) {
        assert.ok(claims.rev.includes(key), key);
      }
      assert.ok(claims.rev.some((key) => /^agent:planner#\d+$/.test(key)));
      assert.ok(claims.rev.some((key) => /^person:person_[a-z0-9]+#\d+$/.test(key)));
    });

    test("stands in the log with all that an auditor needs, and without an argument in clear", async () => {
      const { deps, planner } = room;
      const { task, edge } = await begunTask(deps, room);
      const secret = [call("reports/read", { args: { quarter: { op: "eq", value: "very secret value" } } })];
      const { jti } = claimsIn(await exchange(deps, planner, edge.id, secret));
      const rows = await findEvents(deps.database, { task: task.id, type: "token.issued", limit: 10 });
      const [event] = rows.map(({ body }) => JSON.parse(body));
      assert.equal(event.body.jti, jti);
      assert.equal(event.body.authority, "instructed");
      assert.deepEqual(event.body.chain, ["planner"]);
      assert.equal(event.body.granted[0].policies[0], "delegated-call");
      assert.ok(!JSON.stringify(event).includes("very secret"));
    });

    test("may ask for less, in grants and in time", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room);
      const form = await exchangeForm(deps, planner, edge.id, [call("reports/write", quarter("Q2"))]);
      const answered = await ask(deps, planner, { ...form, expires_in: "10" });
      assert.equal(answered.expires_in, 10);
      assert.deepEqual(answered.authorization_details, [call("reports/write", quarter("Q2"))]);
    });

    test("never outlasts its chain", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room, { expiresIn: seconds(42) });
      assert.equal((await exchange(deps, planner, edge.id, write)).expires_in, 42);
    });

    test("that asks for more than any link covers is denied, and names every policy that said no", async () => {
      const { deps, planner, writer } = room;
      const { edge } = await begunTask(deps, room);
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      const beyond = [call("reports/write", quarters("Q3"))];
      assert.equal(await codeOf(exchange(deps, writer, second.id, beyond)), "access-denied");
      const refusal = await fault(exchange(deps, writer, second.id, publish));
      assert.equal(refusal.code, "access-denied");
      const ids = (refusal.members.policies as { id: string }[]).map(({ id }) => id);
      assert.deepEqual(ids, ["authority-not-covered", "external-publication-needs-manager"]);
      assert.ok(refusal.members.decision);
    });

    test("that asks for more than it holds gets what of it the delegation gives, with every condition of that, and is told", async () => {
      const { deps, planner } = room;
      const held = [call("reports/write", { ...quarters("Q1", "Q2"), max_uses: 3 })];
      const { edge } = await begunTask(deps, room, { grants: held });
      const asking = async (...grants: Grant[]) => {
        const answered = await exchange(deps, planner, edge.id, grants);
        assert.deepEqual(claimsIn(answered).authorization_details, answered.authorization_details);
        return answered.authorization_details;
      };
      const counted = (quarter: object, max_uses: number) => call("reports/write", { ...quarter, max_uses });
      assert.deepEqual(await asking(call("reports/write", { open_args: true })), held);
      assert.deepEqual(
        await asking(call("reports/write", { ...quarters("Q2", "Q3"), max_uses: 5 })),
        [counted(quarters("Q2"), 3)],
        "neither a value nor a use more",
      );
      assert.deepEqual(
        await asking(call("reports/write", quarter("Q1")), call("reports/read", { open_args: true })),
        [counted(quarter("Q1"), 3)],
        "nor another tool",
      );
      const pinned = [call("reports/publish", { ...quarter("Q1"), approval: "required" })];
      const waits = await begunTask(deps, room, { grants: pinned });
      const unmarked = exchange(deps, planner, waits.edge.id, publish);
      assert.equal(await codeOf(unmarked), "authorization-pending", "nor without the yes that it demands");
      const none = [call("reports/write", quarter("Q3")), call("reports/read", { open_args: true })];
      const refusal = await fault(exchange(deps, planner, edge.id, none));
      assert.equal(refusal.code, "access-denied");
    });

    test("is judged by what everybody concerned may have today", async () => {
      const { deps, ada, pat, planner, writer } = room;
      const { edge } = await begunTask(deps, room);
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      await updatePerson(deps, ada.caller, { id: pat.id, update: { groups: [] } });
      assert.equal(await codeOf(exchange(deps, writer, second.id)), "access-denied");
      await updatePerson(deps, ada.caller, { id: pat.id, update: { groups: ["reporting"] } });
      await updateAgent(deps, ada.caller, {
        name: "planner",
        update: {
          grants: [call("reports/read")],
          delegation: { delegate_to: ["writer", "publisher"], max_depth: 4, needs_person: [], shared: true },
        },
      });
      assert.equal(
        await codeOf(exchange(deps, writer, second.id)),
        "access-denied",
        "the ceiling of the one before",
      );
      await updateAgent(deps, ada.caller, {
        name: "planner",
        update: {
          grants: ALL,
          delegation: { delegate_to: ["writer", "publisher"], max_depth: 4, needs_person: [], shared: true },
        },
      });
      await exchange(deps, writer, second.id);
    });

    test("is judged by what each agent may pass on today", async () => {
      const { deps, ada, planner, writer } = room;
      const { edge } = await begunTask(deps, room);
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      const base = { delegate_to: ["writer", "publisher"], max_depth: 4, needs_person: [], grants: ALL };
      const rules = { ...base, shared: true as const };
      const become = (name: string, delegation: object) =>
        updateAgent(deps, ada.caller, { name, update: { delegation: { ...rules, ...delegation } } });
      const withdrawn: [object, RegExp][] = [
        [{ delegate_to: [] }, /^planner may not delegate to writer$/],
        [{ delegate_to: ["publisher"] }, /^planner may not delegate to writer$/],
        [{ grants: [call("reports/read", { open_args: true })] }, /write/],
        [{ max_depth: 1 }, /^this chain may have at most 1 links$/],
      ];
      for (const [delegation, missing] of withdrawn) {
        await become("planner", delegation);
        const refusal = await fault(exchange(deps, writer, second.id));
        assert.equal(refusal.code, "access-denied");
        const ids = (refusal.members.policies as { id: string }[]).map(({ id }) => id);
        assert.deepEqual(ids, ["authority-not-covered"]);
        const { authority } = await questionOf(
          deps,
          await circumstances(writer, second.id),
          write[0] as Grant,
        );
        assert.equal(authority.missing.length, 1);
        assert.match(authority.missing[0] ?? "", missing);
        await exchange(deps, planner, edge.id, write);
      }
      await become("planner", {});
      await become("writer", { delegate_to: ["publisher", "planner"], max_depth: 1 });
      assert.equal(await codeOf(exchange(deps, writer, second.id)), "access-denied", "the one that acts");
      await become("writer", { delegate_to: ["publisher", "planner"] });
      await exchange(deps, writer, second.id);
    });

    /** What a question about a call at the reports is made from. */
    async function circumstances(client: Running, edge: string): Promise<Circumstances> {
      const { deps } = room;
      const chain = await chainOf(deps, edge);
      const agent = chain.agents.at(-1);
      assert.ok(agent);
      const { caller, instance } = client;
      return { caller, instance, agent, chain, resource: { location: REPORTS, name: "reports" } };
    }

    test("is for one known resource, and for grants at that resource alone", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room);
      const form = await exchangeForm(deps, planner, edge.id, write);
      const asked = (more: Record<string, string>) => codeOf(askAnew(planner, form, more));
      assert.equal(await asked({ resource: "https://unknown.example" }), "invalid-target");
      assert.equal(await asked({ resource: `${REPORTS}/` }), "invalid-target", "compared byte by byte");
      assert.equal(await asked({ resource: "reports" }), "invalid-target");
      assert.equal(await asked({ resource: `${REPORTS}#x` }), "invalid-target");
      assert.equal(await asked({ resource: issuer }), "invalid-target");
      assert.equal(await asked({ resource: LEDGER }), "invalid-authorization-details");
      const both = JSON.stringify([{ ...write[0], locations: [REPORTS, LEDGER] }]);
      assert.equal(await asked({ authorization_details: both }), "invalid-authorization-details");
      assert.equal(await asked({ audience: "reports" }), "invalid-target");
      assert.equal(await asked({ scope: "everything" }), "invalid-scope");
    });

    const askAnew = (client: Running, form: Record<string, string>, more: Record<string, string>) =>
      ask(room.deps, client, { ...form, ...more });

    const details: [string, string][] = [
      ["an unknown member", JSON.stringify([{ ...write[0], anything: true }])],
      [
        "an unknown constraint",
        JSON.stringify([call("reports/write", { args: { quarter: { op: "matches" } as never } })]),
      ],
      ["an unknown type", JSON.stringify([{ ...write[0], type: "shell" }])],
      ["a type that is not decided here", JSON.stringify([{ ...write[0], type: "http" }])],
      ["another action", JSON.stringify([{ ...write[0], actions: ["tools/list"] }])],
      ["nothing in it", "[]"],
      ["no list", JSON.stringify(write[0])],
      ["a doubled member", '[{"type":"agent_tool","type":"agent_tool"}]'],
      ["an unsafe integer", JSON.stringify(write).replace('"Q1"', "9007199254740993")],
      ["broken JSON", "[{"],
      ["more grants than anyone would look at", JSON.stringify(Array.from({ length: 21 }, () => write[0]))],
    ];
    for (const [what, authorization_details] of details) {
      test(`refuses authorization_details with ${what}`, async () => {
        const { deps, planner } = room;
        const { edge } = await begunTask(deps, room);
        const form = await exchangeForm(deps, planner, edge.id);
        assert.equal(
          await codeOf(ask(deps, planner, { ...form, authorization_details })),
          "invalid-authorization-details",
        );
      });
    }

    test("refuses lifetimes that make no sense", async () => {
      const { deps, planner } = room;
      for (const expires_in of ["0", "-1", "901", "1e2", "10.5", " 10", "ten"]) {
        assert.equal(await codeOf(ask(deps, planner, { ...own, expires_in })), "invalid-request");
      }
    });
  });
});
