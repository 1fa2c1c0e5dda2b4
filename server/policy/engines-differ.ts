/** Thrown by an engine that was held against another one, where the two do not agree. */
export class EnginesDiffer extends Error {
  /** @param difference in ids of policies alone */
  constructor(difference: string) {
    super(`the engines differ: ${difference}`);
    this.name = "EnginesDiffer";
  }
}
