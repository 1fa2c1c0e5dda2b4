import type { Client } from "@grpc/grpc-js";
import type { fromJSON } from "@grpc/proto-loader";
import { type Image, imageUnknown, isDigest, PATIENCE } from "./image.ts";

/** Of the Container Runtime Interface, version 1, what is asked here, by its published numbers. */
export const CRI = {
  nested: {
    runtime: {
      nested: {
        v1: {
          nested: {
            RuntimeService: {
              methods: {
                ContainerStatus: {
                  requestType: "ContainerStatusRequest",
                  responseType: "ContainerStatusResponse",
                },
              },
            },
            ContainerStatusRequest: { fields: { container_id: { type: "string", id: 1 } } },
            ContainerStatusResponse: { fields: { status: { type: "ContainerStatus", id: 1 } } },
            ContainerStatus: {
              fields: {
                id: { type: "string", id: 1 },
                image_ref: { type: "string", id: 9 },
                labels: { keyType: "string", type: "string", id: 12 },
                image_id: { type: "string", id: 17 },
              },
            },
          },
        },
      },
    },
  },
} as unknown as Parameters<typeof fromJSON>[0];

/** As containerd and CRI-O answer; every member is there. */
interface ContainerStatus {
  readonly id: string;
  readonly image_ref: string;
  readonly image_id: string;
  readonly labels: Readonly<Record<string, string>>;
}
type Ask = (
  request: { container_id: string },
  options: { deadline: number },
  told: (error: unknown, answer?: { status?: ContainerStatus | null }) => void,
) => void;

/**
 * Asks containerd or CRI-O, by the interface that the kubelet uses. Its labels are what the kubelet wrote when it
 * started the container.
 * @param socket `/run/containerd/containerd.sock`, `/run/crio/crio.sock`
 * @throws HostRefusal `image_unknown`
 * @see https://github.com/kubernetes/cri-api runtime.v1
 */
export const imagesByCri = (socket: string): ((container: string) => Promise<Image>) => {
  let client: Promise<Client> | undefined;
  return async (container) => {
    client ??= connect(socket);
    const { ContainerStatus: ask } = (await client) as unknown as { ContainerStatus: Ask };
    const status = await statusBy(ask.bind(await client), container);
    if (status?.id !== container) throw imageUnknown();
    return imageOf(status);
  };
};

async function connect(socket: string): Promise<Client> {
  const [{ credentials, loadPackageDefinition }, { fromJSON: read }] = await Promise.all([
    import("@grpc/grpc-js"),
    import("@grpc/proto-loader"),
  ]);
  const runtime = loadPackageDefinition(read(CRI, { keepCase: true, defaults: true })).runtime as unknown as {
    v1: { RuntimeService: new (address: string, by: unknown, options: object) => Client };
  };
  // The kubelet names no host either; HTTP/2 wants one.
  return new runtime.v1.RuntimeService(`unix:${socket}`, credentials.createInsecure(), {
    "grpc.default_authority": "localhost",
  });
}

function statusBy(ask: Ask, container: string): Promise<ContainerStatus | null | undefined> {
  return new Promise((resolve, reject) => {
    ask({ container_id: container }, { deadline: Date.now() + PATIENCE }, (error, answer) =>
      error == null ? resolve(answer?.status) : reject(imageUnknown()),
    );
  });
}

/** `image_ref` is `name@sha256:…` where the image was pulled by a registry's name, else what `image_id` is. */
function imageOf({ image_ref, image_id, labels }: ContainerStatus): Image {
  const manifest = image_ref.includes("@") ? image_ref.slice(image_ref.lastIndexOf("@") + 1) : "";
  const config = [image_id, image_ref].find(isDigest);
  const [namespace, pod, container] = ["pod.namespace", "pod.name", "container.name"].map(
    (name) => labels[`io.kubernetes.${name}`],
  );
  return {
    manifests: isDigest(manifest) ? [manifest] : [],
    ...(config === undefined || config === manifest ? {} : { config }),
    ...(namespace && pod && container ? { kubernetes: { namespace, pod, container } } : {}),
  };
}
