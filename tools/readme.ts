/** For tests only: the programs that a README shows, compiled, and run as whoever reads it would run them. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

export interface Readme {
  /** Text of the file that a block names in its first line: `agents.yaml`. */
  text(file: string): string;
  /** Where the file of a block is, below its package, so that imports resolve as they do for a reader. */
  path(file: string): string;
  /** What the compiler says of all its programs: nothing. */
  problems(): string;
  remove(): void;
}

/** Writes each code block that begins with a comment of its file's name into a folder inside the package. */
export function openReadme(packageFolder: string): Readme {
  const markdown = readFileSync(`${ROOT}${packageFolder}/README.md`, "utf8");
  const blocks = new Map(
    [...markdown.matchAll(/^```(?:ts|yaml)\n((?:\/\/|#) ([a-z-]+\.(?:ts|yaml))\b[\s\S]*?)^```$/gm)].map(
      ([, text = "", file = ""]) => [file, text],
    ),
  );
  const unnamed = [...markdown.matchAll(/^```ts$/gm)].length;
  const programs = [...blocks.keys()].filter((file) => file.endsWith(".ts"));
  if (programs.length !== unnamed) throw new Error("a program does not say its file's name");
  const folder = mkdtempSync(`${ROOT}${packageFolder}/.readme-`);
  for (const [file, text] of blocks) writeFileSync(`${folder}/${file}`, text);
  return {
    text: (file) => blocks.get(file) ?? missing(file),
    path: (file) => (blocks.has(file) ? `${folder}/${file}` : missing(file)),
    problems: () => compile(folder, programs),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function missing(file: string): never {
  throw new Error(`the README has no ${file}`);
}

function compile(folder: string, files: readonly string[]): string {
  const project = { extends: `${ROOT}tsconfig.json`, include: [], files };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(project));
  const { stdout, stderr } = spawnSync(`${ROOT}node_modules/.bin/tsc`, ["-p", folder], { encoding: "utf8" });
  return `${stdout}${stderr}`;
}

export interface Program {
  /** Tells it a line. */
  tell(line: string): void;
  /** The next line that it says. @throws when it ends without one */
  line(): Promise<string>;
  /** Every line that it has still to say when nothing more is told to it. @throws when it ends with an error */
  rest(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Runs a program in a process of its own, in an environment that holds nothing else. */
export function runProgram(file: string, env: Record<string, string> = {}, args: string[] = []): Program {
  const child = spawn(process.execPath, [file, ...args], { env, stdio: ["pipe", "pipe", "pipe"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let trouble = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    trouble += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    tell: (line) => void child.stdin.write(`${line}\n`),
    async line() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`it ended with ${await ended}: ${trouble}`);
      return value;
    },
    async rest() {
      child.stdin.end();
      const said: string[] = [];
      for await (const line of lines) said.push(line);
      if ((await ended) !== 0) throw new Error(`it ended with an error: ${trouble}`);
      return said;
    },
    async stop() {
      child.kill();
      await ended;
    },
  };
}
