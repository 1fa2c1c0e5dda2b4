/**
 * A company's APIs, all in one process: cloud, billing and reports. Each is a resource of its own, with its
 * own audience; each tool is `POST /<server>/<tool>` with its arguments as JSON. The Countersign SDK stands
 * before every one of them.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isJsonObject, type JsonObject, parseStrict } from "@countersign/proof/jcs";
import { openService, type Protector, RequestRefused, type Service } from "@countersign/sdk";
import { act } from "./actor.ts";
import { tools } from "./company-data.ts";

const longestBody = 65_536;
let service: Service | undefined;
let origin = "";
const protectors = new Map<string, Protector>();

const server = createServer((request, response) => {
  serve(request).then(
    (result) => send(response, 200, {}, result),
    (cause) => sendRefusal(response, cause),
  );
});

act({
  async listen() {
    await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    return { origin };
  },
  async enrol({ issuer, joinToken }: { issuer: string; joinToken: string }) {
    service = await openService({ issuer, joinToken });
    for (const name of ["cloud", "billing", "reports"]) {
      protectors.set(name, await service.protect(`${origin}/${name}`));
    }
    return { instance: service.id };
  },
  /** Waits until every call has reached the log. */
  async settle() {
    await service?.settled();
  },
});

async function serve(request: IncomingMessage): Promise<JsonObject> {
  const { server: name, tool, execute } = toolAt(request);
  const args = await readArguments(request);
  const access = await protectorOf(name).verify({
    method: request.method ?? "",
    url: `${origin}/${name}/${tool}`,
    authorization: request.headersDistinct.authorization,
    dpop: request.headersDistinct.dpop,
    call: { tool: `${name}/${tool}`, args },
  });
  return access.run(async () => execute(args));
}

class HttpError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function toolAt({ method, url }: IncomingMessage) {
  const [, server = "", tool = "", ...rest] = (url ?? "").split("/");
  const execute = tools.get(`${server}/${tool}`);
  if (method !== "POST" || execute === undefined || rest.length > 0)
    throw new HttpError(404, "There is no such tool.");
  return { server, tool, execute };
}

function protectorOf(name: string): Protector {
  const protector = protectors.get(name);
  if (protector === undefined) throw new HttpError(503, "This server has not been enrolled yet.");
  return protector;
}

async function readArguments(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > longestBody) throw new HttpError(413, "The arguments are too long.");
    chunks.push(chunk);
  }
  try {
    const args = parseStrict(Buffer.concat(chunks));
    if (isJsonObject(args)) return args;
  } catch {
    // Told below, in our own words.
  }
  throw new HttpError(400, "The arguments must be a JSON object.");
}

function sendRefusal(response: ServerResponse, cause: unknown): void {
  if (cause instanceof RequestRefused) send(response, cause.status, cause.headers, cause.body);
  else if (cause instanceof HttpError) send(response, cause.status, {}, { error_description: cause.message });
  else {
    process.stderr.write(`${cause instanceof Error ? cause.stack : cause}\n`);
    send(response, 500, {}, { error_description: "Something went wrong here." });
  }
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: object): void {
  response.writeHead(status, { ...headers, "content-type": "application/json" }).end(JSON.stringify(body));
}
