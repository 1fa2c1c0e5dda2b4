/** For tests only: an installation whose machines join, and processes as their hosts show them. */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AttestRequest } from "@countersign/host/upstream";
import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalBytes, canonicalize, type Json } from "@countersign/proof/jcs";
import { publicJwkOf } from "@countersign/proof/jwk";
import { signBytes, signCompact } from "@countersign/proof/jws";
import {
  attestationMigrations,
  type EntrySaid,
  type Host,
  issueJoinToken,
  joinHost,
  putEntry,
} from "../attestation/index.ts";
import { auditMigrations } from "../audit/index.ts";
import type { TestEngine } from "../audit/test-databases.ts";
import { testClock } from "../audit/test-databases.ts";
import { keysMigrations, openKeyRing } from "../keys/index.ts";
import { type Caller, inSeconds, newId, nobody, silentLog, systemClock, systemRandom } from "../lib/index.ts";
import { ProviderKeys } from "../login/index.ts";
import { registerPerson, registryMigrations } from "../registry/index.ts";
import { exampleAgent, openSealer, personCaller } from "../registry/test-registry.ts";
import { revocationMigrations } from "../revocation/index.ts";
import { attestProcesses } from "./host-attestations.ts";
import { BundleCache, OwnAuthority, spiffeMigrations } from "./index.ts";

export const stranger = nobody("192.0.2.1");
export const freshKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** What a planner's entry asks for, and a process that is one. */
export const PLANNER = ["unix:uid:1001", "unix:path:/opt/planner"];
export const ON_BUILD = ["host:type:join_token"];

export async function openHosts(engine: TestEngine) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-keys-"));
  const basics = { clock: testClock(), random: systemRandom, log: silentLog };
  const opened = await engine.open(
    [
      ...auditMigrations,
      ...keysMigrations,
      ...revocationMigrations,
      ...registryMigrations,
      ...attestationMigrations,
      ...spiffeMigrations,
    ],
    {
      ...basics,
      trustDomain: "example.org",
      issuer: "http://localhost:4600",
      sealer: openSealer,
      keys: await openKeyRing(basics, folder),
      bundles: new BundleCache(),
      authority: new OwnAuthority(),
      outbound: { local: true },
      providerKeys: new ProviderKeys({ clock: systemClock, outbound: { local: true } }),
    },
  );
  const { deps } = opened;
  const administrator = personCaller(newId(deps, "person"), ["administrator"]);
  const { id: owner } = await registerPerson(deps, administrator, { name: "Ada", email: "ada@example.com" });
  const example = { ...opened, administrator, owner };
  await exampleAgent(example, { name: "planner" });

  const declare = (said: EntrySaid = {}, name = "main", agent = "planner") =>
    putEntry(deps, administrator, {
      place: { kind: "agent", principal: agent, name },
      said: { selectors: PLANNER, hosts: ON_BUILD, ...said },
    });

  /** A machine that has joined with a token of an administrator's. */
  async function machine(name: string) {
    const { token } = await issueJoinToken(deps, administrator, { host: name });
    const key = freshKey();
    const host = await joinHost(deps, stranger, joining(deps, { token }, key));
    return { host, key, token, caller: hostCallerOf(host) };
  }

  const attest = (caller: Caller, ...requests: AttestRequest[]) => attestProcesses(deps, caller, requests);

  return {
    ...example,
    declare,
    machine,
    attest,
    async close() {
      await opened.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
export type Hosts = Awaited<ReturnType<typeof openHosts>>;

/** What a machine sends to join with a token, but for the lies wanted. */
export function joining(
  deps: { readonly issuer: string; readonly clock: { now(): number } },
  payload: Json,
  key: KeyObject,
  lies: { readonly typ?: string; readonly of?: Json; readonly iat?: number; readonly aud?: string } = {},
) {
  const type = "join_token" as const;
  const token_hash = sha256Base64url(canonicalize(lies.of ?? { type, payload }));
  const iat = lies.iat ?? inSeconds(deps.clock.now());
  const claims = { aud: lies.aud ?? deps.issuer, token_hash, iat, jti: randomUUID() };
  const attackerProof = signCompact({ header: { typ: lies.typ ?? "host-join+jwt" }, payload: claims, key });
  return { type, attackerPayload: payload, attackerJwk: publicJwkOf(key) as Json, attackerProof };
}

export const hostCallerOf = ({ name, thumbprint }: Host): Caller => ({
  principal: name,
  kind: "host",
  strength: "enrolled-key",
  via: "host-proof",
  roles: [],
  instance: `spiffe://example.org/host/${name}`,
  keyThumbprint: thumbprint,
});

/** What a host asks for one process, signed by its key. */
export function asking(
  entry: string,
  key: KeyObject,
  more: Partial<Omit<AttestRequest, "proof">> = {},
): AttestRequest {
  const unsigned = {
    entry,
    spki: createPublicKey(key).export({ type: "spki", format: "der" }).toString("base64"),
    process: { pid: 4_711, started: "boot:100" },
    selectors: [...PLANNER, "unix:gid:1001"],
    files: [],
    ...more,
  };
  const proof = signBytes(canonicalBytes(unsigned as unknown as Json), key);
  return { ...unsigned, proof: Buffer.from(proof).toString("base64url") };
}
