import { append, perform } from "../audit/index.ts";
import { serverOf } from "../catalog/index.ts";
import { ensureKey } from "../keys/index.ts";
import { type AgentName, type Caller, Fault } from "../lib/index.ts";
import { agentOrRefuse, requireAdministrator } from "../registry/index.ts";
import { federationDefined } from "./events.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { type Federation, findFederation, putFederation } from "./store-federation.ts";

/** What the narrowest of the clouds takes as a subject, in characters (Google's `google.subject`). */
const LONGEST_SUBJECT = 127;

/**
 * Who an agent is to others: all its copies alike, since what is trusted there is named once and by hand.
 */
export const federatedSubject = ({ trustDomain }: OauthDeps, agent: AgentName): string =>
  `spiffe://${trustDomain}/agent/${agent}`;

/**
 * Says to whom an agent may show an identity token: exactly these, in place of those before. With the first
 * one the key is made that signs them.
 * @param audiences at most twenty, each as the other side has it configured, compared byte by byte
 * @throws Fault `forbidden`; `not-found` for an agent that is not there; `invalid` for an audience of our own
 */
export async function defineFederation(
  deps: OauthDeps,
  caller: Caller,
  { agent, audiences }: { agent: AgentName; audiences: readonly string[] },
): Promise<Federation> {
  requireAdministrator(caller);
  if (audiences.length > 0) await ensureKey(deps, caller);
  return perform(deps, caller, "federation.define", async (change) => {
    await agentOrRefuse(deps, agent);
    await refuseUnfit(deps, agent, audiences);
    const before = await findFederation(deps.database, agent);
    const after = [...new Set(audiences)].sort();
    if (JSON.stringify(after) === JSON.stringify(before.audiences)) return before;
    putFederation(change, before, after);
    append(
      change,
      federationDefined(deps, caller, { agent }, { audiences: after, before: [...before.audiences] }),
    );
    return { agent, audiences: after, revision: before.revision + 1 };
  });
}

async function refuseUnfit(deps: OauthDeps, agent: AgentName, audiences: readonly string[]): Promise<void> {
  if (federatedSubject(deps, agent).length > LONGEST_SUBJECT) {
    throw new Fault(
      "invalid",
      `The agent's name among others would be longer than ${LONGEST_SUBJECT} characters.`,
      {
        remedy: "Register it under a shorter name.",
      },
    );
  }
  for (const audience of audiences) {
    if (!(await isOurs(deps, audience))) continue;
    throw new Fault("invalid", "This audience is a resource of ours: access tokens are for it.", {
      remedy: "Leave it out.",
    });
  }
}

/** What we issue access tokens for is shown no other kind of token. */
export const isOurs = async (deps: OauthDeps, audience: string): Promise<boolean> =>
  audience === deps.issuer || (await serverOf(deps, audience)) !== undefined;
