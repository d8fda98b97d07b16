// A website with openid-client, unmodified: discovery, PKCE, nonce, iss, userinfo. It prints its address, then what it learnt.
import http from "node:http";
import * as client from "openid-client";

const [issuer, port, method] = process.argv.slice(2);
const self = `http://127.0.0.1:${port}`;
const ways = { basic: client.ClientSecretBasic, post: client.ClientSecretPost, none: client.None };
const id = method === "none" ? "spa" : "wiki";
const how = method === "none" ? ways.none() : ways[method](process.env.CLIENT_SECRET);
const config = await client.discovery(new URL(issuer), id, undefined, how, { execute: [client.allowInsecureRequests] });
const waiting = new Map();

http.createServer(async (request, response) => {
  const url = new URL(request.url, self);
  try {
    if (url.pathname === "/login") {
      const verifier = client.randomPKCECodeVerifier(), state = client.randomState(), nonce = client.randomNonce();
      waiting.set(state, { verifier, nonce });
      const to = client.buildAuthorizationUrl(config, {
        redirect_uri: `${self}/callback`, scope: "openid profile email", state, nonce, max_age: "600",
        code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
      });
      response.writeHead(302, { Location: to.href }).end();
      return;
    }
    const state = url.searchParams.get("state"), { verifier, nonce } = waiting.get(state);
    const tokens = await client.authorizationCodeGrant(config, url, {
      pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, maxAge: 600, idTokenExpected: true,
    });
    const claims = tokens.claims();
    const told = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    await client.tokenRevocation(config, tokens.access_token);
    response.end(JSON.stringify({ claims, told }));
  } catch (error) {
    response.statusCode = 500;
    response.end(JSON.stringify({ error: error.error ?? error.message, description: error.error_description }));
  }
}).listen(port, "127.0.0.1", () => console.log("ready"));
