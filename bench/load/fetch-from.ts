import { request } from "node:http";
import { Readable } from "node:stream";

/** As `fetch` without redirects, from an address of the loopback network: rates are counted by source. */
export function fetchFrom(
  localAddress: string,
  url: string | URL | Request,
  { method = "GET", headers, body, signal }: RequestInit = {},
): Promise<Response> {
  const asked = new Request(url, {
    method,
    ...(headers === undefined ? {} : { headers }),
    body: body ?? null,
  });
  return new Promise((resolve, reject) => {
    const sent = request(asked.url, {
      agent: false,
      localAddress,
      method,
      headers: Object.fromEntries(asked.headers),
      ...(signal == null ? {} : { signal }),
    });
    sent.on("error", reject);
    sent.on("response", (response) => {
      const stream = Readable.toWeb(response) as ReadableStream<Uint8Array>;
      const answered = new Headers();
      for (const [name, value] of Object.entries(response.headers)) answered.set(name, String(value));
      resolve(new Response(stream, { status: response.statusCode ?? 0, headers: answered }));
    });
    asked.arrayBuffer().then((bytes) => sent.end(Buffer.from(bytes)), reject);
  });
}
