import { type ContextRead, isRead } from "./context-read.ts";
import type { Question } from "./question.ts";

/**
 * What a set reads that nobody looked at when a question was decided: its verdict on that question cannot be
 * known. What was looked at and could not be had is known not to have been there.
 * @param reads what the policies for the action read now
 * @param gathered what was read then, and was therefore looked for
 * @returns members of the context, such as `history` and `facts.owner`
 */
export function unrecorded(
  { circumstances = {} }: Question,
  reads: ContextRead,
  gathered: ContextRead,
): string[] {
  const { facts, history, windows, posture, risk, zone } = circumstances;
  const members: readonly [names: readonly string[], recorded: boolean][] = [
    [["history"], history !== undefined],
    [["posture"], posture !== undefined],
    [["risk", "risk_known", "anomalies"], risk !== undefined],
    [["local"], zone !== undefined],
  ];
  const lacking = members.flatMap(([names, recorded]) =>
    recorded || names.some((name) => isRead(name, gathered.members))
      ? []
      : names.filter((name) => isRead(name, reads.members)).slice(0, 1),
  );
  const known = [...Object.keys(facts?.values ?? {}), ...(facts?.missing ?? [])];
  return [
    ...lacking,
    ...lackingNames("facts", reads.facts, (name) => known.includes(name) || isRead(name, gathered.facts)),
    ...lackingNames(
      "window",
      reads.windows,
      (name) => isCounted(windows, name) || isRead(name, gathered.windows),
    ),
  ];
}

/** Where anything may be read, only what was looked at whole is enough. */
function lackingNames(
  member: string,
  names: ContextRead["facts"],
  isKnown: (name: string) => boolean,
): string[] {
  if (names === "any") return isKnown("*") ? [] : [member];
  return names.filter((name) => !isKnown(name)).map((name) => `${member}.${name}`);
}

/** `agent_minute` is known where anything of the agent's was counted. */
function isCounted(windows: NonNullable<Question["circumstances"]>["windows"], name: string): boolean {
  const whose = name.slice(0, name.indexOf("_"));
  return windows !== undefined && Object.hasOwn(windows, whose);
}
