import { type Document, isScalar, LineCounter, parseAllDocuments } from "yaml";
import { z } from "zod";
import { Fault } from "../lib/index.ts";
import { visible } from "../registry/index.ts";
import { type Declared, KINDS, type Kind, NAMES, SPECS } from "./document.ts";

const MOST_CHARACTERS = 200_000;
const MOST_DOCUMENTS = 500;

const envelope = z.strictObject({
  kind: z.enum(KINDS as [Kind, ...Kind[]], { error: `The kind is one of ${KINDS.join(", ")}.` }),
  name: z.string({ error: "Give it a name." }),
  spec: z.unknown(),
});

/**
 * Reads a manifest: YAML documents of `{kind, name, spec}`. No aliases, no tags, no duplicate keys: what a
 * person reads is what is meant, and nothing grows on reading.
 * @throws Fault `too-large`; `malformed` for what is no such YAML; `invalid` for what declares nothing sensible.
 *   Messages say the line.
 */
export function parseManifest(attackerText: string): Declared[] {
  if (attackerText.length > MOST_CHARACTERS) {
    throw new Fault("too-large", "This manifest is too large.", { remedy: "Split it into several." });
  }
  const lines = new LineCounter();
  const documents = readYaml(attackerText, lines).filter((document) => !isEmpty(document));
  if (documents.length > MOST_DOCUMENTS) {
    throw new Fault("too-large", `A manifest has at most ${MOST_DOCUMENTS} documents.`, {
      remedy: "Split it into several.",
    });
  }
  const declared = documents.flatMap((document) => withIdentity(declaredBy(document, lines)));
  refuseTwice(declared);
  return declared;
}

function readYaml(attackerText: string, lineCounter: LineCounter): Document.Parsed[] {
  const documents = parseAllDocuments(attackerText, {
    lineCounter,
    version: "1.2",
    schema: "core",
    prettyErrors: false,
  });
  if (!Array.isArray(documents)) return [];
  for (const document of documents) {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined)
      throw malformed(lineCounter.linePos(problem.pos[0]).line, sentence(problem.message));
  }
  return documents;
}

/** Nothing between two lines of dashes, or only comments. */
const isEmpty = ({ contents }: Document.Parsed): boolean =>
  contents === null || (isScalar(contents) && contents.value === null);

const sentence = (message: string): string => `${message.split("\n")[0]?.replace(/\.$/, "")}.`;

function declaredBy(document: Document.Parsed, lines: LineCounter): Declared {
  const start = lines.linePos(document.contents?.range[0] ?? document.range[0]).line;
  const value = plainValue(document, start);
  const whole = fitting(document, lines, [], envelope, value);
  const name = fitting(document, lines, ["name"], NAMES[whole.kind], whole.name);
  const spec = fitting(document, lines, ["spec"], SPECS[whole.kind] as z.ZodType, whole.spec);
  return { kind: whole.kind, name, line: start, spec } as Declared;
}

/** What is said within an agent of how its copies are known is declared as if beside it: it is all of that. */
function withIdentity(declared: Declared): Declared[] {
  if (declared.kind !== "Agent") return [declared];
  const { name: agent, line, spec } = declared;
  const entries = Object.entries(spec.identity ?? {}).map(
    ([name, said]) => ({ kind: "Entry", name: `${agent}/${name}`, line, spec: said }) as const,
  );
  const rules = Object.entries(spec.platforms ?? {}).map(
    ([name, said]) => ({ kind: "PlatformRule", name: `${agent}/${name}`, line, spec: said }) as const,
  );
  return [declared, ...entries, ...rules];
}

function plainValue(document: Document.Parsed, line: number): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw malformed(line, "Aliases are not taken; write the value out.");
  }
}

function fitting<Schema extends z.ZodType>(
  document: Document.Parsed,
  lines: LineCounter,
  at: readonly string[],
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [...at, ...(issue?.path ?? [])];
  const place = path.length === 0 ? "" : `${visible(path.join("."))}: `;
  const problem = `Line ${lineOf(document, lines, path)}: ${place}${visible(issue?.message ?? "does not fit")}`;
  throw new Fault("invalid", problem, { remedy: "Correct this line and try again." });
}

/** The line of the innermost thing on the path that is there. */
function lineOf(document: Document.Parsed, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const range = (node as { range?: [number, number, number] } | null | undefined)?.range;
    if (range !== undefined && range !== null) return lines.linePos(range[0]).line;
  }
  return 1;
}

function refuseTwice(declared: readonly Declared[]): void {
  const seen = new Map<string, number>();
  for (const { kind, name, line } of declared) {
    const earlier = seen.get(`${kind} ${name}`);
    if (earlier !== undefined) {
      throw new Fault("invalid", `Line ${line}: ${kind} ${name} is declared on line ${earlier} already.`, {
        remedy: "Declare it once.",
      });
    }
    seen.set(`${kind} ${name}`, line);
  }
}

const malformed = (line: number, problem: string): Fault =>
  new Fault("malformed", `Line ${line}: ${visible(problem)}`, {
    remedy: "Correct the YAML there and try again.",
  });
