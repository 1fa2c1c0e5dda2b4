import { isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import { type Constraint, parseConstraint } from "./constraint.ts";
import { limits } from "./limits.ts";
import { malformed, parseText } from "./operator.ts";

const grantTypes = ["agent_tool", "http", "sql", "credential", "scope", "register", "delegate"] as const;

/** What kind of thing a grant gives access to. */
export type GrantType = (typeof grantTypes)[number];

/**
 * One right: an RFC 9396 authorization detail with constraints on arguments. The only language for
 * authority.
 *
 * @see RFC 9396 §2
 */
export type Grant = {
  type: GrantType;
  /** Where: resource identifiers, compared byte by byte. */
  locations: string[];
  /** What may be done: `tools/call`, `GET`, `select`. */
  actions: string[];
  /** To what, exactly: `finance/approveExpense`. No patterns. */
  identifier: string;
  /** The arguments that may be given. Any other is refused, unless `open_args`. */
  args?: Record<string, Constraint>;
  open_args?: true;
  /** Counted only where a counter can be asked; who cannot ask one refuses. */
  max_uses?: number;
  approval?: "required";
  /** The authentication that the person must have shown. */
  acr?: string;
};

const members = new Set([
  "type",
  "locations",
  "actions",
  "identifier",
  "args",
  "open_args",
  "max_uses",
  "approval",
  "acr",
]);

/**
 * Reads a grant. A member that is not understood might be a restriction, so it refuses the grant.
 *
 * @throws VerificationError `malformed`
 */
export function parseGrant(attackerValue: Json): Grant {
  if (!isJsonObject(attackerValue)) throw malformed("it is no object");
  if (Object.keys(attackerValue).some((member) => !members.has(member))) {
    throw malformed("it has an unknown member");
  }
  return {
    type: parseType(attackerValue.type),
    locations: parseTexts(attackerValue.locations),
    actions: parseTexts(attackerValue.actions),
    identifier: parseText(attackerValue.identifier),
    ...parseArguments(attackerValue),
    ...parseConditions(attackerValue),
  };
}

/**
 * Reads a list of grants, which is not empty.
 *
 * @throws VerificationError `malformed`
 */
export function parseGrants(attackerValue: Json): Grant[] {
  if (!Array.isArray(attackerValue) || attackerValue.length === 0) throw malformed("grants are no list");
  if (attackerValue.length > limits.grants) throw malformed("too many grants");
  return attackerValue.map(parseGrant);
}

function parseType(attackerType: Json | undefined): GrantType {
  const type = grantTypes.find((known) => known === attackerType);
  if (type === undefined) throw malformed("its type is unknown");
  return type;
}

function parseTexts(attackerList: Json | undefined): string[] {
  if (!Array.isArray(attackerList) || attackerList.length === 0)
    throw malformed("a list is missing or empty");
  if (attackerList.length > limits.listLength) throw malformed("a list is too long");
  const texts = attackerList.map(parseText);
  if (new Set(texts).size !== texts.length) throw malformed("a list names something twice");
  return texts;
}

function parseArguments({ args, open_args }: JsonObject): Pick<Grant, "args" | "open_args"> {
  if (open_args !== undefined && open_args !== true) throw malformed("open_args is true or absent");
  const open: Pick<Grant, "open_args"> = open_args ? { open_args } : {};
  if (args === undefined) return open;
  if (!isJsonObject(args)) throw malformed("args is no object");
  const named = Object.entries(args);
  if (named.length > limits.arguments) throw malformed("too many arguments");
  // Object.fromEntries defines members: an argument called `__proto__` stays an argument.
  return {
    args: Object.fromEntries(named.map(([name, value]) => [parseText(name), parseConstraint(value)])),
    ...open,
  };
}

function parseConditions({
  max_uses,
  approval,
  acr,
}: JsonObject): Pick<Grant, "max_uses" | "approval" | "acr"> {
  const conditions: Pick<Grant, "max_uses" | "approval" | "acr"> = {};
  if (max_uses !== undefined) conditions.max_uses = parseUses(max_uses);
  if (approval !== undefined) conditions.approval = parseApproval(approval);
  if (acr !== undefined) conditions.acr = parseText(acr);
  return conditions;
}

function parseUses(attackerUses: Json): number {
  if (typeof attackerUses === "number" && Number.isSafeInteger(attackerUses) && attackerUses > 0) {
    return attackerUses;
  }
  throw malformed("max_uses is no positive whole number");
}

function parseApproval(attackerApproval: Json): "required" {
  if (attackerApproval === "required") return attackerApproval;
  throw malformed("approval is required or absent");
}
