import { type PolicyToTextAnswer, policyToText, templateToText } from "@cedar-policy/cedar-wasm/nodejs";
import type { PolicyJson, PolicySource } from "../policy-json.ts";
import { exact } from "./exact.ts";
import { OracleRefusal } from "./oracle.ts";

/**
 * Each policy and template as Cedar text, by id, with every integer exact.
 * @throws OracleRefusal for what has a JSON form and none as text
 */
export function textsOf({ policies, templates = {} }: PolicySource): Record<string, string> {
  const texts = (
    from: Readonly<Record<string, PolicyJson>>,
    print: typeof policyToText,
  ): [string, string][] =>
    Object.entries(from).map(([id, policy]) => [id, textOf(print(exact(policy) as never))]);
  return Object.fromEntries([...texts(policies, policyToText), ...texts(templates, templateToText)]);
}

function textOf(answer: PolicyToTextAnswer): string {
  if (answer.type === "success") return answer.text;
  throw new OracleRefusal(answer.errors[0]?.message);
}
