/**
 * Cedar's JSON policy format, as cedar-wasm's `policyToJson` and `templateToJson` emit it, with one addition:
 * an integer may be a bigint wherever a number may stand, because JSON numbers in JavaScript are not exact
 * beyond 2^53. Every form here can be structured-cloned, so a worker may parse and another thread compile.
 *
 * @see https://docs.cedarpolicy.com/policies/json-format.html
 */
export interface EntityUid {
  readonly type: string;
  readonly id: string;
}

/** An entity reference in JSON: plain, or wrapped in the explicit `__entity` form. */
export type EntityUidJson = EntityUid | { readonly __entity: EntityUid };

/** A literal in JSON. Records and sets nest; `__entity` and `__extn` are the explicit forms of Cedar's JSON. */
export type ValueJson =
  | boolean
  | number
  | bigint
  | string
  | readonly ValueJson[]
  | { readonly [name: string]: ValueJson };

export type Variable = "principal" | "action" | "resource" | "context";
export type Slot = "?principal" | "?resource";
export type PatternElement = "Wildcard" | { readonly Literal: string };

interface Two {
  readonly left: ExprJson;
  readonly right: ExprJson;
}
interface One {
  readonly arg: ExprJson;
}

/** An expression: an object with exactly one member, whose name is the operator or the extension function. */
export type ExprJson =
  | { readonly Value: ValueJson }
  | { readonly Var: Variable }
  | { readonly Slot: Slot }
  | { readonly "!": One }
  | { readonly neg: One }
  | { readonly isEmpty: One }
  | { readonly "==": Two }
  | { readonly "!=": Two }
  | { readonly in: Two }
  | { readonly "<": Two }
  | { readonly "<=": Two }
  | { readonly ">": Two }
  | { readonly ">=": Two }
  | { readonly "&&": Two }
  | { readonly "||": Two }
  | { readonly "+": Two }
  | { readonly "-": Two }
  | { readonly "*": Two }
  | { readonly contains: Two }
  | { readonly containsAll: Two }
  | { readonly containsAny: Two }
  | { readonly getTag: Two }
  | { readonly hasTag: Two }
  | { readonly ".": { readonly left: ExprJson; readonly attr: string } }
  | { readonly has: { readonly left: ExprJson; readonly attr: string | readonly string[] } }
  | { readonly like: { readonly left: ExprJson; readonly pattern: readonly PatternElement[] } }
  | { readonly is: { readonly left: ExprJson; readonly entity_type: string; readonly in?: ExprJson } }
  | {
      readonly "if-then-else": {
        readonly if: ExprJson;
        readonly then: ExprJson;
        readonly else: ExprJson;
      };
    }
  | { readonly Set: readonly ExprJson[] }
  | { readonly Record: { readonly [name: string]: ExprJson } }
  | { readonly [extensionFunction: string]: readonly ExprJson[] };

export type EntityOrSlot = { readonly entity: EntityUidJson } | { readonly slot: Slot };

/** The scope of `principal` or `resource`. */
export type EntityScope =
  | { readonly op: "All" }
  | ({ readonly op: "==" } & EntityOrSlot)
  | ({ readonly op: "in" } & EntityOrSlot)
  | { readonly op: "is"; readonly entity_type: string; readonly in?: EntityOrSlot };

/** The scope of `action`. */
export type ActionScope =
  | { readonly op: "All" }
  | { readonly op: "=="; readonly entity: EntityUidJson }
  | { readonly op: "in"; readonly entity: EntityUidJson }
  | { readonly op: "in"; readonly entities: readonly EntityUidJson[] };

export interface Clause {
  readonly kind: "when" | "unless";
  readonly body: ExprJson;
}

/** One policy or template. */
export interface PolicyJson {
  readonly effect: "permit" | "forbid";
  readonly principal: EntityScope;
  readonly action: ActionScope;
  readonly resource: EntityScope;
  readonly conditions: readonly Clause[];
  readonly annotations?: Readonly<Record<string, string | null>>;
}

/** A policy made from a template by giving its slots values. */
export interface TemplateLink {
  readonly templateId: string;
  readonly newId: string;
  readonly values: { readonly "?principal"?: EntityUidJson; readonly "?resource"?: EntityUidJson };
}

/** Everything that a policy set is compiled from. Policies and links share one space of ids. */
export interface PolicySource {
  readonly policies: Readonly<Record<string, PolicyJson>>;
  readonly templates?: Readonly<Record<string, PolicyJson>>;
  readonly links?: readonly TemplateLink[];
}
