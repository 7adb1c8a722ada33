// A guard for Node, with Node's own crypto: verify(token, keys, expected) gives the claims or throws.
import { createHash, createPublicKey, verify as verifySignature } from "node:crypto";
import { readFileSync } from "node:fs";

const refuse = (reason) => { throw new Error(reason); };

function decoded(text) {
  const bytes = Buffer.from(text, "base64url");
  return bytes.length && bytes.toString("base64url") === text ? bytes : refuse("not canonical base64url");
}

/** The public keys of a JWK set, by kid. */
export function keySet(text) {
  const usable = JSON.parse(text).keys.filter((jwk) => jwk.kty === "RSA");
  return new Map(usable.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: "jwk" })]));
}

/** expected: {audience, now (seconds)}, and for bind "request" {method, path, body, taken: Map of jti to exp}. */
export function verify(token, keys, expected) {
  const parts = token.split(".");
  if (parts.length !== 3) refuse("not a compact JWS");
  const head = JSON.parse(decoded(parts[0]));
  const strict = Object.keys(head).sort().join() === "alg,kid,typ" && head.alg === "RS256";
  if (!strict || head.typ !== "gateline-assertion+jwt") refuse("not the header of an assertion");
  const key = keys.get(head.kid) ?? refuse("signed with a key that is not known");
  const message = Buffer.from(`${parts[0]}.${parts[1]}`);
  if (!verifySignature("RSA-SHA256", message, key, decoded(parts[2]))) refuse("the signature is wrong");
  const claims = JSON.parse(decoded(parts[1]));
  const { aud, iat, exp, jti, req } = claims;
  if (aud !== expected.audience) refuse("for another service");
  if (!Number.isInteger(iat) || !Number.isInteger(exp) || exp <= iat || exp - iat > 60) refuse("a wrong life");
  if (iat > expected.now + 5 || exp <= expected.now - 5) refuse("over, or not yet");
  if (expected.method !== undefined) {
    const hash = createHash("sha256").update(expected.body).digest("base64url");
    if (req?.m !== expected.method || req.p !== expected.path || req.b !== hash) refuse("for another request");
    for (const [taken, until] of expected.taken) if (until + 5 < expected.now) expected.taken.delete(taken);
    if (typeof jti !== "string" || expected.taken.has(jti)) refuse("used before");
    expected.taken.set(jti, exp);
  }
  return claims;
}

// node verify.mjs JWKS_FILE AUDIENCE [METHOD PATH]: the token on standard input, the caller on standard output.
if (process.argv[1]?.endsWith("verify.mjs")) {
  const [jwks, audience, method, path] = process.argv.slice(2);
  const expected = { audience, now: Date.now() / 1000, method, path, body: "", taken: new Map() };
  try {
    const claims = verify(readFileSync(0, "utf8").trim(), keySet(readFileSync(jwks, "utf8")), expected);
    console.log(claims.sub);
  } catch (error) {
    console.error(`refused: ${error.message}`);
    process.exitCode = 1;
  }
}
