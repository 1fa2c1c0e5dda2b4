import { type AgentName, Fault, isFailure } from "../../lib/index.ts";
import {
  type Agent,
  blockedKindsOf,
  findAgent,
  findPerson,
  requireEnrollable,
  standingOf,
} from "../../registry/index.ts";
import { openKeys } from "../../revocation/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import type { Check } from "./check.ts";
import { checkModel } from "./check-model.ts";
import { type Demands, demandsOn } from "./demands.ts";
import { checkImage } from "./judge-artifacts.ts";
import { reasonOf } from "./refused.ts";

/** What is about to be started, and as whom. */
export interface GateQuestion {
  readonly attackerAgent: AgentName;
  /** Manifest digests, `sha256:<hex>`: of all containers. */
  readonly images: readonly string[];
  readonly model?: { readonly name?: string | undefined; readonly root: string } | undefined;
  /** Whether it can run without an image of its own: a process that no container holds. */
  readonly containerless: boolean;
}

/** Why something may not start: for programs, and for people. */
export interface GateReason {
  readonly reason: string;
  readonly message: string;
  readonly remedy?: string;
  readonly subject?: string;
}

export interface GateAnswer {
  readonly allowed: boolean;
  /** All of them, not only the first: whoever is refused mends them at once. */
  readonly reasons: readonly GateReason[];
  readonly checks: readonly Check[];
}

/**
 * Whether this may be started as this agent: no agent starts with an unsigned image, an unverified model, or
 * without an owner. Stricter than attestation: what is shown must be verified even where nobody declared it.
 */
export async function judgeGate(deps: AttestationDeps, question: GateQuestion): Promise<GateAnswer> {
  const agent = await findAgent(deps, question.attackerAgent);
  if (agent === undefined) return refusedFor(unknownAgent);
  const demands = await demandsOn(deps, { kind: "agent", principal: agent.name });
  const outcomes = [
    await attempt(() => requireStartable(deps, agent)),
    await attempt(() => requireOwned(deps, agent)),
    await attempt(() => openKeys(deps, blockedKindsOf([agent]))),
    ...(await judgeImages(deps, demands, question)),
    await attempt(() => judgeModelOf(deps, agent, demands, question)),
  ];
  const reasons = outcomes.flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
  const checks = [...outcomes.flatMap((each) => each.checks), ...declaredIn(demands)];
  return { allowed: reasons.length === 0, reasons, checks };
}

/** By what declaration it was judged, for whoever reads a summary. */
const declaredIn = ({ declared }: Demands): Check[] =>
  declared === undefined
    ? []
    : [{ what: "artifacts-declared", subject: `sha256:${declared}`, result: "passed" }];

interface Outcome {
  readonly reason?: GateReason;
  readonly checks: readonly Check[];
}

/** A refusal becomes a reason; a failure of ours stays one, for then nobody knows. */
export async function attempt(step: () => unknown, subject?: string): Promise<Outcome> {
  try {
    const checks = await step();
    return { checks: Array.isArray(checks) ? checks.filter(isCheck) : [] };
  } catch (error) {
    if (!(error instanceof Fault) || isFailure(error.code)) throw error;
    return { reason: reasonFrom(error, subject), checks: [] };
  }
}

const isCheck = (value: unknown): value is Check =>
  typeof value === "object" && value !== null && "what" in value;

const reasonFrom = (fault: Fault, subject: string | undefined): GateReason => ({
  reason: reasonOf(fault) ?? fault.code,
  message: fault.message,
  ...(fault.remedy === undefined ? {} : { remedy: fault.remedy }),
  ...(subject === undefined ? {} : { subject }),
});

const refusedFor = (reason: GateReason): GateAnswer => ({ allowed: false, reasons: [reason], checks: [] });

const unknownAgent: GateReason = {
  reason: "agent-unknown",
  message: "There is no agent of this name.",
  remedy: "Register the agent, with an owner, before it is started.",
};

/** As for enrolment: whatever could not prove itself shall not start either. */
function requireStartable({ clock }: AttestationDeps, agent: Agent): void {
  try {
    requireEnrollable(agent, clock.now());
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const members = { reason: `agent-${standingOf(agent, clock.now())}` };
    throw new Fault(error.code, error.message, { members, ...(error.remedy && { remedy: error.remedy }) });
  }
}

async function requireOwned(deps: AttestationDeps, { name, owner }: Agent): Promise<void> {
  if ((await findPerson(deps, owner))?.status === "active") return;
  throw new Fault("forbidden", `Nobody answers for the agent ${name}: its owner is not an active person.`, {
    remedy: "Hand it over to somebody who does.",
    members: { reason: "agent-without-owner" },
  });
}

function judgeImages(
  deps: AttestationDeps,
  { images: demand }: Demands,
  { images, containerless }: GateQuestion,
): Promise<Outcome[]> {
  if (images.length === 0)
    return Promise.all([attempt(() => checkImage(deps, containerless ? demand : "signed", undefined))]);
  return Promise.all(
    [...new Set(images)].map((image) =>
      attempt(async () => {
        await openKeys(deps, [`image:${image}`]);
        return checkImage(deps, demand === "nothing" ? "signed" : demand, image);
      }, image),
    ),
  );
}

async function judgeModelOf(
  deps: AttestationDeps,
  agent: Agent,
  { models: demand }: Demands,
  { model }: GateQuestion,
): Promise<readonly Check[]> {
  const of = { kind: "agent", principal: agent.name } as const;
  if (model === undefined) return checkModel(deps, of, demand, undefined);
  await openKeys(deps, [`model:sha256:${model.root}`]);
  const declared = demand === "nothing" || demand === "required" ? agent.model : demand;
  const shown = { name: model.name ?? declared ?? "", root: model.root };
  return checkModel(deps, of, demand === "nothing" ? "required" : demand, shown);
}
