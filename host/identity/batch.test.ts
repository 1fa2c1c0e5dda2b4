import assert from "node:assert/strict";
import { test } from "node:test";
import { UpstreamRefused } from "../upstream/refused.ts";
import type { AttestRequest } from "../upstream/upstream.ts";
import { batching } from "./batch.ts";
import { ownKey } from "./held.ts";
import { nodeClock } from "./ports.ts";
import { attestRequest, makeKey } from "./request.ts";
import { entryOf } from "./test-upstream.ts";

const requestOf = (pid: number): AttestRequest => ({
  entry: "e1",
  spki: "",
  proof: "",
  process: { pid, started: "boot:1" },
  selectors: [],
  files: [],
});

/** A control plane that refuses every message in which one of these asks, for its form. */
function refusing(status: number, ...bad: number[]) {
  const sizes: number[] = [];
  return {
    sizes,
    async attest(requests: readonly AttestRequest[]) {
      sizes.push(requests.length);
      if (requests.some(({ process }) => bad.includes(process.pid)))
        throw new UpstreamRefused(status, { code: "malformed", reason: "too long" });
      return requests.map(({ process }) => ({ instance: String(process.pid), chain: [], expires: 1 }));
    },
  };
}

test("a request that the control plane cannot read costs nobody else his answer", async () => {
  const upstream = refusing(400, 13, 14, 77);
  const ask = batching(upstream, nodeClock);
  const outcomes = await Promise.allSettled(Array.from({ length: 100 }, (_, pid) => ask(requestOf(pid))));
  for (const [pid, outcome] of outcomes.entries())
    assert.deepEqual(
      outcome.status === "fulfilled" ? (outcome.value as { instance: string }).instance : "failed",
      [13, 14, 77].includes(pid) ? "failed" : String(pid),
    );
  assert.ok(upstream.sizes.length < 45, String(upstream.sizes.length));
});

test("a machine that is refused itself does not ask again for each of its processes", async () => {
  const upstream = refusing(403, 1);
  const ask = batching(upstream, nodeClock);
  const outcomes = await Promise.allSettled([1, 2, 3].map((pid) => ask(requestOf(pid))));
  assert.ok(outcomes.every(({ status }) => status === "rejected"));
  assert.deepEqual(upstream.sizes, [3]);
});

test("of a process only what its entry names is told, and which image it runs, however much it shows", () => {
  const selectors = [
    ...Array.from({ length: 300 }, (_, i) => `container:image_digest:sha256:${String(i).padStart(64, "0")}`),
    ...Array.from({ length: 300 }, (_, i) => `unix:supplementary_gid:${i}`),
    `process:parent_path:/${"a".repeat(4_000)}`,
    "unix:uid:1001",
  ];
  const measured = { pid: 7, started: "boot:1", selectors, files: [] };
  const told = attestRequest(entryOf("e1"), measured, ownKey(makeKey())).selectors;
  assert.deepEqual(told, [...selectors.slice(0, 20), "unix:uid:1001"]);
});
