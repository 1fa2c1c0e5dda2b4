import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { type PublicJwk, thumbprint } from "@countersign/proof/jwk";
import { spiffeId } from "@countersign/proof/spiffe-id";
import { perform } from "../../audit/index.ts";
import type { Change } from "../../database/index.ts";
import { type Caller, Fault, newId } from "../../lib/index.ts";
import {
  type Agent,
  addInstance,
  agentOrRefuse,
  defined,
  findInstance,
  findInstanceByThumbprint,
  type Instance,
  isLive,
  prolongInstance,
  requireEnrollable,
} from "../../registry/index.ts";
import { deadAmong, requireAlive } from "../../revocation/index.ts";
import type { Check } from "../artifacts/check.ts";
import { requireNothingDemanded } from "../artifacts/require-nothing-demanded.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import type { Entry } from "../entries/entry.ts";
import { entriesOf, requireEntry } from "../entries/store-entries.ts";
import { verifyPossession } from "../proof-of-possession.ts";
import { recordEvidence } from "../record-evidence.ts";
import { groundOf, groundOfVouched } from "./attested-process.ts";
import { insertVouchedCopy, processOfInstance, vouchedCopy } from "./store-processes.ts";

/** For whom a process vouches: an agent that it runs within itself, and the key that it gave it. */
export interface Vouching {
  readonly agent: string;
  readonly attackerJwk: Json;
  readonly attackerProof: string;
}

/**
 * An attested process vouches for an agent within it: several agents in one process are several copies, each with
 * a key of its own, at strength `in-process`, since nobody but the process keeps them apart. Only for agents whose
 * entry names the process's own agent. The copy ends with the process, and with what that rests on; vouched for
 * again with the same key it lives on. What it is made of is what the process is made of, as far as that is known:
 * the image is judged by what is demanded of the agent within, and whatever else is demanded nobody can show.
 * @param caller the process, with a token of its own
 * @throws Fault `forbidden`, reason `not-attested`, `not-vouched-by` or of what is demanded; `unauthenticated` for a key that is not
 *   proven; `exists` for a key of another's; `gone` when either has ended
 */
export function vouchWithin(deps: AttestationDeps, caller: Caller, vouching: Vouching): Promise<Instance> {
  return perform(deps, caller, "instance.vouch", async (change) => {
    const voucher = await attestedVoucher(deps, change, caller);
    const agent = await agentOrRefuse(deps, vouching.agent);
    requireEnrollable(agent, deps.clock.now());
    const entry = await entryNaming(deps, agent, caller);
    requireEntry(change, entry);
    const checks = await requireNothingDemanded(deps, change, { agent }, voucher);
    const jwk = provenKey(deps, voucher, vouching);
    const before = await findInstanceByThumbprint(deps, thumbprint(jwk));
    if (before !== undefined) return again(deps, change, caller, { before, voucher, agent });
    return taken(deps, change, caller, { voucher, agent, entry, jwk, checks });
  });
}

/** Not one that somebody vouches for in turn, nor one that enrolled: only what a host has measured. */
async function attestedVoucher(
  deps: AttestationDeps,
  change: Change,
  { instance }: Caller,
): Promise<Instance> {
  const id = instance ?? "";
  const process = await processOfInstance(deps.database, id);
  const voucher = process === undefined ? undefined : await findInstance(deps, id);
  if (process === undefined || voucher === undefined || !isLive(voucher, deps.clock.now()))
    throw new Fault("forbidden", "Only a process that a host has attested vouches for others.", {
      remedy: "Run it on a machine with a host, and with an entry of its own.",
      members: { reason: "not-attested" },
    });
  const rests = [`instance:${id}`, ...groundOf(process)];
  if ((await deadAmong(deps, rests)).length > 0) throw ended();
  requireAlive(change, rests);
  return voucher;
}

async function entryNaming(deps: AttestationDeps, { name }: Agent, caller: Caller): Promise<Entry> {
  const entries = await entriesOf(deps.database, { kind: "agent", principal: name });
  const entry = entries.find(({ vouched_by }) => vouched_by.includes(caller.principal));
  if (caller.kind === "agent" && entry !== undefined) return entry;
  throw new Fault("forbidden", "No entry of this agent lets this process vouch for it.", {
    remedy: "Have an administrator name the process's own agent in vouched_by.",
    members: { reason: "not-vouched-by" },
    record: { about: { agent: name } },
  });
}

/** The proof names both, so that it is none for another agent or of another process. */
function provenKey({ issuer, clock }: AttestationDeps, { id }: Instance, vouching: Vouching): PublicJwk {
  const { agent, attackerJwk, attackerProof } = vouching;
  const tokenHash = sha256Base64url(canonicalize({ voucher: id, agent }));
  const expected = { typ: "vouch+jwt", audience: issuer, tokenHash, now: clock.now() } as const;
  return verifyPossession(attackerJwk, attackerProof, expected);
}

interface Both {
  readonly voucher: Instance;
  readonly agent: Agent;
}

interface Taking extends Both {
  readonly entry: Entry;
  readonly jwk: PublicJwk;
  /** What was found of the image that it runs in. */
  readonly checks: readonly Check[];
}

async function taken(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  { voucher, agent, entry, jwk, checks }: Taking,
): Promise<Instance> {
  const id = spiffeId(deps.trustDomain, "agent", agent.name, newId(deps, "instance")).uri;
  const evidence = recordEvidence(deps, change, caller, {
    subject: id,
    shown: { voucher: voucher.id, agent: agent.name },
    checks: [{ what: "vouched", subject: entry.id, by: voucher.id, result: "passed" }, ...checks],
    concluded: "a running copy within an attested process",
  });
  const { image, model, configuration, expires } = voucher;
  const instance = await addInstance(deps, change, caller, {
    id,
    of: { agent },
    jwk,
    strength: "in-process",
    expires,
    evidence,
    ...defined({ image, model, configuration }),
  });
  insertVouchedCopy(change, { instance: id, voucher: voucher.id, entry: entry.id });
  return instance;
}

/** The process lives on, so what is within it does, while the entry stands that lets it vouch. */
async function again(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  { before, voucher, agent }: Both & { readonly before: Instance },
): Promise<Instance> {
  const copy = await vouchedCopy(deps.database, before.id);
  if (copy?.voucher !== voucher.id || before.principal !== agent.name)
    throw new Fault("exists", "This key belongs to another process.", {
      remedy: "Make a new key in memory for each agent within the process.",
      members: { reason: "key-of-another" },
    });
  const rests = [`instance:${before.id}`, ...groundOfVouched(copy)];
  if (!isLive(before, deps.clock.now()) || (await deadAmong(deps, rests)).length > 0) throw ended();
  requireAlive(change, rests);
  const expires = Math.min(voucher.expires, agent.expires ?? voucher.expires);
  return prolongInstance(deps, change, caller, before, { expires, evidence: `vouched by ${voucher.id}` });
}

const ended = (): Fault =>
  new Fault("gone", "This running copy has ended.", {
    remedy: "Attest the process anew, and vouch with a new key.",
    members: { reason: "instance-ended" },
  });
