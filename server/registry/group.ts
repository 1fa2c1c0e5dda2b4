import type { Grant } from "@countersign/proof/grant";
import { z } from "zod";
import { grantList } from "./grant-list.ts";
import { shortName } from "./taxonomy.ts";

/** People who share what they have to give: an agent gets from a person at most the grants of her groups. */
export interface Group {
  readonly name: string;
  readonly grants: readonly Grant[];
  readonly revision: number;
}

/** What is said of a group: all of it, each time. */
export const groupDefinition = z.strictObject({ name: shortName, grants: grantList });
export type GroupDefinition = z.output<typeof groupDefinition>;
