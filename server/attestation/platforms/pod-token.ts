import { isJsonObject, type Json, type JsonObject } from "@countersign/proof/jcs";
import { refused } from "./refused.ts";

/** What a cluster's token says of the pod that it was projected into. @see Kubernetes, pkg/serviceaccount/claims.go */
export interface PodToken {
  readonly subject: string;
  readonly namespace: string;
  readonly serviceAccount: Named;
  readonly pod: Named;
  /** Where it runs: only informative in a token that is bound to a pod. */
  readonly node?: Named;
}

interface Named {
  readonly name: string;
  readonly uid: string;
}

/** @throws Fault, reasons `legacy-token`, `not-bound-to-a-pod`, `claims-missing` */
export function readPodToken(claims: JsonObject): PodToken {
  if (Object.keys(claims).some((name) => name.startsWith("kubernetes.io/serviceaccount/")))
    throw refused("legacy-token", "Tokens from secrets of service accounts are not taken: they never end.", {
      remedy: "Project a token into the pod, for this server's audience.",
    });
  const said = claims["kubernetes.io"];
  if (!isJsonObject(said)) throw missing();
  const { namespace } = said;
  const serviceAccount = namedIn(said.serviceaccount);
  const node = said.node === undefined ? undefined : namedIn(said.node);
  if (typeof namespace !== "string" || serviceAccount === undefined) throw missing();
  const subject = `system:serviceaccount:${namespace}:${serviceAccount.name}`;
  if (claims.sub !== subject) throw missing();
  const pod = namedIn(said.pod);
  if (pod === undefined)
    throw refused("not-bound-to-a-pod", "The token is bound to no pod.", {
      remedy: "Project a token into the pod: kubectl create token makes one that anybody can carry.",
    });
  return { subject, namespace, serviceAccount, pod, ...(node === undefined ? {} : { node }) };
}

function namedIn(value: Json | undefined): Named | undefined {
  if (!isJsonObject(value)) return undefined;
  const { name, uid } = value;
  return isWord(name) && isWord(uid) ? { name, uid } : undefined;
}

const isWord = (value: Json | undefined): value is string =>
  typeof value === "string" && /^[a-zA-Z0-9._-]{1,253}$/.test(value);

const missing = () =>
  refused("claims-missing", "The token does not say whose it is, as tokens of a cluster do.");
