import { HostRefusal } from "../peer/refusal.ts";

/** How an interpreter finds its script among its arguments. Closed: an option that is not here is not harmless. */
interface Reading {
  /** A word that must come first. */
  readonly verb?: string;
  /** The option that the script follows; without it the first word that is no option. */
  readonly before?: string;
  /** Whether `--` ends the options; after it php, for one, reads a program from its input. */
  readonly dashes?: true;
  /** Options, whole, that change how the script runs but not which code. */
  readonly harmless: RegExp;
  /** Of these the ones whose value is the next argument. */
  readonly valued?: RegExp;
}

const NODE_FLAGS = [
  "(?:no-)?(?:warnings|deprecation|experimental-strip-types|strip-types|experimental-transform-types)",
  "(?:no-)?(?:enable-source-maps|experimental-sqlite|experimental-websocket|network-family-autoselection)",
  "trace-(?:warnings|deprecation|exit|uncaught|sigint|sync-io)",
  "throw-deprecation|pending-deprecation|expose-gc|frozen-intrinsics|disallow-code-generation-from-strings",
  "use-(?:system|openssl|bundled)-ca|abort-on-uncaught-exception|permission|tls-(?:min|max)-v1\\.[0-3]",
  "(?:disable-warning|max-old-space-size|max-semi-space-size|max-http-header-size|stack-trace-limit)=.*",
  "(?:unhandled-rejections|dns-result-order|allow-fs-read|allow-fs-write|stack-size)=.*",
].join("|");
const NODE_HARMLESS = new RegExp(`^--(?:${NODE_FLAGS})$`);

const shell: Reading = {
  dashes: true,
  harmless: /^[-+](?:[efhuxvCnaEbmT]+o?|o)$|^--(?:norc|noprofile|posix)$/,
  valued: /^[-+][a-zA-Z]*o$/,
};
const node: Reading = { dashes: true, harmless: NODE_HARMLESS };
const python: Reading = {
  dashes: true,
  harmless:
    /^-[uBsSEIOqvbdPR]+$|^-W(?:default|error|always|once|ignore)$|^-X(?:utf8|faulthandler|dev|tracemalloc|importtime)$/,
};

const READINGS: Readonly<Record<string, Reading>> = {
  node,
  nodejs: node,
  python,
  pypy: python,
  perl: { dashes: true, harmless: /^-[wWXTt]+$/ },
  ruby: { dashes: true, harmless: /^-(?:w|W[0-2]?|U|v)$|^--(?:yjit|jit|disable-gems)$/ },
  php: { harmless: /^-[nq]$/ },
  lua: { dashes: true, harmless: /^-W$/ },
  java: {
    before: "-jar",
    harmless:
      /^-X(?:mx|ms|ss)\d+[kmgKMG]?$|^-XX:[+-]Use[A-Za-z0-9]+GC$|^-XX:(?:Max|Initial)RAMPercentage=[\d.]+$|^-(?:server|ea|esa)$|^-Dfile\.encoding=[\w-]+$|^-Duser\.timezone=[\w/+-]+$/,
  },
  dotnet: { harmless: /^$/ },
  deno: {
    verb: "run",
    harmless: /^(?:-A|-q|--quiet|--no-prompt|--no-remote|--cached-only|--(?:allow|deny)-[a-z]+(?:=.*)?)$/,
  },
  sh: shell,
  bash: shell,
  rbash: shell,
  dash: shell,
  ash: shell,
  ksh: shell,
  mksh: shell,
};

/**
 * Which file an interpreter takes for its script, by the arguments that it was started with.
 * @param attackerArguments argv, its own name first
 * @throws HostRefusal `interpreter_unread`, `interpreter_option`, `script_relative`
 */
export function scriptIn(interpreter: string, attackerArguments: readonly string[]): string {
  const reading = Object.hasOwn(READINGS, interpreter) ? READINGS[interpreter] : undefined;
  if (reading === undefined) throw unread(interpreter);
  const [name = "", ...words] = attackerArguments;
  // A shell of that name is a login's: it runs its user's profile first.
  if (reading === shell && name.startsWith("-")) throw option(interpreter, name);
  if (reading.verb !== undefined && words.shift() !== reading.verb)
    throw option(interpreter, "its first word");
  return plain(wordOfScript(interpreter, reading, words));
}

function wordOfScript(interpreter: string, reading: Reading, words: string[]): string {
  for (;;) {
    const word = words.shift();
    if (word === undefined || word === "" || word === "-")
      throw option(interpreter, "a program from its input");
    if (word === reading.before || (word === "--" && reading.dashes === true)) return words.shift() ?? "-";
    const isOption = word.startsWith("-") || (reading === shell && word.startsWith("+"));
    if (!isOption && reading.before === undefined) return word;
    if (!reading.harmless.test(word)) throw option(interpreter, word);
    if (reading.valued?.test(word)) words.shift();
  }
}

/** Relative to what, the process decides: it may change its folder after its start. */
function plain(attackerPath: string): string {
  if (attackerPath.startsWith("/")) return attackerPath;
  throw new HostRefusal(
    "script_relative",
    "Its script is named relative to a folder that the process can change.",
    "Start it with the script's absolute path.",
  );
}

/** What `NODE_OPTIONS` may hold: what may stand before the script. */
export const areHarmlessNodeOptions = (attackerText: string): boolean =>
  attackerText.split(/[ \t]+/).every((word) => word === "" || NODE_HARMLESS.test(word));

const unread = (interpreter: string): HostRefusal =>
  new HostRefusal(
    "interpreter_unread",
    `Which script ${interpreter} runs cannot be told from here.`,
    "Give the agent a systemd unit, a container or a user of its own, and name that.",
  );

const option = (interpreter: string, attackerWord: string): HostRefusal =>
  new HostRefusal(
    "interpreter_option",
    `${interpreter} was started with ${shown(attackerWord)}, which may run other code than the script.`,
    "Start it with the script's absolute path and without that option; what must be loaded first, let the script import.",
  );

/** The option's name, never its value. */
const shown = (attackerWord: string): string => attackerWord.split("=")[0]?.slice(0, 60) ?? "";
