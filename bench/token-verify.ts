/**
 * What judging a call costs beyond its signatures: an access token with its DPoP proof, beside the same keys
 * imported and signatures checked; and a token that was seen before, bound to the certificate of a
 * connection, with a decision.
 */
import assert from "node:assert/strict";
import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { compile, readEntities } from "@countersign/cedar";
import { createDpopProof, verifyDpopProof } from "@countersign/proof/dpop";
import { createKeyCache, thumbprint } from "@countersign/proof/jwk";
import { createTokenCache, issueAccessToken, verifyAccessToken } from "@countersign/proof/token";
import { anchors, ecKey, holderOf, issuer, keys, now, payment, resource } from "../proof/warrant/fixture.ts";
import { policies } from "./decisions-workload/policies.ts";
import { questions } from "./decisions-workload/requests.ts";
import { medians, partsOf, rounded, verifyBare } from "./primitives/index.ts";
import type { Figures } from "./run.ts";

const POLICIES = 20;
const CERTIFICATE = "nRIE2VmKdMjL1JD7tbV7fXVgXxmv0GKnMFWRUJMTf9Q";

export async function run(): Promise<Figures> {
  const cold = medians({ ours: judgeCall(false), bare: bareChecks(false) });
  const cached = medians({ ours: judgeCall(true), bare: bareChecks(true) });
  const decided = medians({ ours: decideCached(), bare: bareChecks(true) });
  return {
    ratio: rounded(cold.ours / cold.bare),
    cachedRatio: rounded(cached.ours / cached.bare),
    certMicros: rounded(decided.ours),
    coldUs: rounded(cold.ours),
    bareColdUs: rounded(cold.bare),
    cachedUs: rounded(cached.ours),
    bareCachedUs: rounded(cached.bare),
  };
}

const holder = ecKey(30);
const seconds = now / 1000;

function tokenBoundTo(cnf: { jkt: string } | { "x5t#S256": string }): string {
  return issueAccessToken(
    {
      iss: issuer,
      sub: "person_alice",
      aud: resource,
      client_id: "spiffe://example.org/agent/writer/1",
      iat: seconds,
      exp: seconds + 300,
      jti: "jti_1",
      cnf,
      act: { sub: "writer", act: { sub: "planner" } },
      authorization_details: [payment],
      rev: ["task:task_1", "jti:jti_1", "agent:writer#0", "person:person_alice#0"],
      strength: "attested-svid",
      chain: [
        { edge: "edge_1", agent: "planner" },
        { edge: "edge_2", agent: "writer" },
      ],
      task: "task_1",
      purpose: "pays what is due",
      agent: "writer",
      agent_class: "finance",
      policy_version: "policy_1",
      chain_hash: "rCkeujfb3_l9O2dbrXBgNNJLAYeY4i8QtdpkpOKXGvo",
    },
    { kid: "root-ec", key: anchors["root-ec"] },
  );
}

const token = tokenBoundTo({ jkt: thumbprint(holderOf(holder)) });
const argsHash = "rCkeujfb3_l9O2dbrXBgNNJLAYeY4i8QtdpkpOKXGvo";
const call = { method: "POST", url: resource, tool: "pay_invoice", argsHash, now };
const proof = createDpopProof({ ...call, key: holder, jti: "p-1", accessToken: token });

/** The token and the proof, each time anew; the issuer's keys are always there, the holder's perhaps. */
function judgeCall(isKeyKnown: boolean): () => void {
  const importedKeys = isKeyKnown ? createKeyCache(10) : undefined;
  return () => {
    const { cnf } = verifyAccessToken(token, { issuer, audience: resource, keys, now, isDead: () => false });
    const bound = { accessToken: token, expectedJkt: cnf.jkt, keys: importedKeys };
    const { jkt } = verifyDpopProof(proof, { ...call, ...bound, windowSeconds: 60 });
    assert.equal(jkt, cnf.jkt);
  };
}

function bareChecks(isKeyKnown: boolean): () => void {
  const [signedToken, signedProof] = [partsOf(token), partsOf(proof)];
  const issuerKey = keys.get("root-ec") as KeyObject;
  const jwk = holderOf(holder) as JsonWebKey;
  const known = createPublicKey({ key: jwk, format: "jwk" });
  return () => {
    assert.ok(verifyBare(signedToken, issuerKey, "sha256"));
    const key = isKeyKnown ? known : createPublicKey({ key: jwk, format: "jwk" });
    assert.ok(verifyBare(signedProof, key, "sha256"));
  };
}

/** A connection whose certificate is known, a token that it has shown before, and a decision about the call. */
function decideCached(): () => void {
  const bound = tokenBoundTo({ "x5t#S256": CERTIFICATE });
  const cache = createTokenCache(1_000);
  const set = compile({ policies: policies(POLICIES) });
  const asked = questions(POLICIES);
  let next = 0;
  return () => {
    const { cnf } = verifyAccessToken(bound, {
      issuer,
      audience: resource,
      keys,
      now,
      isDead: () => false,
      cache,
    });
    assert.equal(cnf["x5t#S256"], CERTIFICATE);
    const question = asked[next++ % asked.length];
    if (question === undefined) throw new Error("no question");
    const { decision } = set.decide(question.request as never, readEntities(question.entities));
    assert.ok(decision === "allow" || decision === "deny");
  };
}
