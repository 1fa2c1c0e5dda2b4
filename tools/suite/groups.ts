/** Which test files share a process, by a rule rather than by a list. */
import { dirname, join } from "node:path";

/** A file: where it is, from the root, and what it says. */
export interface Source {
  readonly path: string;
  readonly source: string;
}

/** Files that run one after another in one process. */
export type Group = readonly string[];

/** As many as one process holds without growing much beyond half a gigabyte. */
const MOST = 18;

/** What a file does to its whole process, or reads off it. */
const TOUCHES_ITS_PROCESS =
  /process\.env\.\w+\s*=[^=]|delete process\.env|process\.exitCode|process\.(chdir|umask|memoryUsage)\(|\bmock\.(timers|method|module)\b|\/proc\/self/;

/** Tests of these start other processes and wait for them: their own costs little beside, and they wait side by side. */
const STARTS_PROCESSES = /^(host|cli|examples|tools|conformance)\//;

/** Hooks outside of every test. In a module that several files import they would be those of the first one only. */
const HAS_HOOKS = /import \{[^}]*\b(after|before)(Each)?\b[^}]*\} from "node:test"/;

const IMPORTS = /\bfrom "(\.[^"]+)"/g;

/**
 * Every file of tests in exactly one group; the largest groups first, for what begins last should not last longest.
 * @param files those of tests, and what they import
 */
export function groupsOf(files: readonly Source[]): Group[] {
  const hooked = new Set(withHooks(files).map(({ path }) => path));
  const tests = files.filter(isTests);
  const isAlone = (file: Source): boolean =>
    touchesItsProcess(file) || importsOf(file).some((path) => hooked.has(path));
  const alone = tests.filter(isAlone).map(({ path }) => path);
  const others = tests.filter((file) => !isAlone(file)).map(({ path }) => path);
  const groups = [...Map.groupBy(others, roomOf).values()].flatMap(shares);
  return [...groups.sort((a, b) => b.length - a.length), ...alone.map((path) => [path])];
}

export const isTests = ({ path }: Source): boolean => path.endsWith(".test.ts");

/** Modules that are no files of tests themselves and give hooks to the one that imports them. */
export const withHooks = (files: readonly Source[]): Source[] =>
  files.filter((file) => !isTests(file) && HAS_HOOKS.test(file.source));

/** What a file imports of ours by where it is, from the root. */
export const importsOf = ({ path, source }: Source): string[] =>
  [...source.matchAll(IMPORTS)].map(([, target = ""]) => join(dirname(path), target));

/** Whether a file must have a process to itself for what it does there. */
export const touchesItsProcess = ({ path, source }: Source): boolean =>
  STARTS_PROCESSES.test(path) || TOUCHES_ITS_PROCESS.test(source);

/** A package, or a room of the server: files of one room load the same modules. */
const roomOf = (path: string): string =>
  path
    .split("/")
    .slice(0, path.startsWith("server/") ? 2 : 1)
    .join("/");

/** A room's files in even parts, none larger than a process holds. */
function shares(files: readonly string[]): Group[] {
  const count = Math.ceil(files.length / MOST);
  const size = Math.ceil(files.length / count);
  return Array.from({ length: count }, (_, index) => files.slice(index * size, (index + 1) * size));
}
