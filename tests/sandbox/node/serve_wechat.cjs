// wechat-api and wechat-oauth as API clients over TLS and proxy, wechat as a callback with its own crypto.
const http = require('http');
const { createRequire } = require('module');

const given = JSON.parse(process.argv[2]);
const load = createRequire(given.modules + '/');
const { HttpsProxyAgent } = load('https-proxy-agent');
const agent = new HttpsProxyAgent(given.proxy);
const options = { agent, httpsAgent: agent, timeout: 5000 };

const api = new (load('wechat-api'))(given.appid, given.secret);
api.setOpts(options);
const oauth = new (load('wechat-oauth'))(given.appid, given.secret);
oauth.setOpts(options);
const ask = (host, name, ...words) =>
  new Promise((resolve) => host[name](...words, (error, answer) => resolve(error ? { error: error.code } : answer)));

const answer = load('wechat')({ token: given.token, appid: given.appid, encodingAESKey: given.aes_key }, (req, res) => {
  const message = req.weixin;
  if (message.MsgType === 'image') return res.reply([1, 2].map((n) => ({ title: `t${n}`, url: 'https://e/' })));
  if (message.MsgType === 'text') return res.reply(`收到 ${message.Content}`);
  return res.reply(message.Event === 'SCAN' ? `验证码 ${message.EventKey}` : '');
});

const server = http.createServer((req, res) => {
  req.query = Object.fromEntries(new URL(req.url, 'http://x').searchParams);
  answer(req, res, (error) => { res.statusCode = 500; res.end(String(error)); });
});

server.listen(0, '127.0.0.1', async () => {
  console.log(JSON.stringify({
    port: server.address().port,
    user: await ask(api, 'getUser', given.openid),
    menu: await ask(api, 'createMenu', { button: [{ type: 'click', name: '验证码', key: 'CODE' }] }),
    sent: await ask(api, 'sendText', given.openid, '你好'),
    qrcode: await ask(api, 'createTmpQRCode', 'vc_node', 300),
    link: oauth.getAuthorizeURL('http://127.0.0.1:9/back', 'abc', 'snsapi_userinfo'),
  }));
});

process.stdin.on('data', async (code) => {
  const session = await ask(oauth, 'getAccessToken', String(code).trim());
  console.log(JSON.stringify({
    session: session.data,
    again: await ask(oauth, 'getAccessToken', String(code).trim()),
    user: await ask(oauth, 'getUser', given.openid),
  }));
});
process.stdin.on('end', () => process.exit(0));
