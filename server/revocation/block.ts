import type { Change, DatabaseDeps } from "../database/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import type { DeadKey } from "./dead-key.ts";
import { type RevocationDeps, revoke } from "./revoke.ts";
import { allBlocked, type Block, blocksOf, putBlock } from "./store-blocks.ts";

/** What can be blocked as a whole, and opened again. */
export const BLOCKABLE = ["class", "image", "model", "configuration"] as const;
export type Blockable = `${(typeof BLOCKABLE)[number]}:${string}`;

/**
 * The dead keys that these carry as they stand now: what rests on one ends when it is blocked, and what is given
 * after it was opened carries the next one.
 * @throws Fault `forbidden` where one of them is blocked
 */
export async function openKeys(
  { database }: DatabaseDeps,
  subjects: readonly Blockable[],
): Promise<DeadKey[]> {
  const blocks = await blocksOf(database, subjects);
  const blocked = blocks.find((block) => block.blocked);
  if (blocked !== undefined) throw isBlocked(blocked.subject);
  return [...new Set(subjects)].map((subject) => keyOf(blockOf(blocks, subject)));
}

/** All that is blocked at this moment: as many as administrators have blocked and not opened again. */
export const blockedNow = ({ database }: DatabaseDeps): Promise<string[]> => allBlocked(database);

/**
 * Blocks all of a class, an image, a model or a configuration, in the caller's change: one key, however many there are.
 * @returns the key that died
 * @throws Fault `conflict` when it is blocked already
 */
export async function block(
  deps: RevocationDeps,
  change: Change,
  caller: Caller,
  subject: Blockable,
): Promise<DeadKey> {
  const before = blockOf(await blocksOf(deps.database, [subject]), subject);
  if (before.blocked)
    throw new Fault("conflict", `The ${nameOf(subject)} is blocked already.`, {
      remedy: "Nothing is to be done; lifting it opens it again.",
    });
  putBlock(change, before, { subject, epoch: before.epoch + 1, blocked: true });
  revoke(deps, change, caller, [keyOf(before)], "blocked");
  return keyOf(before);
}

/**
 * Opens it again. What was ended by the block stays ended.
 * @throws Fault `conflict` when it is not blocked
 */
export async function unblock(deps: RevocationDeps, change: Change, subject: Blockable): Promise<void> {
  const before = blockOf(await blocksOf(deps.database, [subject]), subject);
  if (!before.blocked) throw new Fault("conflict", `The ${nameOf(subject)} is not blocked.`);
  putBlock(change, before, { ...before, blocked: false });
}

const blockOf = (blocks: readonly Block[], subject: Blockable): Block =>
  blocks.find((block) => block.subject === subject) ?? { subject, epoch: 0, blocked: false };

const keyOf = ({ subject, epoch }: Block): DeadKey => `${subject as Blockable}#${epoch}`;

/** `class:reporting` in words. */
const nameOf = (subject: string): string => subject.replace(":", " ");

const isBlocked = (subject: string): Fault =>
  new Fault("forbidden", `The ${nameOf(subject)} is blocked.`, {
    remedy: "An administrator can open it again.",
    members: { reason: `${subject.slice(0, subject.indexOf(":"))}-blocked` },
    record: { blocked: subject },
  });
