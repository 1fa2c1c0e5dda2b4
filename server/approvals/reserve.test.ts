import assert from "node:assert/strict";
import { describe } from "node:test";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { openDatabase } from "../database/index.ts";
import { minutes } from "../lib/index.ts";
import { ActivePolicies } from "../policy/index.ts";
import {
  answer,
  ask,
  asked,
  callFor,
  fault,
  issue,
  migrations,
  type Opened,
  promisesOn,
  use,
} from "./fixture.ts";

forEachEngine((engine) => {
  const promise = promisesOn(engine);

  describe("an approval", () => {
    const approved = async (company: Opened) => {
      const call = await callFor(company.deps, company.pat);
      const approval = await asked(ask(company.deps, call));
      await answer(company.deps, company.mia, approval);
      return { ...company, call, approval };
    };

    promise("is held by one token and used once", async (company) => {
      const { deps, call, approval } = await approved(company);
      await issue(deps, call, "jti_1");
      assert.equal((await fault(ask(deps, call))).code, "conflict", "while a token holds it");
      assert.equal((await fault(use(deps, approval, "jti_2"))).code, "gone");
      await use(deps, approval, "jti_1");
      assert.equal((await fault(use(deps, approval, "jti_1"))).code, "gone");
      assert.notEqual(await asked(ask(deps, call)), approval, "the next time people are asked again");
    });

    promise("comes free again when the token that held it expires unused", async (company) => {
      const { deps, call, approval } = await approved(company);
      await issue(deps, call, "jti_1", minutes(5));
      deps.clock.advance(minutes(5));
      await issue(deps, { ...call, now: deps.clock.now() }, "jti_2", minutes(5));
      assert.equal((await fault(use(deps, approval, "jti_1"))).code, "gone");
      await use(deps, approval, "jti_2");
    });

    promise("is neither issued for nor used after its time", async (company) => {
      const { deps, call, approval } = await approved(company);
      await issue(deps, call, "jti_1", minutes(5));
      deps.clock.advance(minutes(60));
      assert.equal((await fault(use(deps, approval, "jti_1"))).code, "gone");
      assert.notEqual(await asked(issue(deps, { ...call, now: deps.clock.now() }, "jti_2")), approval);
    });

    promise(
      "goes to exactly one of many tokens asked for at once, and is used by exactly one of many calls",
      async (company) => {
        const { deps, location, call, approval } = await approved(company);
        const second =
          engine.name === "postgres" ? await openDatabase(deps, location, migrations) : undefined;
        const servers = [
          deps,
          second === undefined ? deps : { ...deps, database: second, policies: new ActivePolicies() },
        ];
        const on = (index: number) => servers[index % 2] as typeof deps;
        const tokens = Array.from({ length: 16 }, (_, index) => `jti_${index}`);
        const issued = await Promise.allSettled(tokens.map((jti, index) => issue(on(index), call, jti)));
        const winners = tokens.filter((_, index) => issued[index]?.status === "fulfilled");
        assert.equal(winners.length, 1);
        const uses = await Promise.allSettled(
          Array.from({ length: 16 }, (_, index) => use(on(index), approval, winners[0] ?? "")),
        );
        assert.equal(uses.filter(({ status }) => status === "fulfilled").length, 1);
        assert.equal((await findEvents(deps.database, { type: "approval.spent", limit: 10 })).length, 1);
        await second?.close();
      },
    );
  });
});
