import { z } from "zod";
import { type About, append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, type Id, newId, newSecret, seconds } from "../lib/index.ts";
import {
  type Agent,
  accepted,
  agentOrRefuse,
  requireAdministrator,
  requireEnrollable,
  requireOwnerOrAdministrator,
  serviceOrRefuse,
  shortName,
} from "../registry/index.ts";
import type { AttestationDeps } from "./attestation-deps.ts";
import { joinTokenIssued } from "./events.ts";
import { DEFAULT_LIFETIME, hashOf, type JoinToken, LONGEST_LIFETIME, tokenOf } from "./join-token.ts";
import { insertJoinToken } from "./store.ts";

/** For whom, and for how many seconds. */
export const joinTokenRequest = z
  .strictObject({
    agent: z.string().max(200).optional(),
    service: z.string().max(200).optional(),
    host: shortName.optional().describe("A machine that shall join, by the name it is to have."),
    lifetime: z
      .int()
      .min(1)
      .max(LONGEST_LIFETIME / 1000, "A join token lives for a day at most.")
      .default(DEFAULT_LIFETIME / 1000),
  })
  .refine(
    (said) => [said.agent, said.service, said.host].filter((one) => one !== undefined).length === 1,
    "Name an agent, a service or a host, one of them.",
  );
export type JoinTokenRequest = z.input<typeof joinTokenRequest>;

/** A join token as it is shown: once, to whoever asked for it. */
export interface IssuedJoinToken {
  readonly id: Id<"jointoken">;
  readonly token: string;
  readonly expires: number;
}

/**
 * Gives the right to enrol one process of an agent or service, or to have one machine join, once and soon. The
 * token is shown here and nowhere else.
 * @throws Fault `forbidden` for others than its owner and administrators, and when it may have no processes;
 *   `not-found`; `invalid`
 */
export function issueJoinToken(
  deps: AttestationDeps,
  caller: Caller,
  attackerRequest: JoinTokenRequest,
): Promise<IssuedJoinToken> {
  return perform(deps, caller, "join-token.issue", async (change) => {
    const request = accepted("join token", joinTokenRequest, attackerRequest);
    const { owner, kind, principal, about } = await ownedBy(deps, request);
    // A machine says what runs on it: nobody but an administrator lets one in.
    if (owner === undefined) requireAdministrator(caller);
    else requireOwnerOrAdministrator(caller, owner);
    return keepNew(deps, change, caller, { kind, principal, about, lifetime: seconds(request.lifetime) });
  });
}

/** The first one of an agent that the same change registers. Whoever calls it has decided that it may be. */
export const addJoinToken = (
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  { name, owner }: Agent,
): IssuedJoinToken =>
  keepNew(deps, change, caller, {
    kind: "agent",
    principal: name,
    about: { agent: name, person: owner },
    lifetime: DEFAULT_LIFETIME,
  });

function keepNew(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  of: Pick<JoinToken, "kind" | "principal"> & { readonly about: About; readonly lifetime: number },
): IssuedJoinToken {
  const { kind, principal, about, lifetime } = of;
  const token = tokenOf(newSecret(deps));
  const id = newId(deps, "jointoken");
  const expires = deps.clock.now() + lifetime;
  insertJoinToken(change, { id, hash: hashOf(token), kind, principal, expires });
  append(change, joinTokenIssued(deps, caller, about, { token: id, principal, expires }));
  return { id, token, expires };
}

async function ownedBy(
  deps: AttestationDeps,
  { agent: name, service: id, host }: z.output<typeof joinTokenRequest>,
) {
  if (host !== undefined) return { kind: "host", principal: host, owner: undefined, about: {} } as const;
  if (name !== undefined) {
    const agent = await agentOrRefuse(deps, name);
    requireEnrollable(agent, deps.clock.now());
    const about: About = { agent: agent.name, person: agent.owner };
    return { kind: "agent", principal: agent.name, owner: agent.owner, about } as const;
  }
  const service = await serviceOrRefuse(deps, id ?? "");
  const about: About = { person: service.owner };
  return { kind: "service", principal: service.id, owner: service.owner, about } as const;
}
