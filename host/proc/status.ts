/** Four ids: real, effective, saved, of the file system. */
export type Ids = readonly [number, number, number, number];

export interface Status {
  readonly uids: Ids;
  readonly gids: Ids;
  readonly groups: readonly number[];
  /** Capabilities that it may use, whether it does now or not: bits of capabilities(7). */
  readonly permitted: bigint;
  /** 0 when nobody traces it. */
  readonly tracer: number;
}

/**
 * Reads the text of `/proc/<pid>/status`. Its first line is the process's own name, in which the kernel escapes
 * line ends; a line that comes twice is refused all the same.
 * @see proc(5)
 */
export function parseStatus(attackerText: string): Status | undefined {
  if (attackerText.length > 1_000_000) return undefined;
  const uids = idsOf(lineOf(attackerText, "Uid"));
  const gids = idsOf(lineOf(attackerText, "Gid"));
  const groups = numbersOf(lineOf(attackerText, "Groups"));
  const tracer = numbersOf(lineOf(attackerText, "TracerPid"));
  const permitted = /^\t([0-9a-f]{16})$/.exec(lineOf(attackerText, "CapPrm") ?? "")?.[1];
  if (uids === undefined || gids === undefined || groups === undefined || permitted === undefined)
    return undefined;
  if (tracer?.length !== 1) return undefined;
  return { uids, gids, groups, permitted: BigInt(`0x${permitted}`), tracer: tracer[0] ?? 0 };
}

function lineOf(text: string, name: string): string | undefined {
  const [first, ...more] = text.split("\n").filter((line) => line.startsWith(`${name}:`));
  return more.length === 0 ? first?.slice(name.length + 1) : undefined;
}

function numbersOf(text: string | undefined): number[] | undefined {
  const words = text?.split(/[ \t]+/).filter((word) => word !== "");
  return words?.every((word) => /^\d{1,10}$/.test(word)) ? words.map(Number) : undefined;
}

function idsOf(text: string | undefined): Ids | undefined {
  const ids = numbersOf(text);
  return ids?.length === 4 ? (ids as unknown as Ids) : undefined;
}

/** The one id that all four are, or undefined: who can change back is not that user. */
export const onlyId = (ids: Ids): number | undefined =>
  ids.every((id) => id === ids[0]) ? ids[0] : undefined;
