import { describe } from "@countersign/proof/grant";
import type { Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { authorize, reserve, spend } from "../approvals/index.ts";
import { perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Child, leafOf, readChild, registerChild, seenTask } from "../delegation/index.ts";
import { route } from "../http/index.ts";
import { type Allow, type Caller, Fault, type Id, minutes, seconds } from "../lib/index.ts";
import type { Question } from "../policy/index.ts";
import { agentClass, environment, grantList, principalName, printableText } from "../registry/index.ts";
import type { ServerDeps } from "./server-deps.ts";

/**
 * An agent registers an agent: read, decided and recorded in one change. It stands here because the decision is
 * made above the room that knows what a chain is.
 */
export const agentsChild = route<ServerDeps>()({
  summary:
    "Registers an agent under the calling one, within a task; returns a join token for its first process.",
  body: z.strictObject({
    edge: z.string().max(100).describe("The delegation that the caller holds, with the right to register."),
    name: principalName.describe("Begins with the caller's own name and a hyphen."),
    class: agentClass,
    environment,
    purpose: printableText(500),
    grants: grantList.min(1, "An agent without grants could do nothing.").describe("Its ceiling."),
    expires_in: z.int().min(1).max(604_800).optional().describe("Seconds; never longer than the chain."),
    max_instances: z.int().min(1).max(1_000).optional().describe("Running copies at a time; one if absent."),
  }),
  answers: {
    201: z.object({
      name: z.string(),
      owner: z.string(),
      parent: z.string(),
      expires: z.int(),
      join_token: z.string().describe("Enrols one process, once, within ten minutes. Shown here alone."),
    }),
  },
  async handle(deps, caller, { body }) {
    const { expires_in, max_instances, ...said } = body;
    const { agent, joinToken } = await perform(deps, caller, "agent.register-child", async (change) => {
      const child = await readChild(deps, caller, {
        ...said,
        expiresIn: expires_in === undefined ? undefined : seconds(expires_in),
        maxInstances: max_instances,
      });
      const allow = await authorize<"register">(deps, change, caller, questionOf(deps, caller, child));
      if (allow.obligations.some(({ kind }) => kind !== "log")) throw cannotHonour();
      const registered = await registerChild(deps, change, caller, allow, child);
      await useApproval(deps, change, caller, allow);
      return registered;
    });
    const { name, owner, parent = caller.principal, expires = 0 } = agent;
    return { status: 201, body: { name, owner, parent, expires, join_token: joinToken.token } };
  },
});

/** A yes to this registration is for this registration: taken and used up by it. */
async function useApproval(
  deps: ServerDeps,
  change: Change,
  caller: Caller,
  { approval, decision }: Allow<"register">,
): Promise<void> {
  if (approval === undefined) return;
  const jti: Id = decision;
  reserve(deps, change, approval, { jti, expires: deps.clock.now() + minutes(1) });
  await spend(deps, change, caller, { approval, jti });
}

function questionOf(deps: ServerDeps, caller: Caller, child: Child): Question & { action: "register" } {
  const { chain, parent, authority } = child;
  return {
    action: "register",
    agent: parent,
    ...(chain.principal === undefined ? {} : { person: chain.principal }),
    ...(caller.instance === undefined ? {} : { instance: caller.instance }),
    strength: caller.strength,
    task: seenTask(chain.task),
    chain: { depth: chain.links.length, agents: chain.agents.map(({ name }) => name), hash: chain.hash },
    authority,
    resource: { location: deps.issuer, name: "countersign" },
    args: argumentsOf(child),
    holder: leafOf(chain).edge,
    now: deps.clock.now(),
  };
}

/** What policies read by the names of the schema, and what else a yes would be for: all of it is signed. */
function argumentsOf({ said, chain, parent }: Child): Record<string, Json> {
  const { name, class: kind, environment, purpose, grants, expiresIn, maxInstances } = said;
  return {
    name,
    class: kind,
    environment,
    owner: chain.person,
    ...(parent.team === undefined ? {} : { team: parent.team }),
    purpose,
    grants: grants.map(describe),
    expires_in: expiresIn ?? null,
    max_instances: maxInstances ?? 1,
  };
}

const cannotHonour = (): Fault =>
  new Fault("denied", "Policy allows this only under conditions that cannot be kept here.", {
    remedy: "Ask whoever publishes policies: only @log can be kept for a registration.",
  });
