import type { AttestAnswer, AttestRequest } from "@countersign/host/upstream";
import { attesting } from "../attestation/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { attestProcesses, refusedOf } from "./host-attestations.ts";
import type { SpiffeDeps } from "./spiffe-deps.ts";

/**
 * Answers a message of a machine's, request by request: one that cannot be read is refused by itself, and the others,
 * which are other users' processes, are judged as if it were not there.
 * @param caller the machine
 * @param attackerRequests with `undefined` for one that could not be read
 * @returns answers in the order of the requests
 * @throws Fault `unavailable`, `busy`
 */
export async function attestMessage(
  deps: SpiffeDeps,
  caller: Caller,
  attackerRequests: readonly (AttestRequest | undefined)[],
): Promise<AttestAnswer[]> {
  const readable = attackerRequests.filter((request) => request !== undefined);
  const judged = (await attestProcesses(deps, caller, readable))[Symbol.iterator]();
  const answers: AttestAnswer[] = [];
  for (const request of attackerRequests) {
    const answer = request === undefined ? undefined : judged.next().value;
    answers.push(answer ?? (await refuseUnreadable(deps, caller)));
  }
  return answers;
}

async function refuseUnreadable(deps: SpiffeDeps, caller: Caller): Promise<AttestAnswer> {
  const asked = { subject: caller.instance ?? caller.principal, action: "workload.attest" };
  try {
    return await attesting(deps, caller, asked, () => Promise.reject(unreadable()));
  } catch (error) {
    if (error instanceof Fault && error.members.reason === UNREADABLE) return { refused: refusedOf(error) };
    throw error;
  }
}

const UNREADABLE = "request-unreadable";

const unreadable = (): Fault =>
  new Fault("malformed", "This request is not of the form that is asked for, or holds too much.", {
    remedy: "Send what the entry names, and let the host be of the control plane's version.",
    members: { reason: UNREADABLE },
  });
