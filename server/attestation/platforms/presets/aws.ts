import { isJsonObject } from "@countersign/proof/jcs";
import { hours } from "../../../lib/index.ts";
import { refused } from "../refused.ts";
import { factsAmong, type Preset, requireFacts } from "./preset.ts";

const NAMESPACE = "https://sts.amazonaws.com/";
const ROLE = /^arn:aws[a-z-]*:iam::([0-9]{12}):role\/[\w+=,.@/-]{1,576}$/;

/** What Amazon itself says, by our names. What whoever asked put in (`request_tags`) is nobody's word but its own. */
const SAID: Readonly<Record<string, string>> = {
  account: "aws_account",
  region: "source_region",
  org_id: "org_id",
  ec2_instance: "ec2_source_instance_arn",
  lambda_function: "lambda_source_function_arn",
  vpc: "ec2_instance_source_vpc",
};

/**
 * A role in an account that lets Amazon vouch for it to others (outbound identity federation). Each account has an
 * issuer of its own; the role's ARN has lost the session's name.
 * @see AWS IAM User Guide, outbound identity federation token claims
 */
export const aws: Preset = {
  longest: hours(1),
  most: hours(1),
  algorithms: ["RS256", "ES384"],
  names: ["role", ...Object.keys(SAID)],
  pins: [["account", "role"]],
  read(claims) {
    const said = claims[NAMESPACE];
    const { sub } = claims;
    const account = typeof sub === "string" ? ROLE.exec(sub)?.[1] : undefined;
    if (!isJsonObject(said) || account === undefined)
      throw refused("claims-missing", "The token does not say which role of which account it is of.");
    const raw = factsAmong(said, Object.values(SAID));
    const told = Object.entries(SAID).flatMap(([name, claim]) =>
      raw[claim] === undefined ? [] : [[name, raw[claim]]],
    );
    const facts: Record<string, string> = { ...Object.fromEntries(told), role: String(sub) };
    requireFacts(facts, ["account"]);
    if (facts.account !== account)
      throw refused("wrong-account", "The role is of another account than the token.");
    const { ec2_instance: machine } = facts;
    return { facts, ...(machine === undefined ? {} : { copy: `${facts.role}/${machine}` }) };
  },
};
