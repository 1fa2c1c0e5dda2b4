import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HostRefusal } from "../peer/refusal.ts";
import { requireHarmless } from "./environment.ts";
import { INTERPRETER_MARKS, interpreterByName, interpreterOf } from "./interpreter.ts";
import { scriptIn } from "./interpreter-arguments.ts";

const NONE = new Set<string>();

test("an interpreter is known by its file's name, with whatever version is in it", () => {
  const names: Record<string, string> = {
    "/usr/bin/node": "node",
    "/usr/bin/nodejs": "nodejs",
    "/usr/bin/node22": "node",
    "/usr/bin/python3": "python",
    "/usr/bin/python3.12": "python",
    "/usr/bin/python3.13t": "python",
    "/usr/bin/python3.11-dbg": "python",
    "/opt/pypy3.10": "pypy",
    "/usr/bin/perl5.36.0": "perl",
    "/usr/bin/ruby3.1": "ruby",
    "/usr/bin/php8.2": "php",
    "/usr/sbin/php-fpm8.2": "php-fpm",
    "/usr/bin/lua5.4": "lua",
    "/usr/bin/tclsh8.6": "tclsh",
    "/bin/busybox": "busybox",
    "/usr/lib/erlang/erts-14/bin/beam.smp": "beam.smp",
    "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2": "ld.so",
    "/lib/ld-musl-x86_64.so.1": "ld.so",
    "/lib64/ld-2.31.so": "ld.so",
    "/usr/bin/qemu-aarch64-static": "qemu",
  };
  for (const [path, name] of Object.entries(names)) assert.equal(interpreterByName(path), name, path);
  for (const path of [
    "/opt/planner",
    "/usr/bin/nodejs-exporter",
    "/usr/bin/pythonista",
    "/opt/shell",
    "/opt/constructor",
    "/opt/7",
    "/",
  ])
    assert.equal(interpreterByName(path), undefined, path);
});

test("an interpreter under another name is known by its libraries and by what is in its file", () => {
  assert.equal(interpreterOf("/opt/planner", ["/usr/lib/libpython3.11.so.1.0"], NONE), "python");
  assert.equal(interpreterOf("/opt/planner", ["/usr/lib/jvm/lib/server/libjvm.so"], NONE), "java");
  assert.equal(interpreterOf("/opt/planner", ["/lib/libc.so.6", "/opt/libpythonic.so"], NONE), undefined);
  for (const mark of INTERPRETER_MARKS.filter((one) => !one.includes("SEA")))
    assert.notEqual(interpreterOf("/opt/planner", [], new Set([mark])), undefined, mark);
});

test("an application sealed into node is what its own digest says", () => {
  assert.equal(interpreterOf("/opt/node", [], new Set(INTERPRETER_MARKS)), undefined);
});

test("a script is found among arguments as its interpreter would find it", () => {
  for (const [interpreter, ...words] of [
    ["node", "/a.js"],
    ["node", "/a.js", "-e", "ignored"],
    ["node", "--enable-source-maps", "--max-old-space-size=64", "--disable-warning=X", "/a.js"],
    ["node", "--", "/a.js"],
    ["python", "-uB", "-Wignore", "/a.js", "-c", "x"],
    ["perl", "-w", "/a.js"],
    ["ruby", "-W0", "/a.js"],
    ["php", "/a.js"],
    ["sh", "-eu", "--", "/a.js"],
    ["bash", "-euo", "pipefail", "--norc", "+x", "/a.js"],
    ["java", "-Xmx512m", "-XX:+UseZGC", "-jar", "/a.js", "-cp", "x"],
    ["dotnet", "/a.js"],
    ["deno", "run", "--allow-net=example.org", "-A", "/a.js"],
  ] as const)
    assert.equal(scriptIn(interpreter, [interpreter, ...words]), "/a.js", words.join(" "));
});

test("options that run, load or let in other code leave no script", () => {
  for (const [interpreter, ...words] of [
    ["node"],
    ["node", "-"],
    ["node", ""],
    ["node", "-e", "x"],
    ["node", "-pe", "x"],
    ["node", "--eval=x", "/a.js"],
    ["node", "-r", "/b.js", "/a.js"],
    ["node", "--require=/b.js", "/a.js"],
    ["node", "--import", "/b.js", "/a.js"],
    ["node", "--loader=/b.js", "/a.js"],
    ["node", "--inspect", "/a.js"],
    ["node", "--env-file=/b", "/a.js"],
    ["node", "--title=node /c.js", "/a.js"],
    ["node", "--test", "/a.js"],
    ["node", "-i", "/a.js"],
    ["node", "--max-old-space-size", "/b.js", "/a.js"],
    ["node", "--warnings=/x", "/a.js"],
    ["python", "-c", "x"],
    ["python", "-m", "b"],
    ["python", "-ic", "x"],
    ["python", "-i", "/a.py"],
    ["python", "-W", "error::b.C", "/a.py"],
    ["python", "-X", "frozen_modules=off", "/a.py"],
    ["perl", "-e", "x"],
    ["perl", "-I/b", "/a.pl"],
    ["perl", "-MB", "/a.pl"],
    ["perl", "-x", "/a.pl"],
    ["ruby", "-r/b", "/a.rb"],
    ["php", "-d", "auto_prepend_file=/b", "/a.php"],
    ["php", "-r", "x"],
    ["php", "--", "/a.php"],
    ["dotnet", "--", "/a.dll"],
    ["java", "--", "-jar", "/a.jar"],
    ["sh", "-c", "x"],
    ["sh", "-ec", "x"],
    ["sh", "-s"],
    ["bash", "--rcfile", "/b", "/a.sh"],
    ["bash", "--init-file", "/b", "/a.sh"],
    ["java", "-cp", "/b", "Main"],
    ["java", "-javaagent:/b.jar", "-jar", "/a.jar"],
    ["java", "-XX:OnError=b", "-jar", "/a.jar"],
    ["java", "@/b", "-jar", "/a.jar"],
    ["java", "/a.java"],
    ["deno", "eval", "x"],
    ["deno", "run", "--import-map=/b", "/a.ts"],
    ["deno", "/a.ts"],
    ["deno"],
  ] as const)
    assert.throws(
      () => scriptIn(interpreter, [interpreter, ...words]),
      { code: "interpreter_option" },
      words.join(" "),
    );
});

test("a shell that is started as a login's runs its user's profile first, and shows no script", () => {
  for (const shell of ["sh", "bash", "dash", "ash", "ksh"])
    for (const name of [`-${shell}`, "-", "--"])
      assert.throws(
        () => scriptIn(shell, [name, "/a.sh"]),
        { code: "interpreter_option" },
        `${shell} ${name}`,
      );
});

test("a script that is named relative to a folder is none", () => {
  for (const word of ["a.js", "./a.js", "../a.js", "~/a.js", "file:///a.js", "https://example.org/a.js"])
    assert.throws(() => scriptIn("node", ["node", word]), { code: "script_relative" }, word);
});

test("an interpreter whose arguments are not understood here shows no script", () => {
  for (const interpreter of ["ld.so", "busybox", "bun", "vim", "beam.smp", "constructor", "__proto__", ""])
    assert.throws(
      () => scriptIn(interpreter, [interpreter, "/a"]),
      { code: "interpreter_unread" },
      interpreter,
    );
});

test("whatever the arguments are, a script is an absolute path among them, or there is none", () => {
  const words = fc.array(
    fc.oneof(
      fc.string({ maxLength: 10 }),
      fc.constantFrom("-e", "--", "-", "/a.js", "-jar", "run", "-eo", "--no-warnings"),
    ),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(
      fc.constantFrom("node", "python", "sh", "java", "deno", "perl"),
      words,
      (interpreter, attackerWords) => {
        try {
          const found = scriptIn(interpreter, [interpreter, ...attackerWords]);
          assert.ok(found.startsWith("/") && attackerWords.includes(found));
        } catch (error) {
          assert.ok(error instanceof HostRefusal, String(error));
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("a variable that makes the loader or the interpreter run other code is refused by name, its value never told", () => {
  for (const [interpreter, setting] of [
    [undefined, "LD_PRELOAD=/secret.so"],
    [undefined, "LD_AUDIT=/secret.so"],
    [undefined, "LD_LIBRARY_PATH=/secret"],
    [undefined, "GCONV_PATH=/secret"],
    ["node", "NODE_OPTIONS=--require /secret.js"],
    ["node", "NODE_OPTIONS=--max-old-space-size=64\t-r\t/secret.js"],
    ["nodejs", "NODE_PATH=/secret"],
    ["python", "PYTHONPATH=/secret"],
    ["python", "PYTHONSTARTUP=/secret"],
    ["perl", "PERL5OPT=-Msecret"],
    ["perl", "PERL5LIB=/secret"],
    ["ruby", "RUBYOPT=-rsecret"],
    ["bash", "BASH_ENV=/secret"],
    ["sh", "ENV=/secret"],
    ["bash", "BASH_FUNC_echo%%=() { secret; }"],
    ["java", "JAVA_TOOL_OPTIONS=-javaagent:/secret.jar"],
    ["dotnet", "DOTNET_STARTUP_HOOKS=/secret.dll"],
    ["php", "PHPRC=/secret"],
    ["dotnet", "DOTNET_GCName=/secret.so"],
    ["dotnet", "COMPlus_GCName=/secret.so"],
    ["dotnet", "CORECLR_PROFILER_PATH=/secret.so"],
    ["dotnet", "COR_PROFILER=secret"],
    ["dotnet", "DOTNET_whatever_comes_next=secret"],
    ["dotnet", "ASPNETCORE_HOSTINGSTARTUPASSEMBLIES=secret"],
    ["ruby", "GEM_PATH=/secret"],
    ["ruby", "GEM_HOME=/secret"],
    ["ruby", "BUNDLE_GEMFILE=/secret"],
    ["deno", "DENO_DIR=/secret"],
    ["deno", "DENO_whatever_comes_next=secret"],
  ] as const)
    assert.throws(
      () => requireHarmless(["HOME=/nonexistent", setting], interpreter),
      (error) =>
        error instanceof HostRefusal &&
        error.code === "environment_loads_code" &&
        !error.message.includes("secret"),
      setting,
    );
  requireHarmless(
    [
      "PATH=/bin",
      "NODE_OPTIONS=--enable-source-maps",
      "NODE_ENV=production",
      "LD_BIND_NOW=1",
      "PYTHONPATH=/x",
      "",
      "x",
      "==",
    ],
    "node",
  );
  requireHarmless(["DOTNET_NOLOGO=1", "DOTNET_RUNNING_IN_CONTAINER=true", "CORE=1"], "dotnet");
  requireHarmless(["RUBY_VERSION=3.3", "RUBY_GC_HEAP_GROWTH_FACTOR=1.1", "GEMINI_MODEL=x"], "ruby");
  requireHarmless(["DENO_NO_UPDATE_CHECK=1"], "deno");
});
