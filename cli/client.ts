import { Trouble } from "./say.ts";
import { readSession } from "./session-file.ts";

export const DEFAULT_ISSUER = "http://localhost:4600";

/** Speaks to a running server, as the person whose session this terminal holds. */
export interface Client {
  readonly issuer: string;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: unknown, contentType?: string): Promise<T>;
  put<T>(path: string, body?: unknown): Promise<T>;
  delete<T>(path: string): Promise<T>;
  bytes(path: string): Promise<Uint8Array>;
}

/** @param issuer the server's address; COUNTERSIGN_ISSUER or localhost when left out */
export function openClient(issuer = process.env.COUNTERSIGN_ISSUER ?? DEFAULT_ISSUER): Client {
  const origin = issuer.replace(/\/$/, "");
  const send = (path: string, init: RequestInit = {}): Promise<Response> => request(origin, path, init);
  return {
    issuer: origin,
    get: async <T>(path: string) => (await send(path)).json() as Promise<T>,
    async post<T>(path: string, body?: unknown, contentType = "application/json") {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const init = body === undefined ? {} : { body: text, headers: { "content-type": contentType } };
      const response = await send(path, { method: "POST", ...init });
      return (response.status === 204 ? undefined : await response.json()) as T;
    },
    async put<T>(path: string, body?: unknown) {
      const headers = { "content-type": "application/json" };
      const init = body === undefined ? {} : { body: JSON.stringify(body), headers };
      const response = await send(path, { method: "PUT", ...init });
      return (response.status === 204 ? undefined : await response.json()) as T;
    },
    async delete<T>(path: string) {
      const response = await send(path, { method: "DELETE" });
      return (response.status === 204 ? undefined : await response.json()) as T;
    },
    bytes: async (path) => new Uint8Array(await (await send(path)).arrayBuffer()),
  };
}

async function request(origin: string, path: string, init: RequestInit): Promise<Response> {
  const session = process.env.COUNTERSIGN_SESSION ?? readSession(origin);
  const headers = new Headers(init.headers);
  if (session !== undefined) headers.set("authorization", `Session ${session}`);
  const response = await fetch(`${origin}${path}`, { ...init, headers }).catch(() => {
    throw new Trouble(
      `Nothing answers at ${origin}.`,
      "Start a server with `countersign up`, or name one with COUNTERSIGN_ISSUER.",
    );
  });
  if (response.ok) return response;
  throw await troubleOf(response);
}

async function troubleOf(response: Response): Promise<Trouble> {
  const problem = (await response.json().catch(() => ({}))) as {
    detail?: string;
    remedy?: string;
    event?: string;
  };
  const recorded = problem.event === undefined ? "" : ` (recorded as ${problem.event})`;
  const remedy = response.status === 401 ? "Sign in: `countersign login` tells how." : problem.remedy;
  const said = problem.detail ?? `The server answered ${response.status}.`;
  return new Trouble(`${said}${recorded}`, remedy, problem);
}
