/** Which part of a list: what comes after a cursor, at most `limit` rows. */
export interface Page {
  readonly after?: string | undefined;
  readonly limit: number;
}
