import type { Entity, EntityStore } from "../entity.ts";
import type { EntityUid } from "../policy-json.ts";
import type { CedarRecord } from "../record.ts";
import type { Schema } from "../schema/schema.ts";
import type { Uid } from "../uid.ts";

/**
 * What the expressions of one decision see. It is itself an entity store: the three entities of the request
 * are looked up once, the action perhaps in the schema.
 */
export class Environment implements EntityStore {
  readonly principal: Uid;
  readonly action: Uid;
  readonly resource: Uid;
  readonly context: CedarRecord;
  private readonly entities: EntityStore;
  private readonly actions: EntityStore | undefined;
  /** Null when looked for and missing, undefined when not looked for yet. */
  private foundPrincipal: Entity | null | undefined = undefined;
  private foundResource: Entity | null | undefined = undefined;

  constructor(
    principal: Uid,
    action: Uid,
    resource: Uid,
    context: CedarRecord,
    entities: EntityStore,
    schema: Schema | undefined,
  ) {
    this.principal = principal;
    this.action = action;
    this.resource = resource;
    this.context = context;
    this.entities = entities;
    this.actions = schema?.actions;
  }

  get(uid: EntityUid): Entity | undefined {
    if (uid === this.principal) {
      if (this.foundPrincipal === undefined) this.foundPrincipal = this.lookUp(uid) ?? null;
      return this.foundPrincipal ?? undefined;
    }
    if (uid === this.resource) {
      if (this.foundResource === undefined) this.foundResource = this.lookUp(uid) ?? null;
      return this.foundResource ?? undefined;
    }
    return this.lookUp(uid);
  }

  private lookUp(uid: EntityUid): Entity | undefined {
    return this.entities.get(uid) ?? this.actions?.get(uid);
  }
}
