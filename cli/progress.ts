import { faint } from "./say.ts";

/** Bytes as people say them. */
export function bytesSaid(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** How wide the bar is, in characters. */
const WIDTH = 24;
/** Files that are read in less than this need no bar. */
const PATIENCE_MS = 500;

export interface Progress {
  at(so: { readonly read: number; readonly of: number }): void;
  /** Takes the bar away again. */
  end(): void;
}

/**
 * A bar on a terminal, for what takes longer than a moment; nothing at all in a pipe.
 * @param terminal where it is drawn: not where the answer is printed
 */
export function progressOn(terminal: Pick<NodeJS.WriteStream, "isTTY" | "write">, now = Date.now): Progress {
  const began = now();
  let drawn = false;
  return {
    at({ read, of }) {
      const passed = now() - began;
      if (terminal.isTTY !== true || passed < PATIENCE_MS) return;
      drawn = true;
      terminal.write(`\r\u001b[2K${barOf(read, of, passed)}`);
    },
    end() {
      if (drawn) terminal.write("\r\u001b[2K");
      drawn = false;
    },
  };
}

function barOf(read: number, of: number, passed: number): string {
  const share = of === 0 ? 1 : read / of;
  const full = Math.round(share * WIDTH);
  const bar = `${"━".repeat(full)}${faint("━".repeat(WIDTH - full))}`;
  const left = read === 0 ? 0 : ((of - read) / read) * (passed / 1000);
  const speed = `${bytesSaid((read / passed) * 1000)}/s`;
  return `${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${bytesSaid(read)} of ${bytesSaid(of)}  ${faint(`${speed}, ${secondsSaid(left)} left`)}`;
}

const secondsSaid = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
