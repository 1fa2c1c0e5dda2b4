import { decodeBase64url, encodeBase64url, sha256Base64url } from "@countersign/proof/digest";
import { canonicalBytes } from "@countersign/proof/jcs";
import { z } from "zod";
import { type ConcealDeps, conceal, reveal } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { Fault, type PersonId } from "../lib/index.ts";
import type { Task } from "./task.ts";

const SALT_BYTES = 32;

/** What a person is said to want, and the salt by which she can check that the consent binds just that. */
export interface Instruction {
  readonly words: string;
  /** 32 bytes, base64url. */
  readonly salt: string;
}

/**
 * Binds a task to its instruction and keeps the words out of the log and of the task's row: they rest
 * sealed, with their salt, until their person is erased.
 * @returns the commitment that the consent holds, SHA-256(salt ‖ JCS(words)), and where the words are kept
 */
export function keepInstruction(
  deps: ConcealDeps,
  change: Change,
  person: PersonId,
  words: string,
): Pick<Task, "instruction" | "instructionKept"> {
  const salt = encodeBase64url(deps.random.bytes(SALT_BYTES));
  const kept: Instruction = { words, salt };
  return { instruction: commitment(kept), instructionKept: conceal(deps, change, person, { ...kept }) };
}

/**
 * The instruction of a task, for its person to check.
 * @throws Fault `gone` when it has been erased
 */
export async function instructionOf(deps: ConcealDeps, task: Task): Promise<Instruction> {
  const kept = await reveal(deps, task.instructionKept);
  if (kept === undefined) throw new Fault("gone", "The instruction of this task has been erased.");
  const instruction = z.strictObject({ words: z.string(), salt: z.string() }).parse(kept);
  if (commitment(instruction) === task.instruction) return instruction;
  throw new Fault("internal", "The instruction is not the one that the task was bound to.");
}

const commitment = ({ words, salt }: Instruction): string =>
  sha256Base64url(Buffer.concat([decodeBase64url(salt), canonicalBytes(words)]));
