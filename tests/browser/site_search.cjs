// Asks the search worker of the built site: `node site_search.cjs SITE`, the questions as a JSON list on standard input, and
// for each of them what it finds, best first, as JSON on standard output: of each page the address of the best part.
const fs = require("node:fs");
const vm = require("node:vm");

const site = process.argv[2];
const workers = `${site}/assets/javascripts/workers`;
const worker = fs.readdirSync(workers).find((name) => name.endsWith(".min.js"));
let listener, answered;
globalThis.self = globalThis;
globalThis.addEventListener = (_, heard) => { listener = heard; };
globalThis.postMessage = (message) => answered(message);
globalThis.importScripts = () => {};
console.warn = (...said) => { console.error(...said); process.exitCode = 1; }; // the worker says so where a search fails
vm.runInThisContext(fs.readFileSync(`${workers}/${worker}`, "utf8"));
const ask = (data) => new Promise((resolve) => { answered = resolve; listener({ data }); });

(async () => {
  const { config, docs } = JSON.parse(fs.readFileSync(`${site}/search/search_index.json`, "utf8"));
  await ask({ type: 0, data: { config, docs, options: { suggest: false } } });
  const found = [];
  for (const data of JSON.parse(fs.readFileSync(0, "utf8"))) {
    const { items } = (await ask({ type: 2, data })).data;
    found.push(items.map((parts) => parts[0].location));
  }
  console.log(JSON.stringify(found));
})();
