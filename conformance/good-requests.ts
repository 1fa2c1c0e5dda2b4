import { generateKeyPairSync } from "node:crypto";
import { rootDigest, signModel } from "@countersign/proof/model-signature";
import type { Administrator } from "./administrator.ts";
import type { Operation, Schema } from "./operations.ts";

/**
 * Requests that are right, so that what is made wrong about them is all that is wrong: whoever they are about
 * exists, and their bodies are accepted as they are.
 */
export interface GoodRequests {
  /** What stands in the place of a path's parameter. */
  parameter(operation: Operation, name: string): string;
  /** A body that is accepted, or at least has the form that the description asks for. */
  body(operation: Operation): unknown;
  /** Operations whose good request succeeds, whoever has been here before. */
  readonly accepted: readonly string[];
}

export async function prepareGoodRequests(administrator: Administrator): Promise<GoodRequests> {
  const owner = administrator.person;
  const { id: person } = await administrator.post<{ id: string }>("/people", {
    name: "Mallory Target",
    email: "mallory@acme.example",
  });
  const agent = {
    name: "target-agent",
    class: "analysis",
    purpose: "Stands still.",
    environment: "development",
  };
  await administrator.post("/agents", { ...agent, owner, grants: [] });
  const { id: service } = await administrator.post<{ id: string }>("/services", {
    name: "target-service",
    owner,
    resources: [],
  });
  await administrator.put("/servers/target-server", { resource: "https://target.acme.example/" });
  const account = {
    kind: "api-key",
    system: "target",
    privilege: "read",
    sensitivity: "internal",
    static: true,
  };
  const { id: accountId } = await administrator.post<{ id: string }>("/accounts", {
    ...account,
    name: "key-1",
  });
  await administrator.put("/teams/target-team", { lead: owner });
  await administrator.put("/groups/target-group", { grants: [] });
  await administrator.put("/trust-domains/target.example", { bundle: { keys: [] } });
  const platform = { preset: "oidc", issuer: "https://builds.acme.example" };
  await administrator.put("/attestation/platforms/target-platform", platform);

  const bodies: Readonly<Record<string, unknown>> = {
    "team.register": { lead: owner, zone: "UTC" },
    "group.define": { grants: [] },
    "person.register": { name: "Nobody Yet", email: "nobody@acme.example" },
    "person.update": { name: "Mallory Renamed" },
    "agent.register": { ...agent, name: "another-agent", owner, grants: [] },
    "agent.hand-over": { owner },
    "person.hand-over": { to: owner },
    "account.add": { ...account, name: "key-2" },
    "account.update": { privilege: "write" },
    "account.adopt": { agent: "target-agent" },
    "agent.update": { purpose: "Stands stiller." },
    "service.register": { name: "another-service", owner, resources: [] },
    "service.update": { resources: ["https://another.acme.example/"] },
    "server.define": { resource: "https://target.acme.example/" },
    "tool.define": {
      description: "A tool.",
      labels: ["read"],
      inputSchema: { type: "object", properties: {} },
    },
    "join-token.issue": { agent: "target-agent" },
    "sign-in.begin": {},
    "trust-domain.put": { bundle: { keys: [] } },
    "workload.register": { id: "spiffe://target.example/workload", agent: "target-agent" },
    "signer.put": { purposes: ["image"], trust: { kind: "key", key: someKey() } },
    "environment.rule": { image: false, model: false },
    "artifacts.declare": {},
    "service.artifacts.declare": {},
    "gate.ask": { agent: "target-agent" },
    "model.register": { bundle: JSON.parse(await signedModel(administrator)), signer: "target-lab" },
    "entry.put": { selectors: ["unix:user:target"], hosts: ["host:name:nowhere"] },
    "service.entry.put": { selectors: ["unix:user:target"], hosts: ["host:name:nowhere"] },
    "machine-trust.put": { type: "gcp", projects: ["1"] },
    "platform.put": platform,
    "platform.bind": { claims: { sub: "target" } },
    "policy.check": { policies: [] },
    "application.define": APPLICATION,
    "identity-provider.define": { issuer: "https://idp.acme.example" },
    "partner.define": {
      audience: "https://as.partner.example",
      resources: ["https://target.acme.example/"],
      clients: [],
    },
  };
  const byPlace: Readonly<Record<string, string>> = {
    "/people": person,
    "/trust-domains": "target.example",
    "/services": service,
    "/models": "target-model",
    "/agents": "target-agent",
    "/accounts": accountId,
    "/teams": "target-team",
    "/groups": "target-group",
    "/authzen/applications": "target-application",
    "/identity-providers": "target-provider",
    "/partners": "target-partner",
    "/attestation/signers": "target-signer",
    "/attestation/environments": "staging",
    "/attestation/clusters": "target-cluster",
    "/attestation/images": `sha256:${"a".repeat(64)}`,
    "/attestation/machines": "gcp",
    "/attestation/platforms": "target-platform",
  };
  return {
    accepted: Object.keys(bodies),
    parameter({ path }, name) {
      if (name === "server") return "target-server";
      if (name === "tool") return "target-tool";
      if (name === "provider") return "target-provider";
      if (name === "platform") return "target-platform";
      if (name === "person") return person;
      if (name === "entry") return "main";
      const place = path.slice(0, path.indexOf("/{"));
      const known = byPlace[place];
      return name === "role" ? "auditor" : (known ?? idFor(place));
    },
    body: ({ id, body }) => bodies[id] ?? (body === undefined ? undefined : sampleOf(body.schema)),
  };
}

const someKey = (): string =>
  generateKeyPairSync("ec", { namedCurve: "P-256" })
    .publicKey.export({ type: "spki", format: "pem" })
    .toString();
/** What a signer whose word is taken has signed of a model. */
async function signedModel(administrator: Administrator): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = publicKey.export({ type: "spki", format: "pem" });
  await administrator.put("/attestation/signers/target-lab", {
    purposes: ["model"],
    trust: { kind: "key", key },
  });
  const resources = [{ name: "weights.bin", digest: "0".repeat(64) }];
  const how = { method: "files", hashType: "sha256", allowSymlinks: false, ignorePaths: [] } as const;
  const manifest = { name: "target", root: rootDigest(resources), resources, serialization: how };
  return signModel(manifest, { key: privateKey });
}

/** The smallest world of Cedar that somebody could ask. */
const APPLICATION = {
  schema: "entity User; entity Thing; action see appliesTo { principal: User, resource: Thing };",
  policies: [
    { name: "all", text: '@id("all-see") @reason("All see.") permit (principal, action, resource);' },
  ],
  mapping: {
    subjects: { user: { type: "User" } },
    resources: { thing: { type: "Thing" } },
    actions: { see: { action: "see" } },
  },
  services: [],
};

/** The id of nothing, in the right form. */
const idFor = (place: string): string => {
  const kinds: Readonly<Record<string, string>> = {
    "/tasks": "task",
    "/consents": "task",
    "/delegations": "edge",
    "/approvals": "approval",
    "/audit/events": "event",
  };
  return `${kinds[place] ?? "thing"}_${"0".repeat(26)}`;
};

/** A value of the form that a schema describes, with its required members. */
function sampleOf(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf !== undefined) return sampleOf(schema.anyOf[0] ?? {});
  switch (schema.type) {
    case "object":
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, sampleOf(schema.properties?.[name] ?? {})]),
      );
    case "array":
      return [];
    case "integer":
    case "number":
      return 1;
    case "boolean":
      return true;
    default:
      return "sample";
  }
}
