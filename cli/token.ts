import { existsSync, readFileSync } from "node:fs";
import { type Inspection, inspectToken } from "@countersign/proof/inspect";
import { parseStrict } from "@countersign/proof/jcs";
import { createKeySet, type KeySet } from "@countersign/proof/jwk";
import { VerificationError } from "@countersign/proof/verification-error";
import type { Command } from "commander";
import { Misuse, say, Trouble } from "./say.ts";
import { inspectionLines } from "./token-print.ts";

type InspectOptions = { jwks?: string; issuer?: string; json?: true };

/** `token`: what a token says, read here and believed nowhere. */
export function tokenCommands(program: Command): void {
  const token = program.command("token").description("tokens and warrants, read link by link");
  token
    .command("inspect [token]")
    .description("who gave what to whom, what each link took away, what is wrong; exits 1 if something is")
    .option(
      "--jwks <file>",
      "the issuer's keys as it publishes them (of warrants at warrant_jwks_uri), to check signatures with",
    )
    .option("--issuer <url>", "or fetch them from the issuer")
    .option("--json", "as data")
    .addHelpText("after", "\nThe token is an argument, a file, or (with -, or nothing) what is piped in.")
    .action(inspect);
}

async function inspect(argument: string | undefined, options: InspectOptions): Promise<void> {
  const text = textOf(argument);
  const keys = await keysOf(options);
  const now = Date.now();
  const inspection = inspected(text, { ...keys, now });
  if (options.json) say.json(inspection);
  else for (const line of inspectionLines(inspection, now, widthOf(process.stdout))) say.line(line);
  if (isArgument(argument) && isBearer(inspection)) warnOfHistory();
  if (hasProblems(inspection)) process.exitCode = 1;
}

/** Some terminals say that they have no columns: they do not know. */
const widthOf = ({ columns }: { columns?: number }): number => Math.max(40, Math.min(columns || 80, 120));

/** The issuer's keys, and those by which it signs warrants and tickets, where these are others. */
type Keys = { keys?: KeySet; warrantKeys?: KeySet };

function inspected(text: string, known: Keys & { now: number }): Inspection {
  try {
    return inspectToken(text, known);
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    throw new Trouble(
      `This is no token that can be read: ${error.message}.`,
      "Three parts with dots between, or links of a chain, root first, with ~ between; or the name of a file that is there.",
    );
  }
}

function textOf(argument: string | undefined): string {
  if (argument !== undefined && argument !== "-") return isArgument(argument) ? argument : read(argument);
  if (argument === undefined && process.stdin.isTTY) {
    throw new Misuse(
      "There is no token to inspect.",
      "Pipe one in, or name a file: countersign token inspect token.txt",
    );
  }
  return read(0);
}

/** No file has the name of a token. */
const isArgument = (argument: string | undefined): argument is string =>
  argument !== undefined && argument !== "-" && !existsSync(argument);

function read(file: string | 0): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Trouble(`It cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

async function keysOf({ jwks, issuer }: InspectOptions): Promise<Keys> {
  if (jwks !== undefined && issuer !== undefined) throw new Misuse("Either --jwks or --issuer, not both.");
  if (jwks !== undefined) return { keys: keySet(read(jwks), jwks) };
  return issuer === undefined ? {} : fetchKeys(issuer.replace(/\/$/, ""));
}

function keySet(jwks: string, where: string): KeySet {
  try {
    return createKeySet(parseStrict(jwks));
  } catch (error) {
    throw new Trouble(
      `The keys of ${where} cannot be read: ${error instanceof Error ? error.message : error}.`,
    );
  }
}

/** Its keys must lie on its own origin: whoever else is named there has no say. @see RFC 8414 §3 */
async function fetchKeys(issuer: string): Promise<Keys> {
  const metadata = metadataOf(await fetchText(`${issuer}/.well-known/oauth-authorization-server`));
  const { issuer: named, jwks_uri: keys, warrant_jwks_uri: warrants } = metadata;
  if (named !== issuer || !isOf(issuer, keys) || (warrants !== undefined && !isOf(issuer, warrants)))
    throw new Trouble(`${issuer} does not describe itself as an issuer with keys of its own.`);
  const fetched = async (uri: string) => keySet(await fetchText(uri), uri);
  if (warrants === undefined) return { keys: await fetched(keys) };
  return { keys: await fetched(keys), warrantKeys: await fetched(warrants) };
}

const isOf = (issuer: string, uri: unknown): uri is string =>
  typeof uri === "string" && uri.startsWith(`${issuer}/`);

function metadataOf(text: string): { issuer?: unknown; jwks_uri?: unknown; warrant_jwks_uri?: unknown } {
  try {
    return { ...(parseStrict(text) as object) };
  } catch {
    throw new Trouble("What the issuer says of itself cannot be read.");
  }
}

async function fetchText(url: string): Promise<string> {
  try {
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    return await response.text();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Trouble(
      `Nothing can be had from ${url}: ${why}.`,
      "Without --issuer signatures are not checked.",
    );
  }
}

const hasProblems = ({ parts, problems }: Inspection): boolean =>
  problems.length > 0 || parts.some((part) => part.problems.length > 0);

/** Good for whoever has it: not bound to a key that would have to be proven besides. */
function isBearer({ kind, parts }: Inspection): boolean {
  if (kind === "client-assertion" || kind === "transaction-token") return true;
  const isBound = parts.some(({ facts }) => facts.some(({ label }) => label === "bound to"));
  return (kind === "access-token" || kind === "id-jag" || kind === "other") && !isBound;
}

/** Beside what was asked for: whoever reads data from the other stream must not find it there. */
function warnOfHistory(): void {
  say.trouble(
    new Trouble(
      "Whoever has this token can use it, and now it stands in your shell's history.",
      "Pipe it in instead: countersign token inspect - < token.txt",
    ),
  );
}
