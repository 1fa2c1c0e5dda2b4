import type { Writable } from "node:stream";

/**
 * Writes to whoever may be slow: while he has not taken what was written, only the newest waits for him. Each
 * message is the whole state, so what is left out was out of date.
 */
export function latest<Message>(call: Writable): (message: () => Message) => void {
  let blocked = false;
  let waiting: (() => Message) | undefined;
  const write = (message: () => Message): void => {
    if (call.destroyed || call.writableEnded) return;
    if (blocked) waiting = message;
    else blocked = !call.write(message());
  };
  call.on("drain", () => {
    blocked = false;
    const message = waiting;
    waiting = undefined;
    if (message !== undefined) write(message);
  });
  return write;
}
