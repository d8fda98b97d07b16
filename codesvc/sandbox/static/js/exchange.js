// How the journal shows bodies: indented for reading, changed in nothing else. JSON.parse would round 19-digit ids.

const LONGEST = 20000;

/** Indents JSON token by token; anything that is no JSON stays as it is. */
function indentJson(text) {
  let depth = 0;
  let out = "";
  const pad = () => `\n${"  ".repeat(depth)}`;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (token === "{" || token === "[") {
      depth += 1;
      out += token + pad();
    } else if (token === "}" || token === "]") {
      depth = Math.max(0, depth - 1);
      out = /[{[]\s*$/.test(out) ? out.trimEnd() + token : out + pad() + token;
    } else if (token === ",") out += token + pad();
    else if (token === ":") out += ": ";
    else out += token;
  }
  return out;
}

function indentXml(text) {
  return text.replace(/></g, ">\n<");
}

/** A body as the journal shows it. */
export function readable(text) {
  const body = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  const start = body.trimStart()[0];
  if (start === "<") return indentXml(body);
  try {
    JSON.parse(body);
  } catch {
    return body; // truncated on purpose, or plain text: show exactly what travelled
  }
  return start === "{" || start === "[" ? indentJson(body) : body;
}

/** The parameters of an address or a query, decoded, one a line. */
export function parameters(text) {
  const query = text.includes("?") ? text.slice(text.indexOf("?") + 1) : text;
  return [...new URLSearchParams(query)].map(([name, value]) => `${name} = ${value}`).join("\n");
}
