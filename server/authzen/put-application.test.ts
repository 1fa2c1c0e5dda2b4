import assert from "node:assert/strict";
import { it } from "node:test";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { openDatabase } from "../database/index.ts";
import { type Caller, Fault, silentLog } from "../lib/index.ts";
import { suspendService } from "../registry/index.ts";
import { DecisionIds } from "./decision-ids.ts";
import { DecisionLog } from "./decision-log.ts";
import { evaluate } from "./evaluate.ts";
import { applicationDecision, applicationVersions, showApplication } from "./find-application.ts";
import { asks, definitionOf } from "./fixture.ts";
import { type House, migrations, openHouse } from "./house-fixture.ts";
import { LiveApplications } from "./live-applications.ts";

const READ = 'permit (principal, action == Action::"read", resource);';
const EDIT = 'permit (principal, action == Action::"edit", resource);';

const isFault = (code: Fault["code"]) => (error: unknown) => error instanceof Fault && error.code === code;

forEachEngine((engine) => {
  const promise = (name: string, keep: (house: House) => Promise<void>): void =>
    void it(name, async () => {
      const house = await openHouse(engine);
      await keep(house).finally(() => house.close());
    });

  promise(
    "a definition answers as soon as it is committed, by its newest version, and the old ones can be read",
    async ({ deps, ada, pat, put, ask, files }) => {
      const first = definitionOf([READ], { services: [files.id] });
      assert.equal((await put(pat.caller, first)).number, 1);
      assert.equal(await ask(files.caller, "ann read plan"), true);
      assert.equal(await ask(files.caller, "ann edit plan"), false);
      const second = definitionOf([READ, EDIT], { services: [files.id] });
      assert.equal((await put(ada.caller, second)).number, 2);
      assert.equal(await ask(files.caller, "ann edit plan"), true);
      assert.equal((await put(pat.caller, second)).number, 2, "the same again is nothing new");
      assert.deepEqual(
        (await showApplication(deps, pat.caller, { name: "files", number: 1 })).definition,
        first,
      );
      const versions = await applicationVersions(deps, ada.caller, "files");
      assert.deepEqual(
        versions.map(({ number, author }) => [number, author]),
        [
          [2, ada.id],
          [1, pat.id],
        ],
      );
      const events = await findEvents(deps.database, { type: "application.defined", limit: 10 });
      assert.ok(events.length >= 2);
    },
  );

  promise(
    "only an administrator, or who owns all services that may ask before and after, can define it",
    async ({ ada, pat, mia, put, files, foreign }) => {
      const mine = definitionOf([READ], { services: [files.id] });
      await assert.rejects(put(mia.caller, mine), isFault("forbidden"));
      await assert.rejects(put(files.caller, mine), isFault("forbidden"));
      await assert.rejects(
        put(pat.caller, definitionOf([READ], { services: [files.id, foreign.id] })),
        isFault("forbidden"),
      );
      await assert.rejects(
        put(pat.caller, definitionOf([READ])),
        isFault("forbidden"),
        "of nobody's services",
      );
      await put(ada.caller, definitionOf([READ], { services: [foreign.id] }));
      await assert.rejects(put(pat.caller, mine), isFault("forbidden"), "taken over");
    },
  );

  promise(
    "what is wrong about a definition is told with its place, and the one before answers on",
    async ({ pat, put, ask, files }) => {
      const services = [files.id];
      await put(pat.caller, definitionOf([READ], { services }));
      const wrong = definitionOf([EDIT], { services, schema: "entity User {" });
      await assert.rejects(put(pat.caller, wrong), (error) => {
        assert.ok(error instanceof Fault && error.code === "invalid");
        const [problem] = error.members.problems as { file: string; line: number }[];
        assert.deepEqual([problem?.file, problem?.line], ["schema.cedarschema", 1]);
        return true;
      });
      assert.equal(await ask(files.caller, "ann read plan"), true);
    },
  );

  promise(
    "a service that is not listed cannot tell an application from one that does not exist",
    async ({ pat, put, ask, files, foreign }) => {
      await put(pat.caller, definitionOf([READ], { services: [files.id] }));
      const said = async (name?: string): Promise<string> => {
        const error = await ask(foreign.caller, "ann read plan", name).catch((fault: Fault) => fault);
        assert.ok(error instanceof Fault && error.code === "forbidden");
        return error.message;
      };
      assert.equal(await said("files"), await said("nowhere"));
      assert.equal(await said(), await said("nowhere"));
    },
  );

  promise(
    "an application's policies see nothing of another application, though their names are the same",
    async ({ ada, put, ask, files, foreign }) => {
      await put(ada.caller, definitionOf([READ], { services: [files.id] }));
      await put(ada.caller, definitionOf([EDIT], { services: [foreign.id], entities: [] }), "other");
      assert.equal(await ask(files.caller, "ann read plan"), true);
      assert.equal(await ask(foreign.caller, "ann read plan"), false);
      assert.equal(await ask(foreign.caller, "ann edit plan"), true);
      await assert.rejects(ask(files.caller, "ann edit plan", "other"), isFault("forbidden"));
    },
  );

  promise("a service that is suspended cannot be listed", async ({ deps, ada, put, files }) => {
    await suspendService(deps, ada.caller, { id: files.id });
    await assert.rejects(put(ada.caller, definitionOf([READ], { services: [files.id] })), isFault("invalid"));
  });

  promise(
    "what was answered can be read by who may see the application, and by nobody else",
    async ({ deps, pat, mia, put, files }) => {
      await put(pat.caller, definitionOf([READ], { services: [files.id], record: "durable" }));
      const question = asks("ann read plan");
      const text = JSON.stringify(question);
      const answer = JSON.parse(
        await evaluate(deps, files.caller, { question, text, application: undefined }),
      );
      const wanted = { name: "files", id: answer.context.decision_id };
      const record = await applicationDecision(deps, pat.caller, wanted);
      assert.deepEqual([record.by, record.request, record.answer], [files.id, question, answer]);
      await assert.rejects(applicationDecision(deps, mia.caller, wanted), isFault("not-found"));
      await assert.rejects(
        applicationDecision(deps, pat.caller, { ...wanted, id: "decision_0" }),
        isFault("not-found"),
      );
    },
  );

  promise(
    "the owner of a service that may ask reads what her service was answered, and not what others were",
    async ({ deps, ada, pat, put, files, foreign }) => {
      const both = { services: [files.id, foreign.id], record: "durable" };
      await put(ada.caller, definitionOf([READ], both));
      const question = asks("ann read plan");
      const asked = { question, text: JSON.stringify(question), application: undefined };
      const idOf = async (caller: Caller): Promise<string> =>
        JSON.parse(await evaluate(deps, caller, asked)).context.decision_id;
      const [hers, anothers] = [await idOf(files.caller), await idOf(foreign.caller)];
      const read = (caller: Caller, id: string) => applicationDecision(deps, caller, { name: "files", id });
      assert.equal((await read(pat.caller, hers)).by, files.id);
      const refusals = await Promise.all(
        [anothers, "decision_0"].map((id) => read(pat.caller, id).catch((fault: Fault) => fault)),
      );
      const [foreignOne, unknownOne] = refusals as [Fault, Fault];
      assert.equal(foreignOne.code, "not-found");
      assert.deepEqual([foreignOne.message, foreignOne.record], [unknownOne.message, unknownOne.record]);
      for (const id of [hers, anothers]) assert.ok(await read(ada.caller, id));
    },
  );

  promise(
    "what one server defines, another on the same database answers by within a second",
    async ({ location, base, pat, put, files, time }) => {
      if ("folder" in location) return; // two servers share PostgreSQL, never a folder
      const basics = { clock: base.clock, random: base.random, log: silentLog };
      const database = await openDatabase(basics, location, migrations);
      const there = { ...base, database };
      const applications = new LiveApplications(there, () => time.now);
      const answers = new DecisionLog(there);
      try {
        const deps = { ...there, applications, answers, decisionIds: new DecisionIds(base) };
        const asked = (words: string) => {
          const question = asks(words);
          return evaluate(deps, files.caller, { question, text: "{}", application: undefined });
        };
        await put(pat.caller, definitionOf([READ], { services: [files.id] }));
        assert.match(await asked("ann edit plan"), /"decision":false/);
        await put(pat.caller, definitionOf([EDIT], { services: [files.id] }));
        time.now += 1_000;
        assert.match(await asked("ann edit plan"), /"decision":true/);
      } finally {
        applications.close();
        await answers.close();
        await database.close();
      }
    },
  );
});
