import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { perform } from "../audit/index.ts";
import { forEachEngine, type TestDeps } from "../audit/test-databases.ts";
import { Change, Conflict, openDatabase } from "../database/index.ts";
import { Fault, type Id, newId, system } from "../lib/index.ts";
import { updateAgent } from "../registry/index.ts";
import { chainOf } from "./chain-of.ts";
import { closeTask } from "./close-task.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { ALL, begunTask, codeOf, migrations, openCompany, passOn, type Running, run } from "./fixture.ts";
import { forgetHeads } from "./forget-heads.ts";
import type { RememberedCall } from "./history.ts";
import { joinTask } from "./join-task.ts";
import {
  type CallMade,
  footing,
  headKeys,
  historyFor,
  type Remembered,
  reserveCall,
  tidyWindows,
  windowsFor,
} from "./remember.ts";
import { type CountedFor, SPANS } from "./window.ts";

type Deps = DelegationDeps & TestDeps;

const READ: RememberedCall = { tool: "reports/read", data: ["customer-data"], untrusted: false };
const MAIL: RememberedCall = { tool: "mail/read", data: [], untrusted: true };
const PLAIN: RememberedCall = { tool: "reports/write", data: [], untrusted: false };
const EVERYTHING: Remembered[] = ["history", "agent", "instance", "person", "resource"];

const whose = ({ instance }: Running, task?: Id<"task">) => ({
  ...(task === undefined ? {} : { task, person: "person_pat" }),
  agent: instance.principal,
  instance: instance.id,
  resource: "https://reports.example",
});

/** A call as the token service lets one pass: where it stands, what it decides, what is remembered. */
function callAs(
  deps: Deps,
  of: CountedFor & { task?: Id<"task"> },
  call: RememberedCall,
  decide: () => Promise<void> = async () => {},
): Promise<void> {
  return perform(deps, system, "tool.call", async (change, turn) => {
    const at = deps.clock.now();
    const made: CallMade = { ...of, at, call, id: newId(deps, "action") };
    await turn.take(headKeys(made, EVERYTHING));
    const on = await footing(deps, made, EVERYTHING);
    await decide();
    reserveCall(change, made, { on, watched: EVERYTHING });
  });
}

const join = (deps: Deps, { instance }: Running, edge: string): Promise<void> =>
  perform(deps, system, "token.issue", async (change) =>
    joinTask(deps, change, await chainOf(deps, edge), instance.id),
  );

forEachEngine((engine) => {
  let room: Awaited<ReturnType<typeof openCompany>>;
  before(async () => {
    room = await openCompany(engine);
  });
  after(() => room.close());

  /** A copy of an agent of its own, which works on a new task of Pat's. */
  async function atWork(agent = "planner") {
    const { deps } = room;
    const copy = await run(deps, { agent });
    const { task, edge } = await begunTask(deps, room);
    await join(deps, copy, edge.id);
    return { copy, task: task.id, edge: edge.id };
  }

  /** Another agent's copy, to which the first passes on a part of the task. */
  async function subAgent(from: Awaited<ReturnType<typeof atWork>>) {
    const { deps } = room;
    const copy = await run(deps, { agent: "writer" });
    const edge = await passOn(deps, from.copy, { edge: from.edge, to: "writer", grants: ALL });
    await join(deps, copy, edge.id);
    return { copy, task: from.task, edge: edge.id };
  }

  const seen = async (copy: Running, task?: Id<"task">, tool = "reports/write") =>
    historyFor(room.deps, { ...(task === undefined ? {} : { task }), instance: copy.instance.id, tool });

  const marks = async (copy: Running, task?: Id<"task">) => {
    const { labels, untrusted } = await seen(copy, task);
    return [labels, untrusted];
  };

  const MARKED = [["customer-data"], true];
  const UNMARKED = [[], false];

  describe("what a task remembers", () => {
    test("is remembered for its whole tree: what one agent read, every other is known to have read", async () => {
      const { deps } = room;
      const planner = await atWork();
      const writer = await subAgent(planner);
      assert.deepEqual(await marks(planner.copy, planner.task), UNMARKED);
      await callAs(deps, whose(writer.copy, writer.task), READ);
      await callAs(deps, whose(writer.copy, writer.task), MAIL);
      assert.deepEqual(await marks(planner.copy, planner.task), MARKED);
      const { calls, toolCalls } = await seen(planner.copy, planner.task, "mail/read");
      assert.deepEqual([calls, toolCalls], [2, 1]);
    });

    test("sums what each tool moved, by currency and exactly, over all agents of the tree", async () => {
      const { deps } = room;
      const planner = await atWork();
      const writer = await subAgent(planner);
      const pay = (value: bigint, currency: string): RememberedCall => ({
        ...PLAIN,
        tool: "bank/pay",
        amount: { value, currency },
      });
      const huge = 99_999_999_999_999_999n;
      await callAs(deps, whose(planner.copy, planner.task), pay(huge, "EUR"));
      await callAs(deps, whose(writer.copy, planner.task), pay(huge, "EUR"));
      await callAs(deps, whose(writer.copy, planner.task), pay(1n, "USD"));
      const { amounts } = await seen(planner.copy, planner.task, "bank/pay");
      assert.deepEqual(amounts, { EUR: 2n * huge, USD: 1n });
      assert.deepEqual((await seen(planner.copy, planner.task, "bank/refund")).amounts, {});
    });

    test("is not shed by closing it: the copy brings it into the next task that it joins", async () => {
      const { deps, desk } = room;
      const first = await atWork();
      await callAs(deps, whose(first.copy, first.task), READ);
      await callAs(deps, whose(first.copy, first.task), MAIL);
      await closeTask(deps, desk.caller, { task: first.task });
      const { task, edge } = await begunTask(deps, room);
      await join(deps, first.copy, edge.id);
      assert.deepEqual(await marks(first.copy, task.id), MARKED);
      const stranger = await subAgent({ ...first, task: task.id, edge: edge.id });
      assert.deepEqual(await marks(stranger.copy, task.id), MARKED, "and into the hands of others");
      assert.equal((await seen(first.copy, task.id)).calls, 0, "what was counted stays where it was");
    });

    test("is not shed by delegating: a sub-agent's copy has it, and brings it elsewhere", async () => {
      const { deps, desk } = room;
      const planner = await atWork();
      await callAs(deps, whose(planner.copy, planner.task), MAIL);
      await callAs(deps, whose(planner.copy, planner.task), READ);
      const writer = await subAgent(planner);
      assert.deepEqual(await marks(writer.copy, writer.task), MARKED);
      await closeTask(deps, desk.caller, { task: planner.task });
      assert.deepEqual(await marks(writer.copy), MARKED, "on its own authority");
      const { task, edge } = await begunTask(deps, room);
      const elsewhere = { copy: await run(deps, { agent: "planner" }), task: task.id, edge: edge.id };
      const again = await passOn(deps, elsewhere.copy, { edge: edge.id, to: "writer", grants: ALL });
      assert.deepEqual(await marks(elsewhere.copy, task.id), UNMARKED);
      await join(deps, writer.copy, again.id);
      assert.deepEqual(await marks(elsewhere.copy, task.id), MARKED, "in another task");
    });

    test("is brought by a copy that only delegates, without a call or a token of its own", async () => {
      const { deps } = room;
      const copy = await run(deps, { agent: "planner" });
      await callAs(deps, whose(copy), MAIL);
      const { task, edge } = await begunTask(deps, room);
      await passOn(deps, copy, { edge: edge.id, to: "writer", grants: ALL });
      const writer = await run(deps, { agent: "writer" });
      assert.deepEqual(await marks(writer, task.id), [[], true]);
    });

    test("without a task is the copy's own, and none of another copy's", async () => {
      const { deps } = room;
      const [one, other] = [await run(deps, { agent: "planner" }), await run(deps, { agent: "planner" })];
      await callAs(deps, whose(one), READ);
      await callAs(deps, whose(one), MAIL);
      assert.deepEqual(await marks(one), MARKED);
      assert.equal((await seen(one)).calls, 2);
      assert.deepEqual(await marks(other), UNMARKED);
      assert.equal((await seen(other)).calls, 0);
    });

    test("passes between a task and a copy that works there already, whichever of them learns of it", async () => {
      const { deps } = room;
      const { copy, task, edge } = await atWork();
      await callAs(deps, whose(copy), MAIL);
      await join(deps, copy, edge);
      assert.deepEqual(await marks(copy, task), [[], true]);
      const [before] = (await footing(deps, whose(copy, task), ["history"])).heads;
      await join(deps, copy, edge);
      const [unmoved] = (await footing(deps, whose(copy, task), ["history"])).heads;
      assert.deepEqual(unmoved, before, "with nothing new, nothing is written");
    });
  });

  describe("a running copy", () => {
    const alone = { max_depth: 4, delegate_to: ["writer", "publisher"], needs_person: [] };
    before(() => updateAgent(room.deps, room.ada.caller, { name: "planner", update: { delegation: alone } }));
    after(() =>
      updateAgent(room.deps, room.ada.caller, {
        name: "planner",
        update: { delegation: { ...alone, shared: true } },
      }),
    );

    test("works on one open task at a time, and on the next when that has ended", async () => {
      const { deps, desk } = room;
      const first = await atWork();
      const next = await begunTask(deps, room);
      assert.equal(await codeOf(join(deps, first.copy, next.edge.id)), "denied");
      const grants = { edge: next.edge.id, to: "writer", grants: ALL };
      assert.equal(await codeOf(passOn(deps, first.copy, grants)), "denied", "not by delegating either");
      await join(deps, first.copy, first.edge);
      await closeTask(deps, desk.caller, { task: first.task });
      await join(deps, first.copy, next.edge.id);
    });

    test("of two tasks that it joins at once gets one", async () => {
      const { deps } = room;
      const copy = await run(deps, { agent: "planner" });
      const tasks = [await begunTask(deps, room), await begunTask(deps, room), await begunTask(deps, room)];
      const joined = await Promise.allSettled(tasks.map(({ edge }) => join(deps, copy, edge.id)));
      assert.equal(joined.filter(({ status }) => status === "fulfilled").length, 1);
    });

    test("may work on several when its agent's record says that it is shared", async () => {
      const { deps, ada } = room;
      const shared = { delegation: { ...alone, shared: true as const } };
      await updateAgent(deps, ada.caller, { name: "planner", update: shared });
      const { copy } = await atWork();
      await join(deps, copy, (await begunTask(deps, room)).edge.id);
      await updateAgent(deps, ada.caller, { name: "planner", update: { delegation: alone } });
    });
  });

  describe("a window", () => {
    test("slides: it counts what is within its span before now, also what has been summed up meanwhile", async () => {
      const { deps } = room;
      const of = whose(await run(deps, { agent: "planner" }));
      const counted = async () => {
        const before = (await windowsFor(deps, of, deps.clock.now(), ["instance"])).instance;
        await Promise.all([tidyWindows(deps), tidyWindows(deps)]);
        const { instance } = await windowsFor(deps, of, deps.clock.now(), ["instance"]);
        assert.deepEqual(instance, before);
        return instance;
      };
      await callAs(deps, of, PLAIN);
      deps.clock.advance(SPANS.minute - 1);
      await callAs(deps, of, PLAIN);
      assert.deepEqual(await counted(), { minute: 2, hour: 2, day: 2 });
      deps.clock.advance(1);
      assert.deepEqual(await counted(), { minute: 1, hour: 2, day: 2 });
      deps.clock.advance(SPANS.hour);
      assert.deepEqual(await counted(), { minute: 0, hour: 0, day: 2 });
      deps.clock.advance(SPANS.minute);
      assert.deepEqual(await counted(), { minute: 0, hour: 0, day: 2 });
      await callAs(deps, of, PLAIN);
      deps.clock.advance(SPANS.day - SPANS.hour - SPANS.minute);
      assert.deepEqual(await counted(), { minute: 0, hour: 0, day: 1 }, "when its minute is wholly over");
      deps.clock.advance(SPANS.day);
      assert.deepEqual(await counted(), { minute: 0, hour: 0, day: 0 });
    });

    test("is kept apart for agent, copy, person and resource, and outlives tasks and restarts", async () => {
      const { deps, desk, location } = room;
      deps.clock.advance(2 * SPANS.day);
      const { copy, task } = await atWork();
      const twin = await run(deps, { agent: "planner" });
      await callAs(deps, whose(copy, task), PLAIN);
      await callAs(deps, whose(twin), PLAIN);
      await closeTask(deps, desk.caller, { task });
      const count = async (at: Pick<Deps, "database">) => {
        const of = whose(copy, task);
        const windows = await windowsFor({ ...deps, ...at }, of, deps.clock.now());
        return Object.values(windows).map(({ minute }) => minute);
      };
      assert.deepEqual(await count(deps), [2, 1, 1, 2]);
      if (engine.name !== "postgres") return;
      const restarted = await openDatabase(deps, location, migrations);
      assert.deepEqual(await count({ database: restarted }), [2, 1, 1, 2]);
      await restarted.close();
    });

    test("has a call decided again when another was counted since it looked", async () => {
      const { deps } = room;
      const made = { ...whose(await run(deps, { agent: "planner" })), at: deps.clock.now(), call: PLAIN };
      const on = await footing(deps, made, ["agent"]);
      const changes = [0, 1].map(() => {
        const change = new Change(deps.database);
        reserveCall(change, { ...made, id: newId(deps, "action") }, { on, watched: ["agent"] });
        return change;
      });
      const settled = await Promise.allSettled(changes.map((change) => deps.database.commit(change)));
      const [failed, ...more] = settled.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
      assert.ok(failed instanceof Conflict);
      assert.equal(more.length, 0);
    });

    test("moves for calls that were not decided by it, where any decision may read it", async () => {
      const { deps } = room;
      const made = { ...whose(await run(deps, { agent: "planner" })), at: deps.clock.now(), call: PLAIN };
      const on = await footing(deps, made, ["agent"]);
      const other = new Change(deps.database);
      const id = newId(deps, "action");
      reserveCall(other, { ...made, id }, { on: { heads: [] }, watched: ["agent"] });
      await deps.database.commit(other);
      const change = new Change(deps.database);
      reserveCall(change, { ...made, id: newId(deps, "action") }, { on, watched: ["agent"] });
      await assert.rejects(deps.database.commit(change), Conflict);
    });

    test("of what has ended, or has rested for a day, leaves no head behind, and begins anew", async () => {
      const { deps, desk } = room;
      const { copy, task } = await atWork();
      const of = whose(copy, task);
      await callAs(deps, of, PLAIN);
      const standing = async () => {
        const { heads } = await footing(deps, of, EVERYTHING);
        return heads.filter(({ version }) => version > 0).map(({ key }) => key.split(":")[1]);
      };
      const all = await standing();
      assert.equal(all.length, 6);
      await forgetHeads(deps);
      assert.deepEqual(await standing(), all, "it is under way");
      await closeTask(deps, desk.caller, { task });
      deps.clock.advance(SPANS.hour);
      await tidyWindows(deps);
      await forgetHeads(deps);
      assert.deepEqual(await standing(), all, "it was a moment ago");
      deps.clock.advance(SPANS.day + 2 * SPANS.minute);
      await tidyWindows(deps);
      await tidyWindows(deps);
      await forgetHeads(deps);
      assert.deepEqual(await standing(), []);
      await callAs(deps, of, PLAIN);
      assert.deepEqual(await standing(), all);
    });

    const MOST = 25;

    /** Refuses what would be one call too many. */
    const atMost = (deps: Deps, of: CountedFor) => async () => {
      const { agent } = await windowsFor(deps, of, deps.clock.now(), ["agent"]);
      if ((agent?.minute ?? 0) >= MOST) throw new Fault("denied", "Too many calls.");
    };

    async function race(servers: readonly Deps[], of: CountedFor, calls: number): Promise<void> {
      const began = performance.now();
      const tidying = Promise.all(
        [1, 2, 3].map(() => tidyWindows(room.deps).then(() => forgetHeads(room.deps))),
      );
      const settled = await Promise.allSettled(
        Array.from({ length: calls }, (_, i) => {
          const deps = servers[i % servers.length] ?? room.deps;
          return callAs(deps, of, PLAIN, atMost(deps, of));
        }),
      );
      await tidying;
      const refused = settled.flatMap((one) => (one.status === "rejected" ? [String(one.reason.code)] : []));
      assert.deepEqual([...new Set(refused)], ["denied"], "refused, and nothing else");
      assert.equal(calls - refused.length, MOST);
      assert.ok(performance.now() - began < 20_000);
    }

    test("that holds N admits exactly N of a thousand calls at once", async () => {
      const { deps } = room;
      deps.clock.advance(SPANS.day);
      await race([deps], whose(await run(deps, { agent: "planner" })), 1_000);
    });

    test("admits exactly N between two servers", { skip: engine.name !== "postgres" }, async () => {
      const { deps, location } = room;
      deps.clock.advance(SPANS.day);
      const database = await openDatabase(deps, location, migrations);
      await race([deps, { ...deps, database }], whose(await run(deps, { agent: "planner" })), 400);
      await database.close();
    });
  });
});
