/** Longer texts are cut, so that no name pushes the rest of its line out of sight. In code points. */
const longest = 200;

/**
 * What may stand for itself: printable ASCII but for the backslash, and letters, marks and digits of any
 * script that show.
 */
const plain = /^(?:[\u0020-\u005b\u005d-\u007e]|(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{M}\p{N}])$/u;

/**
 * A text of somebody else's making, safe to stand in a line of a trace: what does not show, moves the cursor,
 * turns the direction or looks like a part of our notation (arrows, marks, dots) stands there as its code.
 */
export function shown(attackerText: string): string {
  const points = [...attackerText];
  const told = points.slice(0, longest).map((point, i) => {
    const isSecondSpace = point === " " && (points[i - 1] ?? " ") === " ";
    return plain.test(point) && !isSecondSpace ? point : escaped(point);
  });
  return told.join("") + (points.length > longest ? "…" : "");
}

const escaped = (point: string): string =>
  Array.from(
    { length: point.length },
    (_, i) => `\\u${point.charCodeAt(i).toString(16).padStart(4, "0")}`,
  ).join("");

/** An instant, such as `2026-01-01 09:00:03Z`. A number that is none stands as it is. */
export function instant(milliseconds: number): string {
  const time = new Date(milliseconds);
  if (Number.isNaN(time.getTime())) return String(milliseconds);
  return time
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");
}

/** The names of people by their ids. Two people of one name are told apart by their ids. */
export function namesOf(attackerNames: Readonly<Record<string, string>>): (id: string) => string {
  const counts = Map.groupBy(Object.values(attackerNames), (name) => name);
  return (id) => {
    const name = Object.hasOwn(attackerNames, id) ? attackerNames[id] : undefined;
    if (name === undefined) return shown(id);
    return (counts.get(name)?.length ?? 0) > 1 ? `${shown(name)} (${shown(id)})` : shown(name);
  };
}
