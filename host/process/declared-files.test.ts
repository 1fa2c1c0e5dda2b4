import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import type { ProcessPeer } from "../peer/index.ts";
import { at, PERL_WAITS, running, script, sha256, skip, WAITS } from "./fixture.ts";
import { attestProcess, type Wanted } from "./index.ts";

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
    const native = await running("cat", [], { input: "there\n" });
    const declared: Wanted = { files: [{ path: "/etc/passwd", role: "script" }] };
    await assert.rejects(attestProcess(native, declared), { code: "script_differs" });
    await assert.rejects(measured("/srv/prompt.md", "script"), { code: "interpreter_option" });
    const path = script("declared.mjs", WAITS);
    const other = await running(process.execPath, [path]);
    const { files } = await attestProcess(other, { files: [{ path, role: "script" }] });
    assert.deepEqual(files, [{ path, role: "script", sha256: sha256(WAITS) }]);
    const loaded = await running(process.execPath, ["--require", "fs", path]);
    await assert.rejects(attestProcess(loaded, { files: [{ path, role: "script" }] }), {
      code: "interpreter_option",
    });
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
