import { readFileSync } from "node:fs";
import { LineCounter, parseDocument } from "yaml";
import { Misuse, Trouble } from "./say.ts";

export const FILE = ["-f, --file <file>", "the whole definition instead of flags: YAML or JSON"] as const;
export const AS_JSON = ["--json", "as JSON, for programs"] as const;

/**
 * A definition, from a file or from flags: what is left out is not said, and taken away where it stood.
 * @param flags what the flags come to; a member that is `undefined` or empty was not given
 * @throws Misuse for both or neither; Trouble for a file that cannot be read
 */
export function definitionOf(file: string | undefined, flags: Readonly<Record<string, unknown>>): object {
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => isGiven(value)));
  const some = Object.keys(given).length > 0;
  if (file !== undefined && some)
    throw new Misuse("Either a file or flags.", "Write what the flags say into the file.");
  if (file !== undefined) return readDefinition(file);
  if (!some) throw new Misuse("Nothing is said.", "Give flags (--help tells them), or a file with -f.");
  return given;
}

const isGiven = (value: unknown): boolean =>
  value !== undefined && !(Array.isArray(value) && value.length === 0);

/** @throws Trouble saying the line */
export function readDefinition(file: string): object {
  const lines = new LineCounter();
  const options = { lineCounter: lines, version: "1.2", schema: "core", prettyErrors: false } as const;
  const document = parseDocument(textIn(file), options);
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const { line } = lines.linePos(problem.pos[0]);
    throw new Trouble(`${file}, line ${line}: ${problem.message.split("\n")[0]}`, "Correct it there.");
  }
  const value = plain(document, file);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new Trouble(`${file} holds no definition.`, "Write its members, each on a line of its own.");
}

function textIn(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new Trouble(`The file ${file} cannot be read.`, "Check its path.");
  }
}

/** Nothing may stand for something else: what a person reads is what is meant. */
function plain(document: ReturnType<typeof parseDocument>, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new Trouble(`${file} holds an alias.`, "Write the value out.");
  }
}

/** `name=value`, cut at the first sign. @throws Misuse */
export function pairOf(said: string, form: string): [string, string] {
  const at = said.indexOf("=");
  if (at > 0 && at < said.length - 1) return [said.slice(0, at), said.slice(at + 1)];
  throw new Misuse(`${said} is no pair.`, `Write it as ${form}.`);
}

/** `client=agent`, cut at the last sign: an agent's name holds none. @throws Misuse */
export function clientOf(said: string): { client_id: string; agent: string } {
  const at = said.lastIndexOf("=");
  if (at > 0 && at < said.length - 1) return { client_id: said.slice(0, at), agent: said.slice(at + 1) };
  throw new Misuse(`${said} names no client and agent.`, "Write it as <client id>=<agent>.");
}

/** A whole number. @throws Misuse */
export function numberOf(said: string | undefined, what: string): number | undefined {
  if (said === undefined) return undefined;
  if (!/^[0-9]{1,9}$/.test(said)) throw new Misuse(`${said} is no number.`, `Say ${what} in digits.`);
  return Number(said);
}

/** A few of many, so that a table's line stays one. */
export const few = (all: readonly string[]): string =>
  all.length <= 2 ? all.join(" ") : `${all.slice(0, 2).join(" ")} +${all.length - 2}`;
