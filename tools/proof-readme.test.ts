import assert from "node:assert/strict";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { sha256Base64url } from "@countersign/proof/digest";
import { createDpopProof } from "@countersign/proof/dpop";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { createKeySet, publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { issueAccessToken } from "@countersign/proof/token";
import { mintWarrant } from "@countersign/proof/warrant";
import { events, knownBy, newSigner, publish } from "../proof/log/log-in-memory.ts";
import { openReadme, runProgram } from "./readme.ts";

const readme = openReadme("proof");
after(() => readme.remove());

const resource = "https://billing.example.com/api";
const tool = "billing/pay";
const now = Date.UTC(2026, 9, 1);

function newKey() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { privateKey, jwk: publicJwkOf(privateKey) };
}

const issuerKey = newKey();
const holder = newKey();

const token = issueAccessToken(
  {
    iss: "https://countersign.example.com",
    sub: "person_alice",
    aud: resource,
    client_id: "spiffe://example.com/agent/payer/1",
    iat: now / 1000,
    exp: now / 1000 + 300,
    jti: "jti_1",
    cnf: { jkt: thumbprint(holder.jwk) },
    agent: "payer",
    chain_hash: "h",
    authorization_details: [
      {
        type: "agent_tool",
        locations: [resource],
        actions: ["tools/call"],
        identifier: tool,
        args: { amount: { op: "range", max: 100 } },
      },
    ],
    rev: ["task:task_1"],
    strength: "enrolled-key",
  },
  { kid: "k1", key: issuerKey.privateKey },
);

function attempt(args: Record<string, Json>, key = holder.privateKey) {
  const argsHash = sha256Base64url(canonicalize(args));
  const url = `${resource}/${tool}`;
  const said = { key, method: "POST", url, accessToken: token, now, jti: randomUUID(), tool, argsHash };
  return { token, proof: createDpopProof(said), tool, args };
}

test("the programs that proof/README.md shows compile", () => {
  assert.equal(readme.problems(), "");
});

test("judge.ts lets a proven, granted call through, once, and nothing else", async () => {
  const { judge } = await import(readme.path("judge.ts"));
  const seen = new Set<string>();
  const known = {
    keys: createKeySet({ keys: [{ ...issuerKey.jwk, kid: "k1" }] }),
    now,
    isDead: () => false,
    isNew: (key: string) => seen.size < seen.add(key).size,
  };
  const once = attempt({ amount: 99 });
  const { person, agent } = judge(once, known);
  assert.deepEqual([person, agent], ["person_alice", "payer"]);
  assert.throws(() => judge(once, known), /has been used/);
  assert.throws(() => judge(attempt({ amount: 101 }), known), /does not grant/);
  assert.throws(() => judge(attempt({ amount: 99 }, newKey().privateKey), known), { code: "not-bound" });
  assert.throws(() => judge({ ...attempt({ amount: 99 }), args: { amount: 98 } }, known), {
    code: "wrong-arguments",
  });
  assert.throws(() => judge(attempt({ amount: 99 }), { ...known, isDead: () => true }), { code: "dead" });
});

test("narrower.ts says what is narrower, what is permitted, and what both give", async () => {
  const said = await runProgram(readme.path("narrower.ts")).rest();
  const [covered, permitted, refused, described = ""] = said;
  assert.deepEqual([covered, permitted, refused], ["true false", "true", "false"]);
  assert.match(described, /billing\/pay/);
});

test("log.ts verifies a copy, and finds a changed byte in it", async () => {
  const signer = newSigner();
  const { checkpoint, tiles } = await publish(events(300), signer);
  const folder = join(dirname(readme.path("log.ts")), "copy");
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  write("checkpoint", checkpoint);
  for (const [path, bytes] of tiles) write(path, bytes);
  const { origin, vkey } = knownBy(signer);
  const verified = await runProgram(readme.path("log.ts"), {}, [folder, origin, vkey]).rest();
  assert.deepEqual(verified, ["300 events, none changed, dropped or reordered"]);

  const bundle = Buffer.from(tiles.get("tile/entries/000") ?? []);
  bundle[40] = (bundle[40] ?? 0) ^ 1;
  write("tile/entries/000", bundle);
  await assert.rejects(runProgram(readme.path("log.ts"), {}, [folder, origin, vkey]).rest(), /log-/);
});

test("the README's holder passes on what its service then judges, once, and no more", async () => {
  const { passOn, prove, judgeWarrant } = await import(readme.path("warrants.ts"));
  const grant = (max: number) => ({
    type: "agent_tool" as const,
    locations: [resource],
    actions: ["tools/call"],
    identifier: tool,
    args: { amount: { op: "range" as const, max } },
  });
  const [first, second] = [newKey(), newKey()];
  const root = mintWarrant(
    {
      iss: "https://countersign.example.com",
      sub: "person_alice",
      aud: [resource],
      iat: now / 1000,
      exp: now / 1000 + 900,
      jti: "w-0",
      txn: "task_1",
      cnf: { jwk: first.jwk as never },
      act: { iss: "https://countersign.example.com", sub: "planner" },
      del_depth: 0,
      del_max_depth: 3,
      authorization_details: [grant(100)],
    },
    { kid: "k1", key: issuerKey.privateKey },
  );
  const chain = passOn([root], first.privateKey, { jwk: second.jwk, name: "payer" }, [grant(50)], now);
  const seen = new Set<string>();
  const known = {
    keys: createKeySet({ keys: [{ ...issuerKey.jwk, kid: "k1" }] }),
    now,
    isDead: () => false,
    isNew: (key: string) => !seen.has(key) && seen.add(key).size > 0,
  };
  const judge = (args: Record<string, Json>, proof = prove(chain, second.privateKey, tool, args, now)) =>
    judgeWarrant({ chain, proof, tool, args }, known);
  assert.deepEqual(judge({ amount: 50 }), { for: "person_alice", by: "payer", args: '{"amount":50}' });
  assert.throws(() => judge({ amount: 51 }), { code: "not-permitted" });
  assert.throws(() => judge({ amount: 1 }, prove(chain, first.privateKey, tool, { amount: 1 }, now)), {
    code: "not-bound",
  });
  const proof = prove(chain, second.privateKey, tool, { amount: 2 }, now);
  judge({ amount: 2 }, proof);
  assert.throws(() => judge({ amount: 2 }, proof), /has been used/);
  assert.throws(
    () => passOn([root], first.privateKey, { jwk: second.jwk, name: "payer" }, [grant(101)], now),
    { code: "widened" },
  );
});
