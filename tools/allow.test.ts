import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const SERVER = new URL("../server/", import.meta.url);

/** An `Allow` has a member that no value can be written for: it can only be made by a cast. */
const MAKES_ONE = /\bas\s+(unknown\s+as\s+)?Allow\s*</;

test("a decision that lets something happen is made in approvals/authorize.ts and nowhere else", () => {
  const sources = readdirSync(SERVER, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && !/\.test\.ts$|fixture\.ts$/.test(name),
  );
  assert.ok(sources.length > 200, "the sources were not found");
  const makers = sources.filter((name) => MAKES_ONE.test(readFileSync(new URL(name, SERVER), "utf8")));
  assert.deepEqual(makers, ["approvals/authorize.ts"]);
});
