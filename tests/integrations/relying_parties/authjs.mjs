// A website with Auth.js (@auth/core), unmodified: type "oidc", discovery at every login, PKCE by default.
import http from "node:http";
import { Auth, skipCSRFCheck } from "@auth/core";

const [issuer, port] = process.argv.slice(2);
const self = `http://127.0.0.1:${port}`;
const config = {
  secret: "only for tests",
  trustHost: true,
  basePath: "/auth",
  skipCSRFCheck,
  providers: [{
    id: "wechat", name: "WeChat", type: "oidc", issuer, clientId: "wiki", clientSecret: process.env.CLIENT_SECRET,
    checks: ["pkce", "state", "nonce"],
  }],
  callbacks: { jwt: ({ token, profile }) => (profile ? { ...token, profile } : token), session: ({ session, token }) => ({ ...session, profile: token.profile }) },
};
http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const asked = new Request(new URL(request.url, self), {
    method: request.method, headers: request.headers, body: request.method === "POST" ? Buffer.concat(chunks) : undefined,
  });
  const answer = await Auth(asked, config);
  const headers = Object.fromEntries(answer.headers);
  response.writeHead(answer.status, { ...headers, "set-cookie": answer.headers.getSetCookie() });
  response.end(await answer.text());
}).listen(port, "127.0.0.1", () => console.log("ready"));
