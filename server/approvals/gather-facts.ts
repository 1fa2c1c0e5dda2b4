import { type FactDeclaration, placeholdersOf, type Server, type Tool } from "../catalog/index.ts";
import { compareWithFacts, type Facts, isRead, type Names, type Question } from "../policy/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";

/** What of a question says which facts matter. */
type Asking = Pick<Question, "args" | "openArgs">;

/**
 * The facts that matter for a call: those that policies read, and those that an argument must equal. What an
 * argument says is compared with its fact as soon as everything that the fact is about is known.
 * @param read the facts that policies for this action read
 * @returns nothing where no fact matters
 */
export async function gatherFacts(
  deps: ApprovalsDeps,
  question: Asking,
  { server, tool }: { readonly server: Server; readonly tool: Tool },
  read: Names,
): Promise<Facts | undefined> {
  const { facts: declared = [] } = tool;
  const known = declared.filter((fact) => isAboutKnown(question, fact));
  const compared = known.filter(({ equals }) => equals !== undefined && Object.hasOwn(question.args, equals));
  const needed = known.filter((fact) => isRead(fact.name, read) || compared.includes(fact));
  const unknown = declared.filter((fact) => !known.includes(fact) && isRead(fact.name, read));
  if (needed.length + unknown.length === 0) return undefined;
  const values =
    needed.length === 0 ? {} : await deps.facts.of({ server, tool, facts: needed, agentArgs: question.args });
  const missing = [...unknown, ...needed.filter(({ name }) => !Object.hasOwn(values, name))];
  return {
    values,
    missing: missing.map(({ name }) => name),
    ...compareWithFacts(compared, values, question.args),
  };
}

/** Whether no argument is still open that says what the fact is about. */
function isAboutKnown({ args, openArgs = [] }: Asking, { url }: FactDeclaration): boolean {
  return placeholdersOf(url).every((name) =>
    openArgs === "any" ? Object.hasOwn(args, name) : !openArgs.includes(name),
  );
}
