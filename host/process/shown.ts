import { HostRefusal } from "../peer/refusal.ts";
import type { Selector } from "../selector/selector.ts";
import type { Attested } from "./attested.ts";

/** What has been shown so far, and what was not. */
export class Shown {
  readonly selectors: Selector[] = [];
  readonly withheld: HostRefusal[] = [];

  add(kind: string, value: string | number | undefined): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (value !== undefined && !/[\u0000-\u001f\u007f]/.test(String(value)))
      this.selectors.push(`${kind}:${value}`);
  }

  /** Selectors sorted, each once; what was withheld only where something was. */
  told(): Pick<Attested, "selectors" | "withheld"> {
    const selectors = [...new Set(this.selectors)].sort();
    return this.withheld.length > 0 ? { selectors, withheld: this.withheld } : { selectors };
  }

  /** Goes on without what is refused. */
  async attempt<T>(look: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof HostRefusal) || WHOLE.has(error.code)) throw error;
      this.withheld.push(error);
      return undefined;
    }
  }
}

/** What is no lack of one selector. */
const WHOLE = new Set([
  "peer_exited",
  "pid_reused",
  "user_changed",
  "program_changed",
  "unreadable",
  "traced",
]);
