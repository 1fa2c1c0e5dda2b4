import assert from "node:assert/strict";
import { describe } from "node:test";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { openDatabase } from "../database/index.ts";
import { hours } from "../lib/index.ts";
import {
  ActivePolicies,
  getDecision,
  getShadow,
  type PolicyFile,
  postCanary,
  postObserving,
  postReplay,
  postShadow,
  postSimulation,
} from "../policy/index.ts";
import {
  answer,
  ask,
  asked,
  callFor,
  fault,
  issue,
  migrations,
  type Opened,
  payment,
  promisesOn,
  put,
} from "./fixture.ts";

const NO_TITLES: PolicyFile = {
  name: "titles",
  text: '@id("no-titles") @reason("No titles.") forbid (principal, action == Action::"finance/pay", resource);',
};

const request = { method: "POST", url: "", path: "", headers: {}, source: "192.0.2.1" };
const input = <Body>(body: Body) => ({ params: undefined, query: undefined, body, request });

/** The files that decide now, with one more. */
async function with_({ deps }: Opened, more: PolicyFile): Promise<PolicyFile[]> {
  const rows = await deps.database
    .tables<{ policy_set: { files: string; at: number }; policy_head: { name: string; version: string } }>()
    .selectFrom("policy_set")
    .innerJoin("policy_head", "policy_head.version", "policy_set.version" as never)
    .select("files")
    .where("policy_head.name", "=", "active")
    .executeTakeFirstOrThrow();
  return [...(JSON.parse(rows.files) as PolicyFile[]), more];
}

const eventsOf = async ({ deps }: Opened, type: string) =>
  (await findEvents(deps.database, { type, limit: 200 })).map(({ body }) => JSON.parse(body));

forEachEngine((engine) => {
  const promise = promisesOn(engine);

  describe("a shadow", () => {
    promise("decides beside the active set and changes nothing", async (company) => {
      const { deps, ada, pat } = company;
      const call = await callFor(deps, pat, payment(10));
      const policies = await with_(company, NO_TITLES);
      await postShadow.handle(deps, ada.caller, input({ policies }));
      const allow = await ask(deps, call);
      assert.deepEqual([allow.verdict, allow.observed], ["allow", undefined]);
      for (let n = 0; n < 6; n++) await ask(deps, await callFor(deps, pat, payment(n)));
      const { body } = await getShadow.handle(deps, ada.caller, input(undefined));
      const { totals, differences } = body as {
        totals: object;
        differences: { count: number; decision: string }[];
      };
      assert.deepEqual(totals, { unchanged: 0, newly_refused: 7, newly_allowed: 0, newly_asked: 0 });
      assert.deepEqual(
        [differences.length, differences[0]?.count, differences[0]?.decision],
        [1, 7, allow.decision],
      );
      const told = await eventsOf(company, "policy.shadow-differed");
      assert.equal(told.length, 1, "however often it comes up");
      assert.deepEqual(
        [told[0].body.active_policies, told[0].body.shadow_policies],
        [["delegated-call"], ["no-titles"]],
      );
    });
  });

  describe("a canary", () => {
    promise("binds its tasks: what it refuses is refused, and its decisions say so", async (company) => {
      const { deps, ada, pat } = company;
      const policies = await with_(company, NO_TITLES);
      await postCanary.handle(deps, ada.caller, input({ policies, share: 50 }));
      const outcomes = new Map<string, string>();
      for (let n = 0; n < 16; n++) {
        const task = { id: `task_${n}`, purpose: "p", startedBy: pat.id, agent: "publisher" };
        const attempt = ask(deps, await callFor(deps, pat, { ...payment(10), task }));
        outcomes.set(task.id, await attempt.then(() => "allow", ({ code }: { code: string }) => code)); // biome-ignore format: one thought
      }
      const said = [...outcomes.values()];
      assert.ok(said.includes("denied") && said.includes("allow") && said.length === 16);
    });
  });

  describe("observing", () => {
    const observe = ({ deps, ada }: Opened) =>
      postObserving.handle(deps, ada.caller, input({ until: deps.clock.now() + hours(24) }));

    promise("lets pass what policy refuses, and says so in the answer", async (company) => {
      const { deps, pat } = company;
      await put(deps, NO_TITLES);
      await observe(company);
      const allow = await ask(deps, await callFor(deps, pat, payment(10)));
      assert.deepEqual(allow.observed, { verdict: "deny", reasons: ["no-titles"] });
      assert.deepEqual([allow.verdict, allow.policies, allow.obligations], ["allow", [], []]);
      const waits = await ask(deps, await callFor(deps, pat));
      assert.equal(waits.observed?.verdict, "require-approval");
      assert.equal(waits.approval, undefined);
      assert.deepEqual(await eventsOf(company, "approval.requested"), [], "nobody is asked");
    });

    promise("never gives what the chain does not cover", async (company) => {
      const { deps, pat } = company;
      await observe(company);
      const authority = { covered: false, missing: ["finance/pay"] };
      const refusal = await fault(ask(deps, await callFor(deps, pat, { ...payment(10), authority })));
      assert.equal(refusal.code, "denied");
    });

    promise("ends with its time", async (company) => {
      const { deps, pat } = company;
      await put(deps, NO_TITLES);
      await observe(company);
      deps.clock.advance(hours(24));
      assert.equal((await fault(ask(deps, await callFor(deps, pat, payment(10))))).code, "denied");
    });
  });

  describe("a recorded decision", () => {
    promise("is durable before its answer, and explains itself to those who may ask", async (company) => {
      const { deps, ada, pat, mia, olga, location } = company;
      const { decision } = await ask(deps, await callFor(deps, pat, payment(10)));
      if (engine.name === "postgres") {
        const database = await openDatabase(deps, location, migrations);
        const other = { ...deps, database, policies: new ActivePolicies() };
        await getDecision.handle(other, ada.caller, { ...input(undefined), params: { id: decision } });
        await database.close();
      }
      const why = (who: { caller: typeof ada.caller }) =>
        getDecision.handle(deps, who.caller, { ...input(undefined), params: { id: decision } });
      for (const who of [ada, pat, olga]) {
        const { body } = await why(who);
        const { verdict, policies, person } = body as {
          verdict: string;
          policies: { id: string; text: string }[];
          person: string;
        };
        assert.deepEqual(
          [verdict, person, policies.map(({ id }) => id)],
          ["allow", pat.id, ["delegated-call"]],
        );
        assert.match(policies[0]?.text ?? "", /^@id/);
      }
      assert.equal((await fault(why(mia))).code, "not-found");
    });

    promise("a refusal names its decision, which can be asked about as well", async (company) => {
      const { deps, ada, pat } = company;
      await put(deps, NO_TITLES);
      const refusal = await fault(ask(deps, await callFor(deps, pat, payment(10))));
      await deps.policies.flush(deps);
      const params = { id: String(refusal.members.decision) };
      const { body } = await getDecision.handle(deps, ada.caller, { ...input(undefined), params });
      assert.equal((body as { verdict: string }).verdict, "deny");
    });

    promise("is replayed with the receipts that it saw", async (company) => {
      const { deps, ada, pat, mia } = company;
      const call = await callFor(deps, pat);
      await answer(deps, mia, await asked(ask(deps, call)));
      await ask(deps, call);
      await deps.policies.flush(deps);
      const body = { which: "active" as const, limit: 100, since: 0 };
      const { body: same } = await postReplay.handle(deps, ada.caller, input(body));
      const { totals, considered } = same as { totals: Record<string, number>; considered: number };
      assert.equal(totals.unchanged, considered, "the set that decided decides the same again");
    });
  });

  describe("a token's own approval", () => {
    promise("counts for the token that has reserved it, and for no other", async (company) => {
      const { deps, pat, mia } = company;
      const call = await callFor(deps, pat);
      const approval = await asked(ask(deps, call));
      await answer(deps, mia, approval);
      await issue(deps, call, "jti_1");
      assert.equal((await fault(ask(deps, call))).code, "conflict");
      assert.equal((await fault(ask(deps, call, { reservedBy: "jti_2" }))).code, "conflict");
      assert.equal((await ask(deps, call, { reservedBy: "jti_1" })).approval, approval);
    });

    promise("no longer suffices once policy asks for more than people saw", async (company) => {
      const { deps, pat, mia } = company;
      const call = await callFor(deps, pat);
      await answer(deps, mia, await asked(ask(deps, call)));
      await issue(deps, call, "jti_1");
      await put(deps, {
        name: "titles",
        text: '@id("titles") @lift("mfa") @reason("Titles.") forbid (principal, action == Action::"reports/publish", resource);',
      });
      assert.equal((await fault(ask(deps, call, { reservedBy: "jti_1" }))).code, "denied");
    });
  });

  describe("a simulation", () => {
    promise("says what the set would, records nothing and asks nobody", async (company) => {
      const { deps, ada } = company;
      const given = { action: "call" as const, tool: "reports/publish" };
      const simulate = async (approved: Record<string, number>) => {
        const body = postSimulation.body?.parse({ given, approved });
        const { body: told } = await postSimulation.handle(deps, ada.caller, input(body as never));
        return told as { verdict: string; remedies: { requirement: string }[] };
      };
      const told = await simulate({});
      assert.deepEqual([told.verdict, told.remedies[0]?.requirement], ["require-approval", "manager"]);
      assert.equal((await simulate({ manager: 1 })).verdict, "allow");
      await deps.policies.flush(deps);
      const rows = await deps.database
        .tables<{ decision: { id: string } }>()
        .selectFrom("decision")
        .selectAll()
        .execute();
      assert.deepEqual([rows, await eventsOf(company, "approval.requested")], [[], []]);
    });
  });
});
