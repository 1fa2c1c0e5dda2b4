/**
 * Splits what `/proc/<pid>/cmdline` or `environ` holds: strings, each ended by a zero byte.
 * @returns undefined when it is not such, or not UTF-8
 */
export function parseStrings(attackerBytes: Buffer): string[] | undefined {
  if (attackerBytes.length === 0) return [];
  if (attackerBytes.at(-1) !== 0) return undefined;
  const text = attackerBytes.toString("utf8");
  if (Buffer.byteLength(text) !== attackerBytes.length || text.includes("\ufffd")) return undefined;
  return text.slice(0, -1).split("\0");
}

/**
 * Whether strings lie as `exec` has laid them: the stack begins with their count and their addresses, each right
 * behind the one before. A process that writes itself another title leaves other lengths than the addresses say.
 * @param stack at least `8 × (strings + 1)` bytes from the start of the stack
 * @param first address of the first string
 */
export function liesAsStarted(stack: Buffer, strings: readonly string[], first: bigint): boolean {
  if (stack.length < 8 * (strings.length + 1) || stack.readBigUInt64LE(0) !== BigInt(strings.length))
    return false;
  let expected = first;
  return strings.every((string, i) => {
    const lies = stack.readBigUInt64LE(8 * (i + 1)) === expected;
    expected += BigInt(Buffer.byteLength(string) + 1);
    return lies;
  });
}
