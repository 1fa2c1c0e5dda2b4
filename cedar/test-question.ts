/** For tests: policies from text, and a request that only says what matters. */
import {
  type Answer,
  compile,
  type EntityStore,
  type PolicySet,
  type Request,
  readEntities,
} from "./index.ts";
import { parsePolicies } from "./parse.ts";

/** Compiles policies from text. @throws Error with the first problem */
export function policiesFrom(text: string): PolicySet {
  const { source, problems } = parsePolicies(text);
  if (source !== undefined) return compile(source);
  throw new Error(problems[0]?.message);
}

export const nobody: EntityStore = readEntities([]);

/** Alice asks to view a document, in an empty context unless told otherwise. */
export function question(parts: Partial<Request> = {}): Request {
  return {
    principal: { type: "User", id: "alice" },
    action: { type: "Action", id: "view" },
    resource: { type: "Document", id: "plan" },
    context: {},
    ...parts,
  };
}

/** Decides whether the condition holds, as the only permit. */
export function ask(condition: string, parts: Partial<Request> = {}, entities = nobody): Answer {
  return policiesFrom(`permit(principal, action, resource) when { ${condition} };`).decide(
    question(parts),
    entities,
  );
}

/** The value of a condition: true, false, or the kind of its error. */
export function outcomeOf(
  condition: string,
  parts: Partial<Request> = {},
  entities = nobody,
): boolean | string {
  const { decision, errors } = ask(condition, parts, entities);
  return errors[0]?.kind ?? decision === "allow";
}
