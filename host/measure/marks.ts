/** Finds texts, of at most 64 bytes each, across the borders of parts that are read one after the other. */
export function markFinder(marks: readonly string[]): { look(part: Buffer): void; found: Set<string> } {
  const found = new Set<string>();
  let tail = Buffer.alloc(0);
  const look = (part: Buffer): void => {
    if (marks.length === 0) return;
    const border = Buffer.concat([tail, part.subarray(0, 64)]);
    for (const mark of marks)
      if (!found.has(mark) && (part.includes(mark) || border.includes(mark))) found.add(mark);
    tail = Buffer.from(part.subarray(-64));
  };
  return { look, found };
}
