import type { AttestAnswer, AttestRequest } from "@countersign/host/upstream";
import {
  type Admitted,
  admitWorkload,
  attesting,
  include,
  RefusedLoudly,
  reasonOf,
} from "../attestation/index.ts";
import { perform } from "../audit/index.ts";
import { Change, type HotKey, remembering } from "../database/index.ts";
import { type Caller, Fault, isFailure } from "../lib/index.ts";
import { Admissions } from "../registry/index.ts";
import { issueX509Svid } from "./issue-x509-svid.ts";
import { recordSvid } from "./record-svid.ts";
import type { SpiffeDeps } from "./spiffe-deps.ts";

type Issued = Extract<AttestAnswer, { instance: string }>;

interface Made {
  readonly answer: Issued;
  /** What no other of the same change may be about: the running copy, and the key as we write it. */
  readonly names: readonly string[];
}

interface Asked {
  readonly request: AttestRequest;
  /** Where the change takes in several. */
  readonly admissions?: Admissions;
}

/** How many are judged before somebody else is heard: the keys alone take most of a millisecond each. */
const AT_A_STRETCH = 8;

/**
 * Attests the processes of a machine and signs their SVIDs, each accepted or refused by itself. Those of one message
 * that nothing speaks against are one change together: thousands fall due, or start, at once. The others are judged
 * again alone, where each refusal is recorded.
 * @param caller the machine
 * @returns answers in the order of the requests
 * @throws Fault `unavailable`, `busy`
 */
export async function attestProcesses(
  deps: SpiffeDeps,
  caller: Caller,
  attackerRequests: readonly AttestRequest[],
): Promise<AttestAnswer[]> {
  const issued = await attestTogether(deps, caller, attackerRequests);
  const answers: AttestAnswer[] = [];
  for (const request of attackerRequests)
    answers.push(issued.get(request) ?? (await attestAlone(deps, caller, request)));
  return answers;
}

type IssuedTo = ReadonlyMap<AttestRequest, Issued>;

/** As many as can be taken in without more ado; none where one of them alone could tell why not. */
async function attestTogether(
  deps: SpiffeDeps,
  caller: Caller,
  requests: readonly AttestRequest[],
): Promise<IssuedTo> {
  if (requests.length < 2) return new Map();
  try {
    return await perform(deps, caller, "workload.attest", async (change, turn) => {
      await turn.take(linesOf(requests));
      return issueAll(atOneMoment(deps), change, caller, requests);
    });
  } catch (error) {
    if (error instanceof Fault && !isFailure(error.code)) return new Map();
    throw error;
  }
}

/** New copies move their agent's record: those of one entry would only disturb each other. */
const linesOf = (requests: readonly AttestRequest[]): HotKey[] =>
  requests.flatMap(({ instance, entry }): HotKey[] => (instance === undefined ? [`attest:${entry}`] : []));

/** What many rely on is read once, and what they require of it is required once. */
function atOneMoment(deps: SpiffeDeps): SpiffeDeps {
  const now = deps.clock.now();
  return { ...deps, database: remembering(deps.database), clock: { now: () => now } };
}

/**
 * Those that fail are left out, each with all that it would have changed. So is the second for one running copy or one
 * key, whatever it calls them: it is judged when the first is on record.
 */
async function issueAll(
  deps: SpiffeDeps,
  change: Change,
  caller: Caller,
  requests: readonly AttestRequest[],
): Promise<IssuedTo> {
  const issued = new Map<AttestRequest, Issued>();
  const parts: Change[] = [];
  const taken = new Set<string>();
  let admissions = new Admissions();
  for (const [nth, request] of requests.entries()) {
    if (nth > 0 && nth % AT_A_STRETCH === 0) await othersAreHeard();
    const [part, tried] = [new Change(deps.database), admissions.copy()];
    const made = await issueUnlessRefused(deps, part, caller, { request, admissions: tried });
    if (made === undefined || made.names.some((name) => taken.has(name))) continue;
    for (const name of made.names) taken.add(name);
    admissions = tried;
    parts.push(part);
    issued.set(request, made.answer);
  }
  include(change, ...parts);
  return issued;
}

/** Judged again by itself, where its refusal is recorded. */
async function issueUnlessRefused(
  deps: SpiffeDeps,
  part: Change,
  caller: Caller,
  asked: Asked,
): Promise<Made | undefined> {
  try {
    return await issue(deps, part, caller, asked);
  } catch (error) {
    if (error instanceof Fault && isFailure(error.code)) throw error;
    if (error instanceof Fault || error instanceof RefusedLoudly) return undefined;
    throw error;
  }
}

const othersAreHeard = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function attestAlone(deps: SpiffeDeps, caller: Caller, request: AttestRequest): Promise<AttestAnswer> {
  const asked = { subject: request.instance ?? request.entry, action: "workload.attest" };
  try {
    return await attesting(deps, caller, asked, async (change) => {
      const { answer } = await issue(deps, change, caller, { request });
      return answer;
    });
  } catch (error) {
    if (!(error instanceof Fault) || isFailure(error.code)) throw error;
    return { refused: refusedOf(error) };
  }
}

async function issue(
  deps: SpiffeDeps,
  change: Change,
  caller: Caller,
  { request, admissions }: Asked,
): Promise<Made> {
  const { instance, spki }: Admitted = await admitWorkload(deps, change, caller, request, admissions);
  const svid = await issueX509Svid(deps, { id: instance.id, spki, expires: instance.expires });
  const { serial, expires, chain } = svid;
  recordSvid(deps, change, caller, { instance: instance.id, kind: "x509", serial, expires });
  const texts = chain.map((der) => Buffer.from(der).toString("base64"));
  const names = [instance.id, Buffer.from(spki).toString("base64")];
  return { answer: { instance: instance.id, chain: texts, expires }, names };
}

/** A refusal as hosts are told of it: what to do next, and a reason that programs can tell apart. */
export const refusedOf = (fault: Fault) => ({
  code: reasonOf(fault),
  reason: fault.message,
  ...(fault.remedy === undefined ? {} : { remedy: fault.remedy }),
});
