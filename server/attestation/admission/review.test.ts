import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json, JsonObject } from "@countersign/proof/jcs";
import fc from "fast-check";
import { Fault } from "../../lib/index.ts";
import { ANOTHER, IMAGE } from "../artifacts/test-signatures.ts";
import { readReview, runsTheSame } from "./review.ts";
import { readStarted } from "./started.ts";
import { AT_DIGEST, podOf, reviewOf, workloads } from "./test-reviews.ts";

const read = (pod: JsonObject) => readStarted(pod);
const reasonFor = (pod: JsonObject): string => {
  const found = read(pod);
  return "unreadable" in found ? found.unreadable.reason : "read";
};

test("every kind of workload is judged by the pods that it would make", () => {
  for (const [group, kind, object] of workloads()) {
    const { attackerPod } = readReview(reviewOf(object, { kind: { group, version: "v1", kind } }));
    assert.ok(attackerPod, kind);
    assert.deepEqual(read(attackerPod), { started: { attackerAgent: "reporter", images: [IMAGE] } }, kind);
  }
});

test("a kind that only sounds like one of ours, or that starts no pod, is not judged", () => {
  const kinds = [
    { group: "evil.example", kind: "Pod" },
    { group: "apps.evil.example", kind: "Deployment" },
    { group: "apps", kind: "Pod" },
    { group: "autoscaling", kind: "Scale" },
    { group: "", kind: "PodExecOptions" },
    {},
  ];
  for (const kind of kinds)
    assert.equal(readReview(reviewOf(podOf(), { kind: kind as Json })).attackerPod, undefined);
});

test("every image of a pod is judged: those that start first, those for debugging, those that are mounted", () => {
  const more = (image: Json) => [
    { initContainers: [{ name: "init", image }] },
    { ephemeralContainers: [{ name: "debug", image, targetContainerName: "agent" }] },
    {
      containers: [
        { name: "agent", image: AT_DIGEST },
        { name: "sidecar", image },
      ],
    },
    { volumes: [{ name: "tools", image: { reference: image, pullPolicy: "Always" } }] },
  ];
  for (const spec of more(`docker.io/library/busybox@${ANOTHER}`)) {
    const found = read(podOf({ spec: spec as JsonObject }));
    assert.ok("started" in found && found.started.images.includes(ANOTHER), JSON.stringify(spec));
  }
  for (const spec of more("docker.io/library/busybox:1.36"))
    assert.equal(
      reasonFor(podOf({ spec: spec as JsonObject })),
      "image-without-digest",
      JSON.stringify(spec),
    );
  for (const spec of more(null).slice(0, 3))
    assert.equal(reasonFor(podOf({ spec: spec as JsonObject })), "pod-unreadable", JSON.stringify(spec));
});

test("an image is named by the digest of its manifest, with or without a tag before it, and in no other way", () => {
  assert.equal(reasonFor(podOf({ image: `registry.acme.example:5000/reporter:1.4@${IMAGE}` })), "read");
  const wrong = [
    "reporter",
    "reporter:latest",
    IMAGE,
    `@${IMAGE}`,
    `${AT_DIGEST}0`,
    `${AT_DIGEST}@${IMAGE}`,
    `reporter@sha256:${"A".repeat(64)}`,
    `reporter@sha512:${"a".repeat(128)}`,
    `a b@${IMAGE}`,
    "",
  ];
  for (const image of wrong) assert.equal(reasonFor(podOf({ image })), "image-without-digest", image);
});

test("a pod says once which agent it is, by a label or an annotation", () => {
  const AGENT = "countersign.dev/agent";
  const named = (labels: JsonObject, annotations?: JsonObject) =>
    podOf({ labels, ...(annotations === undefined ? {} : { annotations }) });
  assert.equal(reasonFor(named({}, { [AGENT]: "reporter" })), "read");
  assert.equal(reasonFor(named({ [AGENT]: "reporter" }, { [AGENT]: "reporter" })), "read");
  assert.equal(reasonFor(named({ [AGENT]: "reporter" }, { [AGENT]: "other" })), "agent-named-twice");
  for (const labels of [{}, { [AGENT]: "" }, { [AGENT]: "a/b" }, { [AGENT]: "x".repeat(64) }, { [AGENT]: 7 }])
    assert.equal(reasonFor(named(labels as JsonObject)), "agent-unnamed", JSON.stringify(labels));
});

test("a model is named by its root digest", () => {
  const pod = (model: string) => podOf({ annotations: { "countersign.dev/model": model } });
  const root = "a".repeat(64);
  assert.deepEqual(read(pod(`writer@sha256:${root}`)), {
    started: { attackerAgent: "reporter", images: [IMAGE], model: { name: "writer", root } },
  });
  for (const model of ["writer", root, `writer@${root}`, `writer:sha256:${root}`, ""])
    assert.equal(reasonFor(pod(model)), "model-unreadable", model);
});

test("an update that changes nothing that runs passes, so that whatever is there can be cleaned up", () => {
  const update = (before: JsonObject, after: JsonObject) =>
    runsTheSame(readReview(reviewOf(after, { operation: "UPDATE", oldObject: before })));
  const pod = podOf({ image: "legacy:latest" });
  const finalized = { ...pod, metadata: { ...(pod.metadata as JsonObject), finalizers: [] } };
  assert.equal(update(pod, finalized), true);
  assert.equal(update(pod, podOf({ image: "legacy:other" })), false);
  assert.equal(
    update(pod, podOf({ image: "legacy:latest", labels: { "countersign.dev/agent": "other" } })),
    false,
  );
  const debugged = podOf({
    image: "legacy:latest",
    spec: { ephemeralContainers: [{ name: "d", image: "sh" }] },
  });
  assert.equal(update(pod, debugged), false);
  assert.equal(runsTheSame(readReview(reviewOf(pod, { oldObject: pod }))), false, "a creation is no update");
});

test("what is no AdmissionReview is refused; whatever else is sent is read or refused, and never crashes", () => {
  const wrong: Json[] = [null, [], {}, { ...reviewOf(podOf()), apiVersion: "admission.k8s.io/v1beta1" }];
  for (const review of [...wrong, reviewOf(podOf(), { uid: "" }), reviewOf(podOf(), { dryRun: "no" })])
    assert.throws(() => readReview(review), Fault);
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (object, oldObject) => {
      const review = readReview(
        reviewOf(object as Json, { oldObject: oldObject as Json, operation: "UPDATE" }),
      );
      if (review.attackerPod !== undefined) readStarted(review.attackerPod);
      runsTheSame(review);
      const spec = { spec: object, metadata: oldObject } as JsonObject;
      readStarted(spec);
    }),
  );
});
