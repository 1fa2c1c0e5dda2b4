/**
 * Which programs run whatever file they are given: their digest says nothing about what runs. Known by their
 * file's name, by a library of theirs that the process has mapped, and by a text that is in every build of them,
 * so that a copy under another name is known, too. Programs that are not in these lists count as what their
 * digest says; docs/enforcement.md names that limit.
 */
const NAMES = [
  ...["node", "nodejs", "deno", "bun", "electron", "qjs", "d8"],
  ...["python", "pypy", "perl", "ruby", "jruby", "truffleruby", "php", "php-cgi", "php-fpm", "phpdbg"],
  ...["java", "jshell", "kotlin", "groovy", "scala", "dotnet", "mono", "pwsh", "powershell"],
  ...[
    "sh",
    "bash",
    "rbash",
    "dash",
    "ash",
    "zsh",
    "ksh",
    "mksh",
    "fish",
    "tcsh",
    "csh",
    "busybox",
    "toybox",
    "nu",
  ],
  ...[
    "lua",
    "luajit",
    "tclsh",
    "wish",
    "expect",
    "guile",
    "racket",
    "sbcl",
    "clisp",
    "emacs",
    "vim",
    "vi",
    "nvim",
  ],
  ...[
    "R",
    "Rscript",
    "julia",
    "octave",
    "octave-cli",
    "ghci",
    "runghc",
    "ocaml",
    "beam.smp",
    "erl",
    "escript",
  ],
  ...["awk", "gawk", "mawk", "nawk", "original-awk", "sed", "make", "gmake", "gdb", "lldb", "wine", "wine64"],
  ...[
    "wasmtime",
    "wasmer",
    "wasmedge",
    "gjs",
    "swipl",
    "psql",
    "sqlite3",
    "gmsh",
    "gnuplot",
    "m4",
    "bpftrace",
  ],
] as const;

const byName = new Map<string, string>(NAMES.map((name) => [name, name]));

const LIBRARIES: readonly (readonly [RegExp, string])[] = [
  [/^libpython(?:\d[\d.]*[a-z]*)?\.so/, "python"],
  [/^libperl\.so/, "perl"],
  [/^libruby(?:-[\d.]+)?\.so/, "ruby"],
  [/^libphp[\d.]*\.so/, "php"],
  [/^libjvm\.so/, "java"],
  [/^libnode\.so/, "node"],
  [/^lib(?:coreclr|monosgen-2\.0|mono-2\.0)\.so/, "dotnet"],
  [/^libguile-[\d.]+\.so/, "guile"],
];

/** In every build of the program, and hardly elsewhere. */
const MARKS: Readonly<Record<string, string>> = {
  "internal/bootstrap/realm": "node",
  "internal/bootstrap/loaders": "node",
  Py_BytesMain: "python",
  PyRun_SimpleFileEx: "python",
  perl_parse: "perl",
  ruby_process_options: "ruby",
  zend_execute_scripts: "php",
  JLI_Launch: "java",
  BASH_VERSINFO: "bash",
  "BusyBox v": "busybox",
};

/** Node with an application in it (a "single executable application"): that one is what its digest says. */
const SEALED = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1";

/** What is looked for in a program's file. */
export const INTERPRETER_MARKS: readonly string[] = [...Object.keys(MARKS), SEALED];

/** @param path of the program's file, absolute */
export function interpreterByName(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (/^ld[-.].*\.so(?:\.|$)|^ld\.so/.test(name)) return "ld.so";
  if (/^qemu-/.test(name)) return "qemu";
  const [, plain = name] =
    /^(.*?[A-Za-z])[-.]?\d[\d.]*(?:[a-z]{1,2})?(?:-(?:dbg|debug|static))?$/.exec(name) ?? [];
  return byName.get(name) ?? byName.get(plain);
}

/**
 * Which interpreter a process runs, if any.
 * @param path of its program's file
 * @param libraries paths of the files that it has mapped
 * @param marks those of `INTERPRETER_MARKS` that are in the program's file
 */
export function interpreterOf(
  path: string,
  libraries: readonly string[],
  marks: ReadonlySet<string>,
): string | undefined {
  if (marks.has(SEALED)) return undefined;
  return interpreterByName(path) ?? byLibrary(libraries) ?? byMark(marks);
}

/** Of which every build bears a mark, or maps its library; of the others the name has to do. */
const PROVABLE: Readonly<Record<string, string>> = {
  node: "node",
  nodejs: "node",
  python: "python",
  perl: "perl",
  ruby: "ruby",
  php: "php",
  java: "java",
  dotnet: "dotnet",
  bash: "bash",
  rbash: "bash",
};

/** Whether a program is the interpreter that its name says, as far as such are told from others at all. */
export function isNamedRightly(
  interpreter: string,
  libraries: readonly string[],
  marks: ReadonlySet<string>,
): boolean {
  const kind = PROVABLE[interpreter];
  const isMarked = Object.entries(MARKS).some(([mark, of]) => of === kind && marks.has(mark));
  return kind === undefined || isMarked || byLibrary(libraries) === kind;
}

function byLibrary(libraries: readonly string[]): string | undefined {
  const names = libraries.map((path) => path.slice(path.lastIndexOf("/") + 1));
  return LIBRARIES.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1];
}

const byMark = (marks: ReadonlySet<string>): string | undefined =>
  Object.entries(MARKS).find(([mark]) => marks.has(mark))?.[1];
