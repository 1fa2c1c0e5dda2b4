import { randomUUID } from "node:crypto";
import { createKeySet } from "@countersign/proof/jwk";
import { type AccessTokenClaims, issueAccessToken } from "@countersign/proof/token";
import type { FeedMessage, FeedSource, Revocation } from "./feed.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import { makeKey } from "./key.ts";
import type { Runtime } from "./runtime.ts";

export const issuer = "http://localhost:4600";
export const resource = "http://localhost:4700/billing";
export const tool = "billing/listInvoices";

/** A clock that tests move by hand. */
export function handClock(): Runtime & { move(milliseconds: number): void } {
  let now = Date.UTC(2026, 9, 1);
  return {
    fetch: () => Promise.reject(new Error("no network in this test")),
    now: () => now,
    elapsed: () => now,
    move(milliseconds) {
      now += milliseconds;
    },
  };
}

/** Signs tokens as the control plane does. */
export function testIssuer(clock: Runtime) {
  const key = makeKey();
  const jwks = { keys: [{ ...key.jwk, kid: "k1" }] };
  const keySet = createKeySet(jwks);
  const keys: IssuerKeys = { verifyWith: async (verify) => verify(keySet), hear: () => {} };
  const holder = makeKey();
  const issue = (changes: Partial<AccessTokenClaims> = {}): string => {
    const iat = Math.floor(clock.now() / 1000);
    const claims: AccessTokenClaims = {
      iss: issuer,
      sub: "person_alice",
      aud: resource,
      client_id: "spiffe://example.org/agent/cost-analysis-agent/1",
      iat,
      exp: iat + 300,
      jti: randomUUID(),
      cnf: { jkt: holder.jkt },
      agent: "cost-analysis-agent",
      chain_hash: "h",
      authorization_details: [grantOf(tool)],
      rev: ["task:task_1", "edge:edge_1"],
      strength: "enrolled-key",
      ...changes,
    };
    return issueAccessToken(claims, { kid: "k1", key: key.privateKey });
  };
  return { key, jwks, keys, holder, issue };
}

export const grantOf = (identifier: string) => ({
  type: "agent_tool" as const,
  locations: [resource],
  actions: ["tools/call"],
  identifier,
  args: { quarter: { op: "in" as const, values: ["2026-Q3"] } },
});

/** A feed whose stream says what a test tells it to say. */
export function scriptedFeed(known: Revocation[] = []) {
  let wake: () => void = () => {};
  const said: (FeedMessage | "break")[] = [];
  const asked: number[] = [];
  const source: FeedSource = {
    async page(after) {
      return { items: known.filter(({ seq }) => seq > after), more: false };
    },
    async *stream(after, signal) {
      asked.push(after);
      signal.addEventListener("abort", () => wake());
      while (!signal.aborted) {
        const next = said.shift();
        if (next === "break") return;
        if (next !== undefined) yield next;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
  return {
    source,
    /** The places from which the stream was asked for. */
    asked,
    async say(...messages: (FeedMessage | "break")[]) {
      said.push(...messages);
      wake();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
