// wechat-oauth as the back end of a website's login by QR code, and node-easywechat's ticket of the JS-SDK.
const { createRequire } = require('module');

const given = JSON.parse(process.argv[2]);
const load = createRequire(given.modules + '/');
const { HttpsProxyAgent } = load('https-proxy-agent');
const { OfficialAccount } = load('node-easywechat');
const oauth = new (load('wechat-oauth'))(given.website.appid, given.website.secret);
const agent = new HttpsProxyAgent(given.proxy);
oauth.setOpts({ agent, httpsAgent: agent, timeout: 10000 });
const ask = (name, ...words) =>
  new Promise((resolve) => oauth[name](...words, (error, answer) => resolve(error ? { error: error.code } : answer.data || answer)));

(async () => {
  const app = new OfficialAccount({
    app_id: given.appid, secret: given.secret, file_cache: { path: given.cache }, http: { baseURL: given.url + '/', throw: true },
  });
  const config = await app.getUtils().buildJsSdkConfig('https://e/', ['scanQRCode'], [], false);
  const link = oauth.getAuthorizeURLForWebsite('http://127.0.0.1:9/back', 'a-b');
  console.log(JSON.stringify({ link, config }));
  process.stdin.once('data', async (line) => {
    const session = await ask('getAccessToken', String(line).trim());
    const user = await ask('getUser', session.openid);
    const again = await ask('refreshAccessToken', session.refresh_token);
    const valid = await ask('verifyToken', session.openid, session.access_token);
    console.log(JSON.stringify({ session, user, again, valid }));
    process.exit(0);
  });
})().catch((error) => { console.error(error); process.exit(1); });
