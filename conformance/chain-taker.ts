/** A service that takes chains of warrants, over real HTTP, with a clock that a test moves. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { isJsonObject, type JsonObject, parseStrict } from "@countersign/proof/jcs";
import { type Instance, nodeRuntime, RequestRefused, serviceOf } from "@countersign/sdk";

/** Where it serves one tool of one resource. */
export interface ChainTaker {
  readonly url: string;
  /** Its clocks go on by so much at once. */
  later(milliseconds: number): void;
  /** Waits until all is told. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Begins to serve, with all that it needs of the control plane at hand. */
export async function startChainTaker(
  instance: Instance,
  { resource, tool }: { resource: string; tool: string },
): Promise<ChainTaker> {
  let ahead = 0;
  const { fetch } = nodeRuntime;
  const runtime = { fetch, now: () => Date.now() + ahead, elapsed: () => performance.now() + ahead };
  const service = serviceOf({ ...instance, runtime });
  const protector = await service.protect(resource, { warrants: true });
  const server = createServer((request, response) => {
    serve(request).then(
      (result) => response.end(JSON.stringify(result)),
      (cause) => {
        const refusal = cause instanceof RequestRefused ? cause : { status: 500, headers: {}, body: {} };
        response.writeHead(refusal.status, refusal.headers).end(JSON.stringify(refusal.body));
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  const url = `http://localhost:${(server.address() as AddressInfo).port}/call`;

  async function serve(request: IncomingMessage): Promise<JsonObject> {
    const args = parseStrict(Buffer.concat(await request.toArray()));
    if (!isJsonObject(args)) throw new Error("the arguments must be an object");
    const { authorization, dpop, warrant } = request.headersDistinct;
    const call = { tool, args };
    const access = await protector.verify({ method: "POST", url, authorization, dpop, warrant, call });
    const { by, agent = "", human_principal = "", task = "" } = access;
    return access.run(async () => ({ by, agent, human_principal, task }));
  }

  return {
    url,
    later(milliseconds) {
      ahead += milliseconds;
    },
    settled: () => service.settled(),
    async close() {
      server.close();
      await service.close();
    },
  };
}
