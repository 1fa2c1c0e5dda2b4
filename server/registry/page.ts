/** Which part of a list: what comes after a cursor, at most `limit` rows. */
export interface Page {
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Pages that a chore takes in one turn; the rest waits for the next. */
const PAGES_IN_A_TURN = 50;

/**
 * Does something to each of what is found, page by page, until a page is not full.
 * @param find those that it has not been done to, at most `limit`
 * @returns how many were found
 */
export async function byPages<Name>(
  find: () => Promise<readonly Name[]>,
  act: (name: Name) => Promise<unknown>,
  limit: number,
): Promise<number> {
  let found = 0;
  for (let page = 0; page < PAGES_IN_A_TURN; page++) {
    const names = await find();
    for (const name of names) await act(name);
    found += names.length;
    if (names.length < limit) break;
  }
  return found;
}
