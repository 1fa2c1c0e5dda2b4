import { HostRefusal } from "../peer/refusal.ts";
import { areHarmlessNodeOptions } from "./interpreter-arguments.ts";

/** Variables by which the loader, or a library that nearly everything has, runs other code first. */
const LOADER =
  /^(?:LD_(?!BIND_NOW$|WARN$)[A-Z0-9_]+|GCONV_PATH|OPENSSL_(?:CONF|MODULES|ENGINES)|MALLOC_.*HOOK.*)$/;

const shell = /^(?:BASH_ENV|ENV|SHELLOPTS|BASHOPTS|PS4|BASH_FUNC_.*)$/;
const python =
  /^PYTHON(?:PATH|HOME|STARTUP|INSPECT|USERBASE|PLATLIBDIR|BREAKPOINT|WARNINGS|EXECUTABLE|CASEOK|PYCACHEPREFIX|_FROZEN_MODULES)$/;

/** These runtimes take more variables than a list could follow: all but the harmless. */
const dotnet =
  /^(?:DOTNET|COMPlus|CORECLR|COR)_(?!(?:NOLOGO|ENVIRONMENT|VERSION|RUNNING_IN_CONTAINER|RUNNING_IN_CONTAINERS|CLI_TELEMETRY_OPTOUT|SYSTEM_GLOBALIZATION_INVARIANT|USE_POLLING_FILE_WATCHER)$)|^ASPNETCORE_HOSTINGSTARTUP/i;
const ruby =
  /^(?:RUBY(?!_(?:VERSION|DOWNLOAD_.*|GC_.*|THREAD_.*|YJIT_ENABLE)$)|GEM_|BUNDLER?_(?!(?:WITHOUT|SILENCE_ROOT_WARNING)$))/;
const deno =
  /^(?:DENO_(?!(?:NO_UPDATE_CHECK|NO_PROMPT|VERSION|DEPLOYMENT_ID)$)|NPM_CONFIG_REGISTRY$|JSR_URL$)/;

/** By interpreter. */
const INTERPRETER: Readonly<Record<string, RegExp>> = {
  node: /^(?:NODE_PATH|NODE_REPL_EXTERNAL_MODULE|NODE_COMPILE_CACHE)$/,
  python,
  pypy: python,
  perl: /^(?:PERL5OPT|PERL5LIB|PERLLIB|PERL5DB|PERL_.*)$/,
  ruby,
  deno,
  php: /^(?:PHPRC|PHP_INI_SCAN_DIR)$/,
  lua: /^LUA_(?:INIT|PATH|CPATH).*$/,
  java: /^(?:JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|JAVA_OPTIONS)$/,
  dotnet,
  sh: shell,
  bash: shell,
  rbash: shell,
  dash: shell,
  ash: shell,
  ksh: shell,
  mksh: shell,
};

/**
 * Refuses an environment that makes a program run other code than its own. The process's own word, like its
 * arguments: who means well is held to it, who does not is held by the user that it runs under.
 * @throws HostRefusal `environment_loads_code`, naming the variable and never its value
 */
export function requireHarmless(
  attackerEnvironment: readonly string[],
  interpreter: string | undefined,
): void {
  const own = INTERPRETER[interpreter === "nodejs" ? "node" : (interpreter ?? "")];
  for (const setting of attackerEnvironment) {
    const at = setting.indexOf("=");
    const [name, value] = at < 0 ? [setting, ""] : [setting.slice(0, at), setting.slice(at + 1)];
    const isNodeOptions = name === "NODE_OPTIONS" && !areHarmlessNodeOptions(value);
    if (LOADER.test(name) || own?.test(name) || isNodeOptions) throw loadsCode(name);
  }
}

const loadsCode = (name: string): HostRefusal =>
  new HostRefusal(
    "environment_loads_code",
    `It was started with ${name.slice(0, 60)}, by which other code than the program's own is run.`,
    `Start it without ${name.slice(0, 60)}.`,
  );
