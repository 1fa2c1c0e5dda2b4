/** For tests only: AdmissionReviews as API servers of version 1.31 write them, with the parts that tests change. */
import type { Json, JsonObject } from "@countersign/proof/jcs";
import { IMAGE } from "../artifacts/test-signatures.ts";

export const AT_DIGEST = `registry.acme.example/agents/reporter@${IMAGE}`;
const SERVICE_ACCOUNT = "system:serviceaccount:kube-system:replicaset-controller";

interface Wanted {
  readonly image?: string;
  readonly labels?: JsonObject;
  readonly annotations?: JsonObject;
  readonly spec?: JsonObject;
}

const LABELLED = { app: "reporter", "countersign.dev/agent": "reporter", "pod-template-hash": "6d9c7b8f5" };

const podSpec = ({ image = AT_DIGEST, spec = {} }: Wanted): JsonObject => ({
  volumes: [
    {
      name: "kube-api-access-x7k2p",
      projected: {
        sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: "token" } }],
        defaultMode: 420,
      },
    },
  ],
  containers: [
    {
      name: "agent",
      image,
      args: ["--task", "weekly"],
      resources: { limits: { memory: "512Mi" } },
      volumeMounts: [
        {
          name: "kube-api-access-x7k2p",
          readOnly: true,
          mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
        },
      ],
      terminationMessagePath: "/dev/termination-log",
      imagePullPolicy: "IfNotPresent",
      securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false },
    },
  ],
  restartPolicy: "Always",
  terminationGracePeriodSeconds: 30,
  dnsPolicy: "ClusterFirst",
  serviceAccountName: "reporter",
  securityContext: {},
  schedulerName: "default-scheduler",
  tolerations: [
    { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
  ],
  priority: 0,
  enableServiceLinks: true,
  preemptionPolicy: "PreemptLowerPriority",
  ...spec,
});

const metadataOf = ({ labels = LABELLED, annotations }: Wanted): JsonObject => ({
  labels,
  ...(annotations === undefined ? {} : { annotations }),
  creationTimestamp: null,
});

/** A pod, as its ReplicaSet creates it. */
export const podOf = (wanted: Wanted = {}): JsonObject => ({
  kind: "Pod",
  apiVersion: "v1",
  metadata: {
    ...metadataOf(wanted),
    generateName: "reporter-6d9c7b8f5-",
    namespace: "agents",
    uid: "5c6a0ac4-9a5b-4d7b-8c35-8b1a5e0d6a6f",
    ownerReferences: [
      {
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        name: "reporter-6d9c7b8f5",
        uid: "0b6d2d4e-7b3b-4b0e-9a3e-0f8f1f0a7f11",
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  },
  spec: podSpec(wanted),
  status: { phase: "Pending", qosClass: "Burstable" },
});

const templateOf = (wanted: Wanted): JsonObject => ({ metadata: metadataOf(wanted), spec: podSpec(wanted) });

/** A workload of each kind, with the same template. */
export const workloads = (wanted: Wanted = {}): readonly (readonly [string, string, JsonObject])[] => [
  ["", "Pod", podOf(wanted)],
  ["", "ReplicationController", { spec: { replicas: 1, template: templateOf(wanted) } }],
  ["", "PodTemplate", { template: templateOf(wanted) }],
  [
    "apps",
    "Deployment",
    {
      metadata: { name: "reporter" },
      spec: { replicas: 2, template: templateOf(wanted), strategy: { type: "RollingUpdate" } },
    },
  ],
  ["apps", "ReplicaSet", { spec: { replicas: 2, template: templateOf(wanted) } }],
  ["apps", "StatefulSet", { spec: { serviceName: "reporter", template: templateOf(wanted) } }],
  ["apps", "DaemonSet", { spec: { template: templateOf(wanted) } }],
  ["batch", "Job", { spec: { backoffLimit: 6, template: templateOf(wanted) } }],
  [
    "batch",
    "CronJob",
    { spec: { schedule: "0 6 * * 1", jobTemplate: { spec: { template: templateOf(wanted) } } } },
  ],
];

export const reviewOf = (object: Json, request: JsonObject = {}): JsonObject => ({
  kind: "AdmissionReview",
  apiVersion: "admission.k8s.io/v1",
  request: {
    uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
    kind: { group: "", version: "v1", kind: "Pod" },
    resource: { group: "", version: "v1", resource: "pods" },
    requestKind: { group: "", version: "v1", kind: "Pod" },
    requestResource: { group: "", version: "v1", resource: "pods" },
    name: "",
    namespace: "agents",
    operation: "CREATE",
    userInfo: {
      username: SERVICE_ACCOUNT,
      uid: "c1",
      groups: ["system:serviceaccounts", "system:authenticated"],
    },
    object,
    oldObject: null,
    dryRun: false,
    options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
    ...request,
  },
});
