import { type Enrolment, enrol } from "./enrol.ts";
import { followFeed, type RevocationFeed } from "./feed.ts";
import type { Instance } from "./instance.ts";
import { followIssuerKeys } from "./issuer-keys.ts";
import { type Protector, protect } from "./protect.ts";
import { revocationsOf } from "./revocations.ts";
import { closeTask, openTask, type TaskRequest } from "./tasks.ts";
import { recordUses } from "./uses.ts";

/** A running copy of a registered service: the tasks that it opens for people, the resources that it protects. */
export interface Service {
  /** Its SPIFFE ID. */
  readonly id: string;
  /**
   * Opens a task that waits for its person's consent; answers its id.
   *
   * @throws Denied, Refused, Unreachable
   */
  openTask(request: TaskRequest): Promise<string>;
  /** Ends a task that it opened; all authority given for it dies. @throws Refused, Unreachable */
  closeTask(task: string): Promise<void>;
  /**
   * Stands before one of its resources, named by the identifier that tokens have as their audience. The first
   * one begins to follow what is revoked; all of them share it.
   *
   * @throws CountersignError when the revocation feed cannot be followed
   */
  protect(resource: string): Promise<Protector>;
  /** Waits until every call so far has been recorded. */
  settled(): Promise<void>;
  /** Ends following the control plane, so that all is refused from then on, and sends what is still to be recorded. */
  close(): Promise<void>;
}

/** Makes a key, enrols this process as a service with it, and opens its verbs. @throws Refused, Unreachable */
export async function openService(enrolment: Enrolment): Promise<Service> {
  return serviceOf(await enrol(enrolment));
}

/** The verbs of a service that is enrolled already. */
export function serviceOf(instance: Instance): Service {
  const { runtime, issuer } = instance;
  const keys = followIssuerKeys(runtime, issuer);
  const closing = new AbortController();
  const uses = recordUses(instance, closing.signal);
  let following: Promise<RevocationFeed> | undefined;
  const feedOfAll = (): Promise<RevocationFeed> => {
    following ??= followFeed(runtime, revocationsOf(instance)).catch((cause) => {
      following = undefined;
      throw cause;
    });
    return following;
  };
  return {
    id: instance.id,
    openTask: (request) => openTask(instance, request),
    closeTask: (task) => closeTask(instance, task),
    async protect(resource) {
      return protect({ runtime, issuer: issuer.id, resource, keys, feed: await feedOfAll(), uses });
    },
    settled: () => uses.settled(),
    async close() {
      closing.abort();
      (await following)?.close();
      await uses.settled();
    },
  };
}
