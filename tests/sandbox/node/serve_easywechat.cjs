// node-easywechat as API client over plain HTTP, and as a callback that opens and seals safe-mode messages with its own code.
const http = require('http');
const { createRequire } = require('module');

const given = JSON.parse(process.argv[2]);
const load = createRequire(given.modules + '/');
const { OfficialAccount, ServerRequest } = load('node-easywechat');

const makeApp = () => new OfficialAccount({
  app_id: given.appid,
  secret: given.secret,
  token: given.token,
  aes_key: given.aes_key,
  use_stable_access_token: true,
  file_cache: { path: given.cache },
  http: { baseURL: given.url + '/', throw: true },
});

const server = http.createServer(async (req, res) => {
  try {
    const app = makeApp();
    app.setRequest(await ServerRequest.createFromIncomingMessage(req));
    const callback = app.getServer();
    callback.addEventListener('SCAN', (message) => `验证码 ${message.EventKey}`);
    callback.addMessageListener('text', (message) => `收到 ${message.Content}`);
    const response = await callback.serve();
    res.writeHead(response.getStatusCode(), response.getHeaders());
    res.end(response.getBody());
  } catch (error) {
    res.statusCode = 500;
    res.end(String(error));
  }
});

server.listen(0, '127.0.0.1', async () => {
  const client = makeApp().getClient();
  const code = await client.postJson('/cgi-bin/qrcode/create', {
    expire_seconds: 300, action_name: 'QR_STR_SCENE', action_info: { scene: { scene_str: 'vc_easy' } },
  });
  const user = await client.get('/cgi-bin/user/info', { params: { openid: given.openid } });
  console.log(JSON.stringify({ port: server.address().port, qrcode: code.toObject(), user: user.toObject() }));
});
process.stdin.on('end', () => process.exit(0)).resume();
