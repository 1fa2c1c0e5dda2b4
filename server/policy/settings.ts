import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import type { CedarType, SettingsTypes } from "../catalog/index.ts";
import type { CedarValue } from "./engine.ts";
import type { PolicyFile, Problem } from "./policy.ts";
import { at } from "./source.ts";

/** The settings of a set as decisions see them: `context.settings.<file>.<name>`. */
export type SettingsValues = Readonly<Record<string, Readonly<Record<string, CedarValue>>>>;

/** The settings of all files of a set, and what is wrong with them. */
export interface Settings {
  readonly types: SettingsTypes;
  readonly values: SettingsValues;
  readonly problems: readonly Problem[];
}

/**
 * Reads the settings beside policies: named values, in the file that bears the policies' name.
 *
 *     most_amount: { decimal: "5000.00" }     # decimal
 *     first_hour: 8                           # Long
 *     weekends: false                         # Bool
 *     zone: Europe/Berlin                     # String
 *     holidays: ["2026-12-25", "2026-12-26"]  # Set<String>
 *
 * A file with a problem gives no settings, so that policies which read them do not validate either.
 */
export function readSettings(files: readonly PolicyFile[]): Settings {
  const types: Record<string, Record<string, CedarType>> = {};
  const values: Record<string, Record<string, CedarValue>> = {};
  const problems: Problem[] = [];
  for (const { name, settings } of files) {
    if (settings === undefined) continue;
    const read = readFile(`${name}.settings.yaml`, settings);
    problems.push(...read.problems);
    if (read.problems.length > 0) continue;
    const member = name.replaceAll("-", "_");
    types[member] = Object.fromEntries(read.settings.map((setting) => [setting.name, setting.type]));
    values[member] = Object.fromEntries(read.settings.map((setting) => [setting.name, setting.value]));
  }
  return { types, values, problems };
}

interface Setting {
  readonly name: string;
  readonly type: CedarType;
  readonly value: CedarValue;
}

const MOST_SETTINGS = 100;
const NAME = /^[a-z][a-z0-9_]{0,62}$/;

function readFile(file: string, text: string): { settings: Setting[]; problems: Problem[] } {
  const problem = (offset: number, message: string): Problem => at({ file, text, offset }, message);
  const document = parseDocument(text, { lineCounter: new LineCounter(), prettyErrors: false });
  const [broken] = [...document.errors, ...document.warnings];
  if (broken !== undefined) return { settings: [], problems: [problem(broken.pos[0], broken.message)] };
  const { contents } = document;
  if (contents === null) return { settings: [], problems: [] };
  if (!isMap(contents)) return { settings: [], problems: [problem(startOf(contents), FORM)] };
  const settings: Setting[] = [];
  const problems: Problem[] = [];
  if (contents.items.length > MOST_SETTINGS)
    problems.push(problem(startOf(contents), `A file has at most ${MOST_SETTINGS} settings.`));
  for (const pair of contents.items) {
    const read = readSetting(pair as Pair<Node, Node | null>);
    if ("name" in read) settings.push(read);
    else problems.push(problem(startOf(read.at ?? contents), read.message));
  }
  return { settings, problems };
}

const FORM = "Settings are named values, one a line: first_hour: 8.";
const startOf = (node: Node): number => node.range?.[0] ?? 0;

/** What is wrong, and with what. */
interface Complaint {
  readonly at: Node | undefined;
  readonly message: string;
}

function readSetting({ key, value }: Pair<Node, Node | null>): Setting | Complaint {
  const name = isScalar(key) && key.tag === undefined ? key.value : undefined;
  if (typeof name !== "string" || !NAME.test(name))
    return { at: key, message: "A setting's name starts with a letter and has a-z, 0-9 and _." };
  if (value === null) return { at: key, message: `${name} has no value.` };
  const read = readValue(value);
  return typeof read === "string" ? { at: value, message: `${name}: ${read}` } : { name, ...read };
}

type Read = Omit<Setting, "name">;

/** The value with its type, or what is wrong with it. */
function readValue(node: Node): Read | string {
  if (isAlias(node)) return "Write the value out; a reference is not followed.";
  if (node.tag !== undefined) return "A value has no tag.";
  if (isScalar(node)) return readScalar(node.value, node.source ?? "");
  if (isSeq(node)) return readList(node.items as Node[]);
  if (isMap(node)) return readDecimal(node.items as Pair<Node, Node | null>[]);
  return UNKNOWN;
}

const UNKNOWN = 'A setting is an integer, true or false, a text, a list of texts, or { decimal: "5000.00" }.';
const LONGEST_TEXT = 1_000;
const LONGEST_LIST = 1_000;

function readScalar(value: unknown, source: string): Read | string {
  if (typeof value === "boolean") return { type: { type: "Boolean" }, value };
  if (typeof value === "string") return complaintAbout(value) ?? { type: { type: "String" }, value };
  if (typeof value !== "number") return UNKNOWN;
  if (!/^[-+]?\d+$/.test(source)) return 'Write a number with a fraction as { decimal: "5000.00" }.';
  if (!Number.isSafeInteger(value)) return "An integer has at most fifteen digits.";
  return { type: { type: "Long" }, value };
}

function complaintAbout(text: string): string | undefined {
  if (text.length > LONGEST_TEXT) return `A text has at most ${LONGEST_TEXT} characters.`;
  return text.isWellFormed() ? undefined : "This text cannot be carried exactly.";
}

function readList(items: readonly Node[]): Read | string {
  if (items.length > LONGEST_LIST) return `A list has at most ${LONGEST_LIST} texts.`;
  const texts = items.map((item) => (isScalar(item) && item.tag === undefined ? item.value : undefined));
  if (!texts.every((text) => typeof text === "string")) return "A list holds texts only: quote each.";
  const wrong = texts.map(complaintAbout).find((complaint) => complaint !== undefined);
  return wrong ?? { type: { type: "Set", element: { type: "String" } }, value: [...new Set(texts)] };
}

const DECIMAL = /^-?\d{1,14}\.\d{1,4}$/;

function readDecimal([only, ...more]: readonly Pair<Node, Node | null>[]): Read | string {
  if (only === undefined || more.length > 0 || !isScalar(only.key) || only.key.value !== "decimal")
    return UNKNOWN;
  const text = isScalar(only.value) ? only.value.value : undefined;
  if (typeof text !== "string" || !DECIMAL.test(text))
    return 'A decimal is quoted and has one to four places: { decimal: "5000.00" }.';
  return {
    type: { type: "Extension", name: "decimal" },
    value: { __extn: { fn: "decimal", arg: text } },
  };
}
