import { thumbprint } from "@countersign/proof/jwk";
import { append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { deadAmong } from "../revocation/index.ts";
import { requireEnrollable } from "./activate-agent.ts";
import { addInstance, admit, type Proven, requireNotSuspended } from "./add-instance.ts";
import { instanceRenewed } from "./events.ts";
import { deadKeysOf, type Instance, isLive } from "./instance.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { instanceKnownAs, replaceInstance } from "./store-instances.ts";

/** A running copy for which others vouch now: under this SPIFFE ID, with this key, until then. */
export type Vouched = Proven & { readonly id: string };

/**
 * Takes in a running copy for which others vouch, or notes its key and its end anew, in the caller's change.
 * Ended is for ever, whoever vouches for it; a key belongs to one copy; and one that has enrolled by other means
 * is not taken over.
 * @returns as it is vouched for now: it may last shorter than what is on record for its other keys
 * @throws Fault `gone` when it has ended; `exists` when the key or the SPIFFE ID is another's; `forbidden`
 */
export async function vouchFor(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  vouched: Vouched,
): Promise<Instance> {
  const known = await instanceKnownAs(deps.database, "id", vouched.id);
  if (known === undefined) {
    await requireNoneDead(deps, { id: vouched.id, thumbprint: thumbprint(vouched.jwk) });
    return addInstance(deps, change, caller, { ...vouched, vouched: true });
  }
  requireSame(known, vouched);
  requireAccess(deps, vouched.of);
  const now = { ...known, jwk: vouched.jwk, thumbprint: thumbprint(vouched.jwk), expires: vouched.expires };
  await requireNoneDead(deps, now);
  await requireOwnKey(deps, known, now);
  const kept = { ...now, expires: Math.max(known.expires, now.expires) };
  if (!isLive(known, deps.clock.now()) || waits(vouched.of)) await admit(deps, change, caller, vouched);
  if (kept.thumbprint === known.thumbprint && kept.expires === known.expires) return now;
  replaceInstance(change, known, kept);
  const { id, principal, expires } = kept;
  const body = { instance: id, principal, thumbprint: kept.thumbprint, expires, evidence: vouched.evidence };
  const about = known.kind === "agent" ? { agent: principal } : {};
  append(change, instanceRenewed(deps, { ...caller, instance: id }, about, body));
  return now;
}

/** An agent that waits for proof takes this for it, where it is fresh. */
const waits = (of: Vouched["of"]): boolean => "agent" in of && of.agent.status !== "active";

function requireSame(known: Instance, { of, strength }: Vouched): void {
  const principal = "agent" in of ? of.agent.name : of.service.id;
  if (known.status === "ended") throw ended();
  if (known.principal === principal && known.strength === strength && known.vouched) return;
  throw new Fault("exists", "This SPIFFE ID belongs to a process that has enrolled otherwise.", {
    remedy: "Give the workload a SPIFFE ID of its own.",
  });
}

/** Whoever has no access renews nothing either. */
function requireAccess({ clock }: RegistryDeps, of: Vouched["of"]): void {
  if ("agent" in of) requireEnrollable(of.agent, clock.now());
  else requireNotSuspended(of.service);
}

async function requireNoneDead(deps: RegistryDeps, of: Pick<Instance, "id" | "thumbprint">): Promise<void> {
  if ((await deadAmong(deps, deadKeysOf(of))).length > 0) throw ended();
}

/** A key that stands for two could not be taken from one of them. */
async function requireOwnKey(deps: RegistryDeps, known: Instance, now: Instance): Promise<void> {
  const holder = await instanceKnownAs(deps.database, "thumbprint", now.thumbprint);
  if (holder === undefined || holder.id === known.id) return;
  throw new Fault("exists", "This key belongs to another process.", {
    remedy: "Make a new key in memory for each process.",
  });
}

const ended = (): Fault =>
  new Fault("gone", "This instance, or its key, has ended.", {
    remedy: "Ask the agent's owner; a process that goes on needs another SPIFFE ID.",
  });
