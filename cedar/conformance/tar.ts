import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const block = 512;

/** The regular files of a gzipped tar archive, by path. The vectors' paths are short: no extended headers. */
export function readTar(path: string): Map<string, string> {
  const bytes = gunzipSync(readFileSync(path));
  const files = new Map<string, string>();
  for (let start = 0; start + block <= bytes.length; ) {
    const header = bytes.subarray(start, start + block);
    const name = fieldOf(header, 0, 100);
    if (name === "") break;
    const size = Number.parseInt(fieldOf(header, 124, 12), 8);
    const content = start + block;
    const isFile = fieldOf(header, 156, 1) === "0" || fieldOf(header, 156, 1) === "";
    if (isFile) files.set(name, bytes.toString("utf8", content, content + size));
    start = content + Math.ceil(size / block) * block;
  }
  return files;
}

function fieldOf(header: Buffer, start: number, length: number): string {
  return header.toString("utf8", start, start + length).replace(/[\0 ].*$/s, "");
}
