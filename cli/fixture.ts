/** For tests only: a server by itself, and the program as its administrator types it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Person } from "../examples/authenticator/person.ts";
import { run, type ServerByHand, startByHand } from "../examples/quarterly-review/server-by-hand.ts";

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
  return {
    server,
    home,
    code,
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
