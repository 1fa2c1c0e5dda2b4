import { request } from "node:http";
import { HostRefusal } from "../peer/refusal.ts";

/** What a container runs. */
export interface Image {
  /** `sha256:<hex>` of the image's configuration: what an image is on this machine. */
  readonly config?: string;
  /** `sha256:<hex>` of the manifests under which it was pulled: what registries and signatures speak of. */
  readonly manifests: readonly string[];
  /** As what Kubernetes has it started. */
  readonly kubernetes?: { readonly namespace: string; readonly pod: string; readonly container: string };
}

/** How long a runtime may take, in milliseconds, and how much it may say, in bytes. */
export const PATIENCE = 3_000;
const MOST = 4 << 20;

/**
 * Asks Docker, or Podman, which has the same door, for the image of a container. Whoever may write to that
 * socket is root on the machine, so its word is the machine's own. Where Docker keeps images in containerd's
 * store, what it calls an image's id is its manifest's digest, and there is no configuration digest.
 * @param socket `/run/docker.sock`, `/run/podman/podman.sock`
 * @throws HostRefusal `image_unknown`
 * @see https://docs.docker.com/reference/api/engine/ ContainerInspect, ImageInspect
 */
export const imagesByDocker =
  (socket: string) =>
  async (container: string): Promise<Image> => {
    const running = await ask(socket, `/containers/${container}/json`);
    if (memberOf(running, "Id") !== container) throw imageUnknown();
    const id = memberOf(running, "Image");
    if (typeof id !== "string" || !DIGEST.test(id)) throw imageUnknown();
    return imageOf(id, await ask(socket, `/images/${id}/json`));
  };

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (text: string): boolean => DIGEST.test(text);

function imageOf(id: string, image: unknown): Image {
  const named = memberOf(image, "RepoDigests");
  const pulled = Array.isArray(named) ? named.flatMap(digestIn) : [];
  const descriptor = memberOf(memberOf(image, "Descriptor"), "digest");
  const manifests = [...new Set([...pulled, ...(descriptor === id ? [id] : [])])].sort();
  return manifests.includes(id) ? { manifests } : { config: id, manifests };
}

/** `registry/name@sha256:…`. */
function digestIn(named: unknown): string[] {
  const digest = typeof named === "string" ? named.slice(named.indexOf("@") + 1) : "";
  return DIGEST.test(digest) ? [digest] : [];
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

function ask(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, signal: AbortSignal.timeout(PATIENCE) }, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on("data", (part: Buffer) => {
        size += part.length;
        if (size > MOST) asked.destroy(imageUnknown());
        else parts.push(part);
      });
      response.on("error", () => reject(imageUnknown()));
      response.on("end", () => {
        try {
          if (response.statusCode !== 200) throw imageUnknown();
          resolve(JSON.parse(Buffer.concat(parts).toString("utf8")));
        } catch {
          reject(imageUnknown());
        }
      });
    });
    asked.on("error", () => reject(imageUnknown()));
    asked.end();
  });
}

export const imageUnknown = (): HostRefusal =>
  new HostRefusal(
    "image_unknown",
    "The container's runtime does not say which image it runs.",
    "Tell the host where the runtime's socket is, and let it run as root.",
  );
