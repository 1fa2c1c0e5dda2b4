import { z } from "zod";
import { route } from "../http/index.ts";
import { introspect, signIntrospection } from "./introspect.ts";
import type { OauthDeps } from "./oauth-deps.ts";

const SIGNED = "application/token-introspection+jwt";
const NOT_KEPT = { "cache-control": "no-store", pragma: "no-cache", vary: "accept" };

/** Parameters that no specification we follow defines are passed over (RFC 6749 §3.2). */
const form = z.record(z.string().max(100), z.string());

export const introspection = route<OauthDeps>()({
  summary:
    "Whether a token holds now, and what it is worth (RFC 7662): for the service whose resource it is for, and for its client. Signed for the asker (RFC 9701) where it accepts application/token-introspection+jwt.",
  encoding: "form",
  faults: "oauth",
  body: form,
  answers: { 200: z.looseObject({ active: z.boolean() }) },
  async handle(deps, caller, { body, request }) {
    const introspected = await introspect(deps, caller, { form: body, request });
    if (!acceptsSigned(request.headers.accept))
      return { status: 200, headers: NOT_KEPT, body: introspected.answer };
    const token = signIntrospection(deps, introspected);
    return { status: 200, headers: NOT_KEPT, contentType: SIGNED, body: token };
  },
});

/** Whoever names the signed form gets it, whatever else would do. */
const acceptsSigned = (accept: string | string[] | undefined): boolean =>
  String(accept ?? "")
    .toLowerCase()
    .split(",")
    .some((range) => {
      const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
      return type === SIGNED && !parameters.some((each) => /^q=0(\.0*)?$/.test(each));
    });
