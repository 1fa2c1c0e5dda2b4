import { z } from "zod";

/**
 * The requests of AuthZEN 1.0. What is not known is ignored; what is known and of a wrong type refuses.
 * These schemas describe them; `read-request.ts` reads them, thousands of times a second.
 * @see https://openid.net/specs/authorization-api-1_0.html
 */
const properties = z.record(z.string(), z.unknown());

export const entity = z.object({ type: z.string(), id: z.string(), properties: properties.optional() });
export const action = z.object({ name: z.string(), properties: properties.optional() });

const parts = {
  subject: entity.optional(),
  action: action.optional(),
  resource: entity.optional(),
  context: properties.optional(),
};

export const evaluationRequest = z.object({
  subject: entity,
  action,
  resource: entity,
  context: properties.optional(),
});

/** How many items of `evaluations` are answered: all, up to the first deny, up to the first permit. */
export const SEMANTICS = ["execute_all", "deny_on_first_deny", "permit_on_first_permit"] as const;
export type Semantic = (typeof SEMANTICS)[number];

/** More than this in one request is answered better in several. */
export const MOST_EVALUATIONS = 500;

export const evaluationsRequest = z.object({
  ...parts,
  /** Each may name what differs from the request's own; what it names is taken whole. */
  evaluations: z.array(z.record(z.string(), z.unknown())).max(MOST_EVALUATIONS).optional(),
  options: z.object({ evaluations_semantic: z.enum(SEMANTICS).optional() }).optional(),
});

/** A page has at most so many results. */
export const MOST_RESULTS = 1_000;

const page = z
  .object({ token: z.string().optional(), limit: z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional() })
  .optional();

/** What is searched for has a type; its id is ignored. */
const sought = z.object({ type: z.string() });

export const subjectSearch = z.object({
  subject: sought,
  action,
  resource: entity,
  context: properties.optional(),
  page,
});
export const resourceSearch = z.object({
  subject: entity,
  action,
  resource: sought,
  context: properties.optional(),
  page,
});
export const actionSearch = z.object({
  subject: entity,
  resource: entity,
  context: properties.optional(),
  page,
});

/** One thing that somebody may ask about. Caller-controlled. */
export type Evaluation = z.output<typeof evaluationRequest>;
export type AskedEntity = z.output<typeof entity>;
export type AskedAction = z.output<typeof action>;
export type Properties = Readonly<Record<string, unknown>>;

/** An answer: never more than yes or no, and what there is to say about it. */
export interface Decision {
  readonly decision: boolean;
  readonly context?: Readonly<Record<string, unknown>>;
}

const decision = z.object({ decision: z.boolean(), context: properties.optional() });

export const evaluationAnswer = decision;
export const evaluationsAnswer = z.union([z.object({ evaluations: z.array(decision) }), decision]);

export const searchAnswer = z.object({
  /** Present where there is more than one page, or one was asked for. */
  page: z.object({ next_token: z.string(), count: z.int() }).optional(),
  results: z.array(z.union([z.object({ type: z.string(), id: z.string() }), z.object({ name: z.string() })])),
});
