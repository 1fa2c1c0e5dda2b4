import { encodeBase64url } from "./base64url.ts";

/**
 * What `native-node.ts` takes from Node, for where there is no Node. WebCrypto hashes too, but only as a
 * promise: a tree of a million leaves would be two million promises, and every comparison of a thumbprint
 * would have to wait. So SHA-256 stands here, over public data only; signatures are left to WebCrypto.
 *
 * @see FIPS 180-4 §4.2.2, §5.3.3
 */
const roundConstants = Uint32Array.of(
  0x428a2f98,
  0x71374491,
  0xb5c0fbcf,
  0xe9b5dba5,
  0x3956c25b,
  0x59f111f1,
  0x923f82a4,
  0xab1c5ed5,
  0xd807aa98,
  0x12835b01,
  0x243185be,
  0x550c7dc3,
  0x72be5d74,
  0x80deb1fe,
  0x9bdc06a7,
  0xc19bf174,
  0xe49b69c1,
  0xefbe4786,
  0x0fc19dc6,
  0x240ca1cc,
  0x2de92c6f,
  0x4a7484aa,
  0x5cb0a9dc,
  0x76f988da,
  0x983e5152,
  0xa831c66d,
  0xb00327c8,
  0xbf597fc7,
  0xc6e00bf3,
  0xd5a79147,
  0x06ca6351,
  0x14292967,
  0x27b70a85,
  0x2e1b2138,
  0x4d2c6dfc,
  0x53380d13,
  0x650a7354,
  0x766a0abb,
  0x81c2c92e,
  0x92722c85,
  0xa2bfe8a1,
  0xa81a664b,
  0xc24b8b70,
  0xc76c51a3,
  0xd192e819,
  0xd6990624,
  0xf40e3585,
  0x106aa070,
  0x19a4c116,
  0x1e376c08,
  0x2748774c,
  0x34b0bcb5,
  0x391c0cb3,
  0x4ed8aa4a,
  0x5b9cca4f,
  0x682e6ff3,
  0x748f82ee,
  0x78a5636f,
  0x84c87814,
  0x8cc70208,
  0x90befffa,
  0xa4506ceb,
  0xbef9a3f7,
  0xc67178f2,
);
const initialState = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

const blockSize = 64;
const lengthSize = 8;
const utf8 = new TextEncoder();

/** SHA-256, 32 bytes. A string is hashed as UTF-8. */
export function sha256(data: Uint8Array | string): Uint8Array {
  const blocks = padded(typeof data === "string" ? utf8.encode(data) : data);
  const state = Uint32Array.from(initialState);
  const schedule = new Uint32Array(blockSize);
  for (let at = 0; at < blocks.byteLength; at += blockSize) {
    fillSchedule(schedule, blocks, at);
    compress(state, schedule);
  }
  const digest = new DataView(new ArrayBuffer(32));
  for (const [i, word] of state.entries()) digest.setUint32(4 * i, word);
  return new Uint8Array(digest.buffer);
}

/** SHA-256 as base64url without padding. */
export function sha256Base64url(data: Uint8Array | string): string {
  return encodeBase64url(sha256(data));
}

/** Whether the bytes are UTF-8. */
export function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The message, a one bit, zeros, and its length in bits: whole blocks. @see FIPS 180-4 §5.1.1 */
function padded(message: Uint8Array): DataView {
  const size = Math.ceil((message.length + 1 + lengthSize) / blockSize) * blockSize;
  const bytes = new Uint8Array(size);
  bytes.set(message);
  bytes[message.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(size - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(size - 4, message.length * 8);
  return view;
}

function fillSchedule(schedule: Uint32Array, blocks: DataView, start: number): void {
  for (let t = 0; t < 16; t++) schedule[t] = blocks.getUint32(start + 4 * t);
  for (let t = 16; t < blockSize; t++) {
    const [early, late] = [word(schedule, t - 15), word(schedule, t - 2)];
    const sigma0 = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3);
    const sigma1 = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10);
    schedule[t] = sigma1 + word(schedule, t - 7) + sigma0 + word(schedule, t - 16);
  }
}

/** The letters are the standard's. @see FIPS 180-4 §6.2.2 */
function compress(state: Uint32Array, schedule: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < blockSize; t++) {
    const sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const choice = (e & f) ^ (~e & g);
    const t1 = (h + sum1 + choice + word(roundConstants, t) + word(schedule, t)) | 0;
    const sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + sum0 + majority) | 0;
  }
  for (const [i, changed] of [a, b, c, d, e, f, g, h].entries()) state[i] = word(state, i) + changed;
}

const rotated = (value: number, bits: number): number => (value >>> bits) | (value << (32 - bits));

const word = (words: Uint32Array, index: number): number => words[index] ?? 0;
