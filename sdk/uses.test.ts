import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@countersign/proof/jcs";
import { Refused, Unreachable } from "./errors.ts";
import { RequestRefused } from "./refusal.ts";
import { recordUses } from "./uses.ts";

const use = { jti: "jti_1", tool: "reports/publish", args: { title: "Q3" } };
const gone = new Refused("It has been used.", { code: "gone", status: 410 });

function recorded(...failures: (Error | undefined)[]) {
  const sent: string[] = [];
  const closing = new AbortController();
  const ask = async (_method: string, _path: string, json: JsonObject = {}): Promise<JsonObject> => {
    sent.push(String(json.phase ?? json.error));
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return {};
  };
  return { uses: recordUses({ ask }, closing.signal), sent, closing };
}

test("what is counted waits for the control plane's yes", async () => {
  const { uses, sent } = recorded();
  await uses.begin(use, { counted: true });
  assert.deepEqual(sent, ["called"]);
});

test("what is turned away is recorded behind what was called, and never waited for", async () => {
  const { uses, sent } = recorded();
  await uses.begin(use, { counted: false });
  const refusal = new RequestRefused("invalid_token", "It has expired.");
  uses.refused({ resource: "https://r.example", tool: use.tool, refusal, jti: "jti_2" });
  await uses.settled();
  assert.deepEqual(sent, ["called", "invalid_token"]);
});

test("what is counted and was used up does not run", async () => {
  const { uses } = recorded(gone);
  await assert.rejects(uses.begin(use, { counted: true }), {
    error: "insufficient_scope",
    message: gone.message,
  });
});

test("a token that the control plane knows to have ended is not valid, as if its end had been heard", async () => {
  const ended = new Refused("The access token has ended.", {
    code: "gone",
    status: 410,
    members: { token_error: "invalid_token" },
  });
  const { uses } = recorded(ended);
  await assert.rejects(uses.begin(use, { counted: true }), { error: "invalid_token", status: 401 });
});

test("a proof goes along when a call begins, and its second use is refused as what it is", async () => {
  const told: (JsonObject | undefined)[] = [];
  const ask = async (_method: string, _path: string, json?: JsonObject): Promise<JsonObject> => {
    told.push(json);
    if (told.length === 1) return {};
    const members = { token_error: "invalid_dpop_proof" };
    throw new Refused("It was used before.", { code: "gone", status: 410, members });
  };
  const uses = recordUses({ ask }, new AbortController().signal);
  const proven = { ...use, proof: "p".repeat(43) };
  await uses.begin(proven, { counted: true });
  await assert.rejects(uses.begin(proven, { counted: true }), { error: "invalid_dpop_proof", status: 401 });
  uses.end(proven, "returned");
  await uses.settled();
  assert.deepEqual(
    told.map((json) => json?.proof),
    [proven.proof, proven.proof, undefined],
  );
});

test("what is counted does not run when the control plane cannot be asked", async () => {
  const unreachable = [new Unreachable("away"), new Refused("busy", { code: "busy", status: 503 })];
  for (const failure of unreachable) {
    const { uses } = recorded(failure);
    await assert.rejects(uses.begin(use, { counted: true }), { error: "temporarily_unavailable" });
  }
});

test("other calls are recorded in the background, in order, and again until they are taken", async () => {
  const { uses, sent } = recorded(new Unreachable("away"));
  await uses.begin(use, { counted: false });
  uses.end(use, "returned");
  await uses.settled();
  assert.deepEqual(sent, ["called", "called", "returned"]);
});

test("a refused record is not repeated", async () => {
  const { uses, sent } = recorded(gone);
  uses.end(use, "failed");
  await uses.settled();
  assert.deepEqual(sent, ["failed"]);
});

test("a record that is answered and stands nowhere is told of once, and one of its refusal is a record", async () => {
  const malformed = new Refused("It does not fit.", { code: "malformed", status: 400 });
  const members = { event: "event_1" };
  const refused = new Refused("It has ended.", { code: "gone", status: 410, members });
  const { uses } = recorded(malformed, refused);
  uses.end(use, "failed");
  uses.end(use, "failed");
  await uses.settled();
  const lost = uses.unrecorded();
  assert.deepEqual([lost?.cause, lost?.message.includes(" 1 ")], [malformed, true]);
  assert.equal(uses.unrecorded(), undefined);
});

test("a record that is never answered keeps back no others but those of the same call", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const sent: string[] = [];
  const ask = async (_method: string, _path: string, json: JsonObject = {}): Promise<JsonObject> => {
    if (json.jti === "stuck" && sent.length < 2) throw new Unreachable("away");
    sent.push(`${json.jti} ${json.phase}`);
    return {};
  };
  const uses = recordUses({ ask }, new AbortController().signal);
  const stuck = { ...use, jti: "stuck" };
  for (const each of [stuck, use]) {
    await uses.begin(each, { counted: false });
    uses.end(each, "returned");
  }
  for (let turn = 0; turn < 100; turn++) {
    await Promise.resolve();
    if (turn % 10 === 9) context.mock.timers.tick(2_000);
  }
  await uses.settled();
  assert.deepEqual(sent, ["jti_1 called", "jti_1 returned", "stuck called", "stuck returned"]);
});

test("what was turned away is recorded, whatever its sender called it", async () => {
  const told: JsonObject[] = [];
  const ask = async (_method: string, _path: string, json: JsonObject = {}): Promise<JsonObject> => {
    told.push(json);
    return {};
  };
  const uses = recordUses({ ask }, new AbortController().signal);
  const refusal = new RequestRefused("invalid_request", "No.");
  for (const tool of ["", "a\nb", "x".repeat(300)])
    uses.refused({ resource: "https://r.example", tool, refusal, jti: "jti_2" });
  await uses.settled();
  assert.deepEqual(
    told.map(({ tool }) => tool),
    ["?", "a?b", "x".repeat(200)],
  );
});

test("beyond a thousand records that wait nothing runs", async () => {
  const stalled = () => new Promise<never>(() => {});
  const uses = recordUses({ ask: stalled }, new AbortController().signal);
  for (let i = 0; i < 1_000; i++) await uses.begin(use, { counted: false });
  await assert.rejects(uses.begin(use, { counted: false }), { error: "temporarily_unavailable" });
});

test("once closing, what cannot be sent is given up", async () => {
  const { uses, sent, closing } = recorded(new Unreachable("away"));
  closing.abort();
  uses.end(use, "returned");
  await uses.settled();
  assert.deepEqual(sent, ["returned"]);
});
