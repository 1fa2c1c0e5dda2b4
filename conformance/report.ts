/** What became of the cases of a suite. */
export interface Outcome {
  readonly suite: string;
  readonly passed: number;
  readonly failed: number;
  /** `case: what was wrong`, for each that failed. */
  readonly failures: readonly string[];
  /** Why the suite could not run here at all. */
  readonly skipped?: string;
}

/** How a suite is run. */
export interface Extent {
  /** Many more rounds, for a machine with time. */
  readonly long: boolean;
  /** Told of each case as it ends. */
  readonly tell: (line: string) => void;
}

/** A black-box suite against servers that it starts itself. */
export type Suite = (report: Report, extent: Extent) => Promise<void>;

/** Thrown by a suite that cannot run here; its message says what is missing. */
export class Skipped extends Error {}

/** Counts cases. One that fails does not end the suite: the next may tell more. */
export class Report {
  readonly #tell: Extent["tell"];
  readonly #failures: string[] = [];
  #passed = 0;

  constructor(tell: Extent["tell"]) {
    this.#tell = tell;
  }

  /** Runs one case: it passes unless it throws. */
  async case(name: string, run: () => unknown): Promise<void> {
    try {
      await run();
      this.#passed += 1;
      this.#tell(`ok      ${name}`);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#failures.push(`${name}: ${why}`);
      this.#tell(`FAILED  ${name}: ${why}`);
    }
  }

  /** Something worth reading that is no case: a seed, a figure. */
  note(line: string): void {
    this.#tell(`        ${line}`);
  }

  outcome(suite: string): Outcome {
    const failures = this.#failures;
    return { suite, passed: this.#passed, failed: failures.length, failures };
  }
}

export async function runSuite(name: string, suite: Suite, extent: Extent): Promise<Outcome> {
  const report = new Report(extent.tell);
  try {
    await suite(report, extent);
  } catch (error) {
    if (error instanceof Skipped) return { ...report.outcome(name), skipped: error.message };
    await report.case("the suite runs to its end", () => Promise.reject(error));
  }
  return report.outcome(name);
}
