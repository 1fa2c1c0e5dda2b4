/** Attacks on chains that were signed with nobody asked: what their links say, whose they are, who brings them. */
import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, randomUUID } from "node:crypto";
import { clientAssertionType } from "@countersign/proof/client-assertion";
import { createDpopProof } from "@countersign/proof/dpop";
import { parseGrants } from "@countersign/proof/grant";
import type { JsonObject } from "@countersign/proof/jcs";
import { agentOf, enrol, type Instance } from "@countersign/sdk";
import type { Setting } from "../oauth/setting.ts";
import { send, type WireAnswer } from "../wire.ts";
import { claimsOf, grantOf, joinToken, LEDGER, proofsOf, TOOL } from "../workloads.ts";
import { altered, forged } from "./forge.ts";
import type { AttackLedger } from "./ledger.ts";

const REFUSED = { status: 400, error: "invalid_request" };

export async function attackWarrants(ledger: AttackLedger, on: Setting): Promise<void> {
  const { agent: first, server } = on;
  const second = await colleague(on, "second-agent");
  const { delegation } = await on.openTask();
  const holder = agentOf(first);
  const root = await holder.warrants.mint({ delegation, resource: LEDGER });
  const narrowed = (expiresIn = 60) =>
    holder.warrants.narrow(root, {
      to: "second-agent",
      key: second.key.jwk,
      grants: parseGrants([LESS]),
      expiresIn,
    });
  const present = (by: Instance, chain: readonly string[]) => bring(on, by, chain);
  const { chain: taken } = narrowed();
  const known = taken.at(-1) ?? "";
  const accepted = await present(second, taken);
  assert.equal(accepted.status, 200, `what is in order is taken: ${accepted.body}`);

  const link = (): string => narrowed().chain.at(-1) ?? "";
  const rootLink = root.chain[0] ?? "";
  const byFirst = (claims: JsonObject): string =>
    forged({ alg: "ES256", typ: "warrant+jwt" }, { ...claimsOf(link()), ...claims }, first.key.privateKey);
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const another = await present(second, [rootLink, byFirst({ jti: randomUUID() })]);
  assert.equal(another.status, 200, `and so is what is written here, with nothing wrong: ${another.body}`);
  const attacks: readonly [name: string, by: Instance, chain: () => string[]][] = [
    [
      "widened child: a link that gives more than the one before",
      second,
      () => [rootLink, byFirst({ authorization_details: [grantOf({ identifier: "ledger/close" })] })],
    ],
    [
      "longer life: a link that outlives the one before",
      second,
      () => [rootLink, byFirst({ exp: Number(claimsOf(rootLink).exp) + 600 })],
    ],
    [
      "another person: a link for somebody else",
      second,
      () => [rootLink, byFirst({ sub: "person_00000000000000000000000000" })],
    ],
    [
      "raised ceiling: a link that allows more links",
      second,
      () => [rootLink, byFirst({ del_max_depth: 8 })],
    ],
    [
      "chain splicing: an actor that was not in the chain",
      second,
      () => [
        rootLink,
        byFirst({
          act: { iss: server.issuer, sub: "second-agent", act: { iss: server.issuer, sub: "somebody-else" } },
        }),
      ],
    ],
    ["re-parented link: a link behind another root", second, () => [otherRoot, link()]],
    [
      "stranger's signature: a link that its parent's holder did not sign",
      second,
      () => [rootLink, forged({ alg: "ES256", typ: "warrant+jwt" }, claimsOf(link()), stranger)],
    ],
    [
      "changed link: a link altered after it was signed",
      second,
      () => [rootLink, altered(link(), { claims: { exp: Number(claimsOf(link()).exp) + 1 } })],
    ],
    [
      "algorithm confusion: a link that says none",
      second,
      () => [rootLink, forged({ alg: "none", typ: "warrant+jwt" }, claimsOf(link()))],
    ],
    [
      "algorithm confusion: a link by HMAC with the holder's public key",
      second,
      () => {
        const pem = createPublicKey(first.key.privateKey).export({ type: "spki", format: "pem" }).toString();
        return [rootLink, forged({ alg: "HS256", typ: "warrant+jwt" }, claimsOf(link()), pem)];
      },
    ],
    [
      "forged root: a root by the agent's own key under the issuer's kid",
      first,
      () => {
        const kid = String(JSON.parse(Buffer.from(rootLink.split(".")[0] ?? "", "base64url").toString()).kid);
        return [forged({ alg: "ES256", typ: "warrant+jwt", kid }, claimsOf(rootLink), first.key.privateKey)];
      },
    ],
    ["prefix presentation: the root alone, by who holds the last link", second, () => [rootLink]],
    ["stolen chain: the whole chain, by who holds none of it", first, () => narrowed().chain as string[]],
    [
      "link cycle: the same link twice",
      second,
      () => {
        const one = link();
        return [rootLink, one, one];
      },
    ],
    [
      "colliding ids: another link under the id of one that is known",
      second,
      () => [rootLink, byFirst({ jti: claimsOf(known).jti ?? "", exp: Number(claimsOf(known).exp) - 1 })],
    ],
    [
      "colliding ids: a link under the root's id",
      second,
      () => [rootLink, byFirst({ jti: String(claimsOf(rootLink).jti) })],
    ],
    ["oversized chain: sixteen links", second, () => [rootLink, ...Array<string>(15).fill(link())]],
    [
      "wrong kind: an access token as a chain",
      second,
      () => [String(JSON.parse(accepted.body.toString()).access_token)],
    ],
  ];
  const otherDelegation = (await on.openTask()).delegation;
  const otherRoot =
    (await holder.warrants.mint({ delegation: otherDelegation, resource: LEDGER })).chain[0] ?? "";
  for (const [name, by, chain] of attacks) await ledger.attack(name, REFUSED, () => present(by, chain()));
  await ledger.attack("a chain after its task was closed", REFUSED, async () => {
    const { chain } = narrowed();
    await on.service.ask("POST", `/tasks/${String(claimsOf(rootLink).txn)}/close`, {});
    return present(second, chain);
  });
}

/** Less than the agent has: one argument, within bounds. */
const LESS: JsonObject = {
  type: "agent_tool",
  locations: [LEDGER],
  actions: ["tools/call"],
  identifier: TOOL,
  args: { amount: { op: "range", min: 0, max: 10 } },
};

async function colleague({ administrator, server }: Setting, name: string): Promise<Instance> {
  const facts = { class: "operations", purpose: "Posts for another.", environment: "development" };
  await administrator.post("/agents", { name, ...facts, owner: administrator.person, grants: [grantOf()] });
  const changed = await administrator.ask("PATCH", "/agents/posting-agent", {
    delegation: { delegate_to: [name], max_depth: 4, needs_person: [], shared: true },
  });
  assert.equal(changed.status, 200, String(changed.body));
  return enrol({ issuer: server.issuer, joinToken: await joinToken(administrator, { agent: name }) });
}

/** Presents a chain at the token endpoint, with a proof over its last link. */
function bring({ server }: Setting, by: Instance, chain: readonly string[]): Promise<WireAnswer> {
  const url = by.issuer.tokenEndpoint;
  const proven = { key: by.key.privateKey, method: "POST", url, now: Date.now(), jti: randomUUID() };
  const form = new URLSearchParams({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: chain.join("~"),
    subject_token_type: "urn:countersign:params:oauth:token-type:warrant_chain",
    resource: LEDGER,
    client_assertion_type: clientAssertionType,
    client_assertion: proofsOf(by).assertion,
  });
  const headers = {
    "content-type": "application/x-www-form-urlencoded",
    dpop: createDpopProof({ ...proven, accessToken: chain.at(-1) ?? "" }),
  };
  return send(server, { method: "POST", path: "/oauth/token", headers, body: form.toString() });
}
