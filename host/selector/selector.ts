/** What is true of a process or a machine, as `type:key:value`: `unix:uid:1001`, `systemd:unit:planner.service`. */
export type Selector = string;

/** What is shown of a process's program alone, for which the program is read. */
const OF_PROGRAM =
  /^(?:unix:(?:path|sha256)|process:(?:interpreter|interpreter_path|interpreter_sha256|script|script_sha256)):/;

/** Whether all that an entry wants of where and as whom a process runs is so, whatever its program is. */
export const couldBeCovered = (wanted: readonly Selector[], place: readonly Selector[]): boolean => {
  const known = new Set(place);
  return wanted.every((selector) => OF_PROGRAM.test(selector) || known.has(selector));
};

/** Whether all of an entry's selectors are among those that were attested. None at all covers nothing. */
export const isCovered = (wanted: readonly Selector[], attested: readonly Selector[]): boolean => {
  const known = new Set(attested);
  return wanted.length > 0 && wanted.every((selector) => known.has(selector));
};
