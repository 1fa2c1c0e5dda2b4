import { append, perform } from "../../audit/index.ts";
import { type Caller, Fault, newId } from "../../lib/index.ts";
import { accepted, requireAdministrator } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { signerConfigured, signerRemoved } from "./events-artifacts.ts";
import { fingerprintOf, type Signer, type SignerDefinition, signerDefinition, signerName } from "./signer.ts";
import {
  countSigners,
  deleteSigner,
  insertSigner,
  MOST_SIGNERS,
  replaceSigner,
  signerNamed,
} from "./store-signers.ts";

/**
 * Says whose signatures are taken from now on, and for what. Where it is another key or identity than before,
 * what the one before had signed counts no more.
 * @throws Fault `forbidden`; `invalid`; `conflict` when too many are trusted already
 */
export function putSigner(
  deps: AttestationDeps,
  caller: Caller,
  { name: attackerName, definition }: { name: string; definition: SignerDefinition },
): Promise<Signer> {
  return perform(deps, caller, "signer.put", async (change) => {
    requireAdministrator(caller);
    const name = accepted("signer", signerName, attackerName);
    const { purposes, trust, builders } = accepted("signer", signerDefinition, definition);
    const before = await signerNamed(deps.database, name);
    const after: Signer = {
      id: before?.id ?? newId(deps, "signer"),
      name,
      kind: trust.kind,
      purposes: [...new Set(purposes)].sort(),
      trust: trust as Signer["trust"],
      builders,
      fingerprint: fingerprintOf(trust as Signer["trust"]),
      updated: deps.clock.now(),
      revision: before === undefined ? 0 : before.revision + 1,
    };
    if (before === undefined) await requireRoom(deps);
    if (before === undefined) insertSigner(change, after);
    else replaceSigner(change, before, after);
    append(change, signerConfigured(deps, caller, {}, factsOf(after)));
    return after;
  });
}

/**
 * Takes a signer's word no more, for nothing that it has signed.
 * @throws Fault `forbidden`; `not-found`
 */
export function removeSigner(
  deps: AttestationDeps,
  caller: Caller,
  { name }: { name: string },
): Promise<Signer> {
  return perform(deps, caller, "signer.remove", async (change) => {
    requireAdministrator(caller);
    const signer = await signerOrRefuse(deps, name);
    deleteSigner(change, signer);
    append(change, signerRemoved(deps, caller, {}, factsOf(signer)));
    return signer;
  });
}

/** @throws Fault `not-found` */
export async function signerOrRefuse(
  { database }: Pick<AttestationDeps, "database">,
  name: string,
): Promise<Signer> {
  const signer = await signerNamed(database, name);
  if (signer !== undefined) return signer;
  throw new Fault("not-found", "There is no signer of this name.", { remedy: "List the signers." });
}

/** Each signature is tried against every signer that fits. */
async function requireRoom({ database }: AttestationDeps): Promise<void> {
  if ((await countSigners(database)) < MOST_SIGNERS) return;
  throw new Fault("conflict", `No more than ${MOST_SIGNERS} signers are trusted at a time.`, {
    remedy: "Remove one, or let one authority's certificate stand for several.",
  });
}

const factsOf = ({ id, name, kind, purposes, fingerprint, builders }: Signer) => ({
  id,
  name,
  kind,
  purposes: [...purposes],
  fingerprint,
  builders: builders.map(({ id: builder, level }) => ({ id: builder, level })),
});
