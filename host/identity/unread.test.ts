import assert from "node:assert/strict";
import { test } from "node:test";
import { said, testHost } from "./test-host.ts";
import { entryOf } from "./test-upstream.ts";

const DIGEST = `unix:sha256:${"ab".repeat(32)}`;

test("the program of a user for whom no entry is meant is not read, however often he asks", async () => {
  const host = await testHost();
  host.upstream.entryList = [entryOf("e1", { selectors: ["unix:uid:1001", DIGEST] })];
  host.upstream.change();
  await host.clock.advance(100);
  const stranger = host.process(7, 1002);
  stranger.selectors = ["unix:uid:1002", DIGEST];
  for (let times = 0; times < 3; times++) {
    const workload = host.identities.enter(stranger.connect());
    assert.equal(said(await workload.standing()), "no_entry");
    workload.leave();
    await host.clock.advance(2_000);
  }
  assert.equal(host.measured.length, 0);
  const one = host.process(8);
  one.selectors = ["unix:uid:1001", DIGEST];
  const standing = host.identities.enter(one.connect()).standing();
  await host.clock.advance(100);
  assert.equal(said(await standing), "planner/i1");
});

test("a process whose program was not read is read when an entry comes that may be meant for it", async () => {
  const host = await testHost();
  const process = host.process(7, 1002);
  process.selectors = ["unix:uid:1002", DIGEST];
  const told: string[] = [];
  host.identities.enter(process.connect()).watch((standing) => void told.push(said(standing)));
  await host.clock.advance(100);
  host.upstream.entryList.push(entryOf("e2", { selectors: ["unix:uid:1002", DIGEST] }));
  host.upstream.change();
  await host.clock.advance(100);
  assert.deepEqual([told[0], told.at(-1)], ["no_entry", "planner/i1"]);
});
