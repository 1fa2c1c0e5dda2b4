import assert from "node:assert/strict";
import { test } from "node:test";
import { runSuite } from "./report.ts";
import { suites } from "./suites.ts";

/** Declares a suite's normal run as one test, whose name is what the suite promises. */
export function testSuite(suite: string, promise: string): void {
  test(promise, async (context) => {
    const load = suites.get(suite);
    assert(load !== undefined);
    const notes: string[] = [];
    const tell = (line: string): void => void (line.startsWith("ok ") || notes.push(line));
    const { failures, passed, skipped } = await runSuite(suite, await load(), { long: false, tell });
    if (skipped !== undefined) return context.skip(skipped);
    assert.deepEqual(failures, [], notes.join("\n"));
    assert(passed > 0);
  });
}
