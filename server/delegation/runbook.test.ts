import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { defineServer, defineTool } from "../catalog/index.ts";
import { hours, minutes } from "../lib/index.ts";
import { defineRunbook, findRunbook } from "./define-runbook.ts";
import { begunTask, codeOf, fault, openCompany, request, sign } from "./fixture.ts";
import { openTask } from "./open-task.ts";
import { findTask } from "./store.ts";
import { seenTask } from "./task.ts";

const RESTART = { name: "restart", description: "Restarts what hangs.", steps: ["ops/drain", "ops/restart"] };

forEachEngine((engine) => {
  let room: Awaited<ReturnType<typeof openCompany>>;
  before(async () => {
    room = await openCompany(engine);
    const { deps, ada } = room;
    await defineServer(deps, ada.caller, { id: "ops", resource: "https://ops.example" });
    for (const name of ["drain", "restart", "erase"]) {
      await defineTool(deps, ada.caller, {
        definition: {
          server: "ops",
          name,
          description: "A tool.",
          labels: ["write"],
          inputSchema: { type: "object", properties: {} },
        },
      });
    }
  });
  after(() => room.close());

  const define = (more: Partial<typeof RESTART> = {}, replaces?: string) =>
    defineRunbook(room.deps, room.ada.caller, { definition: { ...RESTART, ...more }, replaces });

  const bodies = async (type: string, task?: string) => {
    const filter = { type, limit: 50, ...(task === undefined ? {} : { task }) };
    return (await findEvents(room.deps.database, filter)).map(({ body }) => JSON.parse(body));
  };

  describe("a runbook", () => {
    test("is approved by an administrator, and says who did and when", async () => {
      const { deps, ada, pat } = room;
      const runbook = await define();
      assert.deepEqual(await findRunbook(deps, "restart"), runbook);
      assert.deepEqual([runbook.approvedBy, runbook.approvedAt], [ada.id, deps.clock.now()]);
      assert.equal(await codeOf(defineRunbook(deps, pat.caller, { definition: RESTART })), "forbidden");
      await define();
      const [event, ...more] = await bodies("runbook.approved");
      assert.deepEqual([event.body.runbook, event.body.digest, more], ["restart", runbook.digest, []]);
    });

    test("plans with pinned tools alone, and at least one", async () => {
      assert.equal(await codeOf(define({ name: "other", steps: ["ops/drain", "ops/format"] })), "invalid");
      assert.equal(await codeOf(define({ name: "other", steps: [] })), "invalid");
    });

    test("is replaced only by somebody who says which one, and tasks at work keep theirs", async () => {
      const { deps } = room;
      const first = await define({ name: "kept" });
      const { task } = await begunTask(deps, room, { runbook: "kept" });
      const steps = ["ops/erase"];
      const refusal = await fault(define({ name: "kept", steps }));
      assert.deepEqual([refusal.code, refusal.members.approved], ["conflict", first.digest]);
      const second = await define({ name: "kept", steps }, first.digest);
      assert.notEqual(second.digest, first.digest);
      const kept = await findTask(deps.database, task.id);
      assert.deepEqual(kept?.runbook, { name: "kept", steps: RESTART.steps, digest: first.digest });
      const next = await openTask(deps, room.desk.caller, request(room, { runbook: "kept" }));
      assert.equal(next.runbook?.digest, second.digest);
    });
  });

  describe("a task", () => {
    test("keeps what it serves, in its record, its event and every question about it", async () => {
      const { deps } = room;
      const runbook = await define();
      const incident = { id: "INC-7", severity: "P1" } as const;
      const { task } = await begunTask(deps, room, { incident, runbook: "restart" });
      const found = await findTask(deps.database, task.id);
      assert.ok(found);
      const { name, steps } = RESTART;
      assert.deepEqual(seenTask(found).incident, incident);
      assert.deepEqual(seenTask(found).runbook, { name, steps });
      const [{ body }] = await bodies("task.requested", task.id);
      assert.deepEqual([body.incident, body.runbook], [incident, { name, digest: runbook.digest }]);
    });

    test("serves nothing unless it is said, and follows no runbook that nobody approved", async () => {
      const { deps, desk } = room;
      const { task } = await begunTask(deps, room);
      assert.deepEqual([task.incident, task.runbook, task.breakGlass], [undefined, undefined, false]);
      assert.equal(
        await codeOf(openTask(deps, desk.caller, request(room, { runbook: "unheard" }))),
        "not-found",
      );
    });

    test("is never opened by an agent, whatever it says that it serves", async () => {
      const { deps, planner } = room;
      const incident = { id: "INC-8", severity: "P1" } as const;
      assert.equal(await codeOf(openTask(deps, planner.caller, request(room, { incident }))), "forbidden");
    });

    test("breaks the glass only by the person herself, for an hour at most, and raises an alarm", async () => {
      const { deps, desk, pat } = room;
      const emergency = request(room, { breakGlass: true });
      assert.equal(await codeOf(openTask(deps, desk.caller, emergency)), "forbidden");
      const long = { ...emergency, deadlineIn: hours(1) + 1 };
      assert.equal(await codeOf(openTask(deps, pat.caller, long)), "invalid");
      const task = await openTask(deps, pat.caller, emergency);
      assert.ok(task.deadline - task.openedAt <= hours(1));
      const [alarm, ...more] = await bodies("task.break-glass", task.id);
      assert.deepEqual([alarm.severity, alarm.about.person, more], ["alarm", pat.id, []]);
      const signed = await sign(deps, pat, task.id);
      assert.equal(seenTask(signed.task).breakGlass, true);
      deps.clock.advance(hours(1) - minutes(1));
      assert.equal((await findTask(deps.database, task.id))?.breakGlass, true);
    });
  });
});
