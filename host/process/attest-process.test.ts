import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type ProcessPeer, processWith } from "../peer/index.ts";
import { isCovered } from "../selector/index.ts";
import { type Attested, attestProcess, type Wanted } from "./index.ts";

const isRoot = process.getuid?.() === 0;
const skip = isRoot ? false : "needs root, for processes under other users";
const NOBODY: Wanted = { files: [] };
const UID = 41_234;

const folder = realpathSync(mkdtempSync(join(tmpdir(), "attest-")));
const at = (name: string): string => join(folder, name);
const children: ChildProcess[] = [];
const peers: ProcessPeer[] = [];
const sha256 = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");

before(() => chmodSync(folder, 0o755));
after(() => {
  for (const peer of peers) {
    if (peer.isAlive()) process.kill(peer.pid, "SIGKILL");
    peer.close();
  }
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

interface Start {
  readonly uid?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly input?: string;
}

/** Runs a real process until it says that it is there. */
async function running(program: string, args: readonly string[], start: Start = {}): Promise<ProcessPeer> {
  const { uid = UID, env = {}, cwd = "/" } = start;
  const child = spawn(program, [...args], {
    stdio: ["pipe", "pipe", "ignore"],
    env: { PATH: process.env.PATH, ...env },
    cwd,
    ...(isRoot ? { uid, gid: uid } : {}),
  });
  children.push(child);
  if (start.input !== undefined) child.stdin?.write(start.input);
  await once(child.stdout ?? child, "data");
  const peer = processWith(child.pid ?? 0);
  peers.push(peer);
  return peer;
}

const script = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};
const WAITS = "process.stdout.write('there'); setInterval(() => {}, 1000);";
const PERL_WAITS = "$| = 1; print 'there'; sleep 60;";
/** Longer than a tick, so that what is changed now is younger than what runs. */
const ticks = (): Promise<void> => pause(40);

const codes = (attested: Attested): string[] => attested.withheld?.map(({ code }) => code) ?? [];
const has = (attested: Attested, start: string): boolean =>
  attested.selectors.some((one) => one.startsWith(start));

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

  test("a script behind a link is known by both its names", async () => {
    mkdirSync(at("release-1"));
    script("release-1/main.mjs", WAITS);
    symlinkSync("release-1", at("current"));
    const attested = await attestProcess(await running(process.execPath, [at("current/main.mjs")]), NOBODY);
    assert.ok(attested.selectors.includes(`process:script:${at("current/main.mjs")}`));
    assert.ok(attested.selectors.includes(`process:script:${at("release-1/main.mjs")}`));
  });

  test("a process that rewrites its arguments shows no script", async () => {
    const planner = script("honest.mjs", WAITS);
    const title = script("title.mjs", `process.title = "node ${planner}"; ${WAITS}`);
    assert.deepEqual(codes(await attestProcess(await running(process.execPath, [title]), NOBODY)), [
      "arguments_rewritten",
    ]);
    const honest = script("b.pl", PERL_WAITS);
    for (const lie of [
      `"perl\\0${honest}"`,
      `"perl"`,
      `"perl ${honest}" . (" " x 200)`,
      `"per\\0${honest}\\0"`,
    ]) {
      const path = script("liar-with-a-long-name.pl", `$0 = ${lie}; ${PERL_WAITS}`);
      const attested = await attestProcess(await running("perl", [path]), NOBODY);
      assert.ok(!has(attested, "process:script"), lie);
      assert.deepEqual(codes(attested), ["arguments_rewritten"], lie);
    }
  });

  test("a script that is written to, replaced or moved after the start is not what runs", async () => {
    const ways: Record<string, (path: string) => void> = {
      written: (path) => writeFileSync(path, "// harmless"),
      restored: (path) => {
        const { atime, mtime } = statSync(path);
        writeFileSync(path, `${WAITS} `);
        utimesSync(path, atime, mtime);
      },
      renamed: (path) => renameSync(script("prepared.mjs", "// harmless"), path),
      given: (path) => chownSync(path, UID, UID),
    };
    for (const [way, swap] of Object.entries(ways)) {
      const path = script(`swapped-${way}.mjs`, WAITS);
      const peer = await running(process.execPath, [path]);
      assert.deepEqual(codes(await attestProcess(peer, NOBODY)), [], way);
      await ticks();
      swap(path);
      const attested = await attestProcess(peer, NOBODY);
      assert.deepEqual(codes(attested), ["script_changed"], way);
      assert.ok(!has(attested, "process:script"), way);
    }
  });

  test("a process's user cannot put an old harmless file in the place of the script that runs", async () => {
    const mine = (name: string): void => {
      mkdirSync(at(name), { recursive: true });
      chownSync(at(name), UID, UID);
    };
    for (const name of ["mine", "mine/evil", "mine/good", "mine/bad", "mine/old"]) mine(name);
    for (const name of ["evil", "bad"]) script(`mine/${name}/main.mjs`, WAITS);
    for (const name of ["good", "old"]) script(`mine/${name}/main.mjs`, "// harmless");
    symlinkSync("bad", at("mine/link"));
    const byFolder = await running(process.execPath, [at("mine/evil/main.mjs")]);
    const byLink = await running(process.execPath, [at("mine/link/main.mjs")]);
    for (const peer of [byFolder, byLink]) assert.deepEqual(codes(await attestProcess(peer, NOBODY)), []);
    await ticks();
    symlinkSync("old", at("mine/link-2"));
    renameSync(at("mine/link-2"), at("mine/link"));
    renameSync(at("mine/evil"), at("mine/aside"));
    renameSync(at("mine/good"), at("mine/evil"));
    for (const peer of [byFolder, byLink]) {
      const attested = await attestProcess(peer, NOBODY);
      assert.deepEqual(codes(attested), ["script_replaceable"]);
      assert.ok(!has(attested, "process:script"));
    }
  });

  test("files that come and go beside a script of another user's change nothing", async () => {
    const path = script("steady.mjs", WAITS);
    const peer = await running(process.execPath, [path]);
    await ticks();
    script("a-new-neighbour", "");
    assert.ok(has(await attestProcess(peer, NOBODY), "process:script"));
  });

  test("a script that its own user may write to shows nothing, and one of another user's does", async () => {
    for (const [mode, owner, code] of [
      [0o644, UID, "script_writable"],
      [0o444, UID, "script_writable"],
      [0o666, 0, "script_writable"],
      [0o664, 0, undefined],
    ] as const) {
      const path = script(`mode-${mode}-${owner}.pl`, PERL_WAITS);
      chownSync(path, owner, 0);
      chmodSync(path, mode);
      assert.deepEqual(codes(await attestProcess(await running("perl", [path]), NOBODY)), code ? [code] : []);
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

  test("a process that has exited is nobody", async () => {
    const peer = await running(process.execPath, [script("exits.mjs", WAITS)]);
    const child = children.at(-1);
    child?.kill("SIGKILL");
    await once(child ?? (peer as never), "exit");
    await assert.rejects(attestProcess(peer, NOBODY), { code: "peer_exited" });
  });

  test("code that is not in a file of its own is no script", async () => {
    const path = script("main.mjs", WAITS);
    const preload = script("preload.cjs", "");
    const node = (args: string[], start?: Start) => running(process.execPath, args, start);
    for (const [peer, code] of [
      [await node(["-e", WAITS]), "interpreter_option"],
      [await node(["--require", preload, path]), "interpreter_option"],
      [await node([`--import=${preload}`, path]), "interpreter_option"],
      [await node(["--inspect=127.0.0.1:0", path], { env: {} }), "interpreter_option"],
      [await node(["main.mjs"], { cwd: folder }), "script_relative"],
      [await node([path], { env: { NODE_OPTIONS: `--require ${preload}` } }), "environment_loads_code"],
      [await node([path], { env: { NODE_PATH: folder } }), "environment_loads_code"],
      [await node([path], { env: { LD_LIBRARY_PATH: folder } }), "environment_loads_code"],
      [await node([`${folder}/./main.mjs`]), "script_not_a_file"],
      [
        await node([at("main-without-extension").replace("-without-extension", ".mjs"), "--anything"]),
        undefined,
      ],
      [
        await node(["--disable-warning=X", path], { env: { NODE_OPTIONS: "--max-old-space-size=64" } }),
        undefined,
      ],
      [
        await running("sh", ["-s"], { input: "echo there; while true; do sleep 1; done\n" }),
        "interpreter_option",
      ],
    ] as const) {
      const attested = await attestProcess(peer, NOBODY);
      assert.deepEqual(codes(attested), code === undefined ? [] : [code]);
      assert.equal(has(attested, "process:script:"), code === undefined);
    }
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

describe("files that an agent declares", { skip }, () => {
  let peer: ProcessPeer;
  const jail = at("jail");
  const measured = (path: string, role: "prompt" | "script" = "prompt") =>
    attestProcess(peer, { files: [{ path, role }] }).then(({ files }) => files[0]?.sha256);

  before(async () => {
    for (const name of ["jail", "jail/etc", "jail/srv", "jail/proc"]) mkdirSync(at(name));
    script("jail/etc/passwd", "the jail's own");
    script("jail/srv/prompt.md", "be careful");
    symlinkSync("/etc/passwd", at("jail/srv/absolute"));
    symlinkSync("../../../../../../etc/passwd", at("jail/srv/upwards"));
    symlinkSync("loop", at("jail/srv/loop"));
    symlinkSync("/proc/self/environ", at("jail/srv/magic"));
    truncateSync(script("jail/srv/large", ""), 65 << 20);
    spawn("mkfifo", [at("jail/srv/pipe")]);
    peer = await running("perl", ["-e", `chroot "${jail}" or die; chdir "/"; ${PERL_WAITS}`], { uid: 0 });
  });

  test("are measured as the process sees them, and no link leads out of its root", async () => {
    assert.equal(await measured("/srv/prompt.md"), sha256("be careful"));
    assert.equal(await measured("/srv/absolute"), sha256("the jail's own"));
    assert.equal(await measured("/srv/upwards"), sha256("the jail's own"));
  });

  test("are measured anew when they change, whatever their time says", async () => {
    const { atime, mtime } = statSync(at("jail/srv/prompt.md"));
    writeFileSync(at("jail/srv/prompt.md"), "be careless");
    utimesSync(at("jail/srv/prompt.md"), atime, mtime);
    assert.equal(await measured("/srv/prompt.md"), sha256("be careless"));
  });

  for (const [path, code] of [
    ["/srv/none", "file_missing"],
    ["/srv/loop", "file_missing"],
    ["/srv/magic", "file_missing"],
    ["/srv/pipe", "file_not_regular"],
    ["/srv", "file_not_regular"],
    ["/srv/prompt.md/x", "file_missing"],
    ["/srv/large", "file_too_large"],
    ["/srv/../etc/passwd", "file_path"],
    ["srv/prompt.md", "file_path"],
    ["/srv//prompt.md", "file_path"],
    ["/srv/prompt.md\0x", "file_path"],
    ["/", "file_path"],
  ] as const)
    test(`are refused where there is nothing to measure: ${JSON.stringify(path)}`, async () => {
      await assert.rejects(measured(path), { code });
    });

  test("are no script unless the process is shown to run it", async () => {
    await assert.rejects(measured("/srv/prompt.md", "script"), { code: "script_differs" });
    const path = script("declared.mjs", WAITS);
    const other = await running(process.execPath, [path]);
    const { files } = await attestProcess(other, { files: [{ path, role: "script" }] });
    assert.deepEqual(files, [{ path, role: "script", sha256: sha256(WAITS) }]);
  });

  test("include a model's weights, measured inside the same root", async () => {
    mkdirSync(at("jail/weights"));
    script("jail/weights/a.bin", "weights");
    const { model } = await attestProcess(peer, { files: [], model: { name: "m", path: "/weights" } });
    assert.equal(model?.name, "m");
    assert.equal(model?.files, 1);
    assert.match(model?.root ?? "", /^[0-9a-f]{64}$/);
  });
});

function interpreterOfSh(): string {
  const name = realpathSync("/bin/sh");
  return name.slice(name.lastIndexOf("/") + 1);
}
