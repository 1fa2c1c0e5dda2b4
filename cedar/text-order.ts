/**
 * Compares texts by their code points, as Rust does. JavaScript compares halves of surrogate pairs, which puts
 * an emoji before the last characters of the basic plane.
 */
export function byCodePoint(one: string, other: string): number {
  const shorter = Math.min(one.length, other.length);
  for (let position = 0; position < shorter; position += 1) {
    const difference = rank(one.charCodeAt(position)) - rank(other.charCodeAt(position));
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

/** Surrogates (0xD800 to 0xDFFF) stand for what comes after everything else. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
