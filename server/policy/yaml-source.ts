import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import type { Problem } from "./policy.ts";

/** A YAML file that people wrote: what it says, and where it says it. */
export interface YamlSource {
  readonly value: unknown;
  /** What is wrong with it as YAML. */
  readonly problems: readonly Problem[];
  /** Where the value on this path stands; where it is missing, what should have held it. */
  at(path: readonly PropertyKey[]): { readonly line: number; readonly column: number };
  problem(path: readonly PropertyKey[], message: string): Problem;
  /** What a schema finds wrong, each where it stands. @param path of the value that was judged */
  complaints(error: z.ZodError, path?: readonly PropertyKey[]): Problem[];
}

/**
 * Reads YAML without aliases: a few lines of those can stand for more than memory holds.
 * @param file its name with the ending
 */
export function yamlSource(file: string, text: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (path: readonly PropertyKey[]) => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true) as
        | { range?: [number, ...number[]] }
        | undefined;
      if (node?.range) return placeOf(lines, node.range[0]);
    }
    return { line: 1, column: 1 };
  };
  const problem = (path: readonly PropertyKey[], message: string): Problem =>
    errorAt(file, at(path), message);
  const read = readValue(document);
  return {
    value: read.value,
    problems: [
      ...document.errors.map(({ pos, message }) => errorAt(file, placeOf(lines, pos[0]), message)),
      ...read.problems.map((message) => errorAt(file, { line: 1, column: 1 }, message)),
    ],
    at,
    problem,
    complaints: (error, path = []) =>
      error.issues.map((issue) => {
        const where = [...path, ...issue.path];
        return problem(where, `${where.map(String).join(".") || "the file"}: ${issue.message}`);
      }),
  };
}

function readValue(document: ReturnType<typeof parseDocument>): { value?: unknown; problems: string[] } {
  if (document.errors.length > 0) return { problems: [] };
  try {
    return { value: document.toJS({ maxAliasCount: 0 }), problems: [] };
  } catch (error) {
    return { problems: [error instanceof Error ? error.message : String(error)] };
  }
}

function placeOf(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

const errorAt = (
  file: string,
  { line, column }: { line: number; column: number },
  message: string,
): Problem => ({
  severity: "error",
  file,
  line,
  column,
  message,
});
