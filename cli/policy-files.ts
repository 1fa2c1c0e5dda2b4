import {
  type Dirent,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { openClient } from "./client.ts";
import { Misuse, Trouble } from "./say.ts";

/** A file of policies with what stands beside it, as the server takes them. */
export interface PolicyFile {
  name: string;
  text: string;
  tests?: string;
  settings?: string;
}

/** A set as somebody names it on the command line: a version, `active`, `shipped`, or folders and files. */
export type Which = "active" | "shipped" | { version: string } | { policies: PolicyFile[] };

const ENDINGS = { text: ".cedar", tests: ".test.yaml", settings: ".settings.yaml" } as const;

const VERSION = /^pv_[0-9a-f]{16}$/;

export const isVersion = (word: string): boolean => VERSION.test(word);

/** @throws Misuse for nothing at all; Trouble for what is neither a version nor there */
export function whichOf(words: readonly string[]): Which {
  const [word, ...more] = words;
  if (word === undefined) throw new Misuse("Which policies?", "Name a folder, files, or a version (pv_…).");
  if (more.length === 0 && (word === "active" || word === "shipped")) return word;
  if (more.length === 0 && isVersion(word)) return { version: word };
  return { policies: readDraft(words) };
}

/** Policies from folders and `.cedar` files, with the tests and the settings beside each. */
export function readDraft(paths: readonly string[]): PolicyFile[] {
  const files = paths.flatMap((path) => (isFolder(path) ? readFolder(path) : [readOne(path)]));
  if (files.length === 0)
    throw new Trouble(`There is no .cedar file in ${paths.join(", ")}.`, "Name the folder of your policies.");
  return files;
}

function isFolder(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new Trouble(`There is nothing at ${path}.`, "Check the path.");
  return found.isDirectory();
}

function readFolder(folder: string): PolicyFile[] {
  const names = readdirSync(folder, { withFileTypes: true }).filter(isPlainFile).map(({ name }) => name).sort(); // biome-ignore format: one thought
  const policies = names.filter((name) => name.endsWith(ENDINGS.text));
  for (const ending of [ENDINGS.tests, ENDINGS.settings]) {
    const lonely = names.find(
      (name) => name.endsWith(ending) && !names.includes(`${name.slice(0, -ending.length)}${ENDINGS.text}`),
    );
    if (lonely !== undefined)
      throw new Trouble(
        `${join(folder, lonely)} stands beside no ${ENDINGS.text} file.`,
        "Rename or remove it: a misspelled name must not leave tests or settings out.",
      );
  }
  return policies.map((name) => readOne(join(folder, name)));
}

const isPlainFile = (entry: Dirent): boolean => entry.isFile() || entry.isSymbolicLink();

function readOne(path: string): PolicyFile {
  if (!path.endsWith(ENDINGS.text))
    throw new Misuse(`${path} is no ${ENDINGS.text} file.`, "Name folders or .cedar files.");
  const name = basename(path, ENDINGS.text);
  const beside = (ending: string): string | undefined => {
    const file = join(dirname(path), `${name}${ending}`);
    return existsSync(file) ? read(file) : undefined;
  };
  const [tests, settings] = [beside(ENDINGS.tests), beside(ENDINGS.settings)];
  return {
    name,
    text: read(path),
    ...(tests === undefined ? {} : { tests }),
    ...(settings === undefined ? {} : { settings }),
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new Trouble(`The file ${path} cannot be read.`, "Check its path and its mode.");
  }
}

/** Writes a set into a folder, one file for each part. Files that are there are not touched. */
export function writeSet(folder: string, files: readonly PolicyFile[]): void {
  mkdirSync(folder, { recursive: true });
  for (const file of files) {
    for (const part of ["text", "tests", "settings"] as const) {
      const text = file[part];
      if (text === undefined) continue;
      const path = join(folder, `${file.name}${ENDINGS[part]}`);
      if (existsSync(path)) throw new Trouble(`${path} is there already.`, "Name a folder that is empty.");
      writeFileSync(path, text);
    }
  }
}

/** The files that decide now with these put beside them: one of the same name is replaced, the others stay. */
export async function besideActive(draft: readonly PolicyFile[]): Promise<PolicyFile[]> {
  const { policies } = await openClient().get<{ policies: PolicyFile[] }>("/policies");
  const put = new Set(draft.map(({ name }) => name));
  return [...policies.filter(({ name }) => !put.has(name)), ...draft];
}

/** The draft that was named, beside what decides where that was asked for. */
export async function draftOf(
  words: readonly string[],
  { beside = false }: { beside?: boolean },
): Promise<Which> {
  const which = whichOf(words);
  if (!beside) return which;
  if (typeof which === "string" || "version" in which)
    throw new Misuse("--beside goes with files.", "A version is a whole set already.");
  return { policies: await besideActive(which.policies) };
}
