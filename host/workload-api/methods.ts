import type { JsonObject } from "@countersign/proof/jcs";
import { peekJwtSvid, validateJwtSvid } from "@countersign/proof/svid";
import { VerificationError } from "@countersign/proof/verification-error";
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from "@grpc/grpc-js";
import type { Identities, Standing, Workload } from "../identity/index.ts";
import type { Admission } from "./admission.ts";
import { latest } from "./latest.ts";
import { jwtBundles, jwtResponse, structOf, x509Bundles, x509Response } from "./messages.ts";
import { type Failure, failureOf, invalid, NOT_OFFERED } from "./status.ts";

type Served = Extract<Standing, { kind: "served" }>;
type Streaming = ServerWritableStream<object, object>;
type Unary<Request> = ServerUnaryCall<Request, object>;

/** As many and as long as the control plane signs for (`POST /hosts/self/jwt-svids`). */
const LONGEST_AUDIENCE = 1_000;
const MOST_AUDIENCES = 10;

/** The Workload API's methods, as `api/workload.proto` has them. */
export function methodsOf(
  { identities, now }: { identities: Pick<Identities, "bundles">; now: () => number },
  admission: Admission,
) {
  const streaming = (
    call: Streaming,
    messageOf: (standing: Served) => object,
    about: (standing: Served) => unknown,
  ) => admission.admit(call, (workload) => stream(call, workload, messageOf, about), failing(call));

  return {
    FetchX509SVID: (call: Streaming) => streaming(call, x509Response, (standing) => standing),
    FetchX509Bundles: (call: Streaming) =>
      streaming(call, ({ bundles }) => x509Bundles(bundles), bundlesOnly),
    FetchJWTBundles: (call: Streaming) => streaming(call, ({ bundles }) => jwtBundles(bundles), bundlesOnly),
    FetchWITSVID: (call: Streaming) => admission.admit(call, () => failing(call)(NOT_OFFERED), failing(call)),
    FetchWITBundles: (call: Streaming) =>
      admission.admit(call, () => failing(call)(NOT_OFFERED), failing(call)),

    FetchJWTSVID(call: Unary<JwtRequest>, answer: sendUnaryData<object>) {
      admission.admit(
        call,
        async (workload) => answering(answer, await jwtSvid(workload, call.request)),
        answer,
      );
    },

    ValidateJWTSVID(call: Unary<ValidateRequest>, answer: sendUnaryData<object>) {
      admission.admit(
        call,
        async (workload) => {
          const standing = await workload.standing();
          if (standing.kind !== "served") answer(failureOf(standing));
          else answering(answer, validate(call.request, identities, now()));
        },
        answer,
      );
    },
  };
}

interface JwtRequest {
  readonly audience: readonly string[];
  readonly spiffe_id: string;
}

interface ValidateRequest {
  readonly audience: string;
  readonly svid: string;
}

const bundlesOnly = ({ bundles }: Served): unknown => bundles;

/** Ends a stream with a status. */
const failing =
  (call: Streaming) =>
  (failure: Failure): void =>
    void call.emit("error", failure);

const answering = (answer: sendUnaryData<object>, outcome: { ok: object } | Failure): void =>
  "ok" in outcome ? answer(null, outcome.ok) : answer(outcome);

/** Tells how it stands, at once and whenever it changes, until it is over. */
function stream(
  call: Streaming,
  workload: Workload,
  messageOf: (standing: Served) => object,
  about: (standing: Served) => unknown,
): void {
  const write = latest<object>(call);
  let told: unknown;
  const stop = workload.watch((standing) => {
    if (standing.kind !== "served") {
      stop();
      failing(call)(failureOf(standing));
    } else if (about(standing) !== told) {
      told = about(standing);
      write(() => messageOf(standing));
    }
  });
  call.once("cancelled", stop).once("close", stop);
}

async function jwtSvid(
  workload: Workload,
  { audience, spiffe_id }: JwtRequest,
): Promise<{ ok: object } | Failure> {
  if (audience.length === 0 || audience.some((one) => one === "")) return invalid("Name an audience.");
  if (audience.length > MOST_AUDIENCES || audience.some((one) => one.length > LONGEST_AUDIENCE))
    return invalid(`Name at most ${MOST_AUDIENCES} audiences of at most ${LONGEST_AUDIENCE} characters.`);
  const standing = await workload.jwtSvids(audience, spiffe_id === "" ? undefined : spiffe_id);
  return standing.kind === "served" ? { ok: jwtResponse(standing.svids) } : failureOf(standing);
}

function validate(
  { audience, svid: attackerSvid }: ValidateRequest,
  identities: Pick<Identities, "bundles">,
  now: number,
): { ok: object } | Failure {
  if (audience === "" || attackerSvid === "")
    return invalid("Name an audience, and the SVID that is in question.");
  try {
    const { trustDomain } = peekJwtSvid(attackerSvid).id;
    const found = identities.bundles()?.find((bundle) => bundle.trustDomain === trustDomain);
    if (found === undefined) return invalid("The SVID is not valid: its trust domain is not known here.");
    const { id, claims } = validateJwtSvid(attackerSvid, { bundle: found.bundle, audience, now });
    return { ok: { spiffe_id: id.uri, claims: structOf(claims as JsonObject) } };
  } catch (cause) {
    if (cause instanceof VerificationError) return invalid(`The SVID is not valid: ${cause.message}`);
    throw cause;
  }
}
