/** What an expression looks at: `context.args.amount`, `principal has team`, `context.person.getTag("EUR")`. */
export interface Path {
  readonly variable: "principal" | "action" | "resource" | "context";
  readonly names: readonly string[];
  /** At its end, where one is read or asked for by a literal name. */
  readonly tag?: string;
  /** Whether only its being there was asked. */
  readonly asked: boolean;
}

/**
 * Every path from a variable that occurs in an expression, as long as it goes, in the order of the text.
 * @param node an expression in Cedar's JSON form, or several
 */
export function pathsRead(node: unknown): Path[] {
  if (Array.isArray(node)) return node.flatMap(pathsRead);
  if (typeof node !== "object" || node === null) return [];
  // The members of a record, and a literal, are anyone's words, not expressions: only what they hold is.
  if ("Value" in node) return [];
  if ("Record" in node) return pathsRead(Object.values(node.Record as object));
  const path = pathAt(node);
  return path === undefined ? Object.values(node).flatMap(pathsRead) : [path];
}

interface Attribute {
  readonly left: unknown;
  readonly attr: string | readonly string[];
}

interface Tag {
  readonly left: unknown;
  readonly right: { readonly Value?: unknown };
}

/** The path that this is; nothing where it is another expression. */
function pathAt(node: unknown): Path | undefined {
  if (typeof node !== "object" || node === null) return undefined;
  const { Var: variable } = node as { Var?: Path["variable"] };
  if (variable !== undefined) return { variable, names: [], asked: false };
  return attributeAt(node) ?? tagAt(node);
}

function attributeAt(node: object): Path | undefined {
  const { ".": dot, has } = node as { "."?: Attribute; has?: Attribute };
  const access = dot ?? has;
  const before = access && pathAt(access.left);
  if (access === undefined || before === undefined || before.tag !== undefined) return undefined;
  return { ...before, names: [...before.names, ...[access.attr].flat()], asked: has !== undefined };
}

function tagAt(node: object): Path | undefined {
  const { getTag, hasTag } = node as { getTag?: Tag; hasTag?: Tag };
  const access = getTag ?? hasTag;
  const before = access && pathAt(access.left);
  const tag = access?.right.Value;
  if (before === undefined || typeof tag !== "string") return undefined;
  return { ...before, tag, asked: hasTag !== undefined };
}
