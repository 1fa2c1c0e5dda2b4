/** For tests only: real processes, under other users where the tests run as root. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type ProcessPeer, processWith } from "../peer/index.ts";
import type { Attested, Wanted } from "./index.ts";

const isRoot = process.getuid?.() === 0;
export const skip = isRoot ? false : "needs root, for processes under other users";
export const NOBODY: Wanted = { files: [] };
export const UID = 41_234;

export const folder = realpathSync(mkdtempSync(join(tmpdir(), "attest-")));
chmodSync(folder, 0o755);
export const at = (name: string): string => join(folder, name);
export const children: ChildProcess[] = [];
export const peers: ProcessPeer[] = [];
export const sha256 = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");

after(() => {
  for (const peer of peers) {
    if (peer.isAlive()) process.kill(peer.pid, "SIGKILL");
    peer.close();
  }
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

export interface Start {
  readonly uid?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly input?: string;
}

/** Runs a real process until it says that it is there. */
export async function running(
  program: string,
  args: readonly string[],
  start: Start = {},
): Promise<ProcessPeer> {
  const { uid = UID, env = {}, cwd = "/" } = start;
  const child = spawn(program, [...args], {
    stdio: ["pipe", "pipe", "ignore"],
    env: { PATH: process.env.PATH, ...env },
    cwd,
    ...(isRoot ? { uid, gid: uid } : {}),
  });
  children.push(child);
  if (start.input !== undefined) child.stdin?.write(start.input);
  await once(child.stdout ?? child, "data");
  const peer = processWith(child.pid ?? 0);
  peers.push(peer);
  return peer;
}

export const script = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};
export const WAITS = "process.stdout.write('there'); setInterval(() => {}, 1000);";
export const PERL_WAITS = "$| = 1; print 'there'; sleep 60;";
/** Longer than a tick, so that what is changed now is younger than what runs. */
export const ticks = (): Promise<void> => pause(40);

export const codes = (attested: Attested): string[] => attested.withheld?.map(({ code }) => code) ?? [];
export const has = (attested: Attested, start: string): boolean =>
  attested.selectors.some((one) => one.startsWith(start));
