/** For tests only: issuers of every kind on this machine, tokens as they sign them, and a cluster that reviews. */
import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { JsonObject } from "@countersign/proof/jcs";
import { type Certified, certify, TEST_EPOCH } from "../../../proof/svid/test-authority.ts";
import { startTestProvider, type TestProvider } from "../../login/test-provider.ts";
import type { PresetName } from "./presets/index.ts";

export const AUDIENCE = "https://countersign.example.com/attest/unguessable";
export const TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const now = (): number => TEST_EPOCH / 1000;

/** What honest tokens of each kind say, as their makers publish it. */
const HONEST: Record<PresetName, (issuer: string) => JsonObject> = {
  kubernetes: () => ({
    sub: "system:serviceaccount:prod:planner",
    "kubernetes.io": {
      namespace: "prod",
      node: { name: "node-1", uid: "11111111-aaaa-4aaa-8aaa-000000000001" },
      pod: { name: "planner-7d9f", uid: "22222222-aaaa-4aaa-8aaa-000000000002" },
      serviceaccount: { name: "planner", uid: "33333333-aaaa-4aaa-8aaa-000000000003" },
      warnafter: now() + 3_607,
    },
  }),
  github: () => ({
    sub: "repo:acme/planner:environment:production",
    repository: "acme/planner",
    repository_id: "74",
    repository_owner: "acme",
    repository_owner_id: "65",
    repository_visibility: "private",
    environment: "production",
    event_name: "push",
    ref: "refs/heads/main",
    ref_type: "branch",
    job_workflow_ref: "acme/planner/.github/workflows/deploy.yml@refs/heads/main",
    runner_environment: "github-hosted",
    run_id: "30433642",
    run_attempt: "1",
    check_run_id: "80085",
    actor_id: "12",
  }),
  gitlab: () => ({
    sub: "project_path:acme/planner:ref_type:branch:ref:main",
    project_id: "22",
    project_path: "acme/planner",
    namespace_id: "72",
    namespace_path: "acme",
    ref: "main",
    ref_type: "branch",
    ref_protected: "true",
    pipeline_source: "push",
    environment: "production",
    environment_protected: "true",
    job_id: "302",
    runner_environment: "gitlab-hosted",
  }),
  gcp: () => ({
    sub: "113774264463038321964",
    azp: "113774264463038321964",
    email: "planner@acme.iam.gserviceaccount.com",
    email_verified: true,
    google: {
      compute_engine: {
        project_id: "acme-prod",
        project_number: 739419398126,
        zone: "europe-west3-a",
        instance_id: "152986662232938449",
        instance_name: "planner-1",
        instance_creation_timestamp: 1_760_000_000,
        instance_confidentiality: 0,
      },
    },
  }),
  azure: () => ({
    sub: "6f9f1b3c-0000-4000-8000-00000000000a",
    oid: "6f9f1b3c-0000-4000-8000-00000000000a",
    tid: TENANT,
    azp: "aaaaaaaa-0000-4000-8000-00000000000b",
    idtyp: "app",
    ver: "2.0",
    xms_az_rid: "/subscriptions/s/resourcegroups/g/providers/Microsoft.Compute/virtualMachines/planner",
  }),
  aws: () => ({
    sub: "arn:aws:iam::123456789012:role/planner",
    "https://sts.amazonaws.com/": {
      aws_account: "123456789012",
      source_region: "eu-central-1",
      org_id: "o-abc1234567",
      principal_tags: { team: "planning" },
      ec2_source_instance_arn: "arn:aws:ec2:eu-central-1:123456789012:instance/i-abc123def456",
      request_tags: { account: "999999999999" },
    },
  }),
  oidc: () => ({ sub: "build/planner", team: "planning" }),
};

/** A rule for each kind that its honest token fits. */
export const RULES: Record<PresetName, Record<string, string>> = {
  kubernetes: { "serviceaccount.uid": "33333333-aaaa-4aaa-8aaa-000000000003", namespace: "prod" },
  github: { repository_id: "74", repository_owner_id: "65", environment: "production" },
  gitlab: { project_id: "22", namespace_id: "72", ref_protected: "true" },
  gcp: { sub: "113774264463038321964", project_number: "739419398126" },
  azure: { tid: TENANT, oid: "6f9f1b3c-0000-4000-8000-00000000000a" },
  aws: { account: "123456789012", role: "arn:aws:iam::123456789012:role/planner" },
  oidc: { sub: "build/planner" },
};

export interface TestPlatforms {
  readonly provider: TestProvider;
  issuerOf(preset: PresetName): string;
  /** An honest token, but for the claims and the header wanted; what is `undefined` is left out. */
  token(
    preset: PresetName,
    claims?: Record<string, unknown>,
    header?: Record<string, unknown>,
  ): Promise<string>;
  close(): Promise<void>;
}

export async function startPlatforms(): Promise<TestPlatforms> {
  const provider = await startTestProvider();
  const rsa = await provider.key("RS256", "rsa-1");
  provider.published = [...provider.published, rsa.publicJwk];
  const issuerOf = (preset: PresetName): string =>
    preset === "azure" ? `${provider.issuer}/${TENANT}/v2.0` : `${provider.issuer}/${preset}`;
  return {
    provider,
    issuerOf,
    token(preset, claims = {}, header = {}) {
      const iss = issuerOf(preset);
      const times = { iat: now(), nbf: now(), exp: now() + 300 };
      const whole = { iss, aud: AUDIENCE, jti: randomUUID(), ...times, ...HONEST[preset](iss), ...claims };
      return provider.sign(JSON.parse(JSON.stringify(whole)), { typ: "JWT", ...header }, rsa);
    },
    close: () => provider.close(),
  };
}

export interface TestCluster {
  readonly url: string;
  readonly ca: string;
  readonly token: string;
  /** What was asked. */
  readonly asked: { authorization: string | undefined; path: string | undefined; spec: JsonObject }[];
  /** The status that it answers. */
  status: JsonObject;
  close(): Promise<void>;
}

/** A cluster's API server, as far as it reviews tokens, over TLS with a certificate of its own authority. */
export async function startCluster(): Promise<TestCluster> {
  const ca: Certified = await certify(undefined, { authority: true, subject: "CN=cluster", ...ALWAYS });
  const served = await certify(ca, { subject: "CN=localhost", dnsNames: ["localhost"], ...ALWAYS });
  const key = served.key.export({ type: "pkcs8", format: "pem" });
  const asked: TestCluster["asked"] = [];
  const server: Server = createServer({ cert: served.pem, key }, async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { spec } = JSON.parse(text) as { spec: JsonObject };
    asked.push({ authorization: request.headers.authorization, path: request.url, spec });
    response.writeHead(201, { "content-type": "application/json" });
    response.end(
      JSON.stringify({ kind: "TokenReview", apiVersion: "authentication.k8s.io/v1", status: cluster.status }),
    );
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const cluster: TestCluster = {
    url,
    ca: ca.pem,
    token: "reviewer-of-tokens",
    asked,
    status: REVIEWED,
    close: () => new Promise((closed) => server.close(() => closed())),
  };
  return cluster;
}

/** TLS looks at the real clock. */
const ALWAYS = { notBefore: Date.UTC(2020, 0), notAfter: Date.UTC(2049, 0) };

/** What a cluster answers about its honest token. */
export const REVIEWED: JsonObject = {
  authenticated: true,
  audiences: [AUDIENCE],
  user: {
    username: "system:serviceaccount:prod:planner",
    uid: "33333333-aaaa-4aaa-8aaa-000000000003",
    groups: ["system:serviceaccounts"],
    extra: {
      "authentication.kubernetes.io/pod-name": ["planner-7d9f"],
      "authentication.kubernetes.io/pod-uid": ["22222222-aaaa-4aaa-8aaa-000000000002"],
    },
  },
};
