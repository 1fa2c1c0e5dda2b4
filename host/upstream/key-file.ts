import { createPrivateKey, type KeyObject } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Credential } from "./credential.ts";

const NAME = "host-key.json";
const READ_BY_OTHERS = 0o077;

/**
 * Keeps a host's key in its own folder, for its owner's eyes only: a machine that restarts goes on without a new
 * token. The keys of processes are never kept.
 * @throws whatever the file system says
 */
export function keepCredential(folder: string, { key, pending, ...rest }: Credential): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const next = pending === undefined ? {} : { pending: pemOf(pending) };
  const text = JSON.stringify({ ...rest, key: pemOf(key), ...next });
  const file = join(folder, NAME);
  rmSync(`${file}.new`, { force: true });
  writeFileSync(`${file}.new`, text, { mode: 0o600, flag: "wx", flush: true });
  renameSync(`${file}.new`, file);
}

const pemOf = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();

/**
 * What was kept, while it is good; one whose next key was asked for may live longer than it knows.
 * @throws Error when others may read it: somebody may have
 */
export function recallCredential(folder: string, now: number): Credential | undefined {
  const file = join(folder, NAME);
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if ((stats.mode & READ_BY_OTHERS) !== 0 || stats.uid !== process.getuid?.())
    throw new Error(`${file} can be read by others: remove it and let this machine join again`);
  const { host, id, expires, key, pending } = JSON.parse(readFileSync(file, "utf8"));
  if (typeof expires !== "number" || (expires <= now && pending === undefined)) return undefined;
  const next = pending === undefined ? {} : { pending: createPrivateKey(String(pending)) };
  return { host: String(host), id: String(id), expires, key: createPrivateKey(String(key)), ...next };
}

/** Forgets it: the machine has ended, or joins anew. */
export const forgetCredential = (folder: string): void => rmSync(join(folder, NAME), { force: true });
