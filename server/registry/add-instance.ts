import { type PublicJwk, thumbprint } from "@countersign/proof/jwk";
import { spiffeId } from "@countersign/proof/spiffe-id";
import { type About, append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, type Id, newId, type Strength } from "../lib/index.ts";
import { openKeys, requireAlive } from "../revocation/index.ts";
import { activateAgent } from "./activate-agent.ts";
import type { Admissions } from "./admissions.ts";
import type { Agent } from "./agent.ts";
import { instanceEnrolled } from "./events.ts";
import { blockedKindsOf, type Instance, isLive } from "./instance.ts";
import { defined } from "./record.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import type { Service } from "./service.ts";
import { countLive, insertInstance, instanceKnownAs, moveInstance } from "./store-instances.ts";
import { requireService } from "./store-workloads.ts";

/** A running copy that attestation has proven. */
export interface Proven {
  /** The SPIFFE ID that it has already; a new one of ours where there is none. */
  readonly id?: string;
  /** Whose copy it is: the record as read for this change. */
  readonly of: { agent: Agent } | { service: Service };
  readonly jwk: PublicJwk;
  readonly strength: Strength;
  /** Milliseconds since the epoch; an agent's own expiry comes first where it is earlier. */
  readonly expires: number;
  /** What proved it, for the log: `join token jointoken_…`. */
  readonly evidence: string;
  /** Whether others vouch for it whenever it comes; it has not enrolled a key then. */
  readonly vouched?: true;
  /** Whether it has this SPIFFE ID whenever it comes, and would be lost if that ended. */
  readonly keepsId?: true;
  /** The one task that it is for, where a person made it with her consent. */
  readonly task?: Id<"task">;
  /** When that was issued (ms), where it is older than this request: a join token, another domain's SVID. */
  readonly issued?: number;
  /** Digests of the image that it runs, of the model that it works with, of its files, where they are known. */
  readonly image?: string;
  readonly model?: string;
  readonly configuration?: string;
  /** Where one change admits several. */
  readonly admissions?: Admissions | undefined;
}

/**
 * Adds a running copy to the caller's change and gives it its SPIFFE ID. The first one of an agent makes the
 * agent active.
 * @throws Fault `exists` when the key is known already; `forbidden` when its agent or service has no access
 */
export async function addInstance(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  proven: Proven,
): Promise<Instance> {
  const jkt = thumbprint(proven.jwk);
  if ((await instanceKnownAs(deps.database, "thumbprint", jkt)) !== undefined) throw keyIsKnown();
  const instance = instanceOf(deps, proven, jkt);
  const { id, principal, kind, strength } = instance;
  const itself = { ...caller, principal, kind, instance: id, strength, keyThumbprint: jkt } as Caller;
  await admit(deps, change, itself, proven);
  insertInstance(change, instance);
  const body = { ...factsOf(instance), evidence: proven.evidence };
  append(change, instanceEnrolled(deps, itself, aboutOf(proven), body));
  return instance;
}

function instanceOf(deps: RegistryDeps, proven: Proven, jkt: string): Instance {
  const { of, jwk, strength, expires, task, image, model, configuration } = proven;
  const agent = "agent" in of;
  const kind = agent ? "agent" : "service";
  const principal = agent ? of.agent.name : of.service.id;
  return {
    id: proven.id ?? idFor(deps, kind, agent ? of.agent.name : of.service.name),
    kind,
    principal,
    thumbprint: jkt,
    jwk,
    strength,
    enrolledAt: deps.clock.now(),
    expires: Math.min(expires, (agent ? of.agent.expires : undefined) ?? expires),
    status: "active",
    vouched: proven.vouched === true,
    keepsId: proven.keepsId === true,
    ...(task === undefined ? {} : { task }),
    ...defined({ image, model, configuration }),
  };
}

const factsOf = ({ id, principal, thumbprint, strength, expires, task }: Instance) => ({
  instance: id,
  principal,
  thumbprint,
  strength,
  expires,
  ...(task === undefined ? {} : { task }),
});

/**
 * Adds to the caller's change the copy of an agent that a person gives a task to, known by the key that its
 * client proved. A key that came for another task before is the same copy, which goes on with this one.
 * @throws Fault `exists` when the key belongs to somebody else, or has ended
 */
export async function addClientInstance(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  proven: Proven & { readonly of: { agent: Agent }; readonly task: Id<"task"> },
): Promise<Instance> {
  const before = await instanceKnownAs(deps.database, "thumbprint", thumbprint(proven.jwk));
  if (before === undefined) return addInstance(deps, change, caller, proven);
  const same = before.kind === "agent" && before.principal === proven.of.agent.name;
  if (!same || before.task === undefined || before.status !== "active") throw keyIsKnown();
  const { task, strength, evidence } = proven;
  const after = { ...before, task, expires: Math.max(before.expires, proven.expires) };
  if (strength !== before.strength) throw keyIsKnown();
  // One that had expired comes back: there must be room for it as for any other.
  if (!isLive(before, deps.clock.now())) await admit(deps, change, caller, proven);
  moveInstance(change, before, { task, expires: after.expires });
  append(change, instanceEnrolled(deps, caller, aboutOf(proven), { ...factsOf(after), evidence }));
  return after;
}

const idFor = (deps: RegistryDeps, kind: Instance["kind"], name: string): string =>
  spiffeId(deps.trustDomain, kind, name, newId(deps, "instance")).uri;

/** Guards that the principal may have instances when the change commits. */
export async function admit(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  { of, strength, issued, image, model, configuration, admissions }: Proven,
): Promise<void> {
  const agents = "agent" in of ? [of.agent] : [];
  requireAlive(
    change,
    await openKeys(deps, blockedKindsOf(agents, defined({ image, model, configuration }))),
  );
  if ("agent" in of) {
    const others = admissions?.of(of.agent) ?? 0;
    await requireRoom(deps, of.agent, others);
    if (others === 0) await activateAgent(deps, change, caller, of.agent, { strength, issued });
    admissions?.add(of.agent);
    return;
  }
  requireNotSuspended(of.service);
  requireService(change, of.service);
}

/** @throws Fault `forbidden` */
export function requireNotSuspended({ name, status }: Service): void {
  if (status === "active") return;
  throw new Fault("forbidden", `The service ${name} is suspended, so none of its processes can enrol.`, {
    remedy: "Ask its owner or an administrator.",
  });
}

/** Of those that enrol at once, each but one finds the agent's record moved, and counts again. */
async function requireRoom(
  { database, clock }: RegistryDeps,
  { name, delegation }: Agent,
  others: number,
): Promise<void> {
  const { max_instances: most } = delegation;
  if (most === undefined) return;
  const live = others + (await countLive(database, { kind: "agent", principal: name }, clock.now()));
  if (live < most) return;
  throw new Fault("forbidden", `The agent ${name} may have ${most} running copies, and has them.`, {
    remedy: "End one of them, or have an administrator allow more.",
    record: { about: { agent: name }, live, most },
  });
}

const aboutOf = ({ of }: Proven): About =>
  "agent" in of ? { agent: of.agent.name, person: of.agent.owner } : { person: of.service.owner };

const keyIsKnown = (): Fault =>
  new Fault("exists", "This key has enrolled before.", {
    remedy: "Make a new key in memory for each process.",
  });
