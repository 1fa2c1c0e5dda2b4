import { request } from "node:http";
import { UpstreamAway } from "../upstream/upstream.ts";

/** How long a metadata service may take, in milliseconds, and how much it may say, in bytes. */
const PATIENCE = 5_000;
const MOST = 65_536;

/**
 * Asks a cloud's metadata service: over plain HTTP, never through a proxy, never elsewhere by a redirect.
 * @throws UpstreamAway where there is none: this is another cloud, or the service is off
 */
export function metadata(
  url: string,
  {
    method = "GET",
    headers,
  }: { readonly method?: string; readonly headers: Readonly<Record<string, string>> },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const away = (cause: unknown): void =>
      reject(new UpstreamAway("the metadata service of this machine does not answer", { cause }));
    const options = { method, headers, agent: false as const, signal: AbortSignal.timeout(PATIENCE) };
    const asked = request(url, options, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on("data", (part: Buffer) => {
        size += part.length;
        parts.push(part);
        if (size > MOST) asked.destroy(new Error("it says too much"));
      });
      response.on("error", away);
      response.on("end", () => {
        if (response.statusCode !== 200) away(new Error(`it answered with status ${response.statusCode}`));
        else resolve(Buffer.concat(parts).toString("utf8"));
      });
    });
    asked.on("error", away);
    asked.end();
  });
}
