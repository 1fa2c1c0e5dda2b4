import type { Json, JsonObject } from "@countersign/proof/jcs";
import { type Caller, Fault } from "../../lib/index.ts";
import { type GateReason, judgeGate } from "../artifacts/judge-gate.ts";
import { answerAndRecord, recordUnreadable } from "../artifacts/pass-gate.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { type Cluster, hashOfAddress } from "./cluster.ts";
import { type Review, readReview, runsTheSame } from "./review.ts";
import { readStarted, type Started } from "./started.ts";
import { clusterByHash } from "./store-clusters.ts";

/** What a cluster's API server sends, and the secret part of the address that it sends it to. */
export interface Asked {
  readonly attackerSecret: string;
  readonly attackerReview: Json;
}

/**
 * Answers whether a pod may start, by the same judgement as a pipeline gets. What cannot be read is refused;
 * what fails here fails there, where the webhook's failure policy keeps the pod out. A dry run is judged and
 * leaves no trace.
 * @returns an AdmissionReview
 * @throws Fault `unauthenticated`; `malformed` for what is no review
 */
export async function admitPod(
  deps: AttestationDeps,
  caller: Caller,
  { attackerSecret, attackerReview }: Asked,
): Promise<JsonObject> {
  const cluster = await clusterByHash(deps.database, hashOfAddress(attackerSecret));
  if (cluster === undefined) throw unknownAddress();
  const review = readReview(attackerReview);
  return answerOf(review, await reasonsAgainst(deps, caller, cluster, review));
}

/** Why not; nothing, where it may. */
async function reasonsAgainst(
  deps: AttestationDeps,
  caller: Caller,
  cluster: Cluster,
  review: Review,
): Promise<readonly Omit<GateReason, "subject">[]> {
  if (review.operation === "DELETE" || runsTheSame(review)) return [];
  if (review.attackerPod === undefined) return [notJudged];
  const asking: Caller = { ...caller, strength: "static-key", via: "cluster" };
  const read = readStarted(review.attackerPod);
  if ("unreadable" in read) {
    if (!review.dryRun) await recordUnreadable(deps, asking, cluster.name, read.unreadable.reason);
    return [read.unreadable];
  }
  const question = questionOf(read.started);
  if (review.dryRun) return (await judgeGate(deps, question)).reasons;
  return (await answerAndRecord(deps, asking, question, { asked: cluster.name })).reasons;
}

/** A pod runs images and nothing else. */
const questionOf = ({ attackerAgent, images, model }: Started) => ({
  attackerAgent,
  images,
  containerless: false,
  ...(model === undefined ? {} : { model }),
});

const notJudged = {
  reason: "kind-not-judged",
  message: "This starts no pod that can be judged.",
  remedy: "Let the webhook's rules name pods and the workloads that make them, and nothing else.",
};

function answerOf({ uid }: Review, reasons: readonly Omit<GateReason, "subject">[]): JsonObject {
  const allowed = reasons.length === 0;
  const status = { code: 403, reason: "Forbidden", message: messageOf(reasons) };
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { uid, allowed, ...(allowed ? {} : { status }) },
  };
}

/** As many as a person reads. */
const MOST_SAID = 5;

const messageOf = (reasons: readonly Omit<GateReason, "subject">[]): string =>
  reasons
    .slice(0, MOST_SAID)
    .map(({ reason, message, remedy = "" }) => `${message} (${reason}) ${remedy}`.trim())
    .join(" ");

const unknownAddress = (): Fault =>
  new Fault("unauthenticated", "No cluster asks at this address.", {
    remedy: "Use the address that defining the cluster gave.",
  });
