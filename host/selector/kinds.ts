/**
 * What can be said of a process or a machine, what each proves, and how far it carries.
 *
 * - `strong`: the kernel or root keeps it; only who administers the machine can make another process show it.
 * - `checked`: measured, and held against what the kernel knows; code that runs under the same user could still
 *   arrange it (it could as well trace the process or write to its memory).
 * - `narrowing`: true, yet shared by many, or chosen by whoever it is said of: of use only beside another.
 */
export interface Kind {
  /** `type:key`. */
  readonly name: string;
  readonly carries: "strong" | "checked" | "narrowing";
  /** What its value looks like. */
  readonly grammar: RegExp;
  /** One sentence, for `countersign host inspect` and for refusals. */
  readonly proves: string;
}

const NUMBER = /^(?:0|[1-9]\d{0,9})$/;
const NAME = /^[A-Za-z0-9._][A-Za-z0-9._$-]{0,255}$/;
const HEX256 = /^[0-9a-f]{64}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is kept out
const PATH = /^\/[^\u0000-\u001f\u007f]{1,4095}$/;
/** Names of Kubernetes: RFC 1123. */
const LABEL = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
const UNIT = /^[A-Za-z0-9:_.\\@-]{1,240}\.(?:service|scope|socket|mount|swap)$/;

const kind = (name: string, carries: Kind["carries"], grammar: RegExp, proves: string): [string, Kind] => [
  name,
  { name, carries, grammar, proves },
];

/** Of processes. A map, so that no name of an object's own members is taken for one. */
export const KINDS: ReadonlyMap<string, Kind> = new Map([
  kind("unix:uid", "strong", NUMBER, "The user that it runs under, which the kernel keeps."),
  kind("unix:user", "strong", NAME, "That user's name on this machine."),
  kind("unix:gid", "narrowing", NUMBER, "Its group: who else is in it may run other programs."),
  kind("unix:group", "narrowing", NAME, "That group's name on this machine."),
  kind("unix:supplementary_gid", "narrowing", NUMBER, "A further group of its."),
  kind("unix:supplementary_group", "narrowing", NAME, "That group's name on this machine."),
  kind("unix:path", "narrowing", PATH, "Where its program's file is; not what is in it."),
  kind("unix:sha256", "checked", HEX256, "Its program, to the byte. Not shown of interpreters."),
  kind("process:interpreter", "narrowing", NAME, "The interpreter that it runs: it runs any script."),
  kind("process:interpreter_path", "narrowing", PATH, "Where the interpreter is."),
  kind(
    "process:interpreter_sha256",
    "narrowing",
    HEX256,
    "The interpreter, to the byte: it runs any script.",
  ),
  kind("process:script", "checked", PATH, "Which script it was started with, unchanged since."),
  kind("process:script_sha256", "checked", HEX256, "What is in that script, to the byte; not what it loads."),
  kind("process:parent_path", "narrowing", PATH, "What started it, as long as that still runs."),
  kind("systemd:unit", "strong", UNIT, "The unit that systemd started it for; root says what that runs."),
  kind("systemd:user_unit", "narrowing", UNIT, "A unit of its user's own, who calls it as he likes."),
  kind(
    "container:id",
    "strong",
    HEX256,
    "The container, as the machine's runtime named it; another at each start.",
  ),
  kind(
    "container:uid",
    "narrowing",
    NUMBER,
    "The user that it runs under inside the container, chosen there.",
  ),
  kind("container:gid", "narrowing", NUMBER, "A group of its inside the container, chosen there."),
  kind(
    "container:image_digest",
    "strong",
    DIGEST,
    "The image that the container runs, as registries name it.",
  ),
  kind(
    "container:image_config_digest",
    "strong",
    DIGEST,
    "The image that the container runs, as the machine names it.",
  ),
  kind("k8s:ns", "strong", LABEL, "The namespace of its pod, as the machine's runtime knows it."),
  kind("k8s:pod_name", "strong", LABEL, "Its pod's name; of most another at each start."),
  kind("k8s:container_name", "narrowing", LABEL, "What its container is called in its pod."),
  kind(
    "k8s:pod_uid",
    "strong",
    /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})$/,
    "The pod; another at each start.",
  ),
]);
