import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { describe, test } from "node:test";
import {
  at,
  codes,
  folder,
  has,
  NOBODY,
  PERL_WAITS,
  running,
  type Start,
  script,
  skip,
  ticks,
  UID,
  WAITS,
} from "./fixture.ts";
import { attestProcess } from "./index.ts";

describe("scripts under another user", { skip }, () => {
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

  test("a program that is called an interpreter shows no script unless it is that one, and not its user's own", async () => {
    const path = script("honest-main.pl", PERL_WAITS);
    mkdirSync(at("bin"));
    mkdirSync(at("own-bin"));
    chownSync(at("own-bin"), UID, UID);
    copyFileSync(realpathSync("/usr/bin/perl"), at("bin/node"));
    copyFileSync(realpathSync("/usr/bin/perl"), at("bin/perl"));
    copyFileSync(realpathSync("/usr/bin/perl"), at("own-bin/perl"));
    const codesOf = async (program: string) =>
      codes(await attestProcess(await running(at(program), [path]), NOBODY));
    assert.deepEqual(await codesOf("bin/node"), ["interpreter_unproven"]);
    assert.deepEqual(await codesOf("own-bin/perl"), ["interpreter_writable"]);
    assert.deepEqual(await codesOf("bin/perl"), []);
    chownSync(at("bin/perl"), UID, UID);
    assert.deepEqual(await codesOf("bin/perl"), ["interpreter_writable"]);
  });

  test("a list of others who may write makes a script writable, and so does a capability over all files", async () => {
    const path = script("listed.pl", PERL_WAITS);
    const setList = (name: string, mask: number) =>
      execFileSync("perl", [
        "-e",
        `$path = "$ARGV[0]"; $name = "system." . "posix_acl_access"; $acl = pack("V(vvV)5", 2, 1,6,0xffffffff, 2,6,${UID}, 4,4,0xffffffff, 16,${mask},0xffffffff, 32,4,0xffffffff);
         syscall(${process.arch === "x64" ? 188 : 5}, $path, $name, $acl, length $acl, 0) == 0 or die $!`,
        name,
      ]);
    const shown = async () => codes(await attestProcess(await running("perl", [path]), NOBODY));
    assert.deepEqual(await shown(), []);
    setList(path, 4);
    assert.deepEqual(await shown(), []);
    setList(path, 6);
    assert.deepEqual(await shown(), ["script_writable"]);
    const plain = script("plain.pl", PERL_WAITS);
    const able = ["--reuid", String(UID), "--regid", String(UID), "--clear-groups"];
    for (const capability of ["dac_override", "fowner"]) {
      const caps = ["--inh-caps", `+${capability}`, "--ambient-caps", `+${capability}`];
      const peer = await running("setpriv", [...able, ...caps, "perl", plain], { uid: 0 });
      assert.deepEqual(codes(await attestProcess(peer, NOBODY)), ["interpreter_writable"], capability);
    }
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
});
