import type { Failure } from "./actor.ts";
import type { Answered } from "./agent-process.ts";
import { Refusal } from "./cast.ts";

/** A claim of the story that did not hold. */
export class Untrue extends Error {
  override readonly name = "Untrue";
}

/** Ends the story unless this holds. */
export function check(holds: boolean, claim: string): asserts holds {
  if (!holds) throw new Untrue(`This should hold and does not: ${claim}`);
}

/** The refusal that an attempt must meet. @param name the error's, where only one will do */
export async function refusalOf(claim: string, attempt: Promise<unknown>, name?: string): Promise<Failure> {
  const cause = await attempt.then(
    (result) => new Untrue(`This should be refused and is not: ${claim} (${JSON.stringify(result)})`),
    (error: unknown) => error,
  );
  if (!(cause instanceof Refusal)) throw cause;
  check(name === undefined || cause.failure.name === name, `${claim}: ${name}, not ${cause.message}`);
  return cause.failure;
}

/** What was said, in its first sentence; the rest is what to do next. */
export const inShort = ({ message }: Failure): string =>
  message.split(". ")[0]?.replace(/\.$/, "") ?? message;

/** The id of the event that recorded a refusal. */
export function recordOf(failure: Failure): string {
  const { event } = (failure.members ?? {}) as { event?: unknown };
  check(
    typeof event === "string" && event.startsWith("event_"),
    `the refusal "${failure.message}" is recorded`,
  );
  return event;
}

/** A resource's answer that must be a yes. */
export function served(claim: string, { status, body, challenge }: Answered): Answered["body"] {
  check(status === 200, `${claim} (${status} ${challenge ?? JSON.stringify(body)})`);
  return body;
}

/** A resource's answer that must be a no; returns what it said. */
export function turnedAway(claim: string, { status, challenge }: Answered, error: string): string {
  const said = /error="([^"]*)", error_description="([^"]*)"/.exec(challenge ?? "");
  check(status >= 400 && said?.[1] === error, `${claim}: ${error}, not ${status} ${challenge}`);
  return `${status} ${said[2]?.split(/[.;] ?/)[0]}`;
}

/**
 * Calls again until it is turned away: the news that a token is dead travels from the control plane to the
 * resource server by itself, in a fraction of a second.
 *
 * @returns what the resource said, and how long the news took at most
 */
export async function soonTurnedAway(call: () => Promise<Answered>): Promise<string> {
  const start = performance.now();
  let answer = await call();
  while (answer.status === 200 && performance.now() - start < 10_000) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    answer = await call();
  }
  const said = turnedAway("a dead token", answer, "invalid_token");
  return `${said} (within ${Math.ceil(performance.now() - start)} ms)`;
}
