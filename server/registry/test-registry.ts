/** For tests only, of any room: a registry with an administrator's caller, an owner, and agents as wanted. */
import { generateKeyPairSync } from "node:crypto";
import type { Grant } from "@countersign/proof/grant";
import { type PublicJwk, publicJwkOf } from "@countersign/proof/jwk";
import { auditMigrations, type Event, perform, type Sealer } from "../audit/index.ts";
import type { TestDatabase, TestEngine } from "../audit/test-databases.ts";
import type { Migration } from "../database/index.ts";
import { type Caller, hours, newId, type PersonId } from "../lib/index.ts";
import { revocationMigrations } from "../revocation/index.ts";
import {
  type Agent,
  type AgentSaid,
  addInstance,
  findAgent,
  type Instance,
  registerAgent,
  registerPerson,
  registryMigrations,
} from "./index.ts";

/** Seals nothing: tests look at what would be sealed. */
export const openSealer: Sealer = { seal: (bytes) => bytes, open: (sealed) => sealed };

export const personCaller = (principal: PersonId, roles: Caller["roles"] = []): Caller => ({
  principal,
  kind: "person",
  strength: "hardware-bound",
  via: "session",
  roles,
});

export const toolGrant = (identifier: string, more: Partial<Grant> = {}): Grant => ({
  type: "agent_tool",
  locations: ["https://reports.example.com/"],
  actions: ["tools/call"],
  identifier,
  open_args: true,
  ...more,
});

interface More {
  readonly trustDomain: string;
  readonly issuer: string;
  readonly sealer: Sealer;
}

export interface ExampleRegistry extends TestDatabase<More> {
  readonly administrator: Caller;
  /** Owns the agents. */
  readonly owner: PersonId;
}

/** Opens a fresh store with the registry's tables, one person in it, and more tables where wanted. */
export async function exampleRegistry(
  engine: TestEngine,
  more: readonly Migration[] = [],
): Promise<ExampleRegistry> {
  const facts = { trustDomain: "example.org", issuer: "http://localhost:4600", sealer: openSealer };
  const opened = await engine.open(
    [...auditMigrations, ...revocationMigrations, ...registryMigrations, ...more],
    facts,
  );
  const administrator = personCaller(newId(opened.deps, "person"), ["administrator"]);
  const ada = { name: "Ada Lovelace", email: "ada@example.com" };
  const { id: owner } = await registerPerson(opened.deps, administrator, ada);
  return { ...opened, administrator, owner };
}

/** Registers an agent that may call two tools of a reports server, with other facts where wanted. */
export const exampleAgent = (
  { deps, administrator, owner }: ExampleRegistry,
  said: Partial<AgentSaid> = {},
): Promise<Agent> =>
  registerAgent(deps, administrator, {
    name: "reporter",
    class: "reporting",
    purpose: "Writes the weekly report.",
    environment: "production",
    owner,
    grants: [toolGrant("reports/read"), toolGrant("reports/publish")],
    ...said,
  });

export const freshKey = (): PublicJwk =>
  publicJwkOf(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey);

/** Adds a running copy as attestation would, with a key of its own. */
export function exampleInstance({ deps, administrator }: ExampleRegistry, name: string): Promise<Instance> {
  const jwk = freshKey();
  return perform(deps, administrator, "instance.enrol", async (change) => {
    const agent = await findAgent(deps, name);
    if (agent === undefined) throw new Error(`no agent ${name}`);
    const expires = deps.clock.now() + hours(1);
    return addInstance(deps, change, administrator, {
      of: { agent },
      jwk,
      strength: "enrolled-key",
      expires,
      evidence: "test",
    });
  });
}

/** What the log holds, oldest first; of one type where wanted. */
export async function eventsOf({ database }: TestDatabase, type?: string): Promise<Event[]> {
  const events = database
    .tables<{ event: { id: string; body: string } }>()
    .selectFrom("event")
    .select("body");
  const bodies = await events.orderBy("id").execute();
  return bodies
    .map(({ body }) => JSON.parse(body) as Event)
    .filter((event) => type === undefined || event.type === type);
}

/** All that is dead, in the order of dying. */
export async function deadKeys({ database }: TestDatabase): Promise<string[]> {
  const dead = database
    .tables<{ revocation: { seq: number; key: string } }>()
    .selectFrom("revocation")
    .select("key");
  return (await dead.orderBy("seq").execute()).map(({ key }) => key);
}
