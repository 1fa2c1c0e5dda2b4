import assert from "node:assert/strict";
import { describe } from "node:test";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { minutes } from "../lib/index.ts";
import { suspendPerson } from "../registry/index.ts";
import { expireApprovals } from "./expire.ts";
import { answer, ask, asked, callFor, fault, type Opened, payment, promisesOn, put } from "./fixture.ts";
import { requestById } from "./store.ts";
import type { ApprovalsTables } from "./tables.ts";

forEachEngine((engine) => {
  const promise = promisesOn(engine);

  describe("authorize", () => {
    promise("allows what policy permits, without asking anybody", async ({ deps, pat }) => {
      const allow = await ask(deps, await callFor(deps, pat, payment(10)));
      assert.deepEqual(
        [allow.verdict, allow.policies, allow.approval],
        ["allow", ["delegated-call"], undefined],
      );
    });

    promise(
      "refuses what the chain does not cover, names the policy besides, and records the decision once",
      async ({ deps, pat }) => {
        const call = await callFor(deps, pat, {
          authority: { covered: false, missing: ["reports/publish"] },
        });
        const refusal = await fault(ask(deps, call));
        assert.equal(refusal.code, "denied");
        const reasons = refusal.members.reasons as { policy: string }[];
        assert.deepEqual(
          reasons.map(({ policy }) => policy),
          ["authority-not-covered", "external-publication-needs-manager"],
        );
        const events = await findEvents(deps.database, { type: "request.refused", limit: 10 });
        assert.equal(events.length, 1);
        const { about, body } = JSON.parse(events[0]?.body ?? "");
        assert.deepEqual(about, { task: "task_1", agent: "publisher", person: pat.id });
        assert.equal(body.details.decision, refusal.members.decision);
        assert.equal((await approvalCount(deps)).length, 0);
      },
    );

    promise("asks the manager, and allows once she has signed", async ({ deps, pat, mia }) => {
      const call = await callFor(deps, pat);
      const approval = await asked(ask(deps, call));
      assert.equal(await asked(ask(deps, call)), approval, "polling asks nobody again");
      assert.equal((await answer(deps, mia, approval)).state, "approved");
      const allow = await ask(deps, call);
      assert.equal(allow.approval, approval);
      assert.deepEqual(allow.policies, ["delegated-call", "external-publication-needs-manager"]);
      assert.equal(allow.receipts.length, 1);
    });

    promise("many askers at once lead to one request", async ({ deps, pat }) => {
      const call = await callFor(deps, pat);
      const ids = await Promise.all(Array.from({ length: 12 }, () => asked(ask(deps, call))));
      assert.equal(new Set(ids).size, 1);
      assert.equal((await approvalCount(deps)).length, 1);
      assert.equal((await findEvents(deps.database, { type: "approval.requested", limit: 10 })).length, 1);
    });

    promise("nobody is flooded by one holder, nor asked on and on after a no", async ({ deps, pat, mia }) => {
      const titled = (title: string, more = {}) => callFor(deps, pat, { args: { title }, ...more });
      const first = await asked(ask(deps, await titled("0")));
      await answer(deps, mia, first, "deny");
      for (let n = 1; n < 10; n++) await asked(ask(deps, await titled(String(n))));
      const refusal = await fault(ask(deps, await titled("one more")));
      assert.equal(refusal.code, "rate-limited");
      const events = await findEvents(deps.database, { type: "request.refused", limit: 50 });
      assert.equal(events.filter(({ body }) => body.includes("rate-limited")).length, 1);
      await asked(ask(deps, await titled("1")));
      await asked(ask(deps, await titled("another's", { holder: "edge_2" })));
      deps.clock.advance(minutes(60));
      await asked(ask(deps, await titled("later")));
    });

    promise("a yes to a delegation is for its lifetime and purpose", async ({ deps, pat }) => {
      const known = { to: "writer", toClass: "reporting", grants: ["reports/read"], depth: 2 };
      const hour = { ...known, expiresIn: 3_600, purpose: "a draft" };
      const one = await asked(ask(deps, await callFor(deps, pat, { delegate: hour })));
      for (const other of [{ expiresIn: null }, { expiresIn: 86_400 }, { purpose: "all of it" }]) {
        const delegate = { ...hour, ...other };
        assert.notEqual(await asked(ask(deps, await callFor(deps, pat, { delegate }))), one);
      }
      const shown = (await requestById(deps.database, one))?.asked.args.delegate;
      const { expires_in, purpose } = shown as { expires_in: unknown; purpose: unknown };
      assert.deepEqual([expires_in, purpose], [3_600, "a draft"]);
    });

    promise("a yes is for one holder, task and set of arguments", async ({ deps, pat, mia }) => {
      await answer(deps, mia, await asked(ask(deps, await callFor(deps, pat))));
      for (const other of [
        { args: { title: "Q4" } },
        { args: {} },
        { holder: "edge_2" },
        { task: { id: "task_2", purpose: "quarterly report", startedBy: pat.id, agent: "publisher" } },
      ]) {
        assert.equal((await fault(ask(deps, await callFor(deps, pat, other)))).code, "approval-required");
      }
    });

    promise(
      "what the chain lacks is told to the one who asked, and not to the log",
      async ({ deps, pat }) => {
        const missing = ["reports/publish (title = very secret title)"];
        const refusal = await fault(
          ask(deps, await callFor(deps, pat, { authority: { covered: false, missing } })),
        );
        assert.ok(JSON.stringify(refusal.members).includes("very secret title"));
        const [event] = await findEvents(deps.database, { type: "request.refused", limit: 1 });
        assert.ok(!event?.body.includes("very secret title"));
      },
    );

    promise("half a surrogate pair in an argument is refused, not a failure", async ({ deps, pat }) => {
      assert.equal(
        (await fault(ask(deps, await callFor(deps, pat, { args: { title: "\ud800" } })))).code,
        "invalid",
      );
    });

    promise("no argument stands in the log in clear", async ({ deps, pat, mia }) => {
      const call = await callFor(deps, pat, { args: { title: "very secret title" } });
      await answer(deps, mia, await asked(ask(deps, call)));
      await ask(deps, call);
      for (const { body } of await findEvents(deps.database, { limit: 200 })) {
        assert.ok(!body.includes("very secret title"));
      }
    });

    promise(
      "a manager who has left since she signed no longer counts, and others are asked anew",
      async ({ deps, ada, pat, mia }) => {
        const call = await callFor(deps, pat);
        const first = await asked(ask(deps, call));
        await answer(deps, mia, first);
        await suspendPerson(deps, ada.caller, { id: mia.id });
        const second = await asked(ask(deps, call));
        assert.notEqual(second, first);
        assert.equal((await requestById(deps.database, first))?.state, "expired");
      },
    );

    promise(
      "a yes that was given under one bound does not count under another",
      async ({ deps, pat, mia }) => {
        const bound = (amount: number) =>
          put(deps, {
            name: "bound",
            text: `@id("bound") @lift("manager") @reason("Too much.")
            forbid (principal, action == Action::"finance/pay", resource)
            when { context.args has amount && context.args.amount > context.settings.bound.most };`,
            settings: `most: ${amount}`,
          });
        await bound(100);
        const question = await callFor(deps, pat, payment(200));
        const first = await asked(ask(deps, question));
        await answer(deps, mia, first);
        await bound(150);
        assert.notEqual(await asked(ask(deps, question)), first);
      },
    );

    promise("a policy that the manager did not see asks her again", async ({ deps, pat, mia }) => {
      const call = await callFor(deps, pat);
      const first = await asked(ask(deps, call));
      await answer(deps, mia, first);
      await put(deps, {
        name: "titles",
        text: '@id("titles") @lift("manager") @reason("Titles.") forbid (principal, action == Action::"reports/publish", resource);',
      });
      const second = await asked(ask(deps, call));
      assert.notEqual(second, first);
      await answer(deps, mia, second);
      assert.equal((await ask(deps, call)).approval, second);
    });

    promise("a hard forbid that came later is not outvoted by an approval", async ({ deps, pat, mia }) => {
      const call = await callFor(deps, pat);
      await answer(deps, mia, await asked(ask(deps, call)));
      await put(deps, {
        name: "freeze",
        text: '@id("freeze") @reason("Freeze.") forbid (principal, action == Action::"reports/publish", resource);',
      });
      assert.equal((await fault(ask(deps, call))).code, "denied");
    });

    promise("where nobody could ever say yes it is denied at once", async ({ deps, pat, mia }) => {
      const call = await callFor(deps, mia);
      assert.equal((await fault(ask(deps, call))).code, "denied", "Mia has no manager");
      const { person: _, ...alone } = await callFor(deps, pat);
      const { chain: __, task: ___, ...standing } = alone;
      assert.equal((await fault(ask(deps, standing))).code, "denied", "an agent on its own has no manager");
    });

    promise("a request ends with its time, approved or not", async ({ deps, pat, mia }) => {
      const call = await callFor(deps, pat);
      const first = await asked(ask(deps, call));
      await answer(deps, mia, first);
      deps.clock.advance(minutes(60));
      const later = await callFor(deps, pat);
      assert.notEqual(await asked(ask(deps, later)), first);
      deps.clock.advance(minutes(60));
      assert.equal(await expireApprovals(deps), 1);
      assert.equal(await expireApprovals(deps), 0);
      deps.clock.advance(minutes(60));
      await expireApprovals(deps);
      assert.equal((await approvalCount(deps)).filter(({ subject }) => subject !== null).length, 0);
    });

    promise(
      "that nobody answered in time is told once, and only to who waited; then people are asked anew",
      async ({ deps, pat, mia }) => {
        const call = await callFor(deps, pat);
        for (const swept of [false, true]) {
          const first = await asked(ask(deps, call));
          deps.clock.advance(minutes(60));
          if (swept) await expireApprovals(deps);
          const other = await callFor(deps, pat, { holder: `edge_${swept}` });
          const others = await asked(ask(deps, other));
          const told = await fault(ask(deps, call));
          assert.deepEqual([told.code, told.members.approval], ["expired-token", first]);
          assert.ok(told.recordedAs?.startsWith("event_"));
          assert.equal((await requestById(deps.database, first))?.state, "expired");
          assert.equal(await codeOfAnswer(answer(deps, mia, first)), "gone");
          const anew = await asked(ask(deps, call));
          assert.notEqual(anew, first);
          assert.equal(await asked(ask(deps, call)), anew, "told once");
          assert.equal(await asked(ask(deps, other)), others);
          await answer(deps, mia, anew);
          await ask(deps, call);
          deps.clock.advance(minutes(60));
          await expireApprovals(deps);
        }
        const late = await asked(ask(deps, call));
        deps.clock.advance(minutes(120));
        assert.notEqual(await asked(ask(deps, call)), late, "who comes much later begins anew");
      },
    );

    promise(
      "an alarm is raised for a policy that cannot be evaluated, and nothing is let through",
      async ({ deps, pat }) => {
        const text =
          '@id("sums") @reason("Sums.") forbid (principal, action == Action::"finance/pay", resource) when { context.args has amount && context.args.amount + 9223372036854775807 > 0 };';
        await put(deps, { name: "sums", text });
        assert.equal((await fault(ask(deps, await callFor(deps, pat, payment(10))))).code, "denied");
        const [alarm] = await findEvents(deps.database, { type: "policy.errored", limit: 10 });
        const { severity, body } = JSON.parse(alarm?.body ?? "");
        assert.deepEqual([severity, body.policies], ["alarm", [{ policy: "sums", effect: "forbid" }]]);
      },
    );
  });
});

const codeOfAnswer = async (attempt: Promise<unknown>): Promise<string> => (await fault(attempt)).code;

const approvalCount = ({ database }: Pick<Opened, "database">) =>
  database.tables<ApprovalsTables>().selectFrom("approval").selectAll().execute();
