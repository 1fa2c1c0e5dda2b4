import type { AttestAnswer, AttestRequest } from "@countersign/host/upstream";
import { type Admitted, admitWorkload, attesting, include, reasonOf } from "../attestation/index.ts";
import { perform } from "../audit/index.ts";
import { Change } from "../database/index.ts";
import { type Caller, Fault, isFailure } from "../lib/index.ts";
import { issueX509Svid } from "./issue-x509-svid.ts";
import { recordSvid } from "./record-svid.ts";
import type { SpiffeDeps } from "./spiffe-deps.ts";

type Issued = Extract<AttestAnswer, { instance: string }>;

/**
 * Attests the processes of a machine and signs their SVIDs, each accepted or refused by itself. Renewals are one
 * change together: thousands fall due at once. Where that does not go through, each is tried alone, as new ones
 * are, which move their agent's record.
 * @param caller the machine
 * @returns answers in the order of the requests
 * @throws Fault `unavailable`, `busy`
 */
export async function attestProcesses(
  deps: SpiffeDeps,
  caller: Caller,
  attackerRequests: readonly AttestRequest[],
): Promise<AttestAnswer[]> {
  const renewals = attackerRequests.filter(({ instance }) => instance !== undefined);
  const renewed = renewals.length > 1 ? await renewTogether(deps, caller, renewals) : new Map();
  const answers: AttestAnswer[] = [];
  for (const request of attackerRequests)
    answers.push(renewed.get(request) ?? (await attestAlone(deps, caller, request)));
  return answers;
}

/** As many as can be renewed without more ado; none where anything moved meanwhile. */
async function renewTogether(
  deps: SpiffeDeps,
  caller: Caller,
  requests: readonly AttestRequest[],
): Promise<Map<AttestRequest, Issued>> {
  try {
    return await perform(deps, caller, "workload.attest", async (change) => {
      const renewed = new Map<AttestRequest, Issued>();
      const distinct = distinctOf(requests);
      const parts = await Promise.all(distinct.map((request) => renewalOf(deps, caller, request)));
      for (const [index, request] of distinct.entries()) {
        const part = parts[index];
        if (part === undefined) continue;
        include(change, part.change);
        renewed.set(request, part.issued);
      }
      return renewed;
    });
  } catch (error) {
    if (error instanceof Fault && !isFailure(error.code)) return new Map();
    throw error;
  }
}

/** Two for one running copy, or for one key, cannot be one change: the second is judged after the first. */
function distinctOf(requests: readonly AttestRequest[]): AttestRequest[] {
  const taken = new Set<string>();
  return requests.filter(({ instance = "", spki }) => {
    const free = !taken.has(instance) && !taken.has(spki);
    taken.add(instance).add(spki);
    return free;
  });
}

async function renewalOf(deps: SpiffeDeps, caller: Caller, request: AttestRequest) {
  const change = new Change(deps.database);
  try {
    return { change, issued: await issue(deps, change, caller, request) };
  } catch (error) {
    // Judged again by itself, where its refusal is recorded.
    if (error instanceof Fault && isFailure(error.code)) throw error;
    return undefined;
  }
}

async function attestAlone(deps: SpiffeDeps, caller: Caller, request: AttestRequest): Promise<AttestAnswer> {
  const asked = { subject: request.instance ?? request.entry, action: "workload.attest" };
  try {
    return await attesting(deps, caller, asked, (change) => issue(deps, change, caller, request));
  } catch (error) {
    if (!(error instanceof Fault) || isFailure(error.code)) throw error;
    return { refused: refusedOf(error) };
  }
}

async function issue(
  deps: SpiffeDeps,
  change: Change,
  caller: Caller,
  request: AttestRequest,
): Promise<Issued> {
  const { instance, spki }: Admitted = await admitWorkload(deps, change, caller, request);
  const svid = await issueX509Svid(deps, { id: instance.id, spki, expires: instance.expires });
  const { serial, expires, chain } = svid;
  recordSvid(deps, change, caller, { instance: instance.id, kind: "x509", serial, expires });
  return { instance: instance.id, chain: chain.map((der) => Buffer.from(der).toString("base64")), expires };
}

/** A refusal as hosts are told of it: what to do next, and a reason that programs can tell apart. */
export const refusedOf = (fault: Fault) => ({
  code: reasonOf(fault),
  reason: fault.message,
  ...(fault.remedy === undefined ? {} : { remedy: fault.remedy }),
});
