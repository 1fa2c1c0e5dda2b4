/** What passes between clients in this process and a server: the secrets, and the words of every refusal. */
export interface Overheard {
  readonly secrets: ReadonlySet<string>;
  readonly refusals: readonly string[];
  stop(): void;
}

/** Members of bodies, parameters of forms and cookies that are secret: whoever has one can act with it. */
const SECRET = new Set([
  "secret",
  "code",
  "session",
  "token",
  "proof",
  "access_token",
  "delegation_token",
  "client_assertion",
  "subject_token",
  "actor_token",
  "countersign_session",
]);
/** Shorter words are found everywhere by chance. */
const SHORTEST = 16;

/** Listens to everything that this process fetches, until stopped. */
export function overhear(): Overheard {
  const plain = globalThis.fetch;
  const secrets = new Set<string>();
  const refusals: string[] = [];
  const note = (name: string, value: unknown): void => {
    if (SECRET.has(name) && typeof value === "string" && value.length >= SHORTEST) secrets.add(value);
  };
  globalThis.fetch = async (...request) => {
    const sent = new Request(...request);
    for (const value of headerSecrets(sent.headers)) secrets.add(value);
    noteBody(await sent.clone().text(), note);
    const response = await plain(sent);
    for (const cookie of response.headers.getSetCookie()) note(...namedValue(cookie.split(";")[0] ?? ""));
    const text = await response.clone().text();
    if (response.ok) noteBody(text, note);
    else refusals.push(text);
    return response;
  };
  return {
    secrets,
    refusals,
    stop() {
      globalThis.fetch = plain;
    },
  };
}

const headerSecrets = (headers: Headers): string[] => [
  ...(headers.get("authorization")?.split(" ").slice(1) ?? []),
  ...(headers.get("dpop")?.split(", ") ?? []),
];

function noteBody(text: string, note: (name: string, value: unknown) => void): void {
  try {
    JSON.parse(text, (name, value) => {
      note(name, value);
      return value;
    });
  } catch {
    for (const [name, value] of new URLSearchParams(text)) note(name, value);
  }
}

const namedValue = (pair: string): [string, string] => {
  const at = pair.indexOf("=");
  return [pair.slice(0, at), pair.slice(at + 1)];
};
