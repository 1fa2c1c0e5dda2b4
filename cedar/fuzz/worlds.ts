import { Arbitrary, type Random, Stream, Value } from "fast-check";
import { Choice } from "./choice.ts";
import { smallerWorlds } from "./shrink.ts";
import { drawWorld, type World } from "./world.ts";

/**
 * Worlds for fast-check: drawn from its seed, and when one shows a difference, made smaller part by part.
 * Drawn directly, not composed of its arbitraries, because the expressions have to fit the schema that was
 * drawn before them, and chained arbitraries are slow and do not shrink.
 */
class Worlds extends Arbitrary<World> {
  readonly #requests: number;

  constructor(requests: number) {
    super();
    this.#requests = requests;
  }

  generate(random: Random): Value<World> {
    return new Value(drawWorld(new Choice(random), this.#requests), undefined);
  }

  canShrinkWithoutContext(value: unknown): value is World {
    return typeof value === "object" && value !== null;
  }

  shrink(world: World): Stream<Value<World>> {
    const smaller = smallerWorlds(world)[Symbol.iterator]();
    return new Stream(smaller).map((each) => new Value(each, undefined));
  }
}

/** @param requests how many requests each world has: each is one case */
export const worlds = (requests: number): Arbitrary<World> => new Worlds(requests);
