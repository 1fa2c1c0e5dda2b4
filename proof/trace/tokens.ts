import { isJsonObject, type Json } from "../jcs/index.ts";
import type { Decided, TokenEntry } from "./trace.ts";
import { listIn, memberOf, numberIn, type TraceEvent, textIn, textsIn, told } from "./trace-event.ts";
import type { Trail } from "./trail.ts";

/** A token as it was issued: what is shown of it, and the grants as recorded, without their arguments. */
export type IssuedToken = { entry: TokenEntry; grants: Json[]; problems: string[] };

/** The tokens of a task by their id. */
export function tokensOf(trail: Trail): ReadonlyMap<string, IssuedToken> {
  const tokens = new Map<string, IssuedToken>();
  for (const event of trail.of("token.issued")) {
    const token = readToken(event);
    const known = token && tokens.get(token.entry.jti);
    if (known !== undefined) known.problems.push("its token was issued more than once");
    else if (token !== undefined) tokens.set(token.entry.jti, token);
  }
  for (const { at, body } of trail.of("token.revoked")) {
    const token = tokens.get(textIn(body, "jti") ?? "");
    if (token !== undefined) token.entry.revokedAt ??= at;
  }
  return tokens;
}

function readToken({ id, at, actor, body }: TraceEvent): IssuedToken | undefined {
  const jti = textIn(body, "jti");
  if (jti === undefined) return undefined;
  const granted = listIn(body, "granted");
  const expires = numberIn(body, "expires");
  const entry: TokenEntry = told({
    kind: "token" as const,
    event: id,
    at,
    agent: actor.kind === "agent" ? actor.principal : undefined,
    jti,
    edge: textIn(body, "edge"),
    audience: textIn(body, "audience"),
    instance: textIn(body, "client"),
    strength: textIn(body, "strength"),
    expires: expires === undefined ? undefined : expires * 1000,
    decided: granted.map(readDecided),
  });
  const grants = granted.map((fact) => memberOf(fact, "grant")).filter(isJsonObject);
  return { entry, grants, problems: [] };
}

function readDecided(attackerFact: Json): Decided {
  return told({
    tool: textIn(memberOf(attackerFact, "grant"), "identifier") ?? "unknown",
    decision: textIn(attackerFact, "decision"),
    verdict: textIn(attackerFact, "verdict"),
    policies: textsIn(attackerFact, "policies"),
    policyVersion: textIn(attackerFact, "policy_version"),
    args: textIn(attackerFact, "args"),
    approval: textIn(attackerFact, "approval"),
  });
}
