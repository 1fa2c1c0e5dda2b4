import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { verifyConsent } from "@countersign/proof/consent";
import { verifyDelegationToken } from "@countersign/proof/delegation-token";
import { decodeBase64url } from "@countersign/proof/digest";
import { findEvents, perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { Change } from "../database/index.ts";
import { Fault, hours, minutes, nobody } from "../lib/index.ts";
import { issuer } from "../login/fixture.ts";
import {
  defineGroup,
  resumeAgent,
  suspendAgent,
  suspendPerson,
  updateAgent,
  updatePerson,
} from "../registry/index.ts";
import { deadAmong } from "../revocation/index.ts";
import { chainOf, requireChain } from "./chain-of.ts";
import { closeTask } from "./close-task.ts";
import { awaitedConsents, consentFor } from "./consent-for.ts";
import { countCall } from "./counts.ts";
import { delegationTokenFor } from "./delegation-ticket.ts";
import { endDelegation } from "./end-edge.ts";
import { expireTasks } from "./expire.ts";
import { extend, readExtension } from "./extend.ts";
import { visibleTask } from "./find-task.ts";
import {
  ALL,
  agent,
  allow,
  begunTask,
  call,
  codeOf,
  fault,
  openCompany,
  passOn,
  quarter,
  quarters,
  request,
  sign,
} from "./fixture.ts";
import { giveConsent, refuseConsent } from "./give-consent.ts";
import { heldDelegations, taskTree } from "./look.ts";
import { openTask } from "./open-task.ts";
import { findConsent, findTask } from "./store.ts";

type Opened = Awaited<ReturnType<typeof openCompany>>;

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openCompany(engine);
  });
  after(() => room.close());

  describe("opening a task", () => {
    test("gives nothing before its person has signed", async () => {
      const { deps, desk } = room;
      const task = await openTask(deps, desk.caller, request(room));
      assert.equal(task.state, "awaiting-consent");
      const { items } = await taskTree(deps, desk.caller, { task: task.id, limit: 10 });
      assert.deepEqual(items, []);
    });

    test("is for the person herself or a service, never for an agent or for another person", async () => {
      const { deps, pat, mia, planner } = room;
      await openTask(deps, pat.caller, request(room));
      for (const { caller } of [mia, planner, { caller: nobody("192.0.2.1") }]) {
        assert.equal(await codeOf(openTask(deps, caller, request(room))), "forbidden");
      }
    });

    test("refuses what the person does not have to give, and names it", async () => {
      const { deps, desk } = room;
      const beyond = call("reports/delete", { open_args: true });
      const refusal = await fault(openTask(deps, desk.caller, request(room, { grants: [...ALL, beyond] })));
      assert.equal(refusal.code, "denied");
      assert.equal((refusal.members.uncovered as string[]).length, 1);
      assert.match(String((refusal.members.uncovered as string[])[0]), /reports\/delete/);
    });

    test("keeps the argument values of what it refuses out of the log", async () => {
      const { deps, ada, pat, planner } = room;
      await agent(deps, ada, "bare", []);
      await updateAgent(deps, ada.caller, { name: "bare", update: { grants: [] } });
      const secret = [call("reports/write", quarter("very secret quarter"))];
      const { edge } = await begunTask(deps, room);
      const known = [call("reports/write", quarter("Q3"))];
      for (const attempt of [
        () => openTask(deps, pat.caller, request(room, { grants: secret })),
        () => openTask(deps, pat.caller, request(room, { agent: "bare", grants: known })),
        () => passOn(deps, planner, { edge: edge.id, to: "writer", grants: secret }),
      ]) {
        const refusal = await fault(attempt());
        assert.match(String(refusal.members.uncovered), /secret quarter|Q3/, "whoever asked is told");
        assert.deepEqual(refusal.record.uncovered, ["reports/write"]);
      }
      for (const { body } of await findEvents(deps.database, { type: "request.refused", limit: 200 })) {
        assert.ok(!body.includes("very secret quarter"));
      }
    });

    test("refuses what goes beyond the agent's ceiling, though the person has it", async () => {
      const { deps, ada, desk } = room;
      await agent(deps, ada, "reader", []);
      await updateAgent(deps, ada.caller, {
        name: "reader",
        update: { grants: [call("reports/read", { open_args: true })] },
      });
      const refusal = await fault(openTask(deps, desk.caller, request(room, { agent: "reader" })));
      assert.match(refusal.message, /registered for/);
    });

    test("refuses a delegation that outlasts its task", async () => {
      const { deps, desk } = room;
      const times = { expiresIn: hours(2), deadlineIn: hours(1) };
      assert.equal(await codeOf(openTask(deps, desk.caller, request(room, times))), "invalid");
    });

    test("keeps the words of people out of the log", async () => {
      const { deps, desk } = room;
      const words = { instruction: "a very secret instruction", purpose: "a very secret purpose" };
      await openTask(deps, desk.caller, request(room, words));
      for (const { body } of await findEvents(deps.database, { limit: 200 })) {
        assert.ok(!body.includes("very secret"));
      }
    });
  });

  describe("consent", () => {
    test("is kept with what anyone needs to verify it, and begins the task", async () => {
      const { deps, desk, pat } = room;
      const { id } = await openTask(deps, desk.caller, request(room));
      const { task, edge } = await sign(deps, pat, id);
      assert.equal(task.state, "active");
      assert.deepEqual([edge.from, edge.to, edge.depth], [pat.id, "planner", 1]);
      const kept = await findConsent(deps.database, id);
      assert.equal(kept?.hash, task.consent);
      const rows = await deps.database
        .tables<{ passkey: { credential: string; public_key: Uint8Array } }>()
        .selectFrom("passkey")
        .selectAll()
        .where("credential", "=", kept?.credential ?? "")
        .execute();
      const credential = {
        person: pat.id,
        credentialPublicKey: new Uint8Array(rows[0]?.public_key ?? []),
        origins: [issuer],
        rpId: "localhost",
      };
      const evidence = kept?.evidence as Record<"authenticatorData" | "clientDataJSON" | "signature", string>;
      const assertion = {
        authenticatorData: decodeBase64url(evidence.authenticatorData),
        clientDataJSON: decodeBase64url(evidence.clientDataJSON),
        signature: decodeBase64url(evidence.signature),
      };
      const verified = verifyConsent(kept?.object ?? null, assertion, credential, deps.clock.now());
      assert.equal(verified.consent.task, id);
    });

    test("is asked of its person alone: for all others there is no such task", async () => {
      const { deps, ada, desk, mia } = room;
      const { id } = await openTask(deps, desk.caller, request(room));
      for (const { caller } of [ada, mia, desk]) {
        assert.equal(await codeOf(consentFor(deps, caller, { task: id })), "not-found");
        assert.equal(await codeOf(refuseConsent(deps, caller, { task: id })), "not-found");
      }
      assert.equal(await codeOf(sign(deps, mia, id)), "not-found");
    });

    test("given with another person's passkey does not hold", async () => {
      const { deps, desk, mia, pat } = room;
      const { id } = await openTask(deps, desk.caller, request(room));
      const { consent, challenge, ownerName } = await consentFor(deps, pat.caller, { task: id });
      assert.equal(ownerName, "Ada Admin", "she is told who answers for the agent");
      const response = mia.authenticator.get(issuer, { challenge });
      const input = { task: id, consent: { ...consent } as never, response };
      assert.equal(await codeOf(giveConsent(deps, pat.caller, input)), "unauthenticated");
      assert.equal((await findTask(deps.database, id))?.state, "awaiting-consent");
    });

    test("to one task does not begin another, however alike they are", async () => {
      const { deps, desk, pat } = room;
      const one = await openTask(deps, desk.caller, request(room));
      const two = await openTask(deps, desk.caller, request(room));
      const { consent, challenge } = await consentFor(deps, pat.caller, { task: one.id });
      const response = pat.authenticator.get(issuer, { challenge });
      const other = await consentFor(deps, pat.caller, { task: two.id });
      const spliced = { task: two.id, response };
      const withOwn = giveConsent(deps, pat.caller, { ...spliced, consent: { ...consent } as never });
      assert.equal(await codeOf(withOwn), "conflict");
      const withOther = giveConsent(deps, pat.caller, { ...spliced, consent: { ...other.consent } as never });
      assert.equal(await codeOf(withOther), "unauthenticated");
    });

    test("to something else than is on record is refused", async () => {
      const { deps, desk, pat } = room;
      const { id } = await openTask(deps, desk.caller, request(room));
      const { consent, challenge } = await consentFor(deps, pat.caller, { task: id });
      const shown = { ...consent, grants: [] } as never;
      const response = pat.authenticator.get(issuer, { challenge });
      assert.equal(
        await codeOf(giveConsent(deps, pat.caller, { task: id, consent: shown, response })),
        "conflict",
      );
    });

    test("is given once, and not after a refusal", async () => {
      const { deps, desk, pat } = room;
      const given = await openTask(deps, desk.caller, request(room));
      await sign(deps, pat, given.id);
      assert.equal(await codeOf(sign(deps, pat, given.id)), "conflict");
      const other = await openTask(deps, desk.caller, request(room));
      assert.equal((await refuseConsent(deps, pat.caller, { task: other.id })).state, "refused");
      assert.equal(await codeOf(sign(deps, pat, other.id)), "gone");
    });

    test("sent twice at once begins one task with one edge", async () => {
      const { deps, desk, pat } = room;
      const { id } = await openTask(deps, desk.caller, request(room));
      const both = await Promise.allSettled([sign(deps, pat, id), sign(deps, pat, id)]);
      assert.equal(both.filter(({ status }) => status === "fulfilled").length, 1);
      const { items } = await taskTree(deps, pat.caller, { task: id, limit: 10 });
      assert.equal(items.length, 1);
    });

    test("comes too late when the delegation would have ended", async () => {
      const { deps, desk, pat } = room;
      const { id } = await openTask(deps, desk.caller, request(room, { expiresIn: minutes(1) }));
      deps.clock.advance(minutes(1));
      assert.equal(await codeOf(sign(deps, pat, id)), "gone");
    });

    test("does not give what the person has lost since she was asked", async () => {
      const { deps, ada, desk, pat } = room;
      const { id } = await openTask(deps, desk.caller, request(room));
      await updatePerson(deps, ada.caller, { id: pat.id, update: { groups: [] } });
      assert.equal(await codeOf(sign(deps, pat, id)), "denied");
      await updatePerson(deps, ada.caller, { id: pat.id, update: { groups: ["reporting"] } });
      await sign(deps, pat, id);
    });

    test("that waits is listed for its person, page by page, and for nobody else", async () => {
      const { deps, desk, mia, pat } = room;
      const { id } = await openTask(deps, desk.caller, request(room));
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await awaitedConsents(deps, pat.caller, { after, limit: 2 });
        seen.push(...page.items.map((task) => task.id));
        after = page.next;
      } while (after !== undefined);
      assert.ok(seen.includes(id));
      assert.equal(new Set(seen).size, seen.length);
      assert.deepEqual((await awaitedConsents(deps, mia.caller, { limit: 10 })).items, []);
    });
  });

  describe("passing authority on", () => {
    test("narrows link by link", async () => {
      const { deps, planner, writer } = room;
      const { edge } = await begunTask(deps, room);
      const grants = [call("reports/write", quarters("Q1", "Q2")), call("reports/publish", quarters("Q1"))];
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants });
      const narrower = [call("reports/publish", quarter("Q1"))];
      const third = await passOn(deps, writer, { edge: second.id, to: "publisher", grants: narrower });
      const chain = await chainOf(deps, third.id);
      assert.deepEqual(
        chain.links.map(({ from, to, depth }) => [from, to, depth]),
        [
          [room.pat.id, "planner", 1],
          ["planner", "writer", 2],
          ["writer", "publisher", 3],
        ],
      );
      const held = await heldDelegations(deps, room.publisher.caller, { limit: 10 });
      assert.ok(held.items.some(({ id }) => id === third.id));
    });

    test("never widens: not over the parent, nor over any link above it", async () => {
      const { deps, planner, writer } = room;
      const { edge } = await begunTask(deps, room);
      const wide = [call("reports/write", { open_args: true })];
      assert.equal(
        await codeOf(passOn(deps, planner, { edge: edge.id, to: "writer", grants: wide })),
        "denied",
      );
      const grants = [call("reports/write", quarters("Q1"))];
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants });
      const wider = [call("reports/write", quarters("Q2"))];
      const refusal = await fault(passOn(deps, writer, { edge: second.id, to: "publisher", grants: wider }));
      assert.equal(refusal.code, "denied");
      assert.equal((refusal.members.uncovered as string[]).length, 1);
    });

    test("tells policy what is not covered before it refuses", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room);
      const wide = { edge: edge.id, to: "writer", grants: [call("reports/delete")], purpose: "more" };
      const extension = await readExtension(deps, planner.caller, wide);
      assert.equal(extension.authority.covered, false);
      const change = new Change(deps.database);
      await assert.rejects(extend(deps, change, planner.caller, allow, extension), Fault);
      assert.ok(change.isEmpty);
    });

    test("is for the agent that holds the edge, and no other", async () => {
      const { deps, desk, pat, publisher, writer } = room;
      const { edge } = await begunTask(deps, room);
      for (const from of [publisher, writer, desk, pat]) {
        const stolen = passOn(deps, from, { edge: edge.id, to: "publisher", grants: ALL });
        assert.equal(await codeOf(stolen), "forbidden");
      }
    });

    test("goes only to agents that the delegator may delegate to, and never in a circle", async () => {
      const { deps, ada, planner, writer, publisher } = room;
      await agent(deps, ada, "outsider", []);
      const { edge } = await begunTask(deps, room);
      const grants = [call("reports/read", { open_args: true })];
      assert.equal(await codeOf(passOn(deps, planner, { edge: edge.id, to: "outsider", grants })), "denied");
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants });
      const circle = await fault(passOn(deps, writer, { edge: second.id, to: "planner", grants }));
      assert.match(circle.message, /in this chain already/);
      const third = await passOn(deps, writer, { edge: second.id, to: "publisher", grants });
      assert.equal(
        await codeOf(passOn(deps, publisher, { edge: third.id, to: "outsider", grants })),
        "denied",
      );
    });

    test("stops at the depth that the task, or any agent of the chain, allows", async () => {
      const { deps, ada, planner, writer } = room;
      const grants = [call("reports/read", { open_args: true })];
      const shallow = await begunTask(deps, room, { maxDepth: 1 });
      const beyond = await fault(passOn(deps, planner, { edge: shallow.edge.id, to: "writer", grants }));
      assert.match(beyond.message, /at most 1 links/);
      await updateAgent(deps, ada.caller, {
        name: "planner",
        update: {
          delegation: {
            max_depth: 2,
            delegate_to: ["writer", "publisher"],
            needs_person: [],
            shared: true as const,
          },
        },
      });
      const { edge } = await begunTask(deps, room);
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants });
      const third = await fault(passOn(deps, writer, { edge: second.id, to: "publisher", grants }));
      assert.match(third.message, /at most 2 links/);
      await updateAgent(deps, ada.caller, {
        name: "planner",
        update: {
          delegation: {
            max_depth: 4,
            delegate_to: ["writer", "publisher"],
            needs_person: [],
            shared: true as const,
          },
        },
      });
    });

    test("stays within the most that the delegator may pass on, and within the target's ceiling", async () => {
      const { deps, ada, planner } = room;
      const read = [call("reports/read", { open_args: true })];
      const write = [call("reports/write", quarters("Q1"))];
      const rules = {
        max_depth: 4,
        delegate_to: ["writer", "publisher"],
        needs_person: [],
        shared: true as const,
      };
      await updateAgent(deps, ada.caller, {
        name: "planner",
        update: { delegation: { ...rules, grants: read } },
      });
      const { edge } = await begunTask(deps, room);
      assert.equal(
        await codeOf(passOn(deps, planner, { edge: edge.id, to: "writer", grants: write })),
        "denied",
      );
      await passOn(deps, planner, { edge: edge.id, to: "writer", grants: read });
      await updateAgent(deps, ada.caller, { name: "planner", update: { delegation: rules } });
      await updateAgent(deps, ada.caller, { name: "publisher", update: { grants: read } });
      const second = await begunTask(deps, room);
      const over = passOn(deps, planner, { edge: second.edge.id, to: "publisher", grants: write });
      assert.equal(await codeOf(over), "denied");
      await updateAgent(deps, ada.caller, { name: "publisher", update: { grants: ALL } });
    });

    test("never outlasts what it hangs on", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room, { expiresIn: minutes(10) });
      const longer = { edge: edge.id, to: "writer", grants: ALL, expiresIn: minutes(11) };
      assert.equal(await codeOf(passOn(deps, planner, longer)), "denied");
      const { expires } = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: ALL });
      assert.equal(expires, edge.expires);
    });
  });

  test("no link comes to be that rests on more than a token by it can carry", async () => {
    const { deps, planner, writer } = room;
    const { edge } = await begunTask(deps, room);
    const rests = (count: number) => Array.from({ length: count }, (_, key) => `kid:key-${key}`);
    const given = { edge: edge.id, to: "writer", grants: ALL } as const;
    const refused = await fault(passOn(deps, planner, { ...given, rests: rests(80) }));
    assert.deepEqual([refused.code, refused.remedy], ["denied", "Use a shorter chain."]);
    const second = await passOn(deps, planner, { ...given, rests: rests(70) });
    const third = passOn(deps, writer, { edge: second.id, to: "publisher", grants: ALL });
    assert.equal(await codeOf(third), "denied", "what the links rest on adds up");
    const { items } = await heldDelegations(deps, writer.caller, { limit: 200 });
    assert.ok(items.some(({ id }) => id === second.id));
  });

  describe("the end", () => {
    async function threeLinks(more = {}) {
      const { deps, planner, writer } = room;
      const begun = await begunTask(deps, room, more);
      const second = await passOn(deps, planner, { edge: begun.edge.id, to: "writer", grants: ALL });
      const third = await passOn(deps, writer, { edge: second.id, to: "publisher", grants: ALL });
      return { ...begun, second, third };
    }

    test("of a task is the end of all authority for it", async () => {
      const { deps, desk, planner } = room;
      const { task, edge, third } = await threeLinks();
      assert.equal((await closeTask(deps, desk.caller, { task: task.id })).state, "closed");
      assert.deepEqual(await deadAmong(deps, [`task:${task.id}`]), [`task:${task.id}`]);
      assert.equal(await codeOf(chainOf(deps, third.id)), "gone");
      assert.equal(await codeOf(passOn(deps, planner, { edge: edge.id, to: "writer", grants: ALL })), "gone");
      assert.equal(await codeOf(delegationTokenFor(deps, planner.caller, { edge: edge.id })), "gone");
      assert.equal((await closeTask(deps, desk.caller, { task: task.id })).state, "closed", "and stays so");
    });

    test("of a task is for its person, its opener and administrators; for others there is no such task", async () => {
      const { deps, ada, mia, pat, planner } = room;
      for (const { caller } of [pat, ada]) {
        const { task } = await begunTask(deps, room);
        for (const other of [mia, planner]) {
          assert.equal(await codeOf(closeTask(deps, other.caller, { task: task.id })), "not-found");
          assert.equal(await codeOf(visibleTask(deps, other.caller, task.id)), "not-found");
        }
        assert.equal((await closeTask(deps, caller, { task: task.id })).state, "closed");
      }
    });

    test("of an edge is the end of what hangs on it, and of nothing above it", async () => {
      const { deps, planner, mia } = room;
      const { edge, second, third } = await threeLinks();
      assert.equal(await codeOf(endDelegation(deps, mia.caller, { edge: second.id })), "not-found");
      await endDelegation(deps, planner.caller, { edge: second.id });
      assert.equal(await codeOf(chainOf(deps, third.id)), "gone");
      assert.equal(await codeOf(chainOf(deps, second.id)), "gone");
      await chainOf(deps, edge.id);
      assert.equal(await codeOf(endDelegation(deps, planner.caller, { edge: second.id })), "gone");
    });

    test("of an edge is not for those below it", async () => {
      const { deps, publisher } = room;
      const { edge, third } = await threeLinks();
      assert.equal(await codeOf(endDelegation(deps, publisher.caller, { edge: edge.id })), "not-found");
      await endDelegation(deps, publisher.caller, { edge: third.id });
    });

    test("comes at the deadline, whether or not it has been written down", async () => {
      const { deps } = room;
      const { task, third } = await threeLinks({ expiresIn: minutes(5), deadlineIn: minutes(5) });
      deps.clock.advance(minutes(5) - 1);
      await chainOf(deps, third.id);
      deps.clock.advance(1);
      assert.equal(await codeOf(chainOf(deps, third.id)), "gone");
      while ((await expireTasks(deps)) > 0);
      assert.equal((await findTask(deps.database, task.id))?.state, "expired");
    });

    test("an agent suspended in the middle of the chain stops all below it, and resumed it holds nothing that it was given before", async () => {
      const { deps, ada } = room;
      const { edge, second, third } = await threeLinks();
      await suspendAgent(deps, ada.caller, { name: "writer" });
      assert.equal(await codeOf(chainOf(deps, third.id)), "forbidden");
      await chainOf(deps, edge.id);
      await resumeAgent(deps, ada.caller, { name: "writer" });
      assert.equal(await codeOf(chainOf(deps, second.id)), "gone");
      assert.equal(await codeOf(chainOf(deps, third.id)), "gone");
      await chainOf(deps, edge.id);
    });

    test("closing meets a chain that was just read: the guard refuses", async () => {
      const { deps, desk } = room;
      const { task, third } = await threeLinks();
      const chain = await chainOf(deps, third.id);
      await closeTask(deps, desk.caller, { task: task.id });
      const change = new Change(deps.database);
      requireChain(change, chain);
      await assert.rejects(
        deps.database.commit(change),
        (error) => error instanceof Fault && error.code === "gone",
      );
    });
  });

  describe("a ticket", () => {
    const keysOf = ({ deps }: Opened) =>
      ({ get: (kid: string) => deps.keys.verifier("delegation", kid) }) as unknown as Map<string, never>;

    test("is for the delegator and the receiving agent, and good for the latter alone", async () => {
      const { deps, pat, planner, writer, publisher, mia, desk } = room;
      const { task, edge } = await begunTask(deps, room);
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: ALL });
      for (const caller of [planner.caller, writer.caller]) {
        const { token } = await delegationTokenFor(deps, caller, { edge: second.id });
        const expected = { issuer, actor: "writer", keys: keysOf(room), now: deps.clock.now() };
        const claims = verifyDelegationToken(token, expected);
        assert.deepEqual([claims.edge, claims.task, claims.sub], [second.id, task.id, pat.id]);
        assert.throws(() => verifyDelegationToken(token, { ...expected, actor: "planner" }));
      }
      for (const caller of [publisher.caller, mia.caller, desk.caller, pat.caller]) {
        assert.equal(await codeOf(delegationTokenFor(deps, caller, { edge: second.id })), "not-found");
      }
      await delegationTokenFor(deps, pat.caller, { edge: edge.id });
    });

    test("for an edge that there is not is refused", async () => {
      const { deps, planner } = room;
      assert.equal(
        await codeOf(delegationTokenFor(deps, planner.caller, { edge: "edge_nothing" })),
        "not-found",
      );
    });
  });

  describe("counted grants", () => {
    const counted = [call("reports/publish", { ...quarters("Q1", "Q2"), max_uses: 5 })];
    const attempt = {
      type: "agent_tool",
      location: "https://reports.example",
      action: "tools/call",
      identifier: "reports/publish",
      args: { quarter: "Q1" },
    };

    test("admit exactly so many calls over all chains below them, however many ask at once", async () => {
      const { deps, planner, writer } = room;
      const { edge } = await begunTask(deps, room, { grants: counted });
      const grants = [call("reports/publish", { ...quarter("Q1"), max_uses: 4 })];
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants });
      const third = await passOn(deps, writer, { edge: second.id, to: "publisher", grants });
      const chains = await Promise.all([edge, second, third].map(({ id }) => chainOf(deps, id)));
      const uses = Array.from({ length: 12 }, (_, i) => {
        const chain = chains[i % 3] ?? chains[0];
        return perform(deps, planner.caller, "tool.call", (change) =>
          countCall(deps, change, chain as never, attempt),
        );
      });
      const settled = await Promise.allSettled(uses);
      assert.equal(settled.filter(({ status }) => status === "fulfilled").length, 5);
      for (const outcome of settled) {
        if (outcome.status === "rejected") assert.equal((outcome.reason as Fault).code, "gone");
      }
    });

    test("cannot be passed on without their count", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room, { grants: counted });
      for (const more of [{}, { max_uses: 6 }]) {
        const grants = [call("reports/publish", { ...quarters("Q1"), ...more })];
        assert.equal(await codeOf(passOn(deps, planner, { edge: edge.id, to: "writer", grants })), "denied");
      }
    });

    test("a call that a single link does not permit is refused", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room);
      const grants = [call("reports/publish", quarter("Q2"))];
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants });
      const chain = await chainOf(deps, second.id);
      const change = new Change(deps.database);
      assert.equal(await codeOf(countCall(deps, change, chain, attempt)), "denied");
    });
  });

  test("a suspended person gives nothing, and her chains stand still", async () => {
    const { deps, ada, desk } = room;
    await defineGroup(deps, ada.caller, { name: "reporting", grants: ALL });
    const { edge } = await begunTask(deps, room);
    await suspendPerson(deps, ada.caller, { id: room.pat.id });
    assert.equal(await codeOf(chainOf(deps, edge.id)), "forbidden");
    assert.equal(await codeOf(openTask(deps, desk.caller, request(room))), "forbidden");
  });
});
