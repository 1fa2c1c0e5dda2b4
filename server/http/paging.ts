import { z } from "zod";

const MOST_PER_PAGE = 200;

/** The query of a list: cursor and size. Spread it into a strict object with the list's own filters. */
export const pageQuery = {
  after: z.string().max(300).optional(),
  limit: z.coerce.number().int().min(1).max(MOST_PER_PAGE).default(50),
};

/** The answer of a list: a page, and the cursor to the next one while there is one. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next: z.string().optional() });

/**
 * Cuts a page out of one row more than it may hold, so that the last page is known without counting.
 * @param rows at most `limit + 1`, in the order of the cursor
 */
export function cutPage<Row>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => string,
): { items: Row[]; next?: string } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return rows.length > limit && last !== undefined ? { items, next: cursorOf(last) } : { items };
}
