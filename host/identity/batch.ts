import { UpstreamRefused } from "../upstream/refused.ts";
import type { AttestAnswer, AttestRequest, Upstream } from "../upstream/upstream.ts";
import type { HostClock } from "./ports.ts";

/** How many requests one message carries at most. */
const MOST_AT_ONCE = 100;
/** How many messages are under way together: the next wait, and fill up. */
const MOST_UNDER_WAY = 4;
/** Renewals have time: they go by themselves, a few in a message, so that nobody at the control plane waits long. */
const RENEWALS_AT_ONCE = 20;
/** Unless they have gathered: then they go in so many messages. */
const MESSAGES_OF_A_STORM = 50;
/** How long the first of a message waits for others, in milliseconds. */
const GATHERING = 5;

export type AskUpstream = (request: AttestRequest) => Promise<AttestAnswer>;

/**
 * Gathers what many processes ask for into few messages. Each is answered by itself, and a process that waits for its
 * first identity does not wait for others' renewals.
 * @returns throws what `attest` throws: to each of a message whose message failed
 */
export function batching(upstream: Pick<Upstream, "attest">, clock: HostClock): AskUpstream {
  const renewalsAtOnce = (waiting: number): number =>
    Math.min(MOST_AT_ONCE, Math.max(RENEWALS_AT_ONCE, Math.ceil(waiting / MESSAGES_OF_A_STORM)));
  const first = line(upstream, clock, MOST_UNDER_WAY, () => MOST_AT_ONCE);
  const renewal = line(upstream, clock, 1, renewalsAtOnce);
  return (request) => (request.instance === undefined ? first(request) : renewal(request));
}

/** A waiting line of its own. @param atOnce how many of so many that wait go into the next message */
function line(
  upstream: Pick<Upstream, "attest">,
  clock: HostClock,
  mostUnderWay: number,
  atOnce: (waiting: number) => number,
): AskUpstream {
  const waiting: Waiting[] = [];
  let underWay = 0;
  let gathering = false;

  function pump(): void {
    gathering = false;
    while (waiting.length > 0 && underWay < mostUnderWay) {
      underWay += 1;
      void send(upstream, waiting.splice(0, atOnce(waiting.length))).finally(() => {
        underWay -= 1;
        pump();
      });
    }
  }

  return (request) =>
    new Promise((answered, failed) => {
      waiting.push({ request, answered, failed });
      if (gathering || underWay === mostUnderWay) return;
      gathering = true;
      clock.after(GATHERING, pump);
    });
}

interface Waiting {
  readonly request: AttestRequest;
  readonly answered: (answer: AttestAnswer) => void;
  readonly failed: (cause: unknown) => void;
}

async function send(upstream: Pick<Upstream, "attest">, batch: readonly Waiting[]): Promise<void> {
  try {
    const answers = await upstream.attest(batch.map(({ request }) => request));
    if (answers.length !== batch.length) throw new TypeError("not as many answers as requests");
    for (const [i, { answered, failed }] of batch.entries()) {
      const answer = answers[i];
      if (answer === undefined) failed(new TypeError("an answer is missing"));
      else answered(answer);
    }
  } catch (cause) {
    if (batch.length > 1 && isForItsForm(cause)) await sendInHalves(upstream, batch);
    else for (const { failed } of batch) failed(cause);
  }
}

/** One that the control plane cannot read must not cost the others theirs: in the end it stands alone. */
async function sendInHalves(upstream: Pick<Upstream, "attest">, batch: readonly Waiting[]): Promise<void> {
  const middle = batch.length >> 1;
  await send(upstream, batch.slice(0, middle));
  await send(upstream, batch.slice(middle));
}

/** Malformed, too large, of another form: what the message holds, not who sends it. */
const isForItsForm = (cause: unknown): boolean =>
  cause instanceof UpstreamRefused && [400, 413, 422].includes(cause.status);
