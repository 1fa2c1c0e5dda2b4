import type { JsonObject } from "@countersign/proof/jcs";

/** What the server said no with: its sentence, its code, and the event that recorded it. */
export class ServerRefusal extends Error {
  override readonly name = "Refused";
  readonly status: number;
  readonly code: string;
  readonly members: JsonObject;

  constructor(status: number, problem: JsonObject) {
    super(String(problem.detail ?? `refused with status ${status}`));
    this.status = status;
    this.code = String(problem.type ?? "").replace(/^urn:countersign:problem:/, "");
    this.members = problem;
  }
}

/** A person's browser, as far as the server can tell: it keeps one cookie and says which page sends. */
export class Browser {
  readonly issuer: string;
  #cookie: string | undefined;

  constructor(issuer: string) {
    this.issuer = issuer;
  }

  get(path: string): Promise<JsonObject> {
    return this.#send(path, { method: "GET" });
  }

  send(
    method: "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body: JsonObject = {},
  ): Promise<JsonObject> {
    return this.#send(path, {
      method,
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
  }

  /** Sends a text as it is. */
  sendYaml(path: string, body: string): Promise<JsonObject> {
    return this.#send(path, { method: "POST", body, headers: { "content-type": "application/yaml" } });
  }

  async #send(path: string, init: RequestInit): Promise<JsonObject> {
    const headers = new Headers(init.headers);
    headers.set("origin", this.issuer);
    if (this.#cookie !== undefined) headers.set("cookie", this.#cookie);
    const response = await fetch(`${this.issuer}${path}`, { ...init, headers });
    this.#cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? this.#cookie;
    const text = await response.text();
    const answer: JsonObject = text === "" ? {} : JSON.parse(text);
    if (!response.ok) throw new ServerRefusal(response.status, answer);
    return answer;
  }
}
