/**
 * Proves the stairs of ARCHITECTURE.md: a room of the server imports only rooms that come earlier, and only
 * through their door; packages import only what they may. Prints every breach and exits 1.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");

export const ROOMS = [
  "lib",
  "http",
  "database",
  "audit",
  "keys",
  "acme",
  "revocation",
  "registry",
  "catalog",
  "login",
  "attestation",
  "spiffe",
  "delegation",
  "policy",
  "approvals",
  "authzen",
  "vault",
  "oauth",
  "signals",
  "gateway",
  "threats",
  "governance",
  "manifest",
  "app",
  "main",
] as const;

/** What each package may import of ours. `cli` reaches the server only by dynamic import. */
const PACKAGES: Record<string, readonly string[]> = {
  proof: [],
  cedar: [],
  sdk: ["proof", "cedar"],
  host: ["proof"],
  server: ["proof", "cedar", "host"],
  cli: ["sdk", "proof", "cedar"],
  examples: ["sdk", "proof", "cedar"],
};
const DYNAMIC: Record<string, readonly string[]> = { cli: ["server", "host"] };
/** Tests may use a story's people, too. */
const TESTED_WITH: readonly string[] = ["examples"];

/** Tests and what only tests import: suites, fixtures, things in memory. */
const isForTests = (file: string): boolean =>
  /\.test\.ts$|(^|[/-])fixture\.ts$|\/test-[a-z-]+\.ts$/.test(file);

/** Names of folders that say nothing about what is in them. */
const DRAWERS = new Set(["core", "common", "types", "utils", "helpers"]);

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^"';]*?from\s*["']([^"']+)["']|(?:^|\n)\s*import\s*["']([^"']+)["']/g;
const DYNAMIC_IMPORT = /\bimport\(\s*["']([^"']+)["']\s*\)/g;

/** Every breach of the rules in a file, as sentences. */
export function breachesIn(file: string, source: string): string[] {
  const name = file.split("/")[0] ?? "";
  const stated = [...source.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? "");
  const dynamic = [...source.matchAll(DYNAMIC_IMPORT)].map((match) => match[1] ?? "");
  const allowed = [...(PACKAGES[name] ?? []), ...(isForTests(file) ? TESTED_WITH : [])];
  return [
    ...stated.flatMap((target) => packageBreach(file, name, target, allowed)),
    ...dynamic.flatMap((target) => packageBreach(file, name, target, [...allowed, ...(DYNAMIC[name] ?? [])])),
    ...[...stated, ...dynamic].flatMap((target) => roomBreach(file, target)),
  ];
}

function packageBreach(file: string, from: string, target: string, allowed: readonly string[]): string[] {
  const to = /^@countersign\/([a-z]+)/.exec(target)?.[1] ?? outsideFolder(file, target);
  if (to === undefined || to === from || allowed.includes(to) || !(from in PACKAGES)) return [];
  return [`${file} imports ${target}: ${from} may import ${allowed.join(", ") || "nothing of ours"}`];
}

/** The package that a relative import reaches, where that is another one. */
function outsideFolder(file: string, target: string): string | undefined {
  if (!target.startsWith(".")) return undefined;
  const [folder] = join(dirname(file), target).split("/");
  return folder === file.split("/")[0] ? undefined : folder;
}

function roomBreach(file: string, target: string): string[] {
  if (!file.startsWith("server/") || !target.startsWith(".")) return [];
  const reached = join(dirname(file), target);
  if (!reached.startsWith("server/")) return [];
  if (isForTests(reached)) return isForTests(file) ? [] : [`${file} imports ${target}, which is for tests`];
  const [from, to] = [roomOf(file), roomOf(reached)];
  if (from === to) return [];
  const [fromStep, toStep] = [ROOMS.indexOf(from as never), ROOMS.indexOf(to as never)];
  if (fromStep < 0 || toStep < 0)
    return [`${file}: there is no room ${fromStep < 0 ? from : to} on the stairs`];
  if (toStep > fromStep) return [`${file} imports ${target}: ${to} stands above ${from}`];
  return reached.endsWith(`${to}/index.ts`)
    ? []
    : [`${file} imports ${target}: not through the door of ${to}`];
}

const roomOf = (file: string): string => (file.split("/")[1] ?? "").replace(/(\.test)?\.ts$/, "");

function* sourceFiles(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    if (name === "node_modules" || name.startsWith(".")) continue;
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* sourceFiles(path);
    else if (name.endsWith(".ts")) yield relative(ROOT, path);
  }
}

function drawersIn(files: readonly string[]): string[] {
  const drawers = files.flatMap((file) =>
    file.split("/").filter((part) => DRAWERS.has(part.replace(/\.ts$/, ""))),
  );
  return [...new Set(drawers)].map(
    (name) => `a folder or file called ${name} says nothing about what is in it`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = [...sourceFiles(ROOT)];
  const breaches = [
    ...drawersIn(files),
    ...files.flatMap((file) => breachesIn(file, readFileSync(join(ROOT, file), "utf8"))),
  ];
  for (const breach of breaches) console.error(breach);
  console.log(`stairs: ${files.length} files, ${breaches.length} breaches`);
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
