/**
 * Runs every test, the files of a room in one process: starting Node and loading what is tested costs most files
 * more than testing it, and what one file has made warm is warm for the next. Arguments name folders to run alone.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { pathToFileURL } from "node:url";
import { type Group, groupsOf, isTests, type Source } from "./groups.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const ENTRIES = join(ROOT, "node_modules/.cache/test-entries", String(process.pid));
const PACKAGES = "{proof,cedar,host,server,sdk,cli,examples,tools,conformance}/**/*.ts";
/** For one test, in milliseconds. */
const TIMEOUT = 240_000;
/** One more than the processors of a small machine: much of what tests do is wait. */
const PROCESSES = 3;

/** Every module that tests could import, of the packages; the tests of these folders alone, or of all. */
function sources(folders: readonly string[]): Source[] {
  const isWanted = (path: string): boolean =>
    folders.length === 0 || folders.some((folder) => path.startsWith(`${folder.replace(/\/$/, "")}/`));
  const paths = globSync(PACKAGES, { cwd: ROOT, exclude: (path) => path.includes("node_modules") });
  return paths
    .map((path) => ({ path, source: readFileSync(join(ROOT, path), "utf8") }))
    .filter((file) => !isTests(file) || isWanted(file.path))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Where a process begins: with its one file, or with nothing but the loading of several. */
function entryOf(group: Group, index: number): string {
  const [only = "", ...others] = group;
  if (others.length === 0) return join(ROOT, only);
  const url = (path: string): string => JSON.stringify(pathToFileURL(join(ROOT, path)));
  const loads = group.map((path) => `testsOf(${JSON.stringify(path)}, () => import(${url(path)}));\n`);
  const entry = join(ENTRIES, `${index} ${dirname(only).replaceAll("/", "-")}.mjs`);
  writeFileSync(entry, `import { testsOf } from ${url("tools/suite/file.ts")};\n${loads.join("")}`);
  return entry;
}

mkdirSync(ENTRIES, { recursive: true });
process.once("exit", () => rmSync(ENTRIES, { recursive: true }));
const groups = groupsOf(sources(process.argv.slice(2)));

// Whoever stops it stops what it has started.
const stopped = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stopped.abort());

// Failed, until everything has run and nothing has.
process.exitCode = 1;
run({ files: groups.map(entryOf), concurrency: PROCESSES, timeout: TIMEOUT, signal: stopped.signal })
  .on("test:summary", ({ file, success }) => {
    if (file === undefined && success && groups.length > 0) process.exitCode = 0;
  })
  .compose(spec)
  .pipe(process.stdout);
