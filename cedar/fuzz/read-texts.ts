import { parsePolicies } from "../parse.ts";
import type { PolicyJson, PolicySource } from "../policy-json.ts";
import type { AnsweredWorld } from "./answered-world.ts";

/** What stands between two policies in a file, and must not be taken for part of one. */
const BETWEEN = '\n// permit(principal, action, resource) when { "9223372036854775807\n';

/** Reads a world's policies from one file of them all, as whoever writes Cedar keeps them. */
export function readTexts({ world: { source }, texts }: AnsweredWorld): PolicySource {
  const policies = Object.keys(source.policies);
  const ids = [...policies, ...Object.keys(source.templates ?? {})];
  const parsed = parsePolicies(ids.map((id) => `${texts[id]}${BETWEEN}`).join(""));
  if (parsed.source === undefined) throw new Error(parsed.problems.map(({ message }) => message).join("\n"));
  const found: Readonly<Record<string, PolicyJson>> = {
    ...parsed.source.policies,
    ...parsed.source.templates,
  };
  const named = ids.map((id, position) => [id, found[`policy${position}`] ?? missing(id)] as const);
  return {
    ...source,
    policies: Object.fromEntries(named.slice(0, policies.length)),
    templates: Object.fromEntries(named.slice(policies.length)),
  };
}

function missing(id: string): never {
  throw new Error(`the text of ${JSON.stringify(id)} was lost`);
}
