/** A refusal, in the server's words: what, and what to do next. */
export class Refusal extends Error {
  readonly status: number;
  readonly remedy: string | undefined;

  constructor(status: number, message: string, remedy?: string) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.remedy = remedy;
  }
}

/** @throws Refusal */
export const get = <T>(path: string): Promise<T> => ask<T>(path, { method: "GET" });

/** @param body none for the endpoints that take nothing. @throws Refusal */
export const post = <T>(path: string, body?: object): Promise<T> =>
  ask<T>(path, {
    method: "POST",
    ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  const answer = await fetch(path, { ...init, credentials: "same-origin", redirect: "error" }).catch(() => {
    throw new Refusal(0, "The server cannot be reached.", "Check your connection, then try again.");
  });
  if (answer.status === 204) return undefined as T;
  const body: unknown = await answer.json().catch(() => undefined);
  if (!answer.ok) throw refusalOf(answer.status, body);
  return body as T;
}

/** @see RFC 9457 §3 */
function refusalOf(status: number, body: unknown): Refusal {
  const { detail, title, remedy } = (typeof body === "object" && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  const message = [detail, title].find((text) => typeof text === "string") ?? "The server refused.";
  return new Refusal(status, String(message), typeof remedy === "string" ? remedy : undefined);
}
