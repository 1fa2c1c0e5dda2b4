import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readdirSync, readFileSync, realpathSync, renameSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { processWith } from "../peer/index.ts";
import { isCovered } from "../selector/index.ts";
import {
  at,
  children,
  codes,
  has,
  NOBODY,
  PERL_WAITS,
  peers,
  running,
  script,
  sha256,
  skip,
  UID,
  WAITS,
} from "./fixture.ts";
import { attestProcess } from "./index.ts";

describe("processes under another user", { skip }, () => {
  test("two scripts under one interpreter and one user are told apart, and the interpreter's digest is neither's", async () => {
    const [planner, other] = [script("planner.mjs", WAITS), script("other.mjs", `${WAITS}//`)];
    const [one, two] = await Promise.all(
      [planner, other].map(async (path) => attestProcess(await running(process.execPath, [path]), NOBODY)),
    );
    assert.ok(one && two);
    const entry = ["unix:uid:41234", `process:script:${planner}`, `process:script_sha256:${sha256(WAITS)}`];
    assert.equal(isCovered(entry, one.selectors), true);
    assert.equal(isCovered(entry, two.selectors), false);
    assert.equal(isCovered(entry.slice(0, 2), two.selectors), false);
    for (const attested of [one, two]) {
      assert.ok(has(attested, "process:interpreter:node"));
      assert.ok(!has(attested, "unix:sha256") && !has(attested, "unix:path"));
      assert.deepEqual(codes(attested), []);
    }
  });

  test("the same script under another user is somebody else", async () => {
    const path = script("same.mjs", WAITS);
    const other = await attestProcess(await running(process.execPath, [path], { uid: UID + 1 }), NOBODY);
    assert.equal(isCovered(["unix:uid:41234", `process:script:${path}`], other.selectors), false);
    assert.ok(has(other, "unix:uid:41235"));
  });

  test("scripts of python, perl and shells are known as those of node are", async () => {
    const shell = script("planner.sh", "echo there; while true; do sleep 1; done");
    const perl = script("planner.pl", PERL_WAITS);
    for (const [program, path, name] of [
      ["bash", shell, "bash"],
      ["sh", shell, interpreterOfSh()],
      ["perl", perl, "perl"],
    ] as const) {
      const attested = await attestProcess(await running(program, [path]), NOBODY);
      assert.ok(attested.selectors.includes(`process:script:${path}`), program);
      assert.ok(attested.selectors.includes(`process:interpreter:${name}`), program);
    }
  });

  test("in a pid namespace of another's, users are those of in there and not this machine's", async () => {
    const path = script("contained.pl", PERL_WAITS);
    const child = spawn("unshare", [
      "--pid",
      "--fork",
      "--kill-child",
      "setpriv",
      "--reuid",
      String(UID),
      "--regid",
      String(UID),
      "--clear-groups",
      "perl",
      path,
    ]);
    children.push(child);
    await once(child.stdout, "data");
    const inner = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim());
    const peer = processWith(inner);
    peers.push(peer);
    const attested = await attestProcess(peer, NOBODY);
    assert.ok(!has(attested, "unix:"), attested.selectors.join());
    assert.ok(
      isCovered(["container:uid:41234", "container:gid:41234", `process:script:${path}`], attested.selectors),
    );
  });

  test("a process that executes another program is nobody", async () => {
    const peer = await running("sh", ["-c", "echo there; read go; exec sleep 60"]);
    assert.ok(has(await attestProcess(peer, NOBODY), "process:interpreter"));
    children.at(-1)?.stdin?.write("\n");
    for (let tries = 0; tries < 500 && peer.isAlive(); tries++) await pause(10);
    await assert.rejects(attestProcess(peer, NOBODY), { code: "program_changed" });
  });

  test("a process that is traced is nobody, and so it is found while it is traced", async () => {
    const peer = await running(process.execPath, [script("traced.mjs", WAITS)]);
    const SYS_PTRACE = process.arch === "x64" ? 101 : 117;
    const tracer = spawn("perl", [
      "-e",
      `$| = 1; syscall(${SYS_PTRACE}, 0x4206, ${peer.pid}, 0, 0) == 0 or die; print 1; <STDIN>`,
    ]);
    children.push(tracer);
    await once(tracer.stdout, "data");
    await assert.rejects(attestProcess(peer, NOBODY), { code: "traced" });
  });

  test("a process of which one thread alone is traced is nobody", async () => {
    const peer = await running(process.execPath, [script("threaded.mjs", WAITS)]);
    const thread = readdirSync(`/proc/${peer.pid}/task`).find((id) => Number(id) !== peer.pid);
    assert.ok(thread);
    const SYS_PTRACE = process.arch === "x64" ? 101 : 117;
    const tracer = spawn("perl", [
      "-e",
      `$| = 1; syscall(${SYS_PTRACE}, 0x4206, ${thread}, 0, 0) == 0 or die; print 1; <STDIN>`,
    ]);
    children.push(tracer);
    await once(tracer.stdout, "data");
    await assert.rejects(attestProcess(peer, NOBODY), { code: "traced" });
  });

  test("a process of which one thread alone acts as another user is nobody", async () => {
    const SYS_SETRESUID = process.arch === "x64" ? 117 : 147;
    const koffi = JSON.stringify(import.meta.resolve("koffi"));
    const path = script(
      "two-users.mjs",
      `import koffi from ${koffi};
       const call = koffi.load(null).func("syscall", "long", ["long", "long", "long", "long"]);
       call.async(${SYS_SETRESUID}, ${UID}, ${UID}, ${UID}, () => process.stdout.write("there"));
       setInterval(() => {}, 1000);`,
    );
    const peer = await running(process.execPath, [path], { uid: 0 });
    await assert.rejects(attestProcess(peer, NOBODY), { code: "user_changed" });
  });

  test("a process that has exited is nobody", async () => {
    const peer = await running(process.execPath, [script("exits.mjs", WAITS)]);
    const child = children.at(-1);
    child?.kill("SIGKILL");
    await once(child ?? (peer as never), "exit");
    await assert.rejects(attestProcess(peer, NOBODY), { code: "peer_exited" });
  });

  test("an interpreter is one under any name", async () => {
    copyFileSync(realpathSync("/usr/bin/perl"), at("planner"));
    const attested = await attestProcess(await running(at("planner"), ["-e", PERL_WAITS]), NOBODY);
    assert.ok(attested.selectors.includes("process:interpreter:perl"));
    assert.ok(!has(attested, "unix:sha256"));
  });

  test("a program of its own is known by its digest, and loses it with a preloaded library", async () => {
    copyFileSync(realpathSync("/bin/cat"), at("native"));
    const digest = `unix:sha256:${sha256(readFileSync(at("native")))}`;
    const one = await attestProcess(await running(at("native"), [], { input: "there\n" }), NOBODY);
    assert.ok(one.selectors.includes(digest));
    assert.ok(one.selectors.includes(`unix:path:${at("native")}`));
    const env = { LD_PRELOAD: "" };
    const two = await attestProcess(await running(at("native"), [], { input: "there\n", env }), NOBODY);
    assert.deepEqual(codes(two), ["environment_loads_code"]);
    assert.ok(!has(two, "unix:sha256") && has(two, "unix:uid"));
  });

  test("a program is read only where as whom and where it runs makes that worth while", async () => {
    const peer = await running(at("native"), [], { input: "there\n" });
    const places: (readonly string[])[] = [];
    const look = (answer: boolean) => (place: readonly string[]) => {
      places.push(place);
      return answer;
    };
    const unread = await attestProcess(peer, NOBODY, { worth: look(false) });
    assert.equal(unread.unread, true);
    assert.ok(has(unread, "unix:uid") && !has(unread, "unix:path") && !has(unread, "unix:sha256"));
    const read = await attestProcess(peer, NOBODY, { worth: look(true) });
    assert.ok(read.unread === undefined && has(read, "unix:sha256"));
    assert.deepEqual(places, [unread.selectors, unread.selectors]);
  });

  test("a program whose file is gone is known by nothing of it", async () => {
    copyFileSync(realpathSync("/bin/cat"), at("upgraded"));
    const peer = await running(at("upgraded"), [], { input: "there\n" });
    renameSync(at("native"), at("upgraded"));
    const attested = await attestProcess(peer, NOBODY);
    assert.deepEqual(codes(attested), ["program_deleted"]);
    assert.ok(!has(attested, "unix:sha256") && !has(attested, "unix:path"));
  });

  test("in a user namespace of its user's own nothing is said of its program", async (t) => {
    const path = script("namespaced.mjs", WAITS);
    const child = spawn("unshare", ["-Ur", process.execPath, path], { uid: UID, gid: UID, cwd: "/" });
    children.push(child);
    const [ended] = await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    if (typeof ended === "number") return t.skip("users may make no user namespaces here");
    const peer = processWith(child.pid ?? 0);
    peers.push(peer);
    const attested = await attestProcess(peer, NOBODY);
    assert.deepEqual(codes(attested), ["foreign_user_namespace"]);
    assert.ok(has(attested, "unix:uid:41234") && !has(attested, "process:script"));
    return undefined;
  });

  test("a host that may not look at a process says so, and attests nothing of it", async () => {
    const peer = await running(process.execPath, [script("unseen.mjs", WAITS)]);
    const looker = script(
      "looker.ts",
      `import { processWith } from ${JSON.stringify(fileURLToPath(new URL("../peer/index.ts", import.meta.url)))};
       try { processWith(${peer.pid}); } catch (error) { process.stdout.write(error.code); }`,
    );
    const child = spawn(process.execPath, [looker], { uid: UID + 2, gid: UID + 2, cwd: "/" });
    const [said] = await once(child.stdout, "data");
    assert.equal(String(said), "unreadable");
  });

  test("groups are those that the kernel keeps, and names those of this machine", async () => {
    const drop = `use POSIX; $) = "${UID} 4 24"; POSIX::setgid(${UID}); POSIX::setuid(${UID});`;
    const peer = await running("perl", ["-e", `${drop} ${PERL_WAITS}`], { uid: 0 });
    const { selectors } = await attestProcess(peer, NOBODY);
    assert.ok(
      isCovered(["unix:gid:41234", "unix:supplementary_gid:4", "unix:supplementary_gid:24"], selectors),
    );
    const own = await attestProcess(await running("perl", ["-e", PERL_WAITS], { uid: 0 }), NOBODY);
    assert.ok(isCovered(["unix:user:root", "unix:group:root"], own.selectors));
  });
});

function interpreterOfSh(): string {
  const name = realpathSync("/bin/sh");
  return name.slice(name.lastIndexOf("/") + 1);
}
