import { parseSelector } from "./parse.ts";
import type { Selector } from "./selector.ts";
import { weaknessOf } from "./weakness.ts";

/** What an entry for a process could say. */
export interface SuggestedEntry {
  readonly selectors: readonly Selector[];
  readonly files: readonly { readonly path: string; readonly role: "script" }[];
}

/** Of these the first that is there says where or as whom it runs; what lasts longest comes first. */
const PLACES = [
  "container:image_digest",
  "container:image_config_digest",
  "systemd:unit",
  "unix:user",
  "unix:uid",
];
/** And of these, what it runs. */
const PROGRAMS = ["process:script", "unix:path"];

/**
 * The entry that a process's selectors would best be matched by: where or as whom it runs, and what. Its script
 * is declared as a file, so that its digest becomes part of what the agent is, and beside it stands what runs it:
 * another program of the interpreter's name would not run it.
 * @returns undefined when nothing that it shows would carry an entry
 */
export function suggestEntry(attested: readonly Selector[]): SuggestedEntry | undefined {
  const first = (names: readonly string[]): Selector | undefined =>
    names.flatMap((name) => attested.filter((selector) => selector.startsWith(`${name}:`)))[0];
  const [place, program, digest] = [PLACES, PROGRAMS, ["unix:sha256"]].map(first);
  const runBy = program?.startsWith("process:script:") ? first(["process:interpreter_path"]) : undefined;
  const plain = [place, program, runBy].filter((selector) => selector !== undefined);
  const narrow = [...plain, digest].filter((selector) => selector !== undefined);
  const selectors = [plain, narrow].find((each) => each.length > 0 && weaknessOf(each) === undefined);
  if (selectors === undefined) return undefined;
  const script = selectors.map(parseSelector).find((selector) => selector?.kind.name === "process:script");
  return { selectors, files: script === undefined ? [] : [{ path: script.value, role: "script" }] };
}
