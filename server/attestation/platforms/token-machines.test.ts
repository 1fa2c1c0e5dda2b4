import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gcpAudience, provePossession } from "@countersign/host/machine";
import type { Json } from "@countersign/proof/jcs";
import { type Certified, certify, TEST_EPOCH } from "../../../proof/svid/test-authority.ts";
import { findEvents } from "../../audit/index.ts";
import { forEachEngine } from "../../audit/test-databases.ts";
import { codeOf } from "../../delegation/fixture.ts";
import { ProviderKeys } from "../../login/index.ts";
import { eventsOf, exampleRegistry, personCaller } from "../../registry/test-registry.ts";
import { attestationMigrations } from "../store.ts";
import { shownMachineTrust } from "./find-machine-trust.ts";
import { judgeMachine } from "./judge-machine.ts";
import { type MachineType, machineTrust } from "./machine-trust.ts";
import type { PlatformDeps } from "./platform-deps.ts";
import { putMachineTrust, removeMachineTrust } from "./put-machine-trust.ts";
import type { Reason } from "./refused.ts";
import {
  AUDIENCE,
  REVIEWED,
  startCluster,
  startPlatforms,
  type TestCluster,
  type TestPlatforms,
} from "./test-platforms.ts";
import { refusedFor } from "./test-refusal.ts";

forEachEngine((engine) => {
  let platforms: TestPlatforms;
  let cluster: TestCluster;
  let room: Awaited<ReturnType<typeof exampleRegistry>>;
  let deps: PlatformDeps;
  before(async () => {
    platforms = await startPlatforms();
    cluster = await startCluster();
    room = await exampleRegistry(engine, attestationMigrations);
    const outbound = { local: true };
    deps = { ...room.deps, outbound, providerKeys: new ProviderKeys({ clock: room.deps.clock, outbound }) };
  });
  after(async () => {
    await room.close();
    await platforms.close();
    await cluster.close();
  });

  const put = (definition: { type: MachineType } & Record<string, unknown>) =>
    putMachineTrust(deps, room.administrator, {
      type: definition.type,
      definition: machineTrust.parse(definition),
    });
  const expected = { jkt: "thumbprint", nonce: "handed-out", now: TEST_EPOCH };
  const judge = (type: MachineType, attackerPayload: Json, more: object = {}) =>
    judgeMachine(deps, { type, attackerPayload }, { ...expected, ...more });
  const refuses = (reason: Reason, attempt: Promise<unknown>) => assert.rejects(attempt, refusedFor(reason));

  const clusterSaid = (more: object = {}) => ({
    type: "k8s" as const,
    clusters: {
      prod: {
        issuer: platforms.issuerOf("kubernetes"),
        audience: AUDIENCE,
        service_accounts: ["prod/planner"],
        jwks: { keys: platforms.provider.published },
        ...more,
      },
    },
  });
  const gcpSaid = (more: object = {}) => ({
    type: "gcp" as const,
    issuer: platforms.issuerOf("gcp"),
    jwks_uri: platforms.provider.jwksUri,
    projects: ["739419398126"],
    ...more,
  });
  const gcpToken = (claims: Record<string, unknown> = {}) =>
    platforms.token("gcp", { aud: gcpAudience(deps.issuer, expected.jkt), ...claims });

  const kubernetesSaid = (node?: object) => ({
    "kubernetes.io": {
      namespace: "prod",
      pod: { name: "planner-7d9f", uid: "22222222-aaaa-4aaa-8aaa-000000000002" },
      serviceaccount: { name: "planner", uid: "33333333-aaaa-4aaa-8aaa-000000000003" },
      ...(node === undefined ? {} : { node }),
    },
  });

  describe("a machine", () => {
    test("joins by no evidence of which nothing was said", async () => {
      for (const type of ["x509pop", "k8s", "aws", "gcp", "azure"] as const)
        await refuses("not-configured", judge(type, {}));
    });

    test("of a cluster is its node, by a token that the cluster signed for a service account that is named", async () => {
      await put(clusterSaid());
      const token = await platforms.token("kubernetes");
      const judged = await judge("k8s", { cluster: "prod", token });
      assert.equal(judged.host, "k8s-prod-11111111-aaaa-4aaa-8aaa-000000000001");
      assert.match(judged.once ?? "", /^k8s:prod:[\w-]{43}$/);
      assert.ok(judged.selectors.includes("k8s:agent_node_name:node-1"));
      assert.equal((await judge("k8s", { cluster: "prod", token })).once, judged.once);
      const other = await judge("k8s", { cluster: "prod", token: await platforms.token("kubernetes") });
      assert.notEqual(other.once, judged.once);
      const named = (uid: string) => platforms.token("kubernetes", kubernetesSaid({ name: "node-1", uid }));
      for (const uid of [
        "11111111-AAAA-4aaa-8aaa-000000000001",
        "eu-11111111-aaaa-4aaa-8aaa-000000000001",
        "1",
      ])
        await refuses("claims-missing", judge("k8s", { cluster: "prod", token: await named(uid) }));
      await refuses("wrong-cluster", judge("k8s", { cluster: "constructor", token }));
      await refuses("malformed", judge("k8s", { token }));
      await put(clusterSaid({ service_accounts: ["prod/other"] }));
      await refuses("wrong-service-account", judge("k8s", { cluster: "prod", token }));
    });

    test("of a cluster that reviews tokens is whom the cluster says, and its secret is sealed", async () => {
      const { url, ca, token: reviewer } = cluster;
      const { definition } = await put(
        clusterSaid({ jwks: undefined, review: { url, ca, token: reviewer } }),
      );
      assert.ok(!JSON.stringify(definition).includes(reviewer));
      assert.ok(!JSON.stringify(await shownMachineTrust(deps, "k8s")).includes(reviewer));
      assert.ok(!JSON.stringify(await findEvents(deps.database, { limit: 200 })).includes(reviewer));
      const token = await platforms.token("kubernetes");
      await judge("k8s", { cluster: "prod", token });
      assert.equal(cluster.asked.at(-1)?.authorization, `Bearer ${reviewer}`);
      cluster.status = { authenticated: false };
      await refuses("not-authenticated", judge("k8s", { cluster: "prod", token }));
      cluster.status = REVIEWED;
      const withoutNode = await platforms.token("kubernetes", kubernetesSaid());
      await refuses("not-bound-to-a-machine", judge("k8s", { cluster: "prod", token: withoutNode }));
      await put(clusterSaid({ review: { url, ca, token: reviewer } }));
      const before = cluster.asked.length;
      const forged = `${token.slice(0, token.lastIndexOf("."))}.AAAA`;
      await refuses("bad-signature", judge("k8s", { cluster: "prod", token: forged }));
      assert.equal(cluster.asked.length, before, "with keys besides, strangers' tokens are not asked about");
      await judge("k8s", { cluster: "prod", token });
      assert.equal(cluster.asked.length, before + 1);
    });

    test("of Google's cloud is its instance, by a token made for this server and this key, once", async () => {
      await put(gcpSaid());
      const judged = await judge("gcp", { token: await gcpToken() });
      assert.equal(judged.host, "gcp-739419398126-152986662232938449");
      assert.equal(judged.once, "gcp:739419398126:152986662232938449");
      assert.ok(judged.selectors.includes("gcp:zone:europe-west3-a"));
      await refuses("wrong-audience", judge("gcp", { token: await gcpToken() }, { jkt: "another" }));
      await refuses("wrong-audience", judge("gcp", { token: await platforms.token("gcp") }));
      await refuses("not-bound-to-a-machine", judge("gcp", { token: await gcpToken({ google: undefined }) }));
      await put(gcpSaid({ projects: ["1"] }));
      await refuses("wrong-project", judge("gcp", { token: await gcpToken() }));
      await put(gcpSaid({ service_accounts: ["1"] }));
      await refuses("wrong-service-account", judge("gcp", { token: await gcpToken() }));
    });

    test("with a company's certificate joins by what is stored, until it is taken away", async () => {
      const ends = { notAfter: TEST_EPOCH + 3_600_000 };
      const root: Certified = await certify(undefined, { authority: true, subject: "CN=Machines", ...ends });
      const leaf = await certify(root, { subject: "CN=rack-7" });
      await put({ type: "x509pop", roots: root.pem });
      const { nonce, jkt } = expected;
      const payload = provePossession([leaf.der], leaf.key, {
        issuer: deps.issuer,
        nonce,
        jkt,
      }) as unknown as Json;
      assert.match((await judge("x509pop", payload)).host, /^x509pop-/);
      await removeMachineTrust(deps, room.administrator, { type: "x509pop" });
      await refuses("not-configured", judge("x509pop", payload));
      assert.equal((await eventsOf(room, "machine-trust.removed")).length, 1);
    });
  });

  test("by whose word machines join, an administrator says, and nobody else", async () => {
    const somebody = personCaller(room.owner);
    const said = { type: "gcp" as const, definition: machineTrust.parse(gcpSaid()) };
    assert.equal(await codeOf(putMachineTrust(deps, somebody, said)), "forbidden");
    assert.equal(await codeOf(removeMachineTrust(deps, somebody, { type: "gcp" })), "forbidden");
    assert.equal(
      await codeOf(putMachineTrust(deps, room.administrator, { ...said, type: "aws" })),
      "invalid",
    );
    assert.equal(await codeOf(removeMachineTrust(deps, room.administrator, { type: "aws" })), "not-found");
  });
});
