/**
 * The thread that asks Cedar's own implementation the same question again. It answers in hundreds of
 * microseconds to milliseconds, which no other decision may wait for.
 */
import { parentPort } from "node:worker_threads";
import { cedarWasmEngine, type Slot } from "./cedar-wasm.ts";
import type { Engine, EngineRequest, Evaluation } from "./engine.ts";
import type { Policy } from "./policy.ts";

export type StatedPolicy = Pick<Policy, "id" | "effect" | "text">;

export interface OracleQuestion {
  readonly id: number;
  /** Names the set: the SHA-256 of its files. */
  readonly hash: string;
  readonly request: EngineRequest;
  /** Sent when the thread has said that it lacks them. */
  readonly policies?: readonly StatedPolicy[];
}

export interface OracleAnswer {
  readonly id: number;
  /** What Cedar found; why it could not evaluate; or that it first needs the policies of this set. */
  readonly said: Evaluation | { readonly failed: string } | "lacks policies";
}

/** Sets by hash, the least recently asked first: the active one, and a canary's. */
const held = new Map<string, { slot: Slot; engine: Engine }>();
const SLOTS: readonly Slot[] = ["active", "candidate"];

parentPort?.on("message", (question: OracleQuestion) => {
  const answer: OracleAnswer = { id: question.id, said: answerTo(question) };
  parentPort?.postMessage(answer);
});

function answerTo({ hash, request, policies }: OracleQuestion): OracleAnswer["said"] {
  try {
    const engine = engineFor(hash, policies);
    return engine === undefined ? "lacks policies" : engine.evaluate(request);
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

function engineFor(hash: string, policies: OracleQuestion["policies"]): Engine | undefined {
  const known = held.get(hash);
  if (known === undefined && policies === undefined) return undefined;
  const slot = known?.slot ?? freeSlot();
  const engine = known?.engine ?? cedarWasmEngine(slot, policies ?? []);
  held.delete(hash);
  held.set(hash, { slot, engine });
  return engine;
}

function freeSlot(): Slot {
  const taken = [...held.values()].map(({ slot }) => slot);
  const free = SLOTS.find((slot) => !taken.includes(slot));
  if (free !== undefined) return free;
  const [[oldest, { slot }] = ["", { slot: "candidate" as Slot }]] = held;
  held.delete(oldest);
  return slot;
}
