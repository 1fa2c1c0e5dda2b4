import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { CountersignError, Refused } from "../errors.ts";
import { type GrpcClient, STATUS } from "./grpc-client.ts";
import { readState, type X509Message, type X509State } from "./x509-state.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;

/** What is heard of this process's state. */
export interface Heard {
  state(state: X509State): void;
  /** All of it has been taken away. */
  denied(why: Refused): void;
  /** It is of no use to ask again. */
  hopeless(why: CountersignError): void;
}

/** Follows the stream of states, again and again. What is held meanwhile is not its business. @returns how to stop */
export function follow(client: Pick<GrpcClient, "x509">, heard: Heard): () => void {
  let [stopped, failures] = [false, 0];
  let stream: ClientReadableStream<X509Message> | undefined;
  let timer: NodeJS.Timeout | undefined;

  function open(): void {
    const opened = client.x509();
    stream = opened;
    opened.on("data", (message) => {
      try {
        heard.state(readState(message));
        failures = 0;
      } catch {
        // What cannot be read is thrown away: the next one may be better.
        opened.cancel();
      }
    });
    opened.on("error", (error: ServiceError) => end(error));
    opened.on("end", () => again());
  }

  function end({ code, details }: ServiceError): void {
    if (stopped) return;
    const hopeless = code === STATUS.invalid || code === STATUS.unimplemented;
    if (hopeless) heard.hopeless(new CountersignError(`the Workload API answers ${details}`));
    else if (code === STATUS.denied) heard.denied(deniedWith(details));
    failures += 1;
    if (!hopeless) again();
  }

  function again(): void {
    if (stopped || timer !== undefined) return;
    const most =
      failures === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 12));
    timer = setTimeout(
      () => {
        timer = undefined;
        open();
      },
      most * (0.5 + Math.random() / 2),
    );
  }

  open();
  return () => {
    stopped = true;
    clearTimeout(timer);
    stream?.cancel();
  };
}

/** What a process is told that nobody vouches for. */
export const deniedWith = (details: string): Refused =>
  new Refused(details, {
    code: "no-identity",
    status: 403,
    remedy: "Ask whoever runs this host which entry is meant for this process: countersign host inspect.",
  });
