/**
 * The key that signed a token, as a dead key, by its verified header. Whoever has stolen a key writes what he likes
 * into `rev`: that it was withdrawn is asked of the key itself, for this server may not have noticed yet.
 * @param verifiedToken whose signature holds
 */
export function signedBy(verifiedToken: string): `kid:${string}` {
  const [header = ""] = verifiedToken.split(".");
  const { kid } = JSON.parse(Buffer.from(header, "base64url").toString("utf8")) as { kid: string };
  return `kid:${kid}`;
}
