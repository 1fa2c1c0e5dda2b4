/** Kill -9 under load with PostgreSQL behind: of our server, and of PostgreSQL itself. */
import assert from "node:assert/strict";
import type { Administrator } from "./administrator.ts";
import { chanceOfThisRun, eventually, pause } from "./chance.ts";
import { killAgainAndAgain, onPlace } from "./durability.ts";
import { requireKept } from "./kept.ts";
import { startLoad } from "./load.ts";
import { freshPostgres } from "./place.ts";
import { type PrivatePostgres, privatePostgres } from "./private-postgres.ts";
import type { Suite } from "./report.ts";

const KILLS = 5;
const LONG_KILLS = 300;
/** Nobody waits longer for an answer, whatever the database does. */
const LONGEST_ANSWER_MS = 12_000;

export const durabilityOnPostgres: Suite = async (report, { long }) => {
  const chance = chanceOfThisRun();
  report.note(`seed ${chance.seed}`);
  const postgres = await privatePostgres();
  try {
    await onPlace(await freshPostgres(postgres.url), async (place, first, administrator) => {
      const kills = long ? LONG_KILLS : KILLS;
      const server = await killAgainAndAgain(report, chance, { place, server: first, administrator, kills });
      for (const round of long ? [1, 2, 3, 4, 5] : [1, 2]) {
        await report.case(
          `PostgreSQL killed under load (${round}): 503 meanwhile, service resumes by itself, nothing acknowledged is lost`,
          () => vanishAndReturn(postgres, administrator, `pg${round}`, chance.between(100, 400)),
        );
      }
      await report.case(
        "PostgreSQL frozen under load: nobody waits for ever, and service resumes by itself",
        () => freezeAndThaw(postgres, administrator),
      );
      await report.case("after all that the server stops in order", () => server.stop());
    });
  } finally {
    await postgres.remove();
  }
};

async function vanishAndReturn(
  postgres: PrivatePostgres,
  administrator: Administrator,
  names: string,
  moment: number,
): Promise<void> {
  const load = startLoad(administrator, names);
  await pause(moment);
  await postgres.kill();
  const refusals = load.unavailable();
  await eventually(5_000, async () =>
    assert(load.unavailable() > refusals + 20, "requests are not refused with 503"),
  );
  assert.equal((await administrator.ask("GET", "/teams")).status, 503);
  assert.equal((await administrator.ask("GET", "/health")).status, 503);
  await postgres.start();
  await eventually(10_000, () => administrator.put(`/teams/${names}-again`, { lead: administrator.person }));
  await load.stop();
  assert(load.slowest() < LONGEST_ANSWER_MS, `somebody waited ${load.slowest()} ms`);
  await requireKept(administrator, names, load);
}

async function freezeAndThaw(postgres: PrivatePostgres, administrator: Administrator): Promise<void> {
  const load = startLoad(administrator, "frozen");
  await pause(200);
  postgres.freeze();
  try {
    await eventually(LONGEST_ANSWER_MS, async () => assert(load.unavailable() > 0, "requests hang"));
  } finally {
    postgres.thaw();
  }
  await eventually(10_000, () => administrator.put("/teams/frozen-again", { lead: administrator.person }));
  await load.stop();
  assert(load.slowest() < LONGEST_ANSWER_MS, `somebody waited ${load.slowest()} ms`);
  await requireKept(administrator, "frozen", load);
}
