import { fileURLToPath } from "node:url";
import type { Client, ClientReadableStream, Metadata, ServiceError } from "@grpc/grpc-js";
import type { X509Message } from "./x509-state.ts";

/** The Workload API's client, as gRPC makes it from the contract. */
interface Stub extends Client {
  FetchX509SVID(request: object, metadata: Metadata): ClientReadableStream<X509Message>;
  FetchJWTSVID(request: object, metadata: Metadata, answer: Answer<JwtMessage>): void;
  ValidateJWTSVID(request: object, metadata: Metadata, answer: Answer<ValidMessage>): void;
}

type Answer<Message> = (error: ServiceError | null, message?: Message) => void;

export interface JwtMessage {
  readonly svids: readonly { readonly spiffe_id: string; readonly svid: string; readonly hint: string }[];
}

interface ValidMessage {
  readonly spiffe_id: string;
}

export interface GrpcClient {
  x509(): ClientReadableStream<X509Message>;
  jwt(request: { audience: readonly string[]; spiffe_id?: string }): Promise<JwtMessage>;
  validate(request: { audience: string; svid: string }): Promise<ValidMessage>;
  close(): void;
}

const API = fileURLToPath(new URL("../../api", import.meta.url));
const FORM = { keepCase: true, defaults: true, longs: String, includeDirs: [API] };

/** Loads gRPC, which takes its time and its memory, only for those who ask. @param address as gRPC takes it */
export async function grpcClient(address: string): Promise<GrpcClient> {
  const [grpc, { loadSync }] = await Promise.all([import("@grpc/grpc-js"), import("@grpc/proto-loader")]);
  const { SpiffeWorkloadAPI: Made } = grpc.loadPackageDefinition(
    loadSync(["workload.proto"], FORM),
  ) as never as {
    SpiffeWorkloadAPI: new (at: string, by: object) => Stub;
  };
  const stub = new Made(address, grpc.credentials.createInsecure());
  const header = new grpc.Metadata();
  header.set("workload.spiffe.io", "true");
  const answered = <Message>(call: (answer: Answer<Message>) => void): Promise<Message> =>
    new Promise((resolve, reject) => {
      call((error, message) => (message === undefined ? reject(error) : resolve(message)));
    });
  return {
    x509: () => stub.FetchX509SVID({}, header),
    jwt: (request) => answered((answer) => stub.FetchJWTSVID(request, header, answer)),
    validate: (request) => answered((answer) => stub.ValidateJWTSVID(request, header, answer)),
    close: () => stub.close(),
  };
}

/** The status codes by which a Workload API says what to do. @see SPIFFE Workload API §4.3 */
export const STATUS = { invalid: 3, denied: 7, unimplemented: 12 } as const;
