/** What is true of a process or a machine, as `type:key:value`: `unix:uid:1001`, `systemd:unit:planner.service`. */
export type Selector = string;

/** Whether all of an entry's selectors are among those that were attested. None at all covers nothing. */
export const isCovered = (wanted: readonly Selector[], attested: readonly Selector[]): boolean => {
  const known = new Set(attested);
  return wanted.length > 0 && wanted.every((selector) => known.has(selector));
};
