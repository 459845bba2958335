// An OAuth 2.0 server (oidc-provider) with everything in memory, an API that its tokens open, and a hand to meddle:
//   GET  /api/users                     records, for whoever has a token
//   GET  /_lab/token-requests           every token request so far
//   POST /_lab/revoke?kind=AccessToken  forgets all tokens of a kind
//   POST /_lab/expire?kind=RefreshToken ends the life of all tokens of a kind
// Arguments: folder with node_modules, port, redirect URL, certificate of the client `machine-certificate`.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, port, redirect, certificate] = process.argv.slice(2);
const library = path.join(folder, 'node_modules/oidc-provider/lib/index.js');
const module = await import(pathToFileURL(library));
const Provider = module.default ?? module.Provider;

const stored = new Map();

class Memory {
  constructor(kind) { this.kind = kind; }
  key(id) { return `${this.kind}:${id}`; }
  async upsert(id, payload) { stored.set(this.key(id), payload); }
  async find(id) { return stored.get(this.key(id)); }
  async findByUid(uid) { return [...stored.values()].find((payload) => payload.uid === uid && payload.kind === this.kind); }
  async findByUserCode() { return undefined; }
  async consume(id) { stored.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { stored.delete(this.key(id)); }
  async revokeByGrantId(grantId) {
    for (const [key, payload] of stored) if (payload.grantId === grantId) stored.delete(key);
  }
}

const code = {
  client_secret: 'c0de-s3cret/with+signs&more',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  application_type: 'native',
  redirect_uris: [redirect],
};
const machine = {
  client_secret: 'mach1ne-s3cret/with+signs&more',
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
};

const known = new X509Certificate(readFileSync(certificate)).publicKey.export({ format: 'jwk' });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: Memory,
  clients: [
    { ...code, client_id: 'people', token_endpoint_auth_method: 'client_secret_basic' },
    { ...code, client_id: 'people-body', token_endpoint_auth_method: 'client_secret_post' },
    { ...code, client_id: 'people-public', client_secret: undefined, token_endpoint_auth_method: 'none' },
    { ...machine, client_id: 'machine', token_endpoint_auth_method: 'client_secret_basic' },
    { ...machine, client_id: 'machine-body', token_endpoint_auth_method: 'client_secret_post' },
    {
      ...machine, client_secret: undefined, client_id: 'machine-certificate',
      token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'PS256',
      jwks: { keys: [known] },
    },
  ],
  cookies: { keys: ['lab'] },
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: true } },
  issueRefreshToken: async () => true,
  pkce: { required: () => true },
  rotateRefreshToken: true,
  scopes: ['openid', 'offline_access', 'people'],
  ttl: {
    AccessToken: 3600, ClientCredentials: 3600, RefreshToken: 86400, AuthorizationCode: 60,
    Grant: 86400, IdToken: 3600, Interaction: 600, Session: 86400,
  },
});

const requests = [];
const note = (ctx, failed) => {
  const { grant_type: grant, scope, tenant } = ctx.oidc.body ?? {};
  const secret = 'client_secret' in (ctx.oidc.body ?? {});
  const assertion = 'client_assertion' in (ctx.oidc.body ?? {});
  requests.push({
    grant, scope, tenant,
    client: ctx.oidc.client?.clientId,
    header: ctx.headers['x-lab'],
    credentials: ctx.headers.authorization ? 'header' : secret ? 'body' : assertion ? 'assertion' : 'none',
    error: failed?.error,
  });
};
provider.on('grant.success', (ctx) => note(ctx));
provider.on('grant.error', (ctx, failed) => note(ctx, failed));

const now = () => Math.floor(Date.now() / 1000);
const opens = (token) => ['AccessToken', 'ClientCredentials']
  .map((kind) => stored.get(`${kind}:${token}`))
  .some((payload) => payload && payload.exp > now());

const meddle = {
  revoke: (key) => stored.delete(key),
  expire: (key) => { stored.get(key).exp = now() - 1; },
};

const handle = provider.callback();
const json = (response, status, body) => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
};

http.createServer((request, response) => {
  const url = new URL(request.url, 'http://lab');
  const [, area, what] = url.pathname.split('/');
  if (area === 'api') {
    const [, token] = (request.headers.authorization ?? '').match(/^(?:Bearer|Lab) (.+)$/) ?? [];
    if (!opens(token)) return json(response, 401, { message: `the token ${token} is not good` });
    return json(response, 200, { results: [{ _id: 1, email: 'ada@lab.test' }, { _id: 2, email: 'bob@lab.test' }] });
  }
  if (area === '_lab' && what === 'token-requests') return json(response, 200, requests);
  if (area === '_lab' && request.method === 'POST' && meddle[what]) {
    const kind = url.searchParams.get('kind');
    const keys = [...stored.keys()].filter((key) => key.startsWith(`${kind}:`));
    keys.forEach(meddle[what]);
    return json(response, 200, { touched: keys.length });
  }
  return handle(request, response);
}).listen(Number(port), '127.0.0.1');
