import type {
  ServerDuplexStream,
  ServerUnaryCall,
  ServiceDefinition,
  sendUnaryData,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { HostLog, Workload } from "../identity/index.ts";
import type { Admission } from "../workload-api/admission.ts";
import { latest } from "../workload-api/latest.ts";
import { serviceOf } from "../workload-api/proto.ts";
import { type Failure, failureOf, invalid, UNIMPLEMENTED } from "../workload-api/status.ts";
import { type DiscoveryRequest, problemOf, wantsPlainRoots } from "./request.ts";
import { secretsNamed } from "./secrets.ts";
import { responseWith, type Step, Subscription } from "./subscription.ts";

type Duplex = ServerDuplexStream<DiscoveryRequest, object>;

/** Envoy's secrets, for whatever process an Envoy is: it gets its own and nobody's else. */
export function secretsService(
  admission: Admission,
  log: HostLog,
): { definition: ServiceDefinition; methods: UntypedServiceImplementation } {
  const methods = {
    StreamSecrets: (call: Duplex) => streamSecrets(call, admission, log),
    DeltaSecrets: (call: Duplex) => void call.emit("error", UNIMPLEMENTED),
    FetchSecrets(call: ServerUnaryCall<DiscoveryRequest, object>, answer: sendUnaryData<object>) {
      admission.admitProxy(
        call,
        async (workload) => {
          const outcome = await fetchSecrets(workload, call.request);
          if ("ok" in outcome) answer(null, outcome.ok);
          else answer(outcome);
        },
        answer,
      );
    },
  };
  return {
    definition: serviceOf(
      ["sds.proto", "sds-secret.proto"],
      "envoy.service.secret.v3.SecretDiscoveryService",
    ),
    methods: methods as unknown as UntypedServiceImplementation,
  };
}

async function fetchSecrets(
  workload: Workload,
  attacker: DiscoveryRequest,
): Promise<{ ok: object } | Failure> {
  const problem = problemOf(attacker);
  if (problem !== undefined) return invalid(problem);
  const standing = await workload.standing();
  if (standing.kind !== "served") return failureOf(standing);
  const found = secretsNamed(standing, attacker.resource_names, wantsPlainRoots(attacker));
  if ("unknown" in found) return invalid(`Not yours, or not known here: ${found.unknown.join(", ")}`);
  return { ok: responseWith(found.secrets, "1", "") };
}

function streamSecrets(call: Duplex, admission: Admission, log: HostLog): void {
  const subscription = new Subscription(log);
  const write = latest<object>(call);
  let stop: (() => void) | undefined;
  const end = (failure: Failure): void => {
    stop?.();
    call.emit("error", failure);
  };
  const take = (step: Step): void => {
    if (step === undefined || call.destroyed) return;
    if ("invalid" in step) end(invalid(step.invalid));
    else write(() => step.send);
  };
  const watch = (workload: Workload): void => {
    stop ??= workload.watch((standing) => {
      if (standing.kind === "served") take(subscription.changed(standing));
      else end(failureOf(standing));
    });
  };
  call.on("data", (attacker: DiscoveryRequest) =>
    admission.admitProxy(
      call,
      (workload) => {
        take(subscription.request(attacker));
        watch(workload);
      },
      end,
    ),
  );
  call.on("end", () => {
    stop?.();
    call.end();
  });
  call.once("cancelled", () => stop?.()).once("close", () => stop?.());
}
