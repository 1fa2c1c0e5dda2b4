import { sha256Base64url } from "@countersign/proof/digest";
import { createDpopProof } from "@countersign/proof/dpop";
import { canonicalize } from "@countersign/proof/jcs";
import { createKeySet } from "@countersign/proof/jwk";
import {
  type HolderJwk,
  mintWarrant,
  type NextLink,
  narrowWarrant,
  type WarrantClaims,
} from "@countersign/proof/warrant";
import type { WarrantOptions } from "./accept-warrants.ts";
import { args, protectionOfTests, url } from "./billing-of-tests.ts";
import { createEndedAgents } from "./ended-agents.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import { grantOf, issuer, resource, tool } from "./issuer-of-tests.ts";
import { type HolderKey, makeKey } from "./key.ts";
import { type ProtectedRequest, protect } from "./protect.ts";

/** Only this makes roots; the first of them holds the root. */
const anchor = makeKey();
export const holders = [makeKey(), makeKey(), makeKey()] as const;
const [planner, writer, clerk] = holders;
const names = ["planner", "writer", "clerk"] as const;

const jwkOf = ({ jwk: { kid: _, ...jwk } }: HolderKey): HolderJwk => jwk as HolderJwk;

/** Billing, which takes warrants, and chains of them. */
export function warrantBilling(
  changes: Parameters<typeof protectionOfTests>[0] & {
    options?: WarrantOptions;
    warrantKeys?: IssuerKeys;
  } = {},
) {
  const opened = protectionOfTests(changes);
  const { clock, protection } = opened;
  const ended = createEndedAgents();
  const keySet = createKeySet({ keys: [{ ...anchor.jwk, kid: "roots-1" }] });
  const keys = changes.warrantKeys ?? { verifyWith: async (verify) => verify(keySet), hear: () => {} };
  const protector = protect(protection, { keys, ended, trustDomain: "example.org", ...changes.options });
  const iat = (): number => Math.floor(clock.now() / 1000);

  const root = (more: Partial<WarrantClaims> = {}, signer = anchor): string =>
    mintWarrant(
      {
        iss: issuer,
        sub: "person_alice",
        aud: [resource],
        iat: iat(),
        exp: iat() + 600,
        jti: "jti_root",
        txn: "task_1",
        cnf: { jwk: jwkOf(planner) },
        act: { iss: issuer, sub: "planner" },
        del_depth: 0,
        del_max_depth: 7,
        rev: ["task:task_1", "edge:edge_1", "agent:planner#0", "person:person_alice#0", "instance:i-planner"],
        authorization_details: [grantOf(tool)],
        ...more,
      },
      { kid: "roots-1", key: signer.privateKey },
    );
  /** The next link, from whoever holds the last one. */
  const pass = (chain: readonly string[], more: Partial<NextLink> = {}): string[] => {
    const to = chain.length;
    const link = narrowWarrant(
      chain,
      {
        holder: jwkOf(holders[to] ?? clerk),
        act: { iss: issuer, sub: names[to] ?? `clerk-${to}` },
        grants: [grantOf(tool)],
        iat: iat(),
        exp: iat() + 300,
        jti: `link-${to}`,
        ...more,
      },
      (holders[to - 1] ?? clerk).privateKey,
    );
    return [...chain, link];
  };
  const chainOf = (length: number, first = root()): string[] => {
    let chain = [first];
    while (chain.length < length) chain = pass(chain);
    return chain;
  };
  /** A request by whoever holds the last link. */
  const request = (
    chain: readonly string[] = chainOf(2),
    proof: Partial<Parameters<typeof createDpopProof>[0]> = {},
    call = { tool, args },
  ): ProtectedRequest => ({
    method: "POST",
    url,
    authorization: undefined,
    warrant: [chain.join(", ")],
    dpop: [
      createDpopProof({
        key: (holders[chain.length - 1] ?? clerk).privateKey,
        method: "POST",
        url,
        accessToken: chain.at(-1) ?? "",
        now: clock.now(),
        jti: crypto.randomUUID(),
        tool: call.tool,
        argsHash: sha256Base64url(canonicalize(call.args)),
        ...proof,
      }),
    ],
    call,
  });
  return { ...opened, protector, ended, root, pass, chainOf, request, writer };
}
