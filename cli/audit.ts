import { readFileSync, writeFileSync } from "node:fs";
import { type KnownLog, LogError, type LogReader, verifyEvidence, verifyLog } from "@countersign/proof/log";
import { VerificationError } from "@countersign/proof/verification-error";
import type { Command } from "commander";
import { type Client, openClient } from "./client.ts";
import { exportLog, readCopy } from "./log-copy.ts";
import { bold, green, say, Trouble, visible } from "./say.ts";

/** `audit`: proving the log with nothing but its public files and its key. */
export function auditCommands(program: Command): void {
  const audit = program.command("audit").description("verify, copy and prove the log");
  audit
    .command("verify")
    .description("prove that nothing in the log was changed, dropped or reordered")
    .option("--copy <folder>", "verify a copy made by `audit export`, without any server")
    .option(
      "--vkey <key...>",
      "the log's public key as you noted it, or several after a rotation; otherwise the copy's or the server's word is taken",
    )
    .option("--since <file>", "an earlier checkpoint that the log must continue")
    .action(verify);
  audit
    .command("export <folder>")
    .description("copy the log's public files, to be verified anywhere")
    .action(async (folder: string) => {
      const size = await exportLog(overHttp(openClient()), await serverKey(openClient()), folder);
      say.line(`${green("✓")} ${size} events copied to ${folder}`);
    });
  audit
    .command("prove <event>")
    .description("write one event with its proof to a file that is verified offline")
    .option("-o, --out <file>", "where to; otherwise it is printed")
    .action(prove);
  audit
    .command("key")
    .description("print the log's public key")
    .action(async () => say.line((await serverKey(openClient())).vkey));
}

async function verify(options: { copy?: string; vkey?: string[]; since?: string }): Promise<void> {
  const { reader, key } = options.copy === undefined ? await ofServer() : readCopy(options.copy);
  const known: KnownLog = {
    ...key,
    ...(options.vkey === undefined ? {} : { vkey: options.vkey }),
    ...(options.since === undefined ? {} : { since: readFileSync(options.since, "utf8") }),
  };
  try {
    const { size, root } = await verifyLog(reader, known);
    say.line(`${green("✓")} ${bold(String(size))} events, none changed, dropped or reordered`);
    say.line(`  root ${Buffer.from(root).toString("base64")} signed by ${visible(known.origin)}`);
  } catch (error) {
    if (error instanceof LogError && error.index !== undefined) {
      throw new Trouble(
        `The log does not hold at event ${error.index}${named(error)}: ${error.message}.`,
        FORENSICS,
      );
    }
    if (error instanceof VerificationError)
      throw new Trouble(`The log does not hold: ${error.message}.`, FORENSICS);
    throw error;
  }
}

const named = ({ attackerId }: LogError): string => (attackerId === undefined ? "" : ` (${attackerId})`);

const FORENSICS = "Keep this copy as evidence, and compare it with another one or a backup.";

async function ofServer(): Promise<{ reader: LogReader; key: KnownLog }> {
  const client = openClient();
  return { reader: overHttp(client), key: await serverKey(client) };
}

const serverKey = (client: Client): Promise<{ origin: string; vkey: string }> => client.get("/audit/key");

const overHttp = (client: Client): LogReader => ({
  checkpoint: async () => new TextDecoder().decode(await client.bytes("/audit/checkpoint")),
  tile: (path) => client.bytes(`/audit/${path}`),
});

async function prove(event: string, { out }: { out?: string }): Promise<void> {
  const client = openClient();
  const evidence = await client.get<never>(`/audit/events/${encodeURIComponent(event)}/evidence`);
  const { index } = verifyEvidence(evidence, await serverKey(client));
  if (out === undefined) return say.json(evidence);
  writeFileSync(out, `${JSON.stringify(evidence, null, 2)}\n`);
  say.line(`${green("✓")} event ${index} of the log, with its proof, is in ${out}`);
}
