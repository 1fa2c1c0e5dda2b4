import assert from "node:assert/strict";
import { sha256Base64url } from "@countersign/proof/digest";
import { createDpopProof } from "@countersign/proof/dpop";
import { canonicalize, type JsonObject } from "@countersign/proof/jcs";
import type { AccessTokenClaims } from "@countersign/proof/token";
import type { IssuerKeys } from "./issuer-keys.ts";
import { handClock, issuer, resource, testIssuer, tool } from "./issuer-of-tests.ts";
import { type ProtectedRequest, protect } from "./protect.ts";
import type { Protection } from "./protection.ts";
import { RequestRefused } from "./refusal.ts";
import { createReplayMemory } from "./replay-memory.ts";
import type { TurnedAway, Use } from "./uses.ts";

export const url = `${resource}/listInvoices`;
export const args: JsonObject = { quarter: "2026-Q3" };
export const livingFeed = { isDead: () => false, isFresh: () => true, close() {} };

type Changes = { feed?: typeof livingFeed; begin?: (use: Use) => Promise<void>; keys?: IssuerKeys } & Pick<
  Protection,
  "nonces" | "metadataUrl" | "authentication" | "askFirst"
>;

/** What stands before billing rests on; and what was told of its calls. */
export function protectionOfTests(changes: Changes = {}) {
  const clock = handClock();
  const server = testIssuer(clock);
  const recorded: string[] = [];
  const uses = {
    begin: async (use: Use, { counted }: { counted: boolean }) => {
      await changes.begin?.(use);
      recorded.push(`called ${use.tool}${counted ? " counted" : ""}${use.warrant ? " by warrant" : ""}`);
    },
    end: (_use: Use, phase: string) => void recorded.push(phase),
    refused: ({ refusal, jti }: TurnedAway) => void recorded.push(`refused ${refusal.error} ${jti}`),
    settled: async () => {},
  };
  const feed = changes.feed ?? livingFeed;
  const protection: Protection = {
    runtime: clock,
    issuer,
    resource,
    keys: changes.keys ?? server.keys,
    feed,
    uses,
    proofs: createReplayMemory(1_000),
    ...(changes.askFirst === undefined ? {} : { askFirst: changes.askFirst }),
    ...(changes.nonces === undefined ? {} : { nonces: changes.nonces }),
    ...(changes.metadataUrl === undefined ? {} : { metadataUrl: changes.metadataUrl }),
    ...(changes.authentication === undefined ? {} : { authentication: changes.authentication }),
  };
  return { clock, server, protection, recorded };
}

export function billing(changes: Changes = {}) {
  const { clock, server, protection, recorded } = protectionOfTests(changes);
  /** One copy of the service: it remembers what it has seen, and nothing of what others have. */
  const copy = () => protect({ ...protection, proofs: createReplayMemory(1_000) });
  const protector = copy();
  const request = (token = server.issue(), proof: object = {}, call = { tool, args }): ProtectedRequest => ({
    method: "POST",
    url,
    authorization: [`DPoP ${token}`],
    dpop: [
      createDpopProof({
        key: server.holder.privateKey,
        method: "POST",
        url,
        accessToken: token,
        now: clock.now(),
        jti: crypto.randomUUID(),
        tool: call.tool,
        argsHash: sha256Base64url(canonicalize(call.args)),
        ...proof,
      }),
    ],
    call,
  });
  const withClaims = (claims: Partial<AccessTokenClaims>) => request(server.issue(claims));
  return { clock, server, protector, copy, request, withClaims, recorded };
}

export async function refusedWith(
  attempt: Promise<unknown>,
  status: number,
  error: string | undefined,
): Promise<RequestRefused> {
  const cause = await attempt.then(
    () => assert.fail("it was let through"),
    (refused) => refused,
  );
  assert.ok(cause instanceof RequestRefused, String(cause));
  assert.deepEqual([cause.status, cause.error], [status, error], cause.message);
  return cause;
}
