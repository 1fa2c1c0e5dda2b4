import type { Peer } from "../peer/peer.ts";
import { batching } from "./batch.ts";
import { followControlPlane } from "./control-plane.ts";
import { tellingEndings } from "./ended.ts";
import type { IdentityDeps } from "./ports.ts";
import type { Shared } from "./shared.ts";
import type { TrustBundles } from "./trust-bundles.ts";
import { takingTurns } from "./turns.ts";
import { Workload } from "./workload.ts";

/** How much of this host all processes may take together, and those of one user. */
export interface IdentityLimits {
  readonly processes: number;
  readonly processesOfUser: number;
  /** How many are measured at once. */
  readonly measuring: number;
}

const LIMITS: IdentityLimits = { processes: 16_384, processesOfUser: 4_096, measuring: 16 };

/** The identities of all processes of this host. */
export interface Identities {
  /**
   * Takes in a process that has connected, and takes over its peer.
   * @throws TooManyProcesses
   */
  enter(peer: Peer): Workload;
  /** What others are judged by; nothing until the control plane has been reached once. */
  bundles(): TrustBundles | undefined;
  /** Resolves when the control plane has been asked once, whatever came of it. */
  readonly opened: Promise<void>;
  /** Tells what has ended and lets go of everything. What was issued lives on for its time. */
  close(): Promise<void>;
}

export class TooManyProcesses extends Error {
  override readonly name = "TooManyProcesses";
}

/** Begins to follow the control plane and to keep what processes of this host are issued: in memory, nowhere else. */
export function openIdentities(deps: IdentityDeps, limits: Partial<IdentityLimits> = {}): Identities {
  const { processes, processesOfUser, measuring } = { ...LIMITS, ...limits };
  const { upstream, ...rest } = deps;
  const workloads = new Map<string, Workload>();
  const users = new Map<number, number>();
  const owners = new Map<string, object>();
  const endings = tellingEndings(deps);
  const each = (call: (workload: Workload) => void): void => [...workloads.values()].forEach(call);
  const controlPlane = followControlPlane(deps, {
    entries: () => each((workload) => workload.entriesChanged()),
    bundles: () => each((workload) => workload.bundlesChanged()),
  });
  const stop = upstream.onEnded?.((instances) => {
    const ended = new Set(instances);
    each((workload) => workload.instancesEnded(ended));
  });
  const shared: Shared = {
    ...rest,
    ...controlPlane,
    ask: batching(upstream, deps.clock),
    jwtSvid: (instance, audience) => upstream.jwtSvid(instance, audience),
    turns: takingTurns(measuring),
    ended: (instance) => endings.tell(instance),
    claim(instance, owner) {
      if (!owners.has(instance)) owners.set(instance, owner);
      return owners.get(instance) === owner;
    },
    release(instance, owner) {
      if (owners.get(instance) === owner) owners.delete(instance);
    },
  };

  function enter(peer: Peer): Workload {
    const name = `${peer.pid} ${peer.started}`;
    const known = workloads.get(name);
    if (known !== undefined && !known.isGone()) {
      peer.close();
      return known.enter();
    }
    known?.end();
    const ofUser = users.get(peer.uid) ?? 0;
    if (workloads.size >= processes || ofUser >= processesOfUser) {
      peer.close();
      throw new TooManyProcesses("too many processes have identities here");
    }
    return add(name, peer).enter();
  }

  function add(name: string, peer: Peer): Workload {
    const { uid } = peer;
    const workload = new Workload(shared, peer, () => {
      if (workloads.get(name) !== workload) return;
      workloads.delete(name);
      const left = (users.get(uid) ?? 0) - 1;
      if (left > 0) users.set(uid, left);
      else users.delete(uid);
    });
    workloads.set(name, workload);
    users.set(uid, (users.get(uid) ?? 0) + 1);
    peer.onExit(() => workload.end());
    return workload;
  }

  return {
    enter,
    bundles: controlPlane.bundles,
    opened: controlPlane.refresh(),
    async close() {
      controlPlane.close();
      stop?.();
      each((workload) => workload.close());
      workloads.clear();
      await endings.flush().catch(() => undefined);
      endings.close();
    },
  };
}
