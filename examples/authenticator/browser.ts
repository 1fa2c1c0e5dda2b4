/** As much of a browser as signing in needs: it keeps a cookie, and says which page it is on. */
export interface Browser {
  readonly origin: string;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: object): Promise<T>;
}

/** What the server refused, in its own words. */
export class Refused extends Error {
  readonly status: number;
  readonly problem: Record<string, unknown>;

  constructor(status: number, problem: Record<string, unknown>) {
    super([problem.detail ?? problem.title ?? `status ${status}`, problem.remedy].filter(Boolean).join(" "));
    this.name = "Refused";
    this.status = status;
    this.problem = problem;
  }
}

/** Opens a browser on the pages of this origin. */
export function openBrowser(origin: string): Browser {
  let cookie: string | undefined;
  const ask = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const answer = await fetch(new URL(path, origin), {
      method,
      redirect: "error",
      headers: {
        ...(method === "GET" ? {} : { origin }),
        ...(cookie === undefined ? {} : { cookie }),
        ...(body && { "content-type": "application/json" }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
    return read<T>(answer);
  };
  return { origin, get: (path) => ask("GET", path), post: (path, body) => ask("POST", path, body) };
}

/** @throws Refused */
async function read<T>(answer: Response): Promise<T> {
  const text = await answer.text();
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  if (!answer.ok) throw new Refused(answer.status, (body ?? {}) as Record<string, unknown>);
  return body as T;
}
