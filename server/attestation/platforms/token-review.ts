import { isJsonObject, type Json, type JsonObject } from "@countersign/proof/jcs";
import type { TokenReview } from "./machine-trust.ts";
import type { PlatformDeps } from "./platform-deps.ts";
import { type PodToken, readPodToken } from "./pod-token.ts";
import { refused } from "./refused.ts";
import { askCluster } from "./reviews-in-flight.ts";

const TIMEOUT_MS = 1_500;
const EXTRA = "authentication.kubernetes.io/";

/**
 * Asks the cluster whether a token holds: it alone knows whether the pod and the service account are still there.
 * @throws Fault `unauthenticated` with its reason; `unavailable` when it cannot be asked
 * @see Kubernetes API, authentication.k8s.io/v1 TokenReview
 */
export async function reviewToken(
  deps: PlatformDeps,
  { url, ca, token }: TokenReview,
  asked: { readonly attackerToken: string; readonly audience: string; readonly attackerClaims: JsonObject },
): Promise<void> {
  const pod = readPodToken(asked.attackerClaims);
  const answer = await askCluster(deps.outbound, {
    url: `${url.replace(/\/$/, "")}/apis/authentication.k8s.io/v1/tokenreviews`,
    registered: true,
    timeoutMs: TIMEOUT_MS,
    headers: { authorization: `Bearer ${token}` },
    ...(ca === undefined ? {} : { ca }),
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token: asked.attackerToken, audiences: [asked.audience] },
    },
  });
  requireReviewed(isJsonObject(answer) ? answer.status : undefined, asked.audience, pod);
}

function requireReviewed(status: Json | undefined, audience: string, pod: PodToken): void {
  if (!isJsonObject(status) || status.authenticated !== true)
    throw refused(
      "not-authenticated",
      "The cluster does not take the token, or what it was bound to is gone.",
    );
  // An API server that knows no audiences answers without them: then the token is for itself.
  if (!Array.isArray(status.audiences) || !status.audiences.includes(audience))
    throw refused("wrong-audience", "The cluster does not say that the token is for this server.");
  const { user } = status;
  const same =
    isJsonObject(user) &&
    user.username === pod.subject &&
    user.uid === pod.serviceAccount.uid &&
    onlyExtra(user, "pod-uid") === pod.pod.uid;
  if (!same) throw refused("not-authenticated", "The cluster says that the token is somebody else's.");
}

function onlyExtra({ extra }: JsonObject, name: string): Json | undefined {
  const values = isJsonObject(extra) ? extra[`${EXTRA}${name}`] : undefined;
  return Array.isArray(values) && values.length === 1 ? values[0] : undefined;
}
