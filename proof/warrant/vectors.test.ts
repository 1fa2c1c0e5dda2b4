import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Json, JsonObject } from "../jcs/index.ts";
import { importPublicJwk, parsePublicJwk } from "../jwk/index.ts";
import { type VerificationCode, VerificationError } from "../verification-error.ts";
import { verifyWarrant } from "./index.ts";

const folder = process.env.COUNTERSIGN_VECTORS ?? join(import.meta.dirname, "../../../shared/vectors");
const file = join(folder, "warrant-vectors.json");

/** One case of the shared vectors. */
type Case = {
  name: string;
  expected: "allow" | "deny";
  why?: string;
  chain: string[];
  pop: string;
  call: {
    location: string;
    action: string;
    tool: string;
    arguments: JsonObject;
    htm: string;
    htu: string;
  };
  options: { anchors: Record<string, Json>; issuer: string; now: number; maxDepth: number };
};

/** What the vectors call a refusal, and what we do. */
const codes: Record<string, [VerificationCode, number?]> = {
  denied_by_link_0: ["not-permitted", 0],
  denied_by_link_1: ["not-permitted", 1],
  I4_widened: ["widened", 1],
  "unknown_op:regex": ["malformed", 1],
  I3_time: ["widened", 1],
  subject_or_txn_changed: ["wrong-subject", 1],
  act_not_extended: ["broken-chain", 1],
  I5_par_hash: ["broken-chain", 1],
  bad_signature: ["bad-signature", 1],
  I2_ceiling: ["too-deep", 1],
  pop_key: ["not-bound"],
  pop_invocation: ["wrong-arguments"],
  time: ["expired", 1],
  unknown_anchor: ["unknown-key", 0],
};

const cases: Case[] = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).cases : [];

test("the shared warrant vectors are there", { skip: cases.length === 0 && "no vectors" }, () => {
  assert.equal(cases.length, 21);
});

for (const vector of cases) {
  test(`shared warrant vector: ${vector.name}`, () => {
    if (vector.expected === "allow") {
      assert.equal(judged(vector).call?.tool, vector.call.tool);
      return;
    }
    const [code, link] = codes[vector.why ?? ""] ?? [];
    assert.ok(code, `nobody has said what ${vector.why} is here`);
    assert.throws(
      () => judged(vector),
      (error) =>
        error instanceof VerificationError && error.code === code && Reflect.get(error, "link") === link,
    );
  });
}

function judged({ chain, pop, call, options }: Case) {
  const anchors = Object.entries(options.anchors).map(
    ([kid, jwk]) => [kid, importPublicJwk(parsePublicJwk(jwk))] as const,
  );
  return verifyWarrant(
    chain,
    { proof: pop },
    {
      issuer: options.issuer,
      keys: new Map(anchors),
      audience: call.location,
      method: call.htm,
      url: call.htu,
      now: options.now * 1000,
      windowSeconds: 60,
      mostLinks: options.maxDepth,
      call: {
        type: "agent_tool",
        location: call.location,
        action: call.action,
        identifier: call.tool,
        args: call.arguments,
      },
    },
  );
}
