const PLACEHOLDER = /\{([A-Za-z][A-Za-z0-9_-]{0,63})\}/g;
const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** What stands for an argument while a template is looked at: letters that no URL changes. */
const SAMPLE = "argument";

/** The arguments that a fact's URL names, each once. */
export const placeholdersOf = (template: string): string[] => [
  ...new Set([...template.matchAll(PLACEHOLDER)].map(([, name = ""]) => name)),
];

/** Whether this is a URL that the server may be told to ask: its host and its query are nobody's argument. */
export function isFactUrl(template: string): boolean {
  const plain = template.replace(PLACEHOLDER, SAMPLE);
  if (/[{}\\\s#]/.test(plain) || !URL.canParse(plain)) return false;
  const url = new URL(plain);
  const safe = url.protocol === "https:" || (url.protocol === "http:" && LOCAL.has(url.hostname));
  const [path = "", query = ""] = template.slice(originIn(template).length).split("?", 2);
  const inPath = placeholdersOf(template).length === placeholdersOf(path).length;
  const canonical = url.href === plain;
  return safe && canonical && inPath && !query.includes("{") && url.username === "" && url.password === "";
}

/** Up to the first slash after the host. */
const originIn = (template: string): string => /^[a-z]+:\/\/[^/?#]*/i.exec(template)?.[0] ?? "";

/**
 * The URL for a call's arguments.
 * @param agentArgs the agent's own words: each stays within its own path segment
 * @returns nothing where an argument is missing, or could be read as another path than the one declared:
 *   empty, dots alone, with a slash, a backslash or what does not show
 */
export function factUrl(template: string, agentArgs: Readonly<Record<string, unknown>>): string | undefined {
  const values = new Map<string, string>();
  for (const name of placeholdersOf(template)) {
    const value = Object.hasOwn(agentArgs, name) ? segmentOf(agentArgs[name]) : undefined;
    if (value === undefined) return undefined;
    values.set(name, value);
  }
  const url = template.replace(PLACEHOLDER, (_, name: string) => values.get(name) ?? "");
  // A segment of several arguments, or of one and a dot, might still be one of dots.
  return URL.canParse(url) && new URL(url).href === url ? url : undefined;
}

const LONGEST_SEGMENT = 200;

function segmentOf(agentValue: unknown): string | undefined {
  if (Number.isSafeInteger(agentValue)) return String(agentValue);
  if (typeof agentValue !== "string" || agentValue === "" || agentValue.length > LONGEST_SEGMENT)
    return undefined;
  // Some servers decode before they route, so an encoded slash is a slash and an encoded dot is a dot.
  if (!agentValue.isWellFormed() || /[/\\%]|^\.{1,2}$|[\p{C}\p{Zl}\p{Zp}]/u.test(agentValue))
    return undefined;
  return encodeURIComponent(agentValue);
}
