import { type AmountDeclaration, currencyCode } from "../catalog/index.ts";
import { scaled } from "./carry.ts";
import type { ToolFacts } from "./circumstances.ts";

/**
 * What a call moves, by its tool's declaration. Nothing that is negative: it would take from a sum.
 * @param agentArgs the agent's own words
 * @returns the amount only where both its value and its currency can be read exactly
 */
export function amountMoved(
  declared: AmountDeclaration | undefined,
  agentArgs: Readonly<Record<string, unknown>>,
): Pick<ToolFacts, "amount" | "amountFrom"> {
  if (declared === undefined) return {};
  const { argument, currency } = declared;
  const amountFrom = typeof currency === "string" ? [argument] : [argument, currency.argument];
  const value = scaled(ownOf(agentArgs, argument));
  const said = typeof currency === "string" ? currency : ownOf(agentArgs, currency.argument);
  const code = currencyCode.safeParse(said);
  if (value === undefined || value < 0n || !code.success) return { amountFrom };
  return { amountFrom, amount: { value, currency: code.data } };
}

const ownOf = (agentArgs: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(agentArgs, name) ? agentArgs[name] : undefined;
