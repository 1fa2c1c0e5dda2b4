import type { ExprJson } from "../policy-json.ts";
import type { JsonObject } from "../read-value.ts";
import type { Node } from "./node.ts";
import type { Site } from "./site.ts";

/** What stands under an operator's name in the JSON form: each accessor refuses what it does not expect. */
export class Operand {
  readonly site: Site;
  private readonly operator: string;
  private readonly json: unknown;

  constructor(operator: string, json: unknown, site: Site) {
    this.operator = operator;
    this.json = json;
    this.site = site;
  }

  /** The operand itself. */
  whole(): unknown {
    return this.json;
  }

  /** The compiled expression in a member. */
  node(name: string): Node {
    return this.site.part(this.member(name) as ExprJson, this.operator, name);
  }

  /** The compiled expression in a member that may be absent. */
  optionalNode(name: string): Node | undefined {
    return Object.hasOwn(this.object(), name) ? this.node(name) : undefined;
  }

  /** The compiled expressions of an operand that is a list. */
  nodes(): Node[] {
    return this.list(this.json).map((item, position) =>
      this.site.part(item as ExprJson, this.operator, position),
    );
  }

  /** The compiled expressions of an operand that is a record of them. */
  members(): [name: string, node: Node][] {
    return Object.keys(this.object()).map((name) => [name, this.node(name)]);
  }

  /** The text in a member. */
  text(name: string): string {
    return this.string(this.member(name));
  }

  /** A member that must be there. */
  member(name: string): unknown {
    const object = this.object();
    if (Object.hasOwn(object, name)) return object[name];
    throw this.error(`The operator ${this.operator} has no ${JSON.stringify(name)}.`);
  }

  list(json: unknown): readonly unknown[] {
    if (Array.isArray(json)) return json;
    throw this.error(`The operator ${this.operator} takes a list.`);
  }

  string(json: unknown): string {
    if (typeof json === "string" && json.isWellFormed()) return json;
    throw this.error(`The operator ${this.operator} takes a text.`);
  }

  object(): JsonObject {
    if (typeof this.json === "object" && this.json !== null) return this.json as JsonObject;
    throw this.error(`The operator ${this.operator} takes an object.`);
  }

  error(message: string): Error {
    return this.site.error(message);
  }
}
