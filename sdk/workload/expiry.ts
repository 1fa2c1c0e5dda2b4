import type { X509State } from "./x509-state.ts";

/** What timers count to. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Calls back each time that one of these SVIDs runs out, and no more when all have. @returns how to stop */
export function whenOneExpires({ svids }: Pick<X509State, "svids">, expired: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = (from: number): void => {
    const next = Math.min(...svids.map(({ expires }) => expires).filter((expires) => expires > from));
    if (next === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(() => look(next), Math.min(next - Date.now(), LONGEST_TIMER)).unref();
  };
  const look = (next: number): void => {
    const isOver = Date.now() >= next;
    wait(isOver ? next : next - 1);
    if (isOver) expired();
  };
  wait(Date.now());
  return () => clearTimeout(timer);
}
