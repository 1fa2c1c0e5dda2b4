import { sha256Base64url } from "@countersign/proof/digest";
import type { Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { seconds } from "../../lib/index.ts";
import { TOKEN_ALGORITHMS, verifyForeignToken } from "./foreign-token.ts";
import { type JudgedMachine, sortedSelectors } from "./machine.ts";
import type { Cluster, TrustOf } from "./machine-trust.ts";
import type { PeekedToken } from "./peek-token.ts";
import type { PlatformDeps } from "./platform-deps.ts";
import { readPodToken } from "./pod-token.ts";
import { refused } from "./refused.ts";
import { reviewToken } from "./token-review.ts";

/** An hour as the kubelet asks for it, and what an API server may add. The default token of a pod lives a year. */
export const LONGEST_POD_TOKEN = seconds(3_607);

const payload = z.strictObject({ cluster: z.string().max(40), token: z.string().max(8_192) });

/** Of one length, so that no name of a cluster and an id of a node together are those of another cluster's node. */
const NODE_UID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * A machine of a cluster: the host runs there as a pod, and brings the token that was projected into it. Its
 * audience is fixed in the pod's description, so the token is bound to no key of ours: it attests once.
 * @throws Fault `unauthenticated` with its reason; `unavailable`
 */
export async function judgeK8s(
  deps: PlatformDeps,
  { trust, revision }: { readonly trust: TrustOf<"k8s">; readonly revision: number },
  attackerPayload: Json,
): Promise<JudgedMachine> {
  const said = payload.safeParse(attackerPayload);
  if (!said.success) throw refused("malformed", "Send the name of the cluster, and the token.");
  const { cluster: name, token: attackerToken } = said.data;
  const cluster = Object.hasOwn(trust.clusters, name) ? trust.clusters[name] : undefined;
  if (cluster === undefined) throw refused("wrong-cluster", "This cluster's word is not taken here.");
  const claims = await verifiedClaims(deps, { cluster, name, revision }, attackerToken);
  const { namespace, serviceAccount, pod, node } = readPodToken(claims);
  if (!cluster.service_accounts.includes(`${namespace}/${serviceAccount.name}`))
    throw refused("wrong-service-account", "Hosts do not run as this service account.");
  if (node === undefined)
    throw refused("not-bound-to-a-machine", "The token does not say on which node it was projected.", {
      remedy: "Kubernetes tells it from version 1.30 on.",
    });
  if (!NODE_UID.test(node.uid))
    throw refused("claims-missing", "The token does not name its node by a UUID.");
  const { jti } = claims;
  return {
    host: `k8s-${name}-${node.uid}`,
    selectors: sortedSelectors([
      `k8s:cluster:${name}`,
      `k8s:agent_ns:${namespace}`,
      `k8s:agent_sa:${serviceAccount.name}`,
      `k8s:agent_pod_name:${pod.name}`,
      `k8s:agent_pod_uid:${pod.uid}`,
      `k8s:agent_node_name:${node.name}`,
      `k8s:agent_node_uid:${node.uid}`,
    ]),
    once: `k8s:${name}:${typeof jti === "string" ? sha256Base64url(jti) : sha256Base64url(attackerToken)}`,
    evidence: { type: "k8s", cluster: name, reviewed: cluster.review !== undefined, claims },
  };
}

async function verifiedClaims(
  deps: PlatformDeps,
  { cluster, name, revision }: { cluster: Cluster; name: string; revision: number },
  attackerToken: string,
) {
  const { issuer, audience, jwks, jwks_uri, ca, review } = cluster;
  const source = {
    name: `machine k8s ${name}`,
    revision,
    issuer,
    audience,
    jwks: jwks as Json | undefined,
    jwks_uri,
    ca,
    algorithms: TOKEN_ALGORITHMS,
    longest: LONGEST_POD_TOKEN,
  };
  const vouching =
    review &&
    (({ attackerClaims }: PeekedToken) =>
      reviewToken(deps, review, { attackerToken, audience, attackerClaims }));
  return (await verifyForeignToken(deps, source, attackerToken, vouching)).claims;
}
