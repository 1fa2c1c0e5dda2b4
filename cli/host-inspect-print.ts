import { stringify } from "yaml";
import type { Looked } from "./host-inspect.ts";
import { bold, faint, green, red, visible, yellow } from "./say.ts";

type Selectors = typeof import("@countersign/host/selector");
type Kind = NonNullable<ReturnType<Selectors["parseSelector"]>>["kind"];

const HEADS: readonly (readonly [Kind["carries"], string, string])[] = [
  ["strong", green("●"), "Strong: kept by the kernel, or by whoever administers this machine"],
  ["checked", yellow("◐"), "Checked: measured; name the user or the unit beside it"],
  ["narrowing", faint("○"), "Narrowing: true, but shared with others; of use only beside the rest"],
];

/** What was found, for a terminal. Whatever a process calls things cannot leave its place. */
export async function inspectionOfProcess(looked: Looked): Promise<string[]> {
  const door = await import("@countersign/host/selector");
  const { attested, program } = looked;
  return [
    `${bold(`Process ${attested.pid}`)}${program === undefined ? "" : `  ${visible(program)}`}`,
    ...HEADS.flatMap(([carries, mark, head]) => selectorLines(door, looked, carries, mark, head)),
    ...missingLines(looked),
    "",
    ...entryLines(door, looked),
  ];
}

function selectorLines(
  { parseSelector }: Selectors,
  { attested }: Looked,
  carries: Kind["carries"],
  mark: string,
  head: string,
): string[] {
  const shown = attested.selectors.flatMap((text) => {
    const kind = parseSelector(text)?.kind;
    return kind?.carries === carries ? [{ text, kind }] : [];
  });
  if (shown.length === 0) return [];
  const lines = shown.flatMap(({ text, kind }) => [
    `  ${mark} ${visible(text)}`,
    ...(carries === "narrowing" ? [] : [faint(`      ${meaningOf(text, kind)}`)]),
  ]);
  return ["", head, ...lines];
}

/** Of root it says too little that the kernel keeps it. */
const meaningOf = (text: string, { proves }: Kind): string =>
  /^unix:(?:uid:0|user:root)$/.test(text)
    ? "Root may be anything: name its script or its unit beside it."
    : proves;

function missingLines({ attested }: Looked): string[] {
  const { withheld = [] } = attested;
  if (withheld.length === 0) return [];
  return [
    "",
    "Missing",
    ...withheld.flatMap(({ code, message, remedy }) => [
      `  ${red("✗")} ${visible(message)} ${faint(`(${code})`)}`,
      ...(remedy === undefined ? [] : [`    ${visible(remedy)}`]),
    ]),
  ];
}

function entryLines({ suggestEntry, weaknessOf }: Selectors, { attested }: Looked): string[] {
  const entry = suggestEntry(attested.selectors);
  if (entry === undefined) {
    const weakness = weaknessOf(
      attested.selectors.filter((selector) => !selector.startsWith("unix:sha256:")),
    );
    return [
      "No entry should be written for it as it runs now.",
      ...(weakness === undefined ? [] : [`  ${weakness.why}`, "  Let it show one of these:"]),
      ...(weakness?.suggest.map((selector) => `    ${selector}`) ?? []),
    ];
  }
  const yaml = stringify({ identity: { main: asWritten(entry) } }, { lineWidth: 0 });
  return [
    "An entry for it, below `spec` of its agent's manifest",
    "",
    ...yaml.trimEnd().split("\n").map(indented),
    ...(restsOnPlace(entry)
      ? ["", `${yellow("!")} Whatever runs there would be this agent: keep it to that alone.`]
      : []),
  ];
}

type Entry = NonNullable<ReturnType<Selectors["suggestEntry"]>>;

/** Whether it says where or as whom, and not what. */
const restsOnPlace = ({ selectors }: Entry): boolean =>
  !selectors.some((selector) => /^(?:process:script|unix:path|unix:sha256|container:image)/.test(selector));

/** Which machines it may run on, only the writer knows. */
const asWritten = ({ selectors, files }: Entry): object => ({
  selectors: [...selectors],
  hosts: ["host:name:<the machine's name>"],
  ...(files.length === 0 ? {} : { files: files.map(({ path, role }) => ({ path, role })) }),
});

const indented = (line: string): string => `  ${visible(line)}`;
