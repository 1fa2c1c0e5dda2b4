import { append, conceal, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { closeWithin, endWithin } from "../delegation/index.ts";
import { type Caller, Fault, isId, type PersonId } from "../lib/index.ts";
import { endActivation } from "../policy/index.ts";
import {
  AGENT_CLASSES,
  endInstanceWithin,
  requireAdministrator,
  resumeWithin,
  suspendWithin,
  switchPersonWithin,
} from "../registry/index.ts";
import { type BLOCKABLE, type Blockable, block, unblock } from "../revocation/index.ts";
import { revocationLifted, revocationOrdered } from "./events-cascade.ts";
import type { OauthDeps } from "./oauth-deps.ts";

/** What can be ended, with everything that rests on it. */
export const ENDED = [
  "edge",
  "agent",
  "instance",
  "person",
  "task",
  "image",
  "model",
  "configuration",
  "class",
  "policy",
] as const;
export type EndedKind = (typeof ENDED)[number];

/** Which of them can be opened again; what it ended stays ended. */
export const LIFTABLE = ["agent", "person", "image", "model", "configuration", "class"] as const;
export type LiftedKind = (typeof LIFTABLE)[number];

export interface Ending {
  readonly kind: EndedKind;
  readonly attackerId: string;
  /** For an edge: the id of one above it, or `root`. */
  readonly attackerUpTo?: string | undefined;
  readonly reason?: string | undefined;
}

/** What was hit, for whoever gave the order. */
export interface Hit {
  readonly kind: EndedKind;
  readonly id: string;
  /** What has ended, in a sentence. */
  readonly hit: string;
  readonly liftable: boolean;
}

type End = (
  deps: OauthDeps,
  change: Change,
  caller: Caller,
  ending: Ending,
) => Promise<{ hit: string; id?: string; about?: { task?: string; agent?: string; person?: string } }>;

type BlockedKind = (typeof BLOCKABLE)[number];

const blocks =
  (kind: BlockedKind, what: string): End =>
  async (deps, change, caller, { attackerId }) => {
    requireAdministrator(caller);
    const subject = subjectOf(kind, attackerId);
    await block(deps, change, caller, subject);
    const id = subject.slice(kind.length + 1);
    return { id, hit: `${what} ${id}, and everything delegated by one. None starts until it is lifted.` };
  };

const ENDS: Readonly<Record<EndedKind, End>> = {
  edge: async (deps, change, caller, { attackerId, attackerUpTo }) => {
    const { top, path, task } = await endWithin(deps, change, caller, {
      edge: attackerId,
      upTo: attackerUpTo,
    });
    const agents = path.map(({ to }) => to).join(", ");
    const hit = `The delegation ${top.id} from ${top.from} to ${top.to}, and all that hangs on it: ${agents}.`;
    return { id: top.id, hit, about: { task: task.id, agent: top.to, person: task.person } };
  },
  task: async (deps, change, caller, { attackerId }) => {
    const { id, agent, person } = await closeWithin(deps, change, caller, attackerId);
    const hit = `The task ${id} of ${agent}, and all authority that was given for it.`;
    return { hit, about: { task: id, agent, person } };
  },
  agent: async (deps, change, caller, { attackerId }) => {
    const { name, owner } = await suspendWithin(deps, change, caller, attackerId);
    const hit = `The agent ${name}, every copy of it, every chain through it, and the agents that it registered.`;
    return { hit, about: { agent: name, person: owner } };
  },
  instance: async (deps, change, caller, { attackerId }) => {
    const { id, kind, principal } = await endInstanceWithin(deps, change, caller, attackerId);
    const about = kind === "agent" ? { agent: principal } : {};
    return { hit: `The running copy ${id} of ${principal}, its key, and what it delegated.`, about };
  },
  person: async (deps, change, caller, { attackerId }) => {
    const { id } = await switchPersonWithin(deps, change, caller, switching(attackerId, "suspend"));
    return { hit: `The person ${id}, her sessions, and all that is done for her.`, about: { person: id } };
  },
  policy: async (deps, change, caller, { attackerId }) => {
    const { numbers, version, deciding } = await endActivation(deps, change, caller, attackerId);
    const which = `activation ${numbers.join(", ")} of ${version}`;
    const now = deciding ? " It decides now: nothing can be given until another set is activated." : "";
    return { hit: `Every token and delegation that was decided by ${which}.${now}` };
  },
  class: blocks("class", "Every agent of the class"),
  image: blocks("image", "Every running copy of the image"),
  model: blocks("model", "Every running copy that works with the model"),
  configuration: blocks("configuration", "Every running copy of the configuration"),
};

/**
 * Ends something and everything that rests on it, at once: one dead key in the feed, whatever hangs below. Who
 * may is for the thing itself to say: its owner, the person of the task, an administrator.
 * @throws Fault as the room's own verb: `forbidden`, `not-found`, `conflict`, `gone`, `invalid`
 */
export function endAll(deps: OauthDeps, caller: Caller, ending: Ending): Promise<Hit> {
  return perform(deps, caller, "revocation.order", async (change) => {
    const { kind, attackerId, attackerUpTo } = ending;
    if (attackerUpTo !== undefined && kind !== "edge") throw noWayUp();
    const { hit, id = attackerId, about = {} } = await ENDS[kind](deps, change, caller, ending);
    const upTo = attackerUpTo === undefined ? {} : { up_to: attackerUpTo };
    const body = { kind, id, ...upTo, ...reasonOf(deps, change, ending) };
    append(change, revocationOrdered(deps, caller, about, body));
    return { kind, id, hit, liftable: isLiftable(kind) };
  });
}

/**
 * Opens again what was ended and can be. What was given before stays dead: it carries the epoch that ended.
 * @throws Fault `forbidden` for others than administrators; `not-found`; `conflict` when it is not ended
 */
export function liftAll(
  deps: OauthDeps,
  caller: Caller,
  lifting: Omit<Ending, "attackerUpTo"> & { readonly kind: LiftedKind },
): Promise<{ kind: LiftedKind; id: string }> {
  return perform(deps, caller, "revocation.lift", async (change) => {
    requireAdministrator(caller);
    const { kind, attackerId } = lifting;
    if (kind === "agent") await resumeWithin(deps, change, caller, attackerId);
    else if (kind === "person") {
      await switchPersonWithin(deps, change, caller, switching(attackerId, "resume"));
    } else await unblock(deps, change, subjectOf(kind, attackerId));
    const body = { kind, id: attackerId, ...reasonOf(deps, change, lifting) };
    append(change, revocationLifted(deps, caller, {}, body));
    return { kind, id: attackerId };
  });
}

const isLiftable = (kind: EndedKind): boolean => (LIFTABLE as readonly string[]).includes(kind);

function switching<Transition>(attackerId: string, transition: Transition) {
  if (isId(attackerId, "person")) return { id: attackerId as PersonId, transition };
  throw new Fault("not-found", "There is no person of this id.", { remedy: "List the people." });
}

const BARE_DIGEST = /^[0-9a-fA-F]{64}$/;

/** What nobody's name can be would be blocked for nobody. */
function subjectOf(kind: BlockedKind, attackerId: string): Blockable {
  const known = kind !== "class" || (AGENT_CLASSES as readonly string[]).includes(attackerId);
  // Digests are carried with the name of their algorithm, which people leave out.
  const id =
    kind !== "class" && BARE_DIGEST.test(attackerId) ? `sha256:${attackerId.toLowerCase()}` : attackerId;
  if (known && /^[!-~]{1,200}$/.test(id) && !id.includes("#")) return `${kind}:${id}`;
  throw new Fault("invalid", `This names no ${kind}.`, {
    remedy: "Use its digest or its name, as it is on record.",
  });
}

/** What people write stands in the log as a commitment. */
const reasonOf = (deps: OauthDeps, change: Change, { reason }: Pick<Ending, "reason">) =>
  reason === undefined ? {} : { reason: conceal(deps, change, "installation", reason) };

const noWayUp = (): Fault =>
  new Fault("invalid", "Only a delegation has something above it.", { remedy: "Leave up_to out." });
