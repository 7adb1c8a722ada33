// A real OpenID provider for tests: npm's oidc-provider, told by one argument of JSON what it is to be.
// It prints "event {...}" for each grant, and "listening PORT" once it can be asked.
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import path from "node:path";
import { pathToFileURL } from "node:url";

const told = JSON.parse(process.argv[2]);
const { default: Provider } = await import(
  pathToFileURL(path.join(process.env.GATELINE_OIDC_PROVIDER, "oidc-provider", "lib", "index.js"))
);

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const signing = { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: told.kid };

const tls = told.certificate
  ? { cert: readFileSync(told.certificate), key: readFileSync(told.private_key) }
  : undefined;
let answer = (request, response) => response.writeHead(503).end();
const listener = (request, response) => answer(request, response);
const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
await new Promise((ready) => server.listen(told.port, "127.0.0.1", ready));
const { port } = server.address();

const provider = new Provider(`${tls ? "https" : "http"}://${told.host}:${port}`, {
  clients: [
    {
      client_id: told.client_id,
      client_secret: told.client_secret,
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: ["https://localhost/oauth2/idpresponse"],
      token_endpoint_auth_method: "client_secret_basic",
    },
    {
      client_id: `${told.client_id}-machine`,
      client_secret: told.client_secret,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
  scopes: ["openid", "offline_access", "email", "profile"],
  cookies: { keys: ["the provider's own cookies in tests"] },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: told.token_scope,
        audience: "https://api.example.com",
        accessTokenFormat: "jwt",
        accessTokenTTL: told.access_token_seconds,
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
  findAccount: (context, id) => {
    const claims = told.users[id];
    return claims && { accountId: id, claims: () => ({ sub: id, ...claims }) };
  },
  issueRefreshToken: () => told.refresh_tokens,
  jwks: { keys: [signing] },
  pkce: { required: () => true },
  rotateRefreshToken: () => told.rotates,
  ttl: {
    AccessToken: told.access_token_seconds,
    ClientCredentials: told.access_token_seconds,
    IdToken: told.id_token_seconds,
    RefreshToken: told.refresh_token_seconds,
    AuthorizationCode: 60,
    Grant: 3600,
    Interaction: 600,
    Session: 3600,
  },
});

// Gateways of tests listen where there is room: any port of this machine, at the one path.
provider.Client.prototype.redirectUriAllowed = (uri) => {
  const url = URL.parse(uri);
  const here = url && (url.hostname === "127.0.0.1" || /^([a-z0-9-]+\.)*localhost$/.test(url.hostname));
  return Boolean(here) && url.protocol === "https:" && url.pathname === "/oauth2/idpresponse" && !url.search;
};

const say = (event) => console.log(`event ${JSON.stringify(event)}`);
provider.on("grant.success", (context) => say({ grant: context.oidc.params.grant_type }));
provider.on("grant.error", (context, error) =>
  say({ grant: context.oidc?.params?.grant_type ?? "", error: error.message }),
);
provider.on("server_error", (context, error) => say({ failed: String(error.stack) }));

answer = provider.callback();
console.log(`listening ${port}`);
