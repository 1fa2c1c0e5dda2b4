/** Others' text for our log and for the operator: short, and nothing in it that a terminal would obey. */
export const printable = (attackerText: string): string =>
  attackerText.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 300);
