import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "./explain.ts";

const judged = { policyVersion: "pv_1", alarms: [] };
const permits = [{ id: "p", hash: "h" }];

test("each verdict is told in words that name the policies", () => {
  const allowed = { ...judged, permits, lifted: [], receipts: [] };
  assert.equal(explain({ ...allowed, verdict: "allow", obligations: [] }), "Allowed by p.");
  const obligations = [{ kind: "mask" as const, value: "iban", policy: "p" }];
  assert.equal(
    explain({ ...allowed, verdict: "allow-with-conditions", obligations }),
    "Allowed by p, on condition: mask iban.",
  );
  const reasons = [{ policy: "f", reason: "No." }];
  assert.equal(explain({ ...judged, verdict: "deny", reasons }), "No. (f)");
  const missing = ["approval(2 of finance)", "manager", "mfa", "security-review"];
  assert.equal(
    explain({ ...judged, verdict: "require-approval", missing, lifts: [], permits, reasons }),
    "Waiting for 2 approvers of finance and the manager of the person behind the task and the second factor of the person behind the task and a security review. No. (f)",
  );
});

test("what the chain lacks, which may name values, is not part of the sentence that the log keeps", () => {
  const reasons = [{ policy: "authority-not-covered", reason: "Not covered.", missing: ["secret"] }];
  assert.equal(explain({ ...judged, verdict: "deny", reasons }), "Not covered. (authority-not-covered)");
});
