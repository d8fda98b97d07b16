// The main job in another language, by types that were generated from the document and nothing else:
// start, show the QR code, wait for the scan, check the code, bind. Arguments: service, key; one JSON line for each step
// goes out, and the code comes in on the line that follows "scan".
import createClient from "openapi-fetch";
import type { components, paths } from "./contract.js";

declare const process: {
  argv: string[];
  stdin: AsyncIterable<Uint8Array>;
  exit(status: number): never;
};

type Verification = components["schemas"]["Verification"];
type WrongCode = components["schemas"]["WrongCodeProblem"];

const [service = "", key = ""] = process.argv.slice(2);
const api = createClient<paths>({ baseUrl: service, headers: { Authorization: `Bearer ${key}` } });

function say(step: string, detail: unknown): void {
  console.log(JSON.stringify({ step, detail }));
}

function must<T>(what: string, answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) {
    say("failed", { what, error: answer.error });
    process.exit(1);
  }
  return answer.data;
}

async function line(): Promise<string> {
  for await (const bytes of process.stdin) return new TextDecoder().decode(bytes).trim();
  return "";
}

const started: Verification = must(
  "start",
  await api.POST("/v1/verifications", {
    params: { header: { "Idempotency-Key": "typescript-1" } },
    body: { purpose: "register", user: "attempt-ts", client_ip: "192.0.2.1", metadata: { cart: "c-81" } },
  }),
);
const path = { id: started.id };
const scan = must("scan", await api.GET("/v1/verifications/{id}/scan", { params: { path } }));
say("scan", scan.url);
const code = await line();

const refused = await api.POST("/v1/verifications/{id}/check", { params: { path }, body: { code: "000000" } });
const problem = refused.error as WrongCode;
say("wrong", { status: refused.response.status, left: problem.attempts_left });

const approved = must("check", await api.POST("/v1/verifications/{id}/check", { params: { path }, body: { code } }));
const read = must("get", await api.GET("/v1/verifications/{id}", { params: { path } }));
const proof: string | null | undefined = read.proof;
if (approved.status !== "approved" || !proof) process.exit(1);

const claims = must("verify", await api.POST("/v1/proofs/verify", { body: { proof, consume: false } }));
const binding = must("bind", await api.PUT("/v1/bindings/{user}", { params: { path: { user: "alice" } }, body: { proof } }));
say("bound", { user: binding.user, sub: claims.sub, made_by: binding.made_by });
process.exit(0);
