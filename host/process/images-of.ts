import { imagesByCri } from "./cri.ts";
import { type Image, imagesByDocker } from "./image.ts";

/**
 * Which image a container runs, asked of the machine's runtime at its socket: containerd, CRI-O and cri-dockerd
 * (known by their sockets' names) by the Container Runtime Interface, all others as Docker's engine.
 * @param socket absolute path
 */
export const imagesOf = (socket: string): ((container: string) => Promise<Image>) =>
  /\/(?:containerd|crio|cri-dockerd)\.sock$/.test(socket) ? imagesByCri(socket) : imagesByDocker(socket);
