import { envelopeJson } from "@countersign/proof/dsse";
import type { JsonObject } from "@countersign/proof/jcs";
import { signVsa, type VerificationSummary } from "@countersign/proof/statement";
import type { KeyRing } from "../../keys/index.ts";
import { Fault } from "../../lib/index.ts";
import type { Check } from "../artifacts/check.ts";
import type { AttestationDeps } from "../attestation-deps.ts";

/** What signing a summary needs besides. */
export interface SummaryDeps extends AttestationDeps {
  readonly keys: KeyRing;
}

/** What was verified, of whom, when and by which rules. */
export interface Verified {
  /** A URI: the SPIFFE ID, or the agent's address. */
  readonly resource: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly checks: readonly Check[];
  readonly result: "PASSED" | "FAILED";
  /** What it was about besides: of a failed one, what left no checks. */
  readonly digests?: readonly string[];
  /** Whose declaration it was judged by. */
  readonly agent?: string;
}

/**
 * Verification summaries, signed: what others can rely on without asking us again. One for each digest, with what
 * was found of that one: what was verified of an image says nothing of the model beside it. What was only noted
 * has none.
 * @returns DSSE envelopes as JSON
 * @throws Fault `conflict` when nothing of it is known by digest: a summary is about bytes
 * @see SLSA v1 verification_summary
 */
export function summarize(deps: SummaryDeps, verified: Verified): JsonObject[] {
  const subjects = subjectsOf(verified);
  if (subjects.size > 0) return [...subjects].map(([sha256, name]) => oneOf(deps, verified, sha256, name));
  throw new Fault(
    "conflict",
    "Nothing in this attestation was verified by digest, so nothing can be summarized.",
    {
      remedy: "Declare the image, the model or the files, and let them be measured.",
    },
  );
}

function oneOf(
  deps: SummaryDeps,
  { resource, at, checks, result, agent }: Verified,
  sha256: string,
  name: string,
): JsonObject {
  const declared = checks.find(({ what }) => what === DECLARED)?.subject ?? NOTHING_DECLARED;
  const own = checks.filter(({ subject }) => hexOf(subject) === sha256);
  const summary: VerificationSummary = {
    subject: [{ name, digest: { sha256 } }],
    verifier: deps.issuer,
    verified: at,
    resource,
    policy: { uri: policyOf(deps, agent), sha256: hexOf(declared) ?? "" },
    inputs: [...new Set(own.flatMap(({ statement }) => (statement === undefined ? [] : [statement])))],
    result,
    levels: result === "FAILED" ? ["FAILED"] : levelsOf(own),
  };
  return envelopeJson(signVsa(summary, deps.keys.signer("summary").key));
}

/** Where what was declared is told; of others than agents, where the rules are. */
const policyOf = ({ issuer }: AttestationDeps, agent: string | undefined): string =>
  agent === undefined ? `${issuer}/attestation/environments` : `${issuer}/agents/${agent}/artifacts`;

/** The check that names by its digest what was declared. */
export const DECLARED = "artifacts-declared";
/** How the checks end of what nobody verified. */
const NOTED = "-noted";
/** SHA-256 of `{}`: nothing was declared, and what was shown was only noted. */
const NOTHING_DECLARED = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/**
 * What it is about: each digest once, under the first word of what was checked of it; of what failed, also what
 * left no checks.
 */
function subjectsOf({ checks, result, digests = [] }: Verified): Map<string, string> {
  const named = new Map<string, string>();
  for (const { what, subject } of checks) {
    const sha256 = what === DECLARED || what.endsWith(NOTED) ? undefined : hexOf(subject);
    if (sha256 !== undefined && !named.has(sha256)) named.set(sha256, what.split("-", 1)[0] ?? what);
  }
  if (result === "PASSED") return named;
  for (const sha256 of digests.flatMap((digest) => hexOf(digest) ?? []))
    if (!named.has(sha256)) named.set(sha256, "refused");
  return named;
}

const hexOf = (subject: string): string | undefined => /^sha256:([0-9a-f]{64})$/.exec(subject)?.[1];

/** Words of ours for what was checked; SLSA's own for how it was built. */
const WORDS: Readonly<Record<string, string>> = {
  "image-signature": "COUNTERSIGN_IMAGE_SIGNED",
  "image-allowed": "COUNTERSIGN_IMAGE_ALLOWED",
  "model-signature": "COUNTERSIGN_MODEL_SIGNED",
  "model-origin": "COUNTERSIGN_MODEL_ORIGIN_DECLARED",
};

function levelsOf(checks: readonly Check[]): string[] {
  const level = Math.max(0, ...checks.map((check) => check.level ?? 0));
  const words = checks.flatMap(({ what }) => (Object.hasOwn(WORDS, what) ? [WORDS[what] ?? ""] : []));
  return [...new Set([`SLSA_BUILD_LEVEL_${level}`, ...words])];
}
