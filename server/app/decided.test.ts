import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Base64url } from "@countersign/proof/digest";
import { answer, asked, fault, promisesOn, put } from "../approvals/fixture.ts";
import { attestationMigrations, bindAgent, platformDefinition, putPlatform } from "../attestation/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import type { Input } from "../http/index.ts";
import { type Caller, Fault, system } from "../lib/index.ts";
import { recoverPolicies, replacePolicies } from "../policy/index.ts";
import { ADMINISTERED, decided, REGISTERED } from "./decided.ts";
import { endpoints } from "./endpoints.ts";
import type { ServerDeps } from "./server-deps.ts";

/** What changes things and is no administration: work within tasks, proofs, sign-in, and questions. */
const NOT_ADMINISTRATION = [
  "gate.ask",
  "admission.review",
  "image.bring",
  "token.issue",
  "token.revoke",
  "authorization.post",
  "authorization.begin",
  "authorization.choose",
  "authorization.grant",
  "authorization.refuse",
  "token.use",
  "token.introspect",
  "transaction.receive",
  "call.refuse",
  "warrant.use",
  "instance.enrol",
  "platform.attest",
  "task.open",
  "task.start",
  "task.close",
  "consent.give",
  "consent.refuse",
  // Decided with what the rooms know of them: app/delegate.ts and approvals/answer.ts.
  "delegation.extend",
  "agent.register-child",
  "plan.report",
  "delegation.end",
  "approval.answer",
  "policy.check",
  "policy.diff",
  "policy.replay",
  "policy.simulate",
  "manifest.plan",
  "authzen.evaluate",
  "authzen.evaluate-all",
  "authzen.search-subject",
  "authzen.search-resource",
  "authzen.search-action",
  "host.challenge",
  "instance.vouch",
  "host.join",
  "host.renew",
  "host.processes-ended",
  "workload.attest",
  "workload.jwt-svid",
  "first-administrator.begin",
  "first-administrator.finish",
  "passkey.enrol.begin",
  "passkey.enrol.finish",
  "sign-in.begin",
  "sign-in.finish",
  "session.end",
  "terminal.code",
  "terminal.exchange",
];

test("every endpoint that changes the installation is decided by policy, and no other", () => {
  const changing = endpoints.filter(({ method }) => method !== "GET").map(({ audit }) => audit);
  const known = [...ADMINISTERED, ...REGISTERED, ...NOT_ADMINISTRATION];
  assert.deepEqual([...new Set(changing)].sort(), known.sort());
});

const SUSPENDING = `@id("suspend-by-two") @lift("manager") @reason("Suspending needs the manager.")
forbid (principal is Person, action == Action::"administer", resource)
when { context.args has verb && context.args.verb == "agent.suspend" };`;
const NEVER = `@id("no-publishers") @reason("Nobody registers agents of this class.")
forbid (principal, action == Action::"register", resource)
when { context.args has class && context.args.class == "analysis" };`;

interface Served {
  readonly verb: string;
  readonly path: string;
  readonly params?: object;
  readonly body?: object | string;
}

/** Calls a row's route as the server does; what it would do is counted. */
/** An installation's secrets, the same for one use. */
const keys = { derive: (use: string): Buffer => Buffer.from(`a key for ${use}`) };

async function call(deps: unknown, caller: Caller, { verb, path, params, body }: Served): Promise<number> {
  let done = 0;
  const route = {
    summary: "",
    answers: {},
    handle: async () => {
      done += 1;
      return { status: 204 };
    },
  };
  const row = {
    method: "POST",
    path: "/agents/:name/suspend",
    who: ["person"],
    rate: "write",
    audit: verb,
  } as const;
  const input = { params, query: undefined, body, request: { path } } as Input;
  await decided(row, route).handle({ keys, ...(deps as object) } as unknown as ServerDeps, caller, input);
  return done;
}

forEachEngine((engine) => {
  const promise = promisesOn(engine, attestationMigrations);
  const suspend = (name: string): Served => ({
    verb: "agent.suspend",
    path: `/agents/${name}/suspend`,
    params: { name },
  });

  promise("an order to end what has a decision of its own needs that one as well", async (company) => {
    const { deps, ada } = company;
    const order = (verb: string, kind: string): Served => ({
      verb,
      path: "/revocations",
      body: { kind, id: "helper" },
    });
    const never = `@id("no-suspending") @reason("Nobody suspends.")
forbid (principal is Person, action == Action::"administer", resource)
when { context.args has verb && ["agent.suspend", "person.resume"].contains(context.args.verb) };`;
    await put(deps, { name: "no-suspending", text: never });
    assert.equal((await fault(call(deps, ada.caller, order("revocation.order", "agent")))).code, "denied");
    assert.equal((await fault(call(deps, ada.caller, order("revocation.lift", "person")))).code, "denied");
    assert.equal(await call(deps, ada.caller, order("revocation.order", "class")), 1);
    assert.equal(await call(deps, ada.caller, order("revocation.lift", "agent")), 1);
  });

  promise("what policies permit goes on to the verb; what they forbid never reaches it", async (company) => {
    const { deps, ada } = company;
    const register = (given: string): Served => ({
      verb: "agent.register",
      path: "/agents",
      body: { name: "new-agent", class: given },
    });
    assert.equal(await call(deps, ada.caller, register("analysis")), 1);
    await put(deps, { name: "never", text: NEVER });
    const refusal = await fault(call(deps, ada.caller, register("analysis")));
    assert.equal(refusal.code, "denied");
    assert.deepEqual(refusal.members.reasons, [
      { policy: "no-publishers", reason: "Nobody registers agents of this class." },
    ]);
    assert.equal(await call(deps, ada.caller, register("reporting")), 1);
  });

  promise(
    "an administration that needs a yes waits for it, and the yes is for just that and once",
    async (company) => {
      const { deps, pat, mia } = company;
      await put(deps, { name: "suspending", text: SUSPENDING });
      const approval = await asked(call(deps, pat.caller, suspend("publisher")));
      await answer(deps, mia, approval);
      assert.equal((await fault(call(deps, pat.caller, suspend("other")))).code, "approval-required");
      assert.equal(await call(deps, pat.caller, suspend("publisher")), 1);
      assert.equal((await fault(call(deps, pat.caller, suspend("publisher")))).code, "approval-required");
    },
  );

  promise("whoever is no person of ours administers nothing", async (company) => {
    const { deps, ada } = company;
    const strangers: Caller[] = [
      { ...ada.caller, kind: "agent", principal: "publisher" },
      { ...ada.caller, principal: "person_nobody" },
    ];
    for (const caller of strangers)
      assert.equal((await fault(call(deps, caller, suspend("publisher")))).code, "forbidden");
  });

  promise(
    "what a manifest declares is decided thing by thing, as if each were asked for alone",
    async (company) => {
      const { deps, ada } = company;
      const declared = (given: string): Served => ({
        verb: "manifest.apply",
        path: "/manifest/apply",
        body: `kind: Agent
name: counter
spec:
  class: ${given}
  purpose: Counts.
  environment: production
  owner: olga@acme.example
  grants: []
`,
      });
      await put(deps, { name: "never", text: NEVER });
      await assert.doesNotReject(call(deps, ada.caller, declared("reporting")));
      assert.equal((await fault(call(deps, ada.caller, declared("analysis")))).code, "denied");
    },
  );

  promise(
    "a manifest takes no rule of a platform away, and makes none, around their own decisions",
    async (company) => {
      const { deps, ada } = company;
      const issuer = "https://token.actions.githubusercontent.com";
      const definition = platformDefinition.parse({ preset: "github", issuer });
      await putPlatform(deps, ada.caller, { name: "builds", definition });
      const claims = { repository_id: "74", repository_owner_id: "65" };
      const declared = (rules: string): Served => ({
        verb: "manifest.apply",
        path: "/manifest/apply",
        body: `kind: Agent
name: publisher
spec:
  class: reporting
  purpose: publishes reports
  environment: production
  owner: olga@acme.example
  grants: []
  platforms: {${rules}}
`,
      });
      const rule = 'builds: { claims: { repository_id: "74", repository_owner_id: "65" } }';
      const forbid = (verb: string) =>
        put(deps, {
          name: "rules",
          text: `@id("rules") @reason("Rules stay.") forbid (principal, action == Action::"administer", resource)
when { context.args has verb && context.args.verb == "${verb}" };`,
        });
      await forbid("platform.bind");
      assert.equal((await fault(call(deps, ada.caller, declared(rule)))).code, "denied");
      await bindAgent(deps, ada.caller, { agent: "publisher", platform: "builds", said: { claims } });
      assert.equal(await call(deps, ada.caller, declared(rule)), 1, "nothing changes");
      assert.equal(await call(deps, ada.caller, declared("")), 1, "taking it away is something else");
      await forbid("platform.unbind");
      assert.equal((await fault(call(deps, ada.caller, declared("")))).code, "denied");
    },
  );

  promise(
    "who approves what a cluster is asked with sees that it is the same, and not the secret",
    async (company) => {
      const { deps, pat, mia } = company;
      await put(deps, {
        name: "platforms",
        text: SUSPENDING.replace("suspend-by-two", "platforms").replace("agent.suspend", "platform.put"),
      });
      const putting = (token: string): Served => ({
        verb: "platform.put",
        path: "/attestation/platforms/main",
        body: { preset: "kubernetes", review: { url: "https://cluster.example", token } },
      });
      const approval = await asked(call(deps, pat.caller, putting("a-secret-of-the-cluster")));
      await answer(deps, mia, approval);
      assert.equal((await fault(call(deps, pat.caller, putting("another")))).code, "approval-required");
      assert.equal(await call(deps, pat.caller, putting("a-secret-of-the-cluster")), 1);
      for (const table of ["approval", "decision", "event"] as const) {
        const tables = deps.database.tables<Record<typeof table, object>>();
        const rows = await tables.selectFrom(table).selectAll().execute();
        const kept = rows.flatMap((row) => Object.values(row).map(String)).join();
        assert.match(kept, /cluster\.example|platform\.put|administer/, table);
        assert.doesNotMatch(kept, /a-secret-of/, table);
        assert.ok(!kept.includes(sha256Base64url("a-secret-of-the-cluster")), `${table}: open to guesses`);
      }
    },
  );

  promise(
    "policies that let nobody administer any more are brought back by whoever runs the process",
    async (company) => {
      const { deps, ada } = company;
      const lockout =
        '@id("closed") @reason("Closed.") forbid (principal, action == Action::"administer", resource);';
      const activate: Served = {
        verb: "policy.activate",
        path: "/policies/activate",
        body: { policies: [] },
      };
      for (const to of ["previous", "shipped"]) {
        await replacePolicies(deps, system, [{ name: "lockout", text: lockout }]);
        assert.equal((await fault(call(deps, ada.caller, activate))).code, "denied");
        await recoverPolicies(deps, to);
        assert.equal(await call(deps, ada.caller, activate), 1);
      }
      assert.equal((await fault(recoverPolicies(deps, "pv_0000000000000000"))).code, "not-found");
    },
  );

  promise("a body that no JSON carries exactly is refused, not failed at", async (company) => {
    const { deps, ada } = company;
    const refusal = await fault(
      call(deps, ada.caller, {
        verb: "agent.update",
        path: "/agents/publisher",
        body: { purpose: "\ud800" },
      }),
    );
    assert.equal(refusal.code, "invalid");
    assert.ok(refusal instanceof Fault);
  });
});
