import type { Upstream } from "../upstream/upstream.ts";
import { backoff } from "./backoff.ts";
import type { IdentityDeps } from "./ports.ts";

/** How long an exit waits for others before they are told together, in milliseconds. */
const GATHERING = 250;
const MOST_AT_ONCE = 1_000;

/** Tells the control plane whose processes have exited, however often that takes. */
export interface Endings {
  tell(instance: string): void;
  /** Tells what is left, once. */
  flush(): Promise<void>;
  close(): void;
}

export function tellingEndings({ upstream, clock, random, log }: Deps): Endings {
  const pending = new Set<string>();
  let failures = 0;
  let forget: (() => void) | undefined;

  async function flush(): Promise<void> {
    const told = [...pending].slice(0, MOST_AT_ONCE);
    if (told.length === 0) return;
    await upstream.ended(told);
    for (const instance of told) pending.delete(instance);
    if (pending.size > 0) await flush();
  }

  function soon(milliseconds: number): void {
    forget ??= clock.after(milliseconds, () => {
      flush().then(
        () => {
          failures = 0;
          again(GATHERING);
        },
        (cause: unknown) => {
          failures += 1;
          log("warn", "exits could not be told", { pending: pending.size, why: String(cause) });
          again(backoff(failures, random()));
        },
      );
    });
  }

  function again(milliseconds: number): void {
    forget = undefined;
    if (pending.size > 0) soon(milliseconds);
  }

  return {
    tell(instance) {
      pending.add(instance);
      soon(GATHERING);
    },
    flush,
    close: () => forget?.(),
  };
}

type Deps = Pick<IdentityDeps, "clock" | "random" | "log"> & { upstream: Pick<Upstream, "ended"> };
