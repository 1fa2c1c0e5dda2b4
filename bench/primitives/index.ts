/** The primitives that others would call, and how two things that take turns are timed. */
import { type KeyObject, sign, verify } from "node:crypto";

export const ROUNDS = 15;
const ROUND_MS = 60;
const WARM_MS = 400;

export type Parts = { signed: Buffer; signature: Buffer };

/** What was signed of a compact form, and the signature. */
export function partsOf(compact: string): Parts {
  const dot = compact.lastIndexOf(".");
  return {
    signed: Buffer.from(compact.slice(0, dot)),
    signature: Buffer.from(compact.slice(dot + 1), "base64url"),
  };
}

export type Digest = "sha256" | null;

export const digestOf = (key: KeyObject): Digest => (key.asymmetricKeyType === "ed25519" ? null : "sha256");

export const signBare = (signed: Buffer, key: KeyObject, digest: Digest = null): Buffer =>
  sign(digest, signed, { key, dsaEncoding: "ieee-p1363" });

export const verifyBare = ({ signed, signature }: Parts, key: KeyObject, digest: Digest): boolean =>
  verify(digest, signed, { key, dsaEncoding: "ieee-p1363" }, signature);

/** Microseconds of this thread's own computing for one; the two take turns, so that what disturbs one disturbs the other. */
export function medians(contest: { ours: () => void; bare: () => void }): { ours: number; bare: number } {
  const times = { ours: [] as number[], bare: [] as number[] };
  for (const side of ["ours", "bare"] as const) measure(contest[side], WARM_MS);
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of ["ours", "bare"] as const) times[side].push(measure(contest[side], ROUND_MS));
  }
  return { ours: median(times.ours), bare: median(times.bare) };
}

function measure(once: () => void, atLeastMs: number): number {
  const begun = threadCpuMs();
  let done = 0;
  let elapsed = 0;
  while (elapsed < atLeastMs) {
    for (let i = 0; i < 10; i++) once();
    done += 10;
    elapsed = threadCpuMs() - begun;
  }
  return (elapsed / done) * 1_000;
}

/** What this thread has computed so far: on a machine that does other things too, its own work can still be told. */
function threadCpuMs(): number {
  const { user, system } = (process as unknown as ThreadCpu).threadCpuUsage();
  return (user + system) / 1_000;
}

/** Node 24 has it, its declarations do not yet. */
interface ThreadCpu {
  threadCpuUsage(): { user: number; system: number };
}

export const rounded = (value: number): number => Number(value.toPrecision(4));

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
