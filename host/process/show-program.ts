import { readFile } from "node:fs/promises";
import type { Peer } from "../peer/peer.ts";
import { HostRefusal } from "../peer/refusal.ts";
import { isInOurs } from "../proc/namespace.ts";
import { notShown } from "../proc/read.ts";
import { requireHarmless } from "./environment.ts";
import type { Inside } from "./inside.ts";
import { requireKept } from "./kept-interpreter.ts";
import type { Owner } from "./may-write.ts";
import { programRunBy } from "./program.ts";
import { type Script, scriptOf } from "./script.ts";
import type { Shown } from "./shown.ts";

/** An interpreter's own path and digest identify nobody, so they are shown under names that say so. */
export async function showProgram(
  peer: Peer,
  owner: Owner,
  inside: Inside,
  shown: Shown,
): Promise<Script | undefined> {
  requireOwnNamespace(peer);
  const program = await programRunBy(peer, inside);
  if (program.interpreter !== undefined) {
    shown.add("process:interpreter", program.interpreter);
    shown.add("process:interpreter_path", program.path);
    shown.add("process:interpreter_sha256", program.sha256);
  }
  requireHarmless(await environmentOf(peer), program.interpreter);
  if (program.interpreter === undefined) {
    shown.add("unix:path", program.path);
    shown.add("unix:sha256", program.sha256);
    return undefined;
  }
  await requireKept(program, owner, inside);
  const script = await scriptOf(peer, owner, inside, program.interpreter);
  shown.add("process:script", script.path);
  shown.add("process:script", script.real);
  shown.add("process:script_sha256", script.sha256);
  return script;
}

/** Whoever made a user namespace may there tell the kernel that it runs another program than it does. */
function requireOwnNamespace({ pid }: Peer): void {
  if (isInOurs(pid, "user")) return;
  throw new HostRefusal(
    "foreign_user_namespace",
    "It runs in a user namespace, whose owner may pretend there to run any program.",
    "Name its user on this machine, its unit or its container instead.",
  );
}

async function environmentOf({ pid }: Peer): Promise<readonly string[]> {
  const bytes = await readFile(`/proc/${pid}/environ`).catch((error) => {
    throw notShown(pid, error);
  });
  return bytes.toString("utf8").split("\0");
}
