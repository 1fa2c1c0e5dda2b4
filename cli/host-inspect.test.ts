import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const isRoot = process.getuid?.() === 0;

describe("host inspect, as somebody uses it who has to write an entry", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "countersign-inspect-")));
  chmodSync(folder, 0o755);
  const children: ChildProcess[] = [];
  after(() => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  async function running(name: string, args: readonly string[] = []): Promise<number> {
    const path = join(folder, name);
    writeFileSync(path, "$| = 1; print 'there'; sleep 60;");
    const as = isRoot ? { uid: 41_300, gid: 41_300 } : {};
    const child = spawn("perl", [...args, path], {
      cwd: "/",
      env: {},
      stdio: ["ignore", "pipe", "ignore"],
      ...as,
    });
    children.push(child);
    await once(child.stdout, "data");
    return child.pid ?? 0;
  }

  async function inspect(...args: string[]): Promise<{ code: number | null; output: string }> {
    const program = spawn(process.execPath, [
      "--disable-warning=ExperimentalWarning",
      MAIN,
      "host",
      "inspect",
      ...args,
    ]);
    let output = "";
    for (const stream of [program.stdout, program.stderr])
      stream.on("data", (data) => {
        output += String(data);
      });
    const [code] = await once(program, "close");
    assert.ok(!output.includes("\u001b"), "no colours into a pipe, and no cursor is moved");
    assert.doesNotMatch(output, /\n\s+at /, "no stack trace");
    return { code, output };
  }

  test("shows what is strong, what is not, and an entry that apply would take", async () => {
    const pid = await running("planner.pl");
    const { code, output } = await inspect(String(pid));
    assert.equal(code, 0);
    assert.match(output, /● unix:uid:\d+/);
    assert.match(output, /◐ process:script:.*planner\.pl/);
    assert.match(output, /○ process:interpreter:perl/);
    const { weaknessOf } = await import("@countersign/host/selector");
    const { identity } = parse(output.slice(output.indexOf("  identity:")));
    assert.equal(weaknessOf(identity.main.selectors), undefined);
    assert.ok(identity.main.selectors.some((one: string) => one.startsWith("process:interpreter_path:")));
    assert.deepEqual(identity.main.files, [{ path: join(folder, "planner.pl"), role: "script" }]);
  });

  test("says what is missing, and what to do about it", async () => {
    const pid = await running("loaded.pl", ["-Mstrict"]);
    const { output } = await inspect(String(pid));
    assert.match(output, /✗ perl was started with -Mstrict.*\(interpreter_option\)/);
    assert.doesNotMatch(output, /process:script/);
    if (isRoot) assert.match(output, /Whatever runs there would be this agent/);
  });

  test("as data, tells the same", async () => {
    const pid = await running("data.pl", ["-Mstrict"]);
    const said = JSON.parse((await inspect("--json", String(pid))).output);
    assert.equal(said.pid, pid);
    assert.ok(said.selectors.includes("process:interpreter:perl"));
    assert.equal(said.withheld[0].code, "interpreter_option");
  });

  test("names of files cannot move the cursor", async () => {
    const { code, output } = await inspect(String(await running("evil\u202e\u009b2J.pl")));
    assert.equal(code, 0);
    assert.match(output, /evil\\u202e\\u009b2J/);
  });

  test("says plainly what is no process", async () => {
    assert.deepEqual(await inspect("4194305"), {
      code: 1,
      output: "✗ There is no process 4194305 any more.\n",
    });
    const { code, output } = await inspect("planner.js");
    assert.equal(code, 2);
    assert.match(output, /named by its number/);
  });
});
