import type { Command } from "commander";
import { openClient } from "./client.ts";
import { bold, green, Misuse, say, visible } from "./say.ts";

const KINDS = [
  "edge",
  "agent",
  "instance",
  "person",
  "task",
  "image",
  "model",
  "configuration",
  "class",
  "policy",
];
const LIFTABLE = ["agent", "person", "image", "model", "configuration", "class"];

interface Options {
  readonly upTo?: string;
  readonly reason?: string;
  readonly lift?: boolean;
}

/** `revoke`: ends something and everything that rests on it, or lifts that again. */
export function revokeCommand(program: Command): void {
  program
    .command("revoke <what> <id>")
    .description(
      `end it and everything that rests on it, now: ${KINDS.slice(0, -1).join(", ")} or ${KINDS.at(-1)} (a version or an activation's number)`,
    )
    .option(
      "--up-to <edge>",
      "of an edge: end the one above it with this id, or with `root` the person's own",
    )
    .option("--reason <words>", "why; the log is bound to it and does not hold it")
    .option("--lift", `open it again (${LIFTABLE.join(", ")}); what was given before stays dead`)
    .action(revoke);
}

async function revoke(kind: string, id: string, { upTo, reason, lift = false }: Options): Promise<void> {
  requireKind(kind, lift, upTo);
  const said = { kind, id, ...(reason === undefined ? {} : { reason }) };
  if (lift) {
    await openClient().post("/revocations/lift", said);
    return say.line(
      `${green("✓")} ${bold(visible(`${kind} ${id}`))} is open again; what it ended stays ended`,
    );
  }
  const body = { ...said, ...(upTo === undefined ? {} : { up_to: upTo }) };
  const { hit, liftable } = await openClient().post<{ hit: string; liftable: boolean }>("/revocations", body);
  say.line(`${green("✓")} ended: ${visible(hit)}`);
  if (liftable) say.line(`  countersign revoke --lift ${kind} ${visible(id)} opens it again`);
}

function requireKind(kind: string, lift: boolean, upTo: string | undefined): void {
  const known = lift ? LIFTABLE : KINDS;
  if (!known.includes(kind)) {
    throw new Misuse(`${kind} cannot be ${lift ? "lifted" : "revoked"}.`, `Say one of ${known.join(", ")}.`);
  }
  if (upTo !== undefined && (lift || kind !== "edge"))
    throw new Misuse("--up-to is for an edge that is ended.", "Leave it out.");
}
