/** What `/proc/<pid>/stat` says and this host uses; numbers as decimal text, since addresses pass 2^53. */
export interface Stat {
  /** One letter: `Z` and `X` have exited. */
  readonly state: string;
  readonly parent: number;
  /** Start of the process, in clock ticks since boot. Survives `exec`. */
  readonly startTicks: string;
  /** Where its program and its stack lie: chosen anew by chance at every `exec`. "0" or "1" to the unprivileged. */
  readonly startCode: string;
  readonly endCode: string;
  readonly startStack: string;
  /** Where its arguments and environment lie: the process may change these. */
  readonly argStart: string;
  readonly argEnd: string;
}

/** Numbers of proc(5), less the three that come before and in the state. */
const STATE = 3;
const FIELD = {
  parent: 4,
  startTicks: 22,
  startCode: 26,
  endCode: 27,
  startStack: 28,
  argStart: 48,
  argEnd: 49,
};

/**
 * Reads the text of `/proc/<pid>/stat`. The name in parentheses is the process's own and may hold spaces,
 * parentheses and line ends, so what counts begins after the last `)`.
 * @returns undefined when it is anything else
 * @see proc(5)
 */
export function parseStat(attackerText: string): Stat | undefined {
  const end = attackerText.lastIndexOf(")");
  if (end < 0 || attackerText.length > 4096) return undefined;
  const fields = attackerText
    .slice(end + 2)
    .trimEnd()
    .split(" ");
  const field = (number: number): string => fields[number - STATE] ?? "";
  const numbers = Object.entries(FIELD).map(([name, number]) => [name, field(number)] as const);
  if (!/^[A-Za-z]$/.test(field(STATE)) || numbers.some(([, value]) => !/^\d{1,20}$/.test(value)))
    return undefined;
  const { parent, ...rest } = Object.fromEntries(numbers) as Record<keyof typeof FIELD, string>;
  return { state: field(STATE), parent: Number(parent), ...rest };
}
