import { CompileError } from "../error.ts";
import type { ExprJson } from "../policy-json.ts";
import type { Trail } from "../read-value.ts";
import type { Node } from "./node.ts";

/** How deeply expressions may nest, as evaluation needs stack; chains of `&&` and `||` count once. */
const deepest = 400;

/** Where in which policy the compiler is. */
export class Site {
  private readonly policy: string;
  private readonly trail: Trail = [];
  private readonly compile: (expression: ExprJson, site: Site) => Node;
  private depth = 0;

  constructor(policy: string, compile: (expression: ExprJson, site: Site) => Node) {
    this.policy = policy;
    this.compile = compile;
  }

  /** Compiles an expression one level deeper, found under these steps. */
  part(expression: ExprJson, ...steps: readonly (string | number)[]): Node {
    this.trail.push(...steps);
    this.depth += 1;
    if (this.depth > deepest) throw this.error(`It nests deeper than ${deepest} levels.`);
    const node = this.compile(expression, this);
    this.depth -= 1;
    this.trail.length -= steps.length;
    return node;
  }

  error(message: string): CompileError {
    return new CompileError(this.policy, this.trail.join("."), message);
  }
}
