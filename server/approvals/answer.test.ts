import assert from "node:assert/strict";
import { describe } from "node:test";
import { decodeBase64url, sha256Base64url } from "@countersign/proof/digest";
import { canonicalBytes } from "@countersign/proof/jcs";
import { receiptHash, verifyReceipt } from "@countersign/proof/receipt";
import type { z } from "zod";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { type Caller, minutes } from "../lib/index.ts";
import { issuer } from "../login/fixture.ts";
import type { LoginTables } from "../login/index.ts";
import { handOverAgent, registerAgent } from "../registry/index.ts";
import { answerRequest } from "./answer.ts";
import { behind } from "./behind.ts";
import { approvalsFor, findApproval } from "./find.ts";
import { answer, ask, asked, callFor, fault, payment, promisesOn, put, sign, update } from "./fixture.ts";
import { unsigned } from "./receipt.ts";
import { approvalList, approvalShow } from "./routes.ts";
import { requestById } from "./store.ts";
import type { Station } from "./view.ts";

/** What the page is given. */
interface Shown {
  readonly sentence: string;
  readonly salt: string;
  readonly arguments: unknown;
  readonly chain: readonly Station[];
  readonly reasons: readonly { policy: string }[];
  readonly receipt?: { args_commitment: string };
}

const request = { method: "GET", url: "", path: "", headers: {}, source: "192.0.2.1" };

forEachEngine((engine) => {
  const promise = promisesOn(engine);

  describe("an answer", () => {
    promise("counts only from those whose word it takes", async ({ deps, ada, pat, fay, mia }) => {
      const approval = await asked(ask(deps, await callFor(deps, pat)));
      for (const who of [pat, ada]) {
        assert.equal((await fault(answer(deps, who, approval))).code, "forbidden");
      }
      assert.equal((await fault(answer(deps, fay, approval))).code, "not-found", "it is none of Fay's");
      await answer(deps, mia, approval);
    });

    promise(
      "takes two different people of the group, and neither the person behind the task nor the agent's owner",
      async ({ deps, pat, fay, finn, olga }) => {
        const call = await callFor(deps, pat, payment(20_000));
        const refusal = await fault(ask(deps, call));
        assert.deepEqual(refusal.members.missing, ["approval(2 of finance)", "mfa"]);
        const approval = refusal.members.approval as string;
        assert.equal((await fault(answer(deps, olga, approval))).code, "not-found");
        assert.equal((await answer(deps, fay, approval)).state, "pending");
        assert.equal((await fault(answer(deps, fay, approval))).code, "forbidden", "once each");
        assert.equal(
          (await answer(deps, pat, approval)).state,
          "pending",
          "Pat gives the second factor only",
        );
        assert.equal((await fault(answer(deps, pat, approval))).code, "forbidden");
        assert.equal((await answer(deps, finn, approval)).state, "approved");
        assert.equal((await ask(deps, call)).receipts.length, 3);
      },
    );

    promise(
      "does not count from whoever owns any agent of the chain, or the one that is delegated to",
      async ({ deps, ada, pat, fay, finn, olga }) => {
        const reporting = {
          class: "reporting" as const,
          purpose: "plans reports",
          environment: "production" as const,
          grants: [],
        };
        await registerAgent(deps, ada.caller, { ...reporting, name: "planner", owner: fay.id });
        await registerAgent(deps, ada.caller, { ...reporting, name: "writer", owner: finn.id });
        const chain = { depth: 2, agents: ["planner", "publisher"], hash: "hash" };
        const passedOn = await callFor(deps, pat, { ...payment(20_000), chain });
        const call = await asked(ask(deps, passedOn));
        for (const owner of [fay, olga]) {
          assert.equal((await fault(answer(deps, owner, call))).code, "not-found");
        }
        const delegating = { agents: ["publisher"], delegateTo: "writer" };
        assert.deepEqual((await behind(deps, delegating)).owners, new Set([olga.id, finn.id]));
        assert.equal((await answer(deps, finn, call)).state, "pending");
      },
    );

    promise(
      "does not count from whoever has given her agent to somebody else by herself",
      async ({ deps, ada, pat, fay, finn, olga }) => {
        const call = await asked(ask(deps, await callFor(deps, pat, payment(20_000))));
        await handOverAgent(deps, olga.caller, { name: "publisher", to: fay.id });
        for (const involved of [olga, fay])
          assert.equal((await fault(answer(deps, involved, call))).code, "not-found");
        await handOverAgent(deps, ada.caller, { name: "publisher", to: finn.id });
        assert.equal((await fault(answer(deps, finn, call))).code, "not-found");
        assert.equal((await answer(deps, olga, call)).state, "pending", "an administrator saw to it");
      },
    );

    promise(
      "does not count from whoever has given her agent away, however many hands it goes through",
      async ({ deps, pat, fay, finn, olga }) => {
        const call = await asked(ask(deps, await callFor(deps, pat, payment(20_000))));
        await handOverAgent(deps, olga.caller, { name: "publisher", to: fay.id });
        await handOverAgent(deps, fay.caller, { name: "publisher", to: finn.id });
        for (const involved of [olga, fay, finn])
          assert.equal((await fault(answer(deps, involved, call))).code, "not-found");
      },
    );

    promise("two last answers at once both count", async ({ deps, pat, fay, finn }) => {
      const call = await callFor(deps, pat, payment(20_000));
      const approval = await asked(ask(deps, call));
      await answer(deps, pat, approval);
      const states = await Promise.all([answer(deps, fay, approval), answer(deps, finn, approval)]);
      assert.deepEqual(states.map(({ state }) => state).sort(), ["approved", "pending"]);
      await ask(deps, call);
    });

    promise(
      "of somebody who left the group before the last yes no longer counts",
      async ({ deps, ada, pat, fay, finn }) => {
        const approval = await asked(ask(deps, await callFor(deps, pat, payment(20_000))));
        await answer(deps, pat, approval);
        await answer(deps, fay, approval);
        await update(deps, ada, fay.id, { groups: [] });
        assert.equal((await answer(deps, finn, approval)).state, "pending");
      },
    );

    promise(
      "must be signed over this request, requirement and decision, with the person's own passkey",
      async ({ deps, pat, mia, fay }) => {
        const one = await asked(ask(deps, await callFor(deps, pat)));
        const two = await asked(ask(deps, await callFor(deps, pat, { holder: "edge_2" })));
        const hashOf = async (id: string, decision: "approve" | "deny", requirement = "manager") => {
          const { request } = await findApproval(deps, mia.caller, id);
          return receiptHash({ ...unsigned(request, requirement, mia.id), decision });
        };
        const send = (challenge: string, who = mia) =>
          answerRequest(deps, mia.caller, {
            approval: one,
            decision: "approve",
            assertion: sign(who, challenge),
          });
        for (const attempt of [
          async () => send(await hashOf(two, "approve")),
          async () => send(await hashOf(one, "deny")),
          async () => send(await hashOf(one, "approve", "mfa")),
          async () => send(await hashOf(one, "approve"), fay),
          async () => send("AAAA"),
        ]) {
          assert.equal((await fault(attempt())).code, "unauthenticated");
        }
        assert.equal((await requestById(deps.database, one))?.answers, 0);
        await send(await hashOf(one, "approve"));
      },
    );

    promise(
      "takes a session: an agent that holds a person's name does not answer",
      async ({ deps, pat, mia }) => {
        const approval = await asked(ask(deps, await callFor(deps, pat)));
        const assertion = sign(mia, "AAAA");
        const attacker = { ...mia.caller, via: "access-token" };
        assert.equal(
          (await fault(answerRequest(deps, attacker, { approval, decision: "approve", assertion }))).code,
          "forbidden",
        );
      },
    );

    promise(
      "may be no: then nothing is allowed, and nobody is asked again before the time is over",
      async ({ deps, pat, mia }) => {
        const call = await callFor(deps, pat);
        const approval = await asked(ask(deps, call));
        assert.equal((await answer(deps, mia, approval, "deny")).state, "denied");
        assert.equal((await fault(ask(deps, call))).code, "denied");
        assert.equal((await fault(answer(deps, mia, approval))).code, "gone");
        deps.clock.advance(minutes(60));
        assert.notEqual(await asked(ask(deps, await callFor(deps, pat))), approval);
        assert.equal((await requestById(deps.database, approval))?.state, "denied", "a no stays a no");
      },
    );

    promise("is refused where policy keeps the person from approving", async ({ deps, pat, mia }) => {
      const approval = await asked(ask(deps, await callFor(deps, pat)));
      await put(deps, {
        name: "leave",
        text: `@id("on-leave") @reason("On leave.") forbid (principal == Person::"${mia.id}", action == Action::"approve", resource);`,
      });
      assert.equal((await fault(answer(deps, mia, approval))).code, "denied");
    });

    promise("can be verified by anyone from the log and the passkey alone", async ({ deps, pat, mia }) => {
      await answer(deps, mia, await asked(ask(deps, await callFor(deps, pat))));
      const [event] = await findEvents(deps.database, { type: "approval.answered", limit: 1 });
      const { body } = JSON.parse(event?.body ?? "");
      const passkey = await deps.database
        .tables<LoginTables>()
        .selectFrom("passkey")
        .selectAll()
        .where("credential", "=", body.credential)
        .executeTakeFirstOrThrow();
      const credential = {
        person: mia.id,
        credentialPublicKey: new Uint8Array(passkey.public_key),
        origins: [issuer],
        rpId: "localhost",
      };
      const { authenticatorData, clientDataJSON, signature } = body.assertion;
      const assertion = {
        authenticatorData: decodeBase64url(authenticatorData),
        clientDataJSON: decodeBase64url(clientDataJSON),
        signature: decodeBase64url(signature),
      };
      const now = deps.clock.now();
      const { receipt } = verifyReceipt(body.receipt, assertion, credential, now);
      assert.deepEqual([receipt.requirement, receipt.decision], ["manager", "approve"]);
      assert.deepEqual(
        receipt.forbids.map(({ id }) => id),
        ["external-publication-needs-manager"],
      );
      assert.throws(() =>
        verifyReceipt({ ...body.receipt, tool: "finance/pay" }, assertion, credential, now),
      );
    });
  });

  describe("what waits", () => {
    promise(
      "is listed for those whose word counts, until they have given it",
      async ({ deps, pat, mia, fay, olga }) => {
        const publish = await asked(ask(deps, await callFor(deps, pat)));
        const pay = await asked(ask(deps, await callFor(deps, pat, payment(20_000))));
        const mine = async (who: typeof mia) =>
          (await approvalsFor(deps, who.caller, { limit: 50 })).items.map(({ id }) => id);
        assert.deepEqual(
          [await mine(mia), await mine(fay), await mine(pat), await mine(olga)],
          [[publish], [pay], [pay], []],
        );
        await answer(deps, fay, pay);
        assert.deepEqual(await mine(fay), []);
      },
    );

    promise(
      "is shown whole: what is shown opens the commitment that is signed",
      async ({ deps, pat, mia, fay, ada }) => {
        const id = await asked(ask(deps, await callFor(deps, pat)));
        const show = (caller: Caller) =>
          approvalShow.handle(deps, caller, { params: { id }, query: undefined, body: undefined, request });
        const { body } = (await show(mia.caller)) as { body: Shown };
        const salted = Buffer.concat([decodeBase64url(body.salt), canonicalBytes({ title: "Q3" })]);
        assert.equal(sha256Base64url(salted), body.receipt?.args_commitment);
        assert.deepEqual(body.arguments, { title: "Q3" });
        assert.equal(body.sentence, "publisher asks to call reports/publish for Pat.");
        assert.deepEqual(
          body.chain.map(({ mark, name, link }) => [mark, name, link]),
          [
            ["person", "Pat", "signed"],
            ["agent", "publisher", "called"],
            ["resource", "reports/publish", undefined],
          ],
        );
        assert.deepEqual(
          body.reasons.map(({ policy }) => policy),
          ["external-publication-needs-manager"],
        );
        assert.ok((approvalShow.answers[200] as z.ZodType).parse(body));
        assert.equal(
          "receipt" in ((await show(pat.caller)).body as object),
          false,
          "Pat sees it and cannot answer",
        );
        assert.equal("receipt" in ((await show(ada.caller)).body as object), false, "Ada oversees");
        assert.equal((await fault(show(fay.caller))).code, "not-found");
      },
    );

    promise("is listed whole only for those who oversee", async ({ deps, pat, mia, ada }) => {
      const id = await asked(ask(deps, await callFor(deps, pat)));
      const list = async (caller: Caller, mine?: "") => {
        const query = { limit: 50, ...(mine === undefined ? {} : { mine }) };
        const answered = await approvalList.handle(deps, caller, {
          params: undefined,
          query,
          body: undefined,
          request,
        });
        return (answered.body as { items: { id: string }[] }).items.map((item) => item.id);
      };
      assert.deepEqual(
        [await list(ada.caller), await list(mia.caller, ""), await list(pat.caller, "")],
        [[id], [id], []],
      );
      assert.equal((await fault(list(mia.caller))).code, "forbidden");
    });
  });
});
