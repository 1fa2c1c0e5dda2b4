import { spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { bold, faint, green, say, Trouble } from "./say.ts";
import { start } from "./serve.ts";

const STORY = fileURLToPath(new URL("../examples/quarterly-review/story.ts", import.meta.url));
/** The story registers this person, so that whoever watches it can sign in afterwards. */
const GUEST = "guest@demo.example";
const MARK = "made-by-demo";
const TRUST_DOMAIN = "demo.countersign.local";

interface DemoOptions {
  again?: boolean;
  data: string;
  port: string;
}

/** `demo`, which `npm start` runs: a control plane of its own with a story played into it over HTTP. */
export function demoCommand(program: Command): void {
  program
    .command("demo")
    .description("start a control plane of its own, play the quarterly review into it, and stay up")
    .option("--again", "forget the last demo and play anew")
    .option("--data <folder>", "where the demo is kept", ".countersign/demo")
    .option("--port <port>", "the port to listen on", "4600")
    .action(demo);
}

async function demo({ again, data, port }: DemoOptions): Promise<void> {
  if (!existsSync(STORY))
    throw new Trouble(
      "The story is not part of this installation.",
      "Run it from a checkout, or try `countersign up`.",
    );
  if (again) forget(data);
  markAsDemo(data);
  const server = await start({ data, port, host: "127.0.0.1", trustDomain: TRUST_DOMAIN });
  try {
    await playOrServe(server, data);
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function playOrServe(server: Awaited<ReturnType<typeof start>>, data: string): Promise<void> {
  const first = await server.firstLink();
  if (first !== undefined) await play(server.issuer, first, join(data, "story"));
  else
    say.line(
      faint(
        "The story has been played before; this serves what is there. `npm start -- --again` plays anew.",
      ),
    );
  const link = await server.enrolmentLink(GUEST).catch(() => {
    throw new Trouble("The last demo did not come to its end.", "Play it anew: npm start -- --again");
  });
  say.line(`\n${green("✓")} ${bold(server.issuer)} stays up. Ctrl-C stops everything.`);
  say.line(`  Sign in (once, within ten minutes): ${link}`);
  say.line("  Then try:");
  say.line(`    ${faint("the page")}      what waited for Marta, and what you may see as an administrator`);
  say.line(
    "    npm run countersign -- login <code>          a terminal of your own, with a code from that page",
  );
  say.line("    npm run countersign -- agents                who is there");
  say.line("    npm run countersign -- task trace <id>       who did what on whose authority");
  say.line("    npm run countersign -- audit verify          the proof that nothing was changed");
}

/** Says that this folder is a demo's, so that only such a one is ever forgotten. */
function markAsDemo(data: string): void {
  if (existsSync(data)) return;
  mkdirSync(data, { recursive: true, mode: 0o700 });
  writeFileSync(join(data, MARK), "A demo made this folder; `--again` removes it.\n", { mode: 0o600 });
}

/** Refuses to remove anything that a demo has not made. */
function forget(data: string): void {
  if (process.env.DATABASE_URL !== undefined) {
    throw new Trouble(
      "--again forgets a folder, and this demo is in a database.",
      "Give DATABASE_URL an empty database.",
    );
  }
  const isDemo = existsSync(join(data, MARK));
  if (existsSync(data) && !isDemo)
    throw new Trouble(`${data} was not made by a demo.`, "Remove it yourself if you are sure.");
  rmSync(data, { recursive: true, force: true });
}

function play(issuer: string, first: string, folder: string): Promise<void> {
  const args = [
    "--disable-warning=ExperimentalWarning",
    STORY,
    "--issuer",
    issuer,
    "--folder",
    resolve(folder),
  ];
  // In the environment, not among the arguments, which every user of this machine can read.
  const env = { ...process.env, COUNTERSIGN_FIRST_LINK: first };
  const story = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"], env });
  return new Promise((done, fail) => {
    story.on("error", fail);
    story.on("exit", (code) =>
      code === 0
        ? done()
        : fail(new Trouble("The story did not come to its end.", "Its last line says where.")),
    );
  });
}
