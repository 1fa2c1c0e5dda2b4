import { parseSpiffeId } from "@countersign/proof/spiffe-id";
import type { WarrantAcceptance, WarrantOptions } from "./accept-warrants.ts";
import type { Access } from "./access.ts";
import { createEndedAgents } from "./ended-agents.ts";
import { type Enrolment, enrol } from "./enrol.ts";
import { followFeed, type RevocationFeed } from "./feed.ts";
import type { Instance } from "./instance.ts";
import { followIssuerKeys } from "./issuer-keys.ts";
import type { Revocations } from "./mutual-tls/revocations.ts";
import { createProofNonces } from "./proof-nonces.ts";
import { type Protector, protect } from "./protect.ts";
import { type Receiver, receive } from "./receive.ts";
import type { WantedAuthentication } from "./refusal.ts";
import { createReplayMemory } from "./replay-memory.ts";
import { resourceMetadata } from "./resource-metadata.ts";
import { revocationsOf } from "./revocations.ts";
import { closeTask, openTask, type StartRequest, startTask, type TaskRequest } from "./tasks.ts";
import { transactionsOf } from "./transactions.ts";
import { recordUses } from "./uses.ts";
import type { WarrantAccess } from "./warrant-access.ts";

/** What a protector does besides. */
export interface ProtectionOptions {
  readonly nonces?: boolean;
  readonly askFirst?: boolean;
  readonly metadata?: boolean;
  readonly authentication?: WantedAuthentication;
}

/** What a protector does besides that takes chains of warrants as well as tokens. */
export interface WarrantProtectionOptions extends ProtectionOptions {
  readonly warrants: true | WarrantOptions;
}

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
  /**
   * Starts a task that no person asked for, on a schedule or an event, on the agent's standing authority; answers
   * its id.
   *
   * @throws Denied, Refused, Unreachable
   */
  startTask(agent: string, request: StartRequest): Promise<string>;
  /** Ends a task that it opened or started; all authority given for it dies. @throws Refused, Unreachable */
  closeTask(task: string): Promise<void>;
  /**
   * Stands before one of its resources, named by the identifier that tokens have as their audience. The first
   * one begins to follow what is revoked; all of them share it.
   *
   * @param options.nonces demands of each proof a nonce that this process has handed out: what was sent to one
   *   copy is worth nothing to another, nor after a restart; an agent must reach the same copy twice
   * @param options.askFirst lets every call by token wait for the control plane's yes, which lets each proof count
   *   once among all copies; without it that holds for what is counted, approved or decided per call
   * @param options.metadata names in challenges where the resource describes itself: serve there what
   *   `resourceMetadata` makes
   * @param options.authentication how the person must have proven herself for anything here, and how lately
   *   (RFC 9470)
   * @param options.warrants takes chains of warrants besides, verified here, with nobody asked; calls that need
   *   somebody to be asked must come with a token all the same, and with `askFirst` there would be no others
   * @throws CountersignError for `warrants` with `askFirst`, and when the revocation feed cannot be followed, or the
   *   keys of warrants cannot be had
   */
  protect(resource: string, options: WarrantProtectionOptions): Promise<Protector<Access | WarrantAccess>>;
  protect(resource: string, options?: ProtectionOptions): Promise<Protector>;
  /**
   * Stands behind one of the domain's resources, for requests of the services that serve its calls.
   *
   * @param resource the identifier of the resource at which the tool was called
   * @throws CountersignError when the revocation feed cannot be followed
   */
  protectInternal(resource: string): Promise<Receiver>;
  /**
   * What has died, followed as protectors follow it, for `mutualTls(workload, { authorize, revocations })`.
   *
   * @throws CountersignError when the revocation feed cannot be followed
   */
  revocations(): Promise<Revocations>;
  /**
   * Waits until every call so far has been recorded.
   *
   * @throws CountersignError when the control plane has answered to some, since this was asked last, and recorded
   *   neither them nor a refusal of them
   */
  settled(): Promise<void>;
  /** Ends following the control plane, so that all is refused from then on, and sends what is still to be recorded. */
  close(): Promise<void>;
}

/** Makes a key, enrols this process as a service with it, and opens its verbs. @throws Refused, Unreachable */
export async function openService(enrolment: Enrolment): Promise<Service> {
  return serviceOf(await enrol(enrolment));
}

/** Of all senders together, by all protectors of this process: what one has let through, no other does again. */
const rememberedProofs = 100_000;

/** The verbs of a service that is enrolled already. */
export function serviceOf(instance: Instance): Service {
  const { runtime, issuer } = instance;
  const proofs = createReplayMemory(rememberedProofs);
  const keys = followIssuerKeys(runtime, issuer);
  const warrantKeys = followIssuerKeys(runtime, { jwksUri: issuer.at("/oauth/warrant-keys") });
  const ended = createEndedAgents();
  const closing = new AbortController();
  const uses = recordUses(instance, closing.signal);
  const transactions = transactionsOf(instance);
  let following: Promise<RevocationFeed> | undefined;
  const feedOfAll = (): Promise<RevocationFeed> => {
    const hear = (deadKey: string): void => {
      for (const each of [keys, warrantKeys, ended]) each.hear(deadKey);
    };
    following ??= followFeed(runtime, revocationsOf(instance), hear).catch((cause) => {
      following = undefined;
      throw cause;
    });
    return following;
  };
  const { trustDomain } = parseSpiffeId(instance.id);
  /** With the keys at hand: when they are needed, nobody may be there to be asked. */
  const acceptance = async (options: WarrantOptions): Promise<WarrantAcceptance> => {
    await warrantKeys.verifyWith(() => undefined);
    return { ...options, keys: warrantKeys, ended, trustDomain };
  };
  return {
    id: instance.id,
    openTask: (request) => openTask(instance, request),
    startTask: (agent, request) => startTask(instance, agent, request),
    closeTask: (task) => closeTask(instance, task),
    protect: protectResource as Service["protect"],
    async protectInternal(resource) {
      const feed = await feedOfAll();
      return receive({ runtime, issuer: issuer.id, trustDomain, resource, keys, feed, transactions });
    },
    revocations: feedOfAll,
    async settled() {
      await uses.settled();
      const unrecorded = uses.unrecorded();
      if (unrecorded !== undefined) throw unrecorded;
    },
    async close() {
      closing.abort();
      (await following)?.close();
      await uses.settled();
    },
  };

  async function protectResource(
    resource: string,
    options: Partial<WarrantProtectionOptions> = {},
  ): Promise<Protector<Access | WarrantAccess>> {
    const { nonces = false, askFirst = false, metadata = false, authentication, warrants } = options;
    const protection = {
      ...{ runtime, issuer: issuer.id, resource, keys, feed: await feedOfAll(), uses, transactions },
      ...{ proofs, askFirst },
      ...(nonces ? { nonces: createProofNonces(runtime) } : {}),
      ...(authentication === undefined ? {} : { authentication }),
      ...(metadata ? { metadataUrl: resourceMetadata({ resource, issuer: issuer.id }).url } : {}),
    };
    if (!warrants) return protect(protection);
    return protect(protection, await acceptance(warrants === true ? {} : warrants));
  }
}
