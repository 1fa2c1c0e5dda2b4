import { randomInt } from "node:crypto";

/** A seed that nobody has used: so that each run looks where none has looked before. */
export const newSeed = (): number => randomInt(2 ** 31);
