/**
 * Which arguments of a call a policy looks at, from its conditions in Cedar's JSON form. An argument that
 * cannot be carried exactly into a decision must not slip past a policy that reads it, so whatever is not
 * plainly `context.args.<name>` counts as reading every argument.
 */
export function argumentsRead(conditions: unknown): readonly string[] | "any" {
  const names = new Set<string>();
  return collect(conditions, names) ? [...names].sort() : "any";
}

/** @returns false where anything may be read */
function collect(node: unknown, names: Set<string>): boolean {
  if (Array.isArray(node)) return node.every((item) => collect(item, names));
  if (typeof node !== "object" || node === null) return true;
  // The members of a record are anyone's words, not expressions: only what they hold is.
  if ("Record" in node) return collect(Object.values(node.Record as object), names);
  if (isContext(node) || isArguments(node)) return false;
  const access = accessOf(node);
  if (access === undefined) return Object.values(node).every((item) => collect(item, names));
  const path = isArguments(access.left) ? access.path : argumentPath(access);
  if (path === undefined) return isContext(access.left) || collect(access.left, names);
  const [name] = path;
  if (name !== undefined) names.add(name);
  return true;
}

interface Access {
  readonly left: unknown;
  readonly path: readonly string[];
}

/** `left.attr`, `left has attr` and `left has attr.attr`. */
function accessOf(node: object): Access | undefined {
  const { ".": dot, has } = node as { "."?: Attribute; has?: Attribute };
  const access = dot ?? has;
  return access === undefined ? undefined : { left: access.left, path: [access.attr].flat() };
}

interface Attribute {
  readonly left: unknown;
  readonly attr: string | string[];
}

/** For `context has args.amount`: what follows `args`. Nothing for the context's other members. */
function argumentPath({ left, path }: Access): readonly string[] | undefined {
  return isContext(left) && path[0] === "args" ? path.slice(1) : undefined;
}

const isContext = (node: unknown): boolean => (node as { Var?: unknown } | null)?.Var === "context";

/** Whether this is `context.args` itself. `context has args` reads none. */
function isArguments(node: unknown): boolean {
  const dot = (node as { "."?: Attribute } | null)?.["."];
  return dot !== undefined && isContext(dot.left) && dot.attr === "args";
}
