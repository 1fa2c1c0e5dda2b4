/**
 * A workload in a process of its own, under whatever user it was started: a gRPC client built from the contracts in
 * `api/` and nothing else. Its parent says what to call, and hears every message and how it ended.
 */
import { fileURLToPath } from "node:url";
import {
  type Client,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** What the parent sends. */
export type Order =
  | { readonly id: number; readonly open: string; readonly service: Service }
  | { readonly id: number; readonly call: string; readonly request: object; readonly metadata: Sent }
  | { readonly id: number; readonly say: object }
  | { readonly id: number; readonly cancel: true };

/** What it hears. */
export type Heard =
  | { readonly id: number; readonly message: object }
  | { readonly id: number; readonly ended: { readonly code: number; readonly details: string } };

export type Service = "SpiffeWorkloadAPI" | "envoy.service.secret.v3.SecretDiscoveryService";
export type Sent = Readonly<Record<string, string>>;

const API = fileURLToPath(new URL("../../api", import.meta.url));
const FILES = ["workload.proto", "sds.proto", "sds-secret.proto"];
const FORM = { keepCase: true, defaults: true, longs: String, enums: String, includeDirs: [API] };

type Stream = ClientReadableStream<object> & { write?(message: object): void };
type Method = (...args: unknown[]) => Stream;

const contract = loadPackageDefinition(loadSync(FILES, FORM));
const streams = new Map<number, Stream>();
let client: Client | undefined;

const tell = (heard: Heard): void => void process.send?.(heard);
const ended = (id: number, error: Pick<ServiceError, "code" | "details"> | null): void =>
  tell({ id, ended: { code: error?.code ?? 0, details: error?.details ?? "" } });

process.on("message", (order: Order) => {
  if ("open" in order) open(order.open, order.service);
  else if ("call" in order) call(order.id, order.call, order.request, order.metadata);
  else if ("say" in order) streams.get(order.id)?.write?.(order.say);
  else streams.get(order.id)?.cancel();
});
process.on("disconnect", () => process.exit());

function open(socket: string, service: Service): void {
  let found: unknown = contract;
  for (const name of service.split(".")) found = (found as Record<string, unknown>)[name];
  const Made = found as new (address: string, by: object) => Client;
  client = new Made(`unix:${socket}`, credentials.createInsecure());
}

function call(id: number, name: string, request: object, sent: Sent): void {
  const metadata = new Metadata();
  for (const [header, value] of Object.entries(sent)) metadata.set(header, value);
  const definition = (client?.constructor as unknown as { service: Record<string, Shape> }).service[name];
  const method = ((client as unknown as Record<string, Method>)[name] as Method).bind(client);
  if (definition?.requestStream === true) listen(id, method(metadata), request);
  else if (definition?.responseStream === true) listen(id, method(request, metadata));
  else
    method(request, metadata, (error: ServiceError | null, message?: object) => {
      if (message !== undefined) tell({ id, message });
      ended(id, error);
    });
}

interface Shape {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

function listen(id: number, stream: Stream, first?: object): void {
  streams.set(id, stream);
  stream.on("data", (message: object) => tell({ id, message }));
  stream.on("error", (error: ServiceError) => ended(id, error));
  stream.on("end", () => streams.delete(id));
  if (first !== undefined) stream.write?.(first);
}
