/** Which page of a list is asked for: those after this id, at most so many. */
export interface PageQuery {
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A page in the order of ids; `next` is the cursor of the one after, if there is one. */
export interface Page<T> {
  readonly items: T[];
  readonly next?: string;
}
