/** For tests only: a server by itself, and the program as its administrator types it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock } from "node:test";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { Person } from "../examples/authenticator/person.ts";
import { run, type ServerByHand, startByHand } from "../examples/quarterly-review/server-by-hand.ts";
import { Misuse, Trouble } from "./say.ts";
import { verbs } from "./verbs.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

export interface Terminal {
  readonly server: ServerByHand;
  /** Where the program keeps its sessions. */
  readonly home: string;
  /** With which Ada, the administrator, signs in. */
  readonly code: string;
  /** Runs the program, which must end well and say this. */
  says(wanted: RegExp, ...args: string[]): Promise<string>;
  /** Runs the program, which must end so, say this, and nothing of its inside. */
  refuses(exit: 1 | 2, wanted: RegExp, ...args: string[]): Promise<string>;
  /** As `says`, without a process of its own: it costs a hundredth. */
  tells(wanted: RegExp, ...args: string[]): Promise<string>;
  /** As `refuses`, without a process of its own; what is refused says what to do next. */
  turnsAway(exit: 1 | 2, wanted: RegExp, ...args: string[]): Promise<void>;
  close(): Promise<void>;
}

export async function openTerminal(): Promise<Terminal> {
  const server = await startByHand();
  const home = mkdtempSync(join(tmpdir(), "countersign-home-"));
  const ada = new Person(server.issuer);
  await ada.becomeAdministrator(server.link, { name: "Ada Admin", email: "ada@acme.example" });
  const code = String((await ada.browser.send("POST", "/login/terminal-code")).code);
  const ended = async (exit: number, wanted: RegExp, args: readonly string[]): Promise<string> => {
    const program = run([MAIN, ...args], { COUNTERSIGN_ISSUER: server.issuer, XDG_CONFIG_HOME: home });
    const status = await program.ended;
    const output = program.output();
    assert.equal(status, exit, `${args.join(" ")}: ${output}`);
    assert.match(output, wanted);
    return output;
  };
  const types = (args: readonly string[]): Promise<string> =>
    typed(args, { COUNTERSIGN_ISSUER: server.issuer, XDG_CONFIG_HOME: home });
  return {
    server,
    home,
    code,
    async tells(wanted, ...args) {
      const output = await types(args);
      assert.match(output, wanted, args.join(" "));
      return output;
    },
    turnsAway: (exit, wanted, ...args) =>
      assert.rejects(types(args), (error) => {
        assert.ok(error instanceof Trouble && error instanceof Misuse === (exit === 2), String(error));
        assert.ok(error.remedy, `nothing says what to do about: ${error.message}`);
        assert.match(`${error.message}\n  ${error.remedy}`, wanted, args.join(" "));
        return true;
      }),
    says: (wanted, ...args) => ended(0, wanted, args),
    async refuses(exit, wanted, ...args) {
      const output = await ended(exit, wanted, args);
      assert.doesNotMatch(output, /\n\s+at /, "no stack trace");
      assert.ok(!output.includes("\u001b"), "no colours into a pipe");
      return output;
    },
    async close() {
      await server.stop();
      rmSync(home, { recursive: true });
    },
  };
}

/** What these words print, where all ends well. The program is this process, for as long as it takes. */
async function typed(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const program = new Command().exitOverride();
  for (const add of verbs) add(program);
  const lines: string[] = [];
  const printing = mock.method(console, "log", (line: string) => lines.push(line));
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, env);
  try {
    await program.parseAsync(args, { from: "user" });
    assert.equal(process.exitCode, undefined, lines.join("\n"));
    return `${lines.join("\n")}\n`;
  } finally {
    process.exitCode = undefined;
    printing.mock.restore();
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  }
}
