import { openClient } from "./client.ts";

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next?: string;
}

/** Everything of a list that the server gives page by page. @param path without a query, or with one begun */
export async function allOf<Item>(path: string): Promise<Item[]> {
  const client = openClient();
  const all: Item[] = [];
  const first = `${path}${path.includes("?") ? "&" : "?"}limit=200`;
  for (let after = ""; ; ) {
    const page = await client.get<Page<Item>>(`${first}${after}`);
    all.push(...page.items);
    if (page.next === undefined) return all;
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}
