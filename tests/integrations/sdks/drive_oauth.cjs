// wechat-oauth as the back end of a website's login by QR code; node-easywechat's ticket of the JS-SDK and its web authorisation,
// which node-socialite makes at fixed addresses, through the proxy of the environment.
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
    oauth: { scopes: ['snsapi_userinfo'], redirect_url: 'http://127.0.0.1:9/back' },
  });
  const config = await app.getUtils().buildJsSdkConfig('https://e/', ['scanQRCode'], [], false);
  const link = oauth.getAuthorizeURLForWebsite('http://127.0.0.1:9/back', 'a-b');
  const inside = app.getOAuth().withState('a-b').redirect();
  console.log(JSON.stringify({ link, config, inside }));
  process.stdin.once('data', async (line) => {
    const [first, second] = String(line).trim().split(' ');
    const person = await app.getOAuth().userFromCode(second);
    const session = await ask('getAccessToken', first);
    const user = await ask('getUser', session.openid);
    const again = await ask('refreshAccessToken', session.refresh_token);
    const valid = await ask('verifyToken', session.openid, session.access_token);
    console.log(JSON.stringify({ session, user, again, valid, person: { id: person.getId() } }));
    process.exit(0);
  });
})().catch((error) => { console.error(error); process.exit(1); });
