// Node behind the example's check: says what it was told of the caller.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";

const [port, jwks] = process.argv.slice(2);
const { keySet, verify } = await import(process.env.VERIFY);

createServer((request, response) => {
  try {
    const copies = request.rawHeaders.filter((name, at) => at % 2 === 0 && /assertion/i.test(name));
    if (copies.length !== 1) throw new Error("not one assertion");
    const expected = { audience: "orders", now: Date.now() / 1000 };
    const claims = verify(request.headers["x-gateline-assertion"], keySet(readFileSync(jwks, "utf8")), expected);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ principal: claims.sub, scope: claims.scope, context: claims.ctx, port: +port }));
  } catch {
    response.statusCode = 401;
    response.end("{}");
  }
}).listen(+port, "127.0.0.1");
