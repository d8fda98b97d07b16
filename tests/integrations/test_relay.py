"""The relay's snippets as the documentation has them, and the identity systems' own packages, against the service."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.node_tools import installed
from tests.programs import program_path
from tests.relay.conftest import at_gateway, new_relay, stub  # noqa: F401  fixtures
from tests.world import KEY

HERE = Path(__file__).parent
PAGES = HERE.parents[1] / "docs" / "en" / "relay"
JSONNET = HERE.parents[1] / "ops" / "kratos" / "codesvc.jsonnet"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TOKEN = "token-of-an-identity-system"
WEBHOOK = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SOURCES = {
    "logto": {"adapter": "logto", "secrets": [TOKEN]},
    "novu": {"adapter": "novu", "secrets": [TOKEN]},
    "supabase": {"adapter": "supabase", "secrets": [f"v1,{WEBHOOK}"]},
    "kratos": {"adapter": "kratos", "secrets": [TOKEN]},
}


def snippet(page, number=0):
    return [code for kind, code in BLOCK.findall((PAGES / f"{page}.md").read_text("utf-8")) if kind == "js"][number]


@pytest.fixture
def node(request, tmp_path_factory, tmp_path):
    """Runs a module that is written beside the snippets, with the systems' packages."""
    home = installed(request, tmp_path_factory, HERE / "relay" / "package.json")
    (tmp_path / "node_modules").symlink_to(home / "node_modules")
    (tmp_path / "codesvc.mjs").write_text(snippet("better-auth"), encoding="utf-8")

    async def run(world, text, **files):
        for name, content in files.items():
            (tmp_path / name.replace("_", ".")).write_text(content, encoding="utf-8")
        (tmp_path / "main.mjs").write_text(text, encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            "node",
            "main.mjs",
            cwd=tmp_path,
            env=os.environ | {"CODESVC_URL": world.service, "CODESVC_KEY": KEY, "TOKEN": TOKEN, "WEBHOOK": WEBHOOK},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, err.decode()
        return json.loads(out.splitlines()[-1])

    return run


@pytest.fixture
async def world(new_relay):  # noqa: F811
    async with new_relay(sites__shop__inbound=SOURCES) as made:
        yield made


AUTH0 = """
import { createRequire } from 'node:module';
const action = createRequire(import.meta.url)('./action.cjs');
const said = [];
const api = { notification: { retry: (why) => said.push(['retry', why]), drop: (why) => said.push(['drop', why]) } };
const event = (more, secrets) => ({
  notification: { recipient: '+8613800138000', as_text: 'Your code is 482913', code: '482913',
                  delivery_method: 'text', message_type: 'otp_verify', locale: 'en', ...more },
  request: { ip: '203.0.113.9' }, transaction: { correlation_id: 'c-1' },
  user: { user_id: 'u1', phone_number: '+8613800138000', phone_verified: true },
  secrets: { CODESVC_URL: process.env.CODESVC_URL, CODESVC_KEY: process.env.CODESVC_KEY, ...secrets },
});
for (const each of [event({}), event({}), event({ delivery_method: 'voice' }), event({ recipient: '12' }),
                    event({}, { CODESVC_URL: 'http://127.0.0.1:9' }),
                    event({ message_type: 'password_breach', code: undefined, as_text: 'Change your password' }),
                    event({ message_type: 'otp_enroll' }), event({ recipient: '+8613800138001' })])
  await action.onExecuteCustomPhoneProvider(each, api);
console.log(JSON.stringify(said));
"""


async def test_auth0s_action_sends_once_drops_what_cannot_be_and_repeats_what_can(world, stub, node):  # noqa: F811
    said = await node(world, AUTH0, action_cjs=snippet("auth0"))
    assert said == [["drop", "codesvc makes no calls"], ["drop", "codesvc: 400"], ["retry", "codesvc does not answer"]]
    sent = {data["purpose"]: data for data in await at_gateway(stub, 4)}
    assert sent.keys() == {"login", "reset", "register"}
    assert (sent["login"]["code"], sent["login"]["locale"]) == ("482913", "en")
    assert (sent["reset"]["code"], sent["reset"]["text"]) == (None, "Change your password")


BETTER_AUTH = """
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { plugins } from './plugins.mjs';
const at = new Date();
const known = { id: 'u1', name: 'Bo', email: 'bo@shop.example', emailVerified: true, createdAt: at, updatedAt: at,
                phoneNumber: '13800138001', phoneNumberVerified: true };
const claims = { ...known, id: 'u2', name: 'Cy', email: 'cy@shop.example', emailVerified: false,
                 phoneNumber: '13800138002', phoneNumberVerified: false };
const db = { user: [known, claims], session: [], account: [], verification: [] };
const auth = betterAuth({ database: memoryAdapter(db), plugins, secret: 'x'.repeat(32), baseURL: 'http://shop.example',
                          logger: { disabled: true }, telemetry: { enabled: false } });
const ask = (path, body) => auth.handler(new Request(`http://shop.example/api/auth${path}`, {
  method: 'POST', body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', 'accept-language': 'en', origin: 'http://shop.example' } }));
const answers = [];
for (const phoneNumber of ['13800138000', '13800138001', '13800138002'])
  answers.push((await ask('/phone-number/send-otp', { phoneNumber })).status);
for (const phoneNumber of ['13800138001', '13800138002'])
  answers.push((await ask('/phone-number/request-password-reset', { phoneNumber })).status);
for (const [who, type] of [['ann', 'sign-in'], ['bo', 'sign-in'], ['bo', 'forget-password'], ['cy', 'sign-in'],
                           ['cy', 'email-verification'], ['cy', 'forget-password']])
  answers.push((await ask('/email-otp/send-verification-otp', { email: `${who}@shop.example`, type })).status);
console.log(JSON.stringify({ answers, kept: db.verification.map((each) => each.value.split(':')[0]) }));
"""


async def test_better_auth_itself_sends_its_codes_through_the_snippet(world, stub, node):  # noqa: F811
    said = await node(world, BETTER_AUTH, plugins_mjs=snippet("better-auth", 1))
    assert said["answers"] == [200] * 11
    found = await at_gateway(stub, 11)
    assert sorted(said["kept"]) == sorted(data["code"] for data in found)
    assert [data["locale"] for data in found if data["channel"] == "sms"].count("en") == 3
    # What no user has proved is claimed, by whatever way its code is asked for; such a code never goes to WeChat.
    assert Counter((data["to"], data["purpose"]) for data in found) == {
        ("+8613800138000", "register"): 1,
        ("+8613800138001", "login"): 1,
        ("+8613800138001", "reset"): 1,
        ("+8613800138002", "register"): 2,
        ("ann@shop.example", "register"): 1,
        ("bo@shop.example", "login"): 1,
        ("bo@shop.example", "reset"): 1,
        ("cy@shop.example", "register"): 3,
    }


SUPERTOKENS = """
import { createServer } from 'node:http';
import SuperTokens from 'supertokens-node';
import Passwordless from 'supertokens-node/recipe/passwordless/index.js';
import Session from 'supertokens-node/recipe/session/index.js';
import { passwordless } from './recipe.mjs';
const answered = (url) => url.pathname === '/apiversion' ? { versions: ['5.4'] } : {
  status: 'OK', users: url.searchParams.get('phoneNumber') !== '+8613800138001' ? [] : [
    { id: 'u1', isPrimaryUser: false, tenantIds: ['public'], emails: [], phoneNumbers: ['+8613800138001'],
      thirdParty: [], webauthn: { credentialIds: [] }, timeJoined: 1, loginMethods: [
        { recipeId: 'passwordless', recipeUserId: 'u1', tenantIds: ['public'], phoneNumber: '+8613800138001',
          verified: true, timeJoined: 1 }] }] };
const core = createServer((request, response) => response.setHeader('content-type', 'application/json')
  .end(JSON.stringify(answered(new URL(request.url, 'http://core')))));
await new Promise((done) => core.listen(0, '127.0.0.1', done));
const connectionURI = `http://127.0.0.1:${core.address().port}`;
SuperTokens.init({ framework: 'express', supertokens: { connectionURI }, telemetry: false,
  appInfo: { appName: 'Shop', apiDomain: 'http://shop.example', websiteDomain: 'http://shop.example' },
  recipeList: [passwordless, Session.init()] });
const input = { type: 'PASSWORDLESS_LOGIN', phoneNumber: '+8613800138000', userInputCode: '482913',
                codeLifetime: 900000, isFirstFactor: true, preAuthSessionId: 'p', tenantId: 'public', userContext: {} };
await Passwordless.sendSms(input);
await Passwordless.sendSms({ ...input, phoneNumber: '+8613800138001' });
let thrown = '';
await Passwordless.sendSms({ ...input, phoneNumber: '+8612' }).catch((error) => { thrown = error.message; });
core.closeAllConnections();
core.close();
console.log(JSON.stringify(thrown));
"""


async def test_supertokens_recipe_sends_its_codes_through_the_snippet(world, stub, node):  # noqa: F811
    said = await node(world, SUPERTOKENS, recipe_mjs=snippet("supertokens", 1))
    assert said == "codesvc did not take the code: 400"
    found = {data["to"]: data for data in await at_gateway(stub, 2)}
    assert {to: data["purpose"] for to, data in found.items()} == {
        "+8613800138000": "register",
        "+8613800138001": "login",
    }
    assert {(data["code"], data["params"]["minutes"]) for data in found.values()} == {("482913", "15")}


LOGTO = """
import createConnector from '@logto/connector-http-sms';
const config = { endpoint: `${process.env.CODESVC_URL}/inbound/logto/shop`, authorization: process.env.TOKEN };
const connector = await createConnector({ getConfig: async () => config });
const data = { to: '8613800138000', type: 'SignIn', payload: { code: '482913', locale: 'en' }, ip: '203.0.113.9' };
await connector.sendMessage(data);
await connector.sendMessage(data);
const thrown = [];
for (const [more, secret] of [[{ to: '12' }, process.env.TOKEN], [{}, 'wrong']])
  await connector.sendMessage({ ...data, ...more }, { ...config, authorization: secret })
    .catch((error) => thrown.push([error.code, error.data]));
console.log(JSON.stringify(thrown));
"""


async def test_logtos_own_connector(world, stub, node):  # noqa: F811
    said = await node(world, LOGTO)
    assert [code for code, _ in said] == ["general", "general"]
    assert "号码" in json.dumps(said[0], ensure_ascii=False) or "number" in json.dumps(said[0])
    [data] = await at_gateway(stub)
    assert (data["to"], data["code"], data["locale"]) == ("+8613800138000", "482913", "en")


NOVU = """
import { createRequire } from 'node:module';
const provider = '@novu/providers/build/main/lib/generic-sms/generic-sms.provider.js';
const { GenericSmsProvider } = createRequire(import.meta.url)(provider);
const made = (secret) => new GenericSmsProvider({
  baseUrl: `${process.env.CODESVC_URL}/inbound/novu/shop`, apiKeyRequestHeader: 'Authorization', apiKey: secret,
  from: 'Shop', idPath: 'data.id', datePath: 'date' });
const message = { to: '+8613800138000', content: '482913 is your code', from: 'Shop' };
const first = await made(process.env.TOKEN).sendMessage(message);
const again = await made(process.env.TOKEN).sendMessage(message);
const refused = await made('wrong').sendMessage(message).catch((error) => error.response.status);
console.log(JSON.stringify([first, again, refused]));
"""


async def test_novus_own_provider_reads_the_id_and_the_time(world, stub, node):  # noqa: F811
    first, again, refused = await node(world, NOVU)
    assert first == again
    assert re.fullmatch(r"ms_[a-z2-7]{26}", first["id"])
    assert first["date"].startswith("20")
    assert refused == 401
    [data] = await at_gateway(stub)
    assert (data["code"], data["text"]) == ("482913", "482913 is your code")


SIGNER = """
import { Webhook } from 'standardwebhooks';
const body = JSON.stringify({ user: { id: 'u1' }, sms: { otp: '482913', phone: '8613800138000' } });
const at = new Date();
const ask = async (given) => {
  const headers = { 'content-type': 'application/json', 'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at / 1000)),
    'webhook-signature': new Webhook(process.env.WEBHOOK).sign('msg_1', at, body) };
  const url = `${process.env.CODESVC_URL}/inbound/supabase/shop`;
  return (await fetch(url, { method: 'POST', headers, body: given })).status;
};
console.log(JSON.stringify([await ask(body), await ask(body), await ask(body.replace('482913', '482914'))]));
"""


async def test_the_signer_of_standard_webhooks(world, stub, node):  # noqa: F811
    assert await node(world, SIGNER) == [200, 200, 401]
    [data] = await at_gateway(stub)
    assert data["code"] == "482913"


async def evaluated(jsonnet, context):
    """What Kratos sends for this context, made by Jsonnet's own interpreter."""
    command = [jsonnet, "--tla-code", f"ctx={json.dumps(context)}", str(JSONNET)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True, timeout=30)
    return done.stdout


async def test_kratos_gets_every_code_out_of_its_context_by_our_jsonnet(world, stub):  # noqa: F811
    jsonnet = program_path("jsonnet")
    for number, name in enumerate(["login_code", "registration_code", "verification_code", "recovery_code"]):
        context = {
            "recipient": f"+861380013800{number}", "subject": "", "body": "Your code is …", "message_type": "sms",
            "template_type": name + "_valid",
            "template_data": {"to": "x", name: f"48291{number}", "identity": {"id": "7e1e"}, "expires_in_minutes": 15},
            "request_headers": {"Accept-Language": ["en"]},
        }  # fmt: skip
        made = await evaluated(jsonnet, context)
        async with world.http.post(
            f"{world.service}/inbound/kratos/shop", data=made, headers={"Authorization": TOKEN}
        ) as answer:
            assert answer.status == 200
    found = await at_gateway(stub, 4)
    assert sorted(data["code"] for data in found) == ["482910", "482911", "482912", "482913"]
    assert {(data["locale"], data["params"]["minutes"]) for data in found} == {("en", "15")}
    bare = json.loads(await evaluated(jsonnet, {"recipient": "a@shop.example"}))
    assert (bare["to"], bare["code"]) == ("a@shop.example", "")
