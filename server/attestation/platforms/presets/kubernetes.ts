import { seconds } from "../../../lib/index.ts";
import { readPodToken } from "../pod-token.ts";
import type { Preset } from "./preset.ts";

/**
 * A cluster's token, projected into a pod for our audience. Names of service accounts and namespaces are given
 * again when they are free; their uids never are. An hour, and what an API server adds: the default token lives a
 * year.
 */
export const kubernetes: Preset = {
  longest: seconds(3_607),
  most: seconds(3_607),
  algorithms: ["RS256", "ES256"],
  names: ["namespace", "serviceaccount", "serviceaccount.uid", "pod", "pod.uid", "node", "node.uid"],
  pins: [["serviceaccount.uid"], ["pod.uid"]],
  read(claims) {
    const { namespace, serviceAccount, pod, node } = readPodToken(claims);
    return {
      facts: {
        namespace,
        serviceaccount: serviceAccount.name,
        "serviceaccount.uid": serviceAccount.uid,
        pod: pod.name,
        "pod.uid": pod.uid,
        ...(node === undefined ? {} : { node: node.name, "node.uid": node.uid }),
      },
      copy: pod.uid,
    };
  },
};
