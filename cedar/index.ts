/**
 * Cedar policies compiled to JavaScript: `compile` turns policies into closures, `readEntities` reads what is
 * known of the world, and `decide` answers in microseconds what Cedar's own engine would answer. Nothing here
 * needs Node or calls WebAssembly; policy text is parsed by `@countersign/cedar/parse`.
 */
export type { Answer, PolicyError } from "./answer.ts";
export { compile, compileInSteps } from "./compile.ts";
export { type ContextInput, readContext } from "./context.ts";
export type { Entity, EntityStore } from "./entity.ts";
export { readEntities, readEntity } from "./entity-store.ts";
export { CompileError, type EvaluationErrorKind, ReadError } from "./error.ts";
export { parseExactJson } from "./exact-json.ts";
export {
  type Candidates,
  type Known,
  type PartialRequest,
  type Residual,
  type ResidualPolicy,
  type Search,
  searchFor,
  type UnknownEntity,
} from "./partial.ts";
export type {
  EntityUid,
  ExprJson,
  PolicyJson,
  PolicySource,
  TemplateLink,
  ValueJson,
} from "./policy-json.ts";
export type { PolicySet, Request } from "./policy-set.ts";
export { readSchema, type Schema } from "./schema/schema.ts";
export type { SchemaJson } from "./schema/schema-json.ts";
