import assert from "node:assert/strict";
import { forEachEngine } from "../audit/test-databases.ts";
import { defineTool, findTool } from "../catalog/index.ts";
import { system } from "../lib/index.ts";
import { replacePolicies } from "./activate.ts";
import { activeSet } from "./active-set.ts";
import { diffPolicies } from "./diff.ts";
import {
  agent,
  auditor,
  eventsOf,
  FORBID,
  mine,
  PERMIT,
  permitBut,
  pinTools,
  promisesOn,
  publisher,
  refused,
} from "./fixture.ts";
import { rollbackPolicies } from "./rollback.ts";
import { latestActivations, storedSet, storedVersions } from "./store.ts";
import { storeVersion } from "./store-version.ts";

forEachEngine((engine) => {
  const promise = promisesOn(engine);

  promise(
    "a set on record is whole, with who put it there, when and why, and decides nothing",
    async ({ deps }) => {
      const files = [...mine(PERMIT), { name: "limits", text: "", settings: "most: 5" }];
      const { version } = await storeVersion(deps, publisher, { files, message: "for the auditors" });
      const stored = await storedSet(deps.database, version);
      assert.deepEqual(stored?.files, [...files].reverse());
      assert.deepEqual(
        [stored?.author, stored?.at, stored?.message],
        [publisher.principal, deps.clock.now(), "for the auditors"],
      );
      assert.equal(await activeSet(deps), undefined);
      const [event] = await eventsOf({ deps }, "policy.stored");
      assert.ok(!JSON.stringify(event).includes("auditors"), "people's words stay out of the log");
    },
  );

  promise("settings are part of a set: other values are another version", async ({ deps }) => {
    const version = async (settings: string) => {
      const files = [...mine(PERMIT), { name: "limits", text: "", settings }];
      return (await storeVersion(deps, publisher, { files })).version;
    };
    assert.notEqual(await version("most: 5"), await version("most: 6"));
    assert.equal(await version("most: 5"), await version("most: 5"));
  });

  promise("what cannot be activated is not put on record, and not everybody may", async ({ deps }) => {
    await assert.rejects(storeVersion(deps, publisher, { files: mine("permit") }), refused("invalid"));
    for (const caller of [agent, auditor])
      await assert.rejects(storeVersion(deps, caller, { files: mine(PERMIT) }), refused("forbidden"));
    assert.deepEqual(await storedVersions(deps.database, { limit: 10 }), []);
  });

  promise("versions are listed page by page, newest first", async ({ deps }) => {
    const versions: string[] = [];
    for (const text of [PERMIT, FORBID, `${PERMIT}\n`, `${FORBID}\n`, `${PERMIT}\n\n`]) {
      versions.unshift((await storeVersion(deps, publisher, { files: mine(text) })).version);
      deps.clock.advance(versions.length % 2);
    }
    const seen: string[] = [];
    for (;;) {
      const page = await storedVersions(deps.database, { before: seen.at(-1), limit: 2 });
      if (page.length === 0) break;
      seen.push(...page.map(({ version }) => version));
    }
    assert.deepEqual([...seen].sort(), [...versions].sort());
    assert.equal(seen[0], versions[0]);
  });

  promise("rolling back brings the set before back, as an activation that says so", async ({ deps }) => {
    const one = await replacePolicies(deps, publisher, mine(PERMIT));
    const two = await replacePolicies(deps, publisher, mine(FORBID));
    const back = await rollbackPolicies(deps, publisher, { message: "it stopped everything" });
    assert.deepEqual([back.version, back.number], [one.version, 3]);
    assert.equal((await activeSet(deps))?.version, one.version);
    const events = await eventsOf({ deps }, "policy.activated");
    const { body } = events.find(({ body: { number } }) => number === 3);
    assert.deepEqual([body.rollback, body.before], [true, two.version]);
    const [latest] = await latestActivations(deps.database, { limit: 1 });
    assert.deepEqual([latest?.kind, latest?.message], ["rollback", "it stopped everything"]);
  });

  promise("rolling back to a version by name, however long ago it decided", async ({ deps }) => {
    const one = await replacePolicies(deps, publisher, mine(PERMIT));
    for (const text of [FORBID, `${PERMIT}\n`, `${FORBID}\n`])
      await replacePolicies(deps, publisher, mine(text));
    assert.equal((await rollbackPolicies(deps, publisher, { version: one.version })).version, one.version);
    await assert.rejects(
      rollbackPolicies(deps, publisher, { version: "pv_0000000000000000" }),
      refused("not-found"),
    );
  });

  promise("nothing to go back to is said, and nobody else may", async ({ deps }) => {
    await replacePolicies(deps, publisher, mine(PERMIT));
    await assert.rejects(rollbackPolicies(deps, publisher, {}), refused("conflict"));
    await assert.rejects(rollbackPolicies(deps, auditor, {}), refused("forbidden"));
  });

  promise("a set that does not fit the catalog of today does not come back", async (opened) => {
    const { deps } = opened;
    await pinTools(opened);
    const titled = permitBut("titled", 'context.args has title && context.args.title == "x"');
    const onPublish = titled.map((file) => ({
      ...file,
      text: file.text.replace(
        "forbid (principal, action,",
        'forbid (principal, action == Action::"reports/publish",',
      ),
    }));
    await replacePolicies(deps, publisher, onPublish);
    const two = await replacePolicies(deps, publisher, mine(PERMIT));
    const pinned = await findTool(deps, "reports/publish");
    const inputSchema = { type: "object" as const, properties: { title: { type: "integer" as const } } };
    const { server, name, description, labels } = pinned as NonNullable<typeof pinned>;
    const definition = { server, name, description, labels: [...labels], inputSchema };
    await defineTool(deps, system, { definition, replaces: pinned?.digest });
    await assert.rejects(rollbackPolicies(deps, publisher, {}), refused("invalid"));
    assert.equal((await activeSet(deps))?.version, two.version, "what decided still does");
  });

  promise("a comparison names policies by id, whatever file they stand in", async ({ deps }) => {
    const { version } = await storeVersion(deps, publisher, { files: mine(`${PERMIT}\n${FORBID}`) });
    const moved = { name: "other", text: PERMIT.replace("All.", "All of it."), settings: "a: 1" };
    const diff = await diffPolicies(deps, { version }, { policies: [...mine(""), moved] });
    assert.deepEqual(
      [diff.added, diff.removed.map(({ id }) => id), diff.changed.map(({ id }) => id)],
      [[], ["none"], ["all"]],
    );
    assert.deepEqual(
      [diff.changed[0]?.before.file, diff.changed[0]?.after.file],
      ["mine.cedar", "other.cedar"],
    );
    assert.deepEqual(diff.beside, [{ file: "other.settings.yaml", before: "", after: "a: 1" }]);
    const none = await diffPolicies(deps, { version }, { policies: mine(`${FORBID}\n\n${PERMIT}`) });
    assert.deepEqual([none.added, none.removed, none.changed], [[], [], []]);
  });

  promise("a draft that cannot be read is refused with the place", async ({ deps }) => {
    await assert.rejects(diffPolicies(deps, "shipped", { policies: mine("permit") }), (fault: Error) => {
      assert.match(fault.message, /mine\.cedar:1/);
      return refused("invalid")(fault);
    });
  });
});
