import { sha256Base64url } from "@countersign/proof/digest";
import { type Head, headsAt } from "../delegation/index.ts";
import type { AgentName } from "../lib/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";

/** What an agent is given on its own authority at one resource, as long as it stands. */
export interface StandingEpoch {
  /** Moves when all of it ends. */
  readonly head: Head;
  /** Every such token carries it, and it dies when the epoch ends: one key, however many tokens. */
  readonly key: string;
}

/** The epoch as it stands now. Whoever mints by it has read it BEFORE looking whether it may. */
export async function standingEpoch(
  deps: OauthDeps,
  of: { readonly agent: AgentName; readonly audience: string },
): Promise<StandingEpoch> {
  const place = `${of.agent}/${sha256Base64url(of.audience)}`;
  const name = `standing:${place}` as const;
  const [head = { key: name, version: 0 }] = await headsAt(deps.database, [name]);
  return { head, key: `${name}#${head.version}` };
}
