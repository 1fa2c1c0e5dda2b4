import type { Json } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import { type Constraint, meetConstraints, parseConstraint } from "./constraint.ts";
import type { Grant } from "./grant.ts";
import { Scanner } from "./short-form-scanner.ts";

/**
 * A right as people write it: `reports:write` is a verb on a resource, `finance/approveExpense` a tool of a
 * server. `pattern` says that the name ends in `*` and stands for what a pinned catalog has at that moment.
 */
export type ShortForm = {
  resource: string;
  pattern?: true;
  args?: Record<string, Constraint>;
  open_args?: true;
} & ({ kind: "scope"; verb: string } | { kind: "tool"; tool: string });

/**
 * Reads the short form: `server/tool` or `resource:verb`, and perhaps arguments in parentheses.
 *
 * An argument is `name == 5`, `<= 5`, `>= 5`, `< 5` (whole numbers), `in ["a", "b"]`, `under "/path"`, or the
 * name alone for any value. `name?` may be absent. Two conditions on one name hold both. Arguments that are
 * not named are refused, unless `...` stands last; a tool without parentheses takes any.
 *
 * @throws ShortFormError with the position
 */
export function parseShortForm(text: string): ShortForm {
  const scanner = new Scanner(text);
  const resource = scanner.take(/[A-Za-z0-9][A-Za-z0-9._-]*/y, "the name of a server or resource");
  const separator = scanner.take(/[/:]/y, "`/` and a tool, or `:` and a verb");
  const name = scanner.take(/[A-Za-z0-9][A-Za-z0-9._-]*\*?|\*/y, "the name of a tool or verb");
  const args = scanner.takes("(") ? parseArguments(scanner) : undefined;
  scanner.end();
  return {
    ...(separator === ":" ? { kind: "scope", verb: name } : { kind: "tool", tool: name }),
    resource,
    ...(name.endsWith("*") ? { pattern: true } : {}),
    ...(args ?? (separator === "/" ? { open_args: true } : {})),
  };
}

/**
 * The grant that a short form stands for.
 *
 * @param locate tells where the server or resource is: its resource identifier
 * @throws RangeError for a pattern, which only a catalog can expand
 */
export function grantOf(short: ShortForm, locate: (short: ShortForm) => string): Grant {
  if (short.pattern) throw new RangeError("a pattern is expanded against the catalog first");
  const { resource, args, open_args } = short;
  return {
    ...(short.kind === "scope"
      ? { type: "scope", actions: [short.verb], identifier: resource }
      : { type: "agent_tool", actions: ["tools/call"], identifier: `${resource}/${short.tool}` }),
    locations: [locate(short)],
    ...(args === undefined ? {} : { args }),
    ...(open_args === undefined ? {} : { open_args }),
  };
}

function parseArguments(scanner: Scanner): Pick<ShortForm, "args" | "open_args"> {
  const args = new Map<string, Constraint>();
  let open = false;
  while (!scanner.takes(")")) {
    if (scanner.takes("...")) open = true;
    else addArgument(args, scanner);
    if (scanner.takes(")")) break;
    if (open) throw scanner.expected("`)` after `...`");
    scanner.take(/,/y, "`,` or `)`");
  }
  return { args: Object.fromEntries(args), ...(open ? { open_args: true } : {}) };
}

function addArgument(args: Map<string, Constraint>, scanner: Scanner): void {
  const name = scanner.take(/[A-Za-z_][A-Za-z0-9_.-]*/y, "the name of an argument");
  const optional: { optional?: true } = scanner.takes("?") ? { optional: true } : {};
  const constraint = checked({ ...parseCondition(scanner), ...optional }, scanner);
  const earlier = args.get(name);
  const both = earlier === undefined ? constraint : meetConstraints(earlier, constraint);
  if (both === undefined)
    throw scanner.expected(`a condition on ${name} that the ones before leave possible`);
  args.set(name, both);
}

function checked(condition: Record<string, Json>, scanner: Scanner): Constraint {
  try {
    return parseConstraint(condition);
  } catch (cause) {
    if (!(cause instanceof VerificationError)) throw cause;
    throw scanner.expected(`a condition that a grant can hold (${cause.message}) before here`);
  }
}

function parseCondition(scanner: Scanner): Record<string, Json> {
  if (scanner.takes("==")) return { op: "eq", value: scanner.value() };
  if (scanner.takes("<=")) return { op: "range", max: scanner.number() };
  if (scanner.takes(">=")) return { op: "range", min: scanner.number() };
  if (scanner.takes("<")) return { op: "range", max: scanner.integer() - 1 };
  if (scanner.takesWord("in")) return { op: "in", values: scanner.values() };
  if (scanner.takesWord("under")) return { op: "under", path: scanner.string() };
  return { op: "any" };
}
