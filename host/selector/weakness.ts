import { interpreterByName } from "../process/interpreter.ts";
import { type ParsedSelector, parseSelector } from "./parse.ts";
import type { Selector } from "./selector.ts";

export interface Weakness {
  /** `selector-unknown`: no process could show it. The others: it would let in too many. */
  readonly code:
    | "selector-unknown"
    | "rests-on-interpreter"
    | "rests-on-anyone"
    | "rests-on-root"
    | "rests-on-shared";
  /** A sentence for whoever wrote the entry. */
  readonly why: string;
  /** What to add; `<…>` stands for what only the writer knows. */
  readonly suggest: readonly Selector[];
}

/**
 * Why an entry with these selectors would let in processes that it does not mean. A user of its own is enough:
 * the kernel keeps users apart. An interpreter is not, wherever it is and whatever its digest: it runs any
 * script. Nor is a program or a script of which not even the user is said: whoever starts it holds it by its
 * environment and its memory. Nor is root, who runs everything, or what many share.
 */
export function weaknessOf(selectors: readonly Selector[]): Weakness | undefined {
  const parsed = selectors.map(parseSelector);
  const unknown = selectors.find((_, i) => parsed[i] === undefined);
  if (unknown !== undefined) return unreadable(unknown);
  const read = parsed.filter((selector) => selector !== undefined);
  const isMeasured = read.some(({ kind }) => kind.carries === "checked");
  if (read.some((one) => kept(one) && (isMeasured || !isShared(one)))) return undefined;
  if (isMeasured) return restsOnAnyone;
  if (read.some(isInterpreter)) return restsOnInterpreter;
  return read.some(isRoot) ? restsOnRoot : restsOnShared;
}

const kept = ({ kind }: ParsedSelector): boolean => kind.carries === "strong";

/** Kept from others, and yet of many programs: root, a user's manager, a login session, a namespace's pods. */
const isShared = (selector: ParsedSelector): boolean =>
  isRoot(selector) || isWholeUser(selector) || selector.kind.name === "k8s:ns";

const isRoot = ({ kind, value }: ParsedSelector): boolean =>
  (kind.name === "unix:uid" && value === "0") || (kind.name === "unix:user" && value === "root");

const isWholeUser = ({ kind, value }: ParsedSelector): boolean =>
  kind.name === "systemd:unit" && /^user@\d+\.service$|^session-\w+\.scope$/.test(value);

const isInterpreter = ({ kind, value }: ParsedSelector): boolean =>
  kind.name.startsWith("process:interpreter") ||
  (kind.name === "unix:path" && interpreterByName(value) !== undefined);

const restsOnAnyone: Weakness = {
  code: "rests-on-anyone",
  why: "It does not say under which user: whoever may run that program or script on the machine would be this agent.",
  suggest: ["unix:user:<the user that it runs under>", "systemd:unit:<name>.service"],
};

const restsOnInterpreter: Weakness = {
  code: "rests-on-interpreter",
  why: "It rests on an interpreter, which runs whatever script it is given: every script of everybody's would be this agent.",
  suggest: [
    "process:script:/<absolute path of the script>",
    "process:script_sha256:<sha256 of the script>",
    "unix:user:<a user of its own>",
  ],
};

const restsOnRoot: Weakness = {
  code: "rests-on-root",
  why: "It rests on root, under whom anything on the machine may run.",
  suggest: ["unix:user:<a user of its own>", "systemd:unit:<name>.service"],
};

const restsOnShared: Weakness = {
  code: "rests-on-shared",
  why: "All that it names is shared by many processes, or chosen by whoever starts them.",
  suggest: [
    "unix:user:<a user of its own>",
    "unix:sha256:<sha256 of the program>",
    "systemd:unit:<name>.service",
  ],
};

const unreadable = (attackerSelector: string): Weakness => ({
  code: "selector-unknown",
  why: `No process can show ${JSON.stringify(attackerSelector.slice(0, 200))}: there is no such kind, or its value has another form.`,
  suggest: [
    "unix:user:<name>",
    "systemd:unit:<name>.service",
    "process:script:/<absolute path of the script>",
  ],
});
