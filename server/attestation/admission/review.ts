import { canonicalize, isJsonObject, type Json, type JsonObject } from "@countersign/proof/jcs";
import { Fault } from "../../lib/index.ts";

/** What an API server asks about. */
export interface Review {
  /** Returned as it came. */
  readonly uid: string;
  readonly operation: string;
  readonly dryRun: boolean;
  /** The pod that it would start, or the template of those; absent where it is none that we know. */
  readonly attackerPod?: JsonObject;
  /** As it stands until now, for an update. */
  readonly podBefore?: JsonObject;
}

const WORKLOADS: ReadonlySet<string> = new Set([
  "apps/Deployment",
  "apps/ReplicaSet",
  "apps/StatefulSet",
  "apps/DaemonSet",
  "batch/Job",
  "/ReplicationController",
]);

/**
 * Reads an AdmissionReview. Members that we do not know are passed over: newer clusters send more.
 * @throws Fault `malformed` for what is none: nobody could be answered
 * @see Kubernetes admission.k8s.io/v1
 */
export function readReview(attackerJson: Json): Review {
  const { apiVersion, kind, request } = objectOr(attackerJson);
  if (apiVersion !== "admission.k8s.io/v1" || kind !== "AdmissionReview") throw noReview();
  const { uid, operation, dryRun = false, kind: of, object, oldObject } = objectOr(request);
  if (typeof uid !== "string" || uid === "" || uid.length > 200) throw noReview();
  if (typeof operation !== "string" || typeof dryRun !== "boolean") throw noReview();
  const { group = "", kind: name } = objectOr(of);
  const what = `${group}/${name}`;
  const [attackerPod, podBefore] = [podIn(what, object), podIn(what, oldObject)];
  return {
    uid,
    operation,
    dryRun,
    ...(attackerPod === undefined ? {} : { attackerPod }),
    ...(podBefore === undefined ? {} : { podBefore }),
  };
}

/** Whether an update leaves alone what runs, and as whom: it may then pass, or nothing could be cleaned up. */
export function runsTheSame({ operation, attackerPod, podBefore }: Review): boolean {
  if (operation !== "UPDATE" || attackerPod === undefined || podBefore === undefined) return false;
  return canonicalize(whatRuns(attackerPod)) === canonicalize(whatRuns(podBefore));
}

function whatRuns({ spec = null, metadata }: JsonObject): Json {
  const { labels = null, annotations = null } = isJsonObject(metadata) ? metadata : {};
  return { spec, named: [labels, annotations].map(ourWords) };
}

const ourWords = (words: Json): Json =>
  isJsonObject(words)
    ? Object.fromEntries(Object.entries(words).filter(([name]) => name.startsWith("countersign.dev/")))
    : null;

function podIn(what: string, object: Json | undefined): JsonObject | undefined {
  if (!isJsonObject(object)) return undefined;
  if (what === "/Pod") return object;
  if (what === "/PodTemplate") return child(object, "template");
  if (WORKLOADS.has(what)) return child(object, "spec", "template");
  return what === "batch/CronJob" ? child(object, "spec", "jobTemplate", "spec", "template") : undefined;
}

function child(of: JsonObject, ...path: string[]): JsonObject | undefined {
  let at: Json | undefined = of;
  for (const name of path) at = isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  return isJsonObject(at) ? at : undefined;
}

function objectOr(attackerValue: Json | undefined): JsonObject {
  if (isJsonObject(attackerValue)) return attackerValue;
  throw noReview();
}

const noReview = (): Fault =>
  new Fault("malformed", "This is no AdmissionReview of admission.k8s.io/v1.", {
    remedy: "Name v1 in the webhook's admissionReviewVersions.",
  });
