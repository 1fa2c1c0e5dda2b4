import {
  type PolicySet as Compiled,
  compileInSteps,
  type EntityStore,
  type EntityUid,
  type Entity as ReadEntity,
  readContext,
  readEntity,
} from "@countersign/cedar";
import type { Engine, EngineRequest, Entity, Evaluation, OpenEvaluation } from "./engine.ts";
import type { Policy } from "./policy.ts";

/**
 * The engine that decides: these policies, compiled to closures and indexed by their scopes.
 * @throws CompileError naming the policy that cannot be compiled
 */
export function compiledEngine(policies: readonly Policy[]): Engine {
  const steps = compileInSteps(sourceOf(policies));
  for (let step = steps.next(); ; step = steps.next())
    if (step.done === true) return new CompiledEngine(step.value);
}

/** How long compiling may hold up everything else before it lets it go on, in milliseconds. */
const LONGEST_STRETCH = 2;

/** `compiledEngine` that lets other work go on in between. */
export async function compiledEngineInSteps(policies: readonly Policy[]): Promise<Engine> {
  const steps = compileInSteps(sourceOf(policies));
  for (let since = performance.now(), step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return new CompiledEngine(step.value);
    if (performance.now() - since < LONGEST_STRETCH) continue;
    await new Promise(setImmediate);
    since = performance.now();
  }
}

const sourceOf = (policies: readonly Policy[]) => ({
  policies: Object.fromEntries(policies.map(({ id, json }) => [id, json])),
});

type Context = ReturnType<typeof readContext>;

class CompiledEngine implements Engine {
  readonly #compiled: Compiled;
  /** Settings as they were read before: those of a set are the same object each time. */
  readonly #settings = new WeakMap<object, Context>();
  readonly #actions = new WeakMap<Entity, ReadEntity>();

  constructor(compiled: Compiled) {
    this.#compiled = compiled;
  }

  evaluate(request: EngineRequest): Evaluation {
    const { principal, action, resource } = request;
    const asked = { principal, action, resource, context: this.#contextOf(request) };
    const { permits, forbids, errors } = this.#compiled.decide(asked, this.#entitiesOf(request));
    return { satisfiedPermits: permits, satisfiedForbids: forbids, erroring: errors };
  }

  evaluateOpen(request: EngineRequest, unknowns: readonly (readonly string[])[]): OpenEvaluation {
    const { principal, action, resource } = request;
    const asked = { principal, action, resource, context: this.#contextOf(request), unknowns };
    const residual = this.#compiled.partial(asked, this.#entitiesOf(request));
    const { permits, forbids, errors, residuals } = residual;
    const undecided = residuals.map(({ policy }) => policy);
    return { satisfiedPermits: permits, satisfiedForbids: forbids, erroring: errors, undecided };
  }

  #contextOf({ context: { settings, ...asked } }: EngineRequest): Context {
    const context = readContext(asked);
    if (typeof settings === "object") context.settings = this.#settingsOf(settings);
    return context;
  }

  #settingsOf(settings: object): Context {
    const before = this.#settings.get(settings);
    if (before !== undefined) return before;
    const read = readContext(settings);
    this.#settings.set(settings, read);
    return read;
  }

  #entitiesOf({ entities }: EngineRequest): EntityStore {
    return new EntitiesOfRequest(entities, this.#actions);
  }
}

/**
 * The entities of one request, each read when a policy looks at it. Their parents are all that is above them.
 * Actions come again with every request, and are read once.
 */
class EntitiesOfRequest implements EntityStore {
  readonly #given: readonly Entity[];
  readonly #actions: WeakMap<Entity, ReadEntity>;
  #last: ReadEntity | undefined;

  constructor(given: readonly Entity[], actions: WeakMap<Entity, ReadEntity>) {
    this.#given = given;
    this.#actions = actions;
  }

  get({ type, id }: EntityUid): ReadEntity | undefined {
    if (this.#last?.uid.id === id && this.#last.uid.type === type) return this.#last;
    const given = this.#given.find(({ uid }) => uid.id === id && uid.type === type);
    if (given === undefined) return undefined;
    this.#last = type === "Action" ? this.#actionOf(given) : readEntity(given);
    return this.#last;
  }

  #actionOf(given: Entity): ReadEntity {
    const before = this.#actions.get(given);
    if (before !== undefined) return before;
    const read = readEntity(given);
    this.#actions.set(given, read);
    return read;
  }
}
