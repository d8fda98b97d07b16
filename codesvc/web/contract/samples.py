"""Each call of the contract as a sample in five languages, made from its example.

The samples read the service's address and a key from the environment, as the examples of the documentation do. A test
runs every one of them and compares what it sends with the example.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

import msgspec

LANGUAGES: Final = {"curl": "curl", "python": "Python", "php": "PHP", "node": "Node", "java": "Java"}
"""Names of the languages, in the order in which they are shown."""
_KEYS: Final = {"siteKey": "CODESVC_API_KEY", "adminKey": "CODESVC_ADMIN_KEY", "eventKey": "CODESVC_EVENT_KEY"}
_CLIENT: Final = {
    "startVerification": "start", "getVerification": "get", "getVerificationScan": "scan", "checkVerification": "check",
    "resendVerification": "resend", "cancelVerification": "cancel", "watchVerification": "watch",
    "verifyProof": "verify_proof", "getProofKeys": "proof_keys", "bind": "bind", "getBinding": "get_binding",
    "unbind": "unbind", "getBindingHistory": "history", "findBindings": "find_bindings", "liftGuesses": "lift_guesses",
    "redeemTicket": "redeem_ticket", "startBindIntent": "start_bind_intent", "getBindIntent": "get_bind_intent",
    "getBindIntentScan": "scan_bind_intent", "cancelBindIntent": "cancel_bind_intent",
    "watchBindIntent": "watch_bind_intent", "startLogin": "start_login", "getLogin": "get_login",
    "getLoginScan": "scan_login", "cancelLogin": "cancel_login", "watchLogin": "watch_login", "getWebhook": "webhook",
    "enableWebhook": "enable_webhook", "testWebhook": "test_webhook", "listWebhookDeliveries": "webhook_deliveries",
    "getWebhookDelivery": "webhook_delivery", "resendWebhookDelivery": "resend_webhook",
    "sendMessage": "send_message", "getMessage": "get_message", "findRecipient": "find_recipient",
}  # fmt: skip
"""The client's method for each call that it has."""
_IN_ORDER: Final = frozenset({"checkVerification", "verifyProof", "redeemTicket"})
"""Calls whose method takes the members of the body by position."""


class Call(NamedTuple):
    """What a sample sends.

    Attributes:
        id: the call's id.
        method: in capitals.
        path: the path with the example's values, and the query.
        arguments: the values of the path, in order.
        query: the query by itself.
        key: the variable that holds the key; "" where none is needed.
        body: the body of the example; None for none.
        streams: whether the answer is a stream of events.
    """

    id: str
    method: str
    path: str
    arguments: list[Any]
    query: dict[str, Any]
    key: str
    body: Any
    streams: bool


def call_of(path: str, method: str, operation: Mapping[str, Any]) -> Call:
    """The call that the examples of an operation of the document make."""
    given = {(each["in"], each["name"]): each["example"] for each in operation.get("parameters", ())}
    arguments = [given["path", name] for name in re.findall(r"\{(\w+)\}", path)]
    filled = re.sub(r"\{(\w+)\}", lambda found: quote(str(given["path", found[1]]), safe=""), path)
    query = {name: value for (place, name), value in given.items() if place == "query"}
    if operation["operationId"] == "findBindings":  # by exactly one of them
        query = {name: query[name] for name in ("openid_handle",)}
    key = next((_KEYS[scheme] for wanted in operation.get("security", ()) for scheme in wanted), "")
    body = next(iter(operation["requestBody"]["content"].values())) if "requestBody" in operation else None
    example = next(iter(body["examples"].values()))["value"] if body else None
    answers = [answer for status, answer in operation["responses"].items() if status < "4"]
    streams = any("text/event-stream" in answer.get("content", {}) for answer in answers)
    address = f"{filled}?{urlencode(query)}" if query else filled
    return Call(operation["operationId"], method.upper(), address, arguments, query, key, example, streams)


def samples(call: Call) -> dict[str, str]:
    """The call in every language."""
    return {"curl": _curl(call), "python": _python(call), "php": _php(call), "node": _node(call), "java": _java(call)}


def _json(value: Any, indent: int = 2) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=indent).decode()


def _curl(call: Call) -> str:
    lines = [f'curl -sS{"N" if call.streams else ""} -X {call.method} "$CODESVC_URL{call.path}"']
    if call.key:
        lines.append(f'-H "Authorization: Bearer ${call.key}"')
    if call.body is not None:
        lines.append('-H "Content-Type: application/json"')
        lines.append("-d '" + _json(call.body, 0).replace("'", "'\\''") + "'")
    return " \\\n  ".join(lines)


def _python(call: Call) -> str:
    if call.id not in _CLIENT:
        return _python_without_client(call)
    head = "import os\n\nfrom codesvc.client import SyncClient\n\n"
    head += 'with SyncClient(os.environ["CODESVC_URL"], os.environ["CODESVC_API_KEY"]) as codes:\n'
    body = dict(call.body or {})
    body |= body.pop("recipient", {})  # the client takes its members by themselves
    plain = [repr(each) for each in call.arguments]
    if call.id in _IN_ORDER:
        plain += [repr(body.pop(name)) for name in ("code", "proof", "ticket", "state") if name in body]
    plain += [f"{name}={value!r}" for name, value in {**call.query, **body}.items()]
    made = f"codes.{_CLIENT[call.id]}({', '.join(plain)})"
    if len(made) > _WIDE:
        made = f"codes.{_CLIENT[call.id]}(\n        " + ",\n        ".join(plain) + ",\n    )"
    if call.streams:
        return f"{head}    for state in {made}:\n        print(state.status)\n"
    return f"{head}    print({made})\n" if call.method != "DELETE" else f"{head}    {made}\n"


_WIDE: Final = 80


def _python_without_client(call: Call) -> str:
    lines = ["import json, os, urllib.request" if call.body is not None else "import os, urllib.request", ""]
    headers = []
    if call.key:
        headers.append(f'"Authorization": "Bearer " + os.environ["{call.key}"]')
    if call.body is not None:
        headers.append('"Content-Type": "application/json"')
        lines.append(f"body = {call.body!r}")
    sent = ", data=json.dumps(body).encode()" if call.body is not None else ""
    lines += [
        "call = urllib.request.Request(",
        f'    os.environ["CODESVC_URL"] + {call.path!r}, method={call.method!r},',
        f"    headers={{{', '.join(headers)}}}{sent},",
        ")",
        "print(urllib.request.urlopen(call).read().decode())",
        "",
    ]
    return "\n".join(lines)


def _php(call: Call) -> str:
    headers = []
    if call.key:
        headers.append(f"'Authorization: Bearer ' . getenv('{call.key}')")
    if call.body is not None:
        headers.append("'Content-Type: application/json'")
    lines = ["<?php", f"$curl = curl_init(getenv('CODESVC_URL') . {_quoted(call.path)});", "curl_setopt_array($curl, ["]
    lines.append(f"    CURLOPT_CUSTOMREQUEST => '{call.method}', CURLOPT_RETURNTRANSFER => true,")
    lines.append(f"    CURLOPT_HTTPHEADER => [{', '.join(headers)}],")
    if call.body is not None:
        lines.append(f"    CURLOPT_POSTFIELDS => {_quoted(_json(call.body, 0))},")
    return "\n".join([*lines, "]);", "echo curl_exec($curl), PHP_EOL;", ""])


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _node(call: Call) -> str:
    headers = []
    if call.key:
        headers.append(f"Authorization: `Bearer ${{process.env.{call.key}}}`")
    if call.body is not None:
        headers.append('"Content-Type": "application/json"')
    lines = [f"const answer = await fetch(process.env.CODESVC_URL + {_json(call.path)}, {{"]
    lines.append(f'  method: "{call.method}",')
    if headers:
        lines.append(f"  headers: {{ {', '.join(headers)} }},")
    if call.body is not None:
        lines.append("  body: JSON.stringify(" + _json(call.body).replace("\n", "\n  ") + "),")
    return "\n".join([*lines, "});", "console.log(answer.status, await answer.text());", ""])


def _java(call: Call) -> str:
    lines = [f'var request = HttpRequest.newBuilder(URI.create(System.getenv("CODESVC_URL") + {_json(call.path)}))']
    if call.key:
        lines.append(f'    .header("Authorization", "Bearer " + System.getenv("{call.key}"))')
    if call.body is None:
        lines.append(f'    .method("{call.method}", HttpRequest.BodyPublishers.noBody())')
    else:
        text = _json(call.body).replace("\\", "\\\\").replace("\n", "\n        ")
        lines.append('    .header("Content-Type", "application/json")')
        lines.append(f'    .method("{call.method}", HttpRequest.BodyPublishers.ofString("""\n        {text}"""))')
    lines += [
        "    .build();",
        "var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());",
    ]
    return "\n".join([*lines, "System.out.println(answer.body());", ""])
