// What the document forbids must not compile. Each line below an expectation is an error; if one were not, tsc would
// complain about the expectation.
import createClient from "openapi-fetch";
import type { components, paths } from "./contract.js";

const api = createClient<paths>({ baseUrl: "https://code.example.com" });

// @ts-expect-error  user is missing
void api.POST("/v1/verifications", { body: { purpose: "register" } });
// @ts-expect-error  there is no such member
const body: components["schemas"]["StartInput"] = { purpose: "register", user: "u", colour: "red" };
void body;
// @ts-expect-error  there is no such call
void api.GET("/v1/codes");
// @ts-expect-error  there is no such word
const status: components["schemas"]["Verification"]["status"] = "maybe";
void status;
