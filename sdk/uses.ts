import type { JsonObject } from "@countersign/proof/jcs";
import type { CountersignError, Refused } from "./errors.ts";
import type { Instance } from "./instance.ts";
import { isAnswer, queueRecords } from "./record-queue.ts";
import { type RefusalError, RequestRefused } from "./refusal.ts";

/** One call under one token, or under one chain of warrants. */
export interface Use {
  /** Of the token, or of the chain's root. */
  readonly jti: string;
  readonly tool: string;
  readonly args: JsonObject;
  /** Names the proof of possession that came with it, where one did: the control plane lets it count once. */
  readonly proof?: string | undefined;
  readonly warrant?: ShownWarrant;
}

/** What a caller has shown in place of a token: its signature over this very call. */
export interface ShownWarrant {
  readonly resource: string;
  readonly method: string;
  readonly url: string;
  /** When it was verified, in milliseconds since 1970. */
  readonly at: number;
  /** Root first. */
  readonly chain: readonly string[];
  readonly proof: string;
}

/** A call that was turned away here. */
export interface TurnedAway {
  readonly resource: string;
  readonly tool: string;
  readonly refusal: RequestRefused;
  /** Of the token that came with it, where the issuer had signed one. */
  readonly jti: string | undefined;
}

type Phase = "called" | "returned" | "failed";

/** Tells the control plane what is called, so that it stands in the log, and spends what is counted. */
export interface Uses {
  /**
   * Records a call before it runs. A counted one waits for the control plane's yes; others are recorded in
   * the background, in order, until the control plane has taken them.
   *
   * @throws RequestRefused when the control plane says no, or cannot be asked where it must be
   */
  begin(use: Use, how: { counted: boolean }): Promise<void>;
  /** Records how a call ended. Never waited for. */
  end(use: Use, phase: "returned" | "failed"): void;
  /** Records that a call was turned away. Never waited for; under a flood of them some are not recorded. */
  refused(call: TurnedAway): void;
  /** Waits until all that was recorded has been sent. */
  settled(): Promise<void>;
}

/** How many records may wait to be sent. Beyond them nothing runs, for it could not be recorded. */
const longestQueue = 1_000;

/** What is told, and what of it could not be recorded. */
export interface RecordedUses extends Uses {
  /** What the control plane has answered and recorded nowhere, since this was asked last. */
  unrecorded(): CountersignError | undefined;
}

/** @param closing once aborted, what cannot be sent at once is given up */
export function recordUses(instance: Pick<Instance, "ask">, closing: AbortSignal): RecordedUses {
  const queue = queueRecords(closing);

  const send = ({ jti, tool, args, proof, warrant }: Use, phase: Phase): Promise<unknown> =>
    warrant === undefined
      ? instance.ask("POST", "/oauth/uses", { jti, tool, args, phase, ...provenBy(proof, phase) })
      : instance.ask("POST", "/oauth/warrant-uses", { ...told(warrant), tool, args, phase });
  const sendLater = (use: Use, phase: Phase): void => queue.add(use, () => send(use, phase));

  return {
    async begin(use, { counted }) {
      if (queue.waiting() >= longestQueue) throw unrecorded();
      if (!counted) return sendLater(use, "called");
      await send(use, "called").catch((cause) => {
        throw isAnswer(cause)
          ? new RequestRefused(refusalError(cause), cause.message, { cause })
          : unrecorded(cause);
      });
    },
    end: sendLater,
    refused(call) {
      // What agents provoke must not keep the calls that are served from being recorded.
      if (queue.waiting() >= longestQueue / 2) return;
      queue.add(call, () => instance.ask("POST", "/oauth/refusals", toldOf(call)));
    },
    settled: queue.settled,
    unrecorded: queue.unrecorded,
  };
}

const provenBy = (proof: string | undefined, phase: Phase): { proof?: string } =>
  proof === undefined || phase !== "called" ? {} : { proof };

const told = ({ resource, method, url, at, chain, proof }: ShownWarrant) => ({
  ...{ resource, method, url, at, proof },
  chain: chain.join("~"),
});

const toldOf = ({ resource, tool, refusal, jti }: TurnedAway) => ({
  resource,
  // Whatever its sender called it by: what was turned away is recorded all the same.
  tool: tool.replaceAll(/[^\x21-\x7e]/g, "?").slice(0, 200) || "?",
  error: refusal.error ?? "invalid_token",
  why: refusal.message,
  ...(jti === undefined ? {} : { jti }),
});

/** A token that has ended is not valid any more, however its ending was learned. @see RFC 6750 §3.1 */
const refusalError = ({ members: { token_error: error } }: Refused): RefusalError =>
  error === "invalid_token" || error === "invalid_dpop_proof" ? error : "insufficient_scope";

const unrecorded = (cause?: unknown): RequestRefused =>
  new RequestRefused("temporarily_unavailable", "The call cannot be recorded now; nothing was done.", {
    cause,
  });
