import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Server, ServerCredentials, type UntypedHandleCall } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import { CRI } from "./cri.ts";
import { imagesOf } from "./images-of.ts";

const id = (digit: string): string => digit.repeat(64);
const digest = (digit: string): string => `sha256:${id(digit)}`;
const folder = mkdtempSync(join(tmpdir(), "image-"));
const socket = join(folder, "docker.sock");

/** As Docker's engine answers `GET /containers/<id>/json` and `GET /images/<id>/json`, cut to what is read. */
const RECORDED: Record<string, unknown> = {
  [`/containers/${id("1")}/json`]: {
    Id: id("1"),
    Created: "2026-11-22T09:00:00Z",
    Image: digest("a"),
    Name: "/planner",
  },
  [`/images/${digest("a")}/json`]: {
    Id: digest("a"),
    RepoTags: ["registry.example/planner:1"],
    RepoDigests: [
      `registry.example/planner@${digest("b")}`,
      `mirror.example:5000/planner@${digest("c")}`,
      "broken",
    ],
  },
  [`/containers/${id("2")}/json`]: { Id: id("2"), Image: digest("d") },
  [`/images/${digest("d")}/json`]: {
    Id: digest("d"),
    Descriptor: { mediaType: "application/vnd.oci.image.index.v1+json", digest: digest("d") },
    RepoDigests: [`registry.example/planner@${digest("d")}`],
  },
  [`/containers/${id("3")}/json`]: { Id: id("3"), Image: digest("e") },
  [`/images/${digest("e")}/json`]: { Id: digest("e"), RepoDigests: null },
  [`/containers/${id("4")}/json`]: { Id: id("5"), Image: digest("a") },
  [`/containers/${id("6")}/json`]: { Id: id("6"), Image: "planner:latest" },
  [`/containers/${id("7")}/json`]: { Id: id("7"), Image: digest("a"), filler: "x".repeat(5 << 20) },
  [`/containers/${id("8")}/json`]: null,
};
const server = createServer((request, response) => {
  const answer = RECORDED[request.url ?? ""];
  if (answer === undefined) response.writeHead(404).end('{"message":"No such container"}');
  else response.end(request.url?.includes(id("9")) ? "{" : JSON.stringify(answer));
});
before(async () => {
  await once(server.listen(socket), "listening");
});
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

test("the image of a container is known by its configuration and by the manifests that it was pulled by", async () => {
  assert.deepEqual(await imagesOf(socket)(id("1")), {
    config: digest("a"),
    manifests: [digest("b"), digest("c")],
  });
});

test("where an image's id is its manifest's, it is not taken for its configuration's", async () => {
  assert.deepEqual(await imagesOf(socket)(id("2")), { manifests: [digest("d")] });
});

test("an image that was built here and never pulled has no manifest", async () => {
  assert.deepEqual(await imagesOf(socket)(id("3")), { config: digest("e"), manifests: [] });
});

test("a runtime that does not know the container, says another one, or says too much, says nothing", async () => {
  for (const digit of ["0", "4", "6", "7", "8"])
    await assert.rejects(imagesOf(socket)(id(digit)), { code: "image_unknown" }, digit);
  await assert.rejects(imagesOf(join(folder, "none.sock"))(id("1")), { code: "image_unknown" });
});

test("containerd and CRI-O say as what Kubernetes has started a container, and which image it runs", async () => {
  const cri = new Server();
  const labels = {
    "io.kubernetes.pod.namespace": "payments",
    "io.kubernetes.pod.name": "planner-0",
    "io.kubernetes.container.name": "planner",
  };
  const statuses: Record<string, object> = {
    [id("1")]: {
      id: id("1"),
      image_ref: `registry.example/planner@${digest("b")}`,
      image_id: digest("a"),
      labels,
    },
    [id("2")]: { id: id("2"), image_ref: digest("c"), image_id: "", labels: {} },
    [id("3")]: { id: id("4"), image_ref: digest("c"), image_id: "", labels },
  };
  const { service } = {
    service: fromJSON(CRI, { keepCase: true, defaults: true })["runtime.v1.RuntimeService"],
  };
  assert.ok(service && !("format" in service));
  const answer = (
    { request }: { request: { container_id: string } },
    told: (error: unknown, answered?: unknown) => void,
  ): void => {
    const status = statuses[request.container_id];
    if (status === undefined) told({ code: 5, details: "not found" });
    else told(null, { status });
  };
  cri.addService(service, { ContainerStatus: answer as UntypedHandleCall });
  const at = join(folder, "containerd.sock");
  await new Promise((bound) => cri.bindAsync(`unix:${at}`, ServerCredentials.createInsecure(), bound));
  const imageOf = imagesOf(at);
  assert.deepEqual(await imageOf(id("1")), {
    config: digest("a"),
    manifests: [digest("b")],
    kubernetes: { namespace: "payments", pod: "planner-0", container: "planner" },
  });
  assert.deepEqual(await imageOf(id("2")), { config: digest("c"), manifests: [] });
  await assert.rejects(imageOf(id("3")), { code: "image_unknown" });
  await assert.rejects(imageOf(id("9")), { code: "image_unknown" });
  cri.forceShutdown();
});
