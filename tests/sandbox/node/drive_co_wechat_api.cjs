// co-wechat-api, unmodified and with its hard-wired addresses, through the sandbox's CONNECT proxy.
const { createRequire } = require('module');

const given = JSON.parse(process.argv[2]);
const load = createRequire(given.modules + '/');
const WechatAPI = load('co-wechat-api');
const { HttpsProxyAgent } = load('https-proxy-agent');

const errcode = async (promise) => {
  try { await promise; } catch (error) { return error.code; }
  return 0;
};

(async () => {
  const api = new WechatAPI(given.appid, given.secret);
  api.setOpts({ agent: new HttpsProxyAgent(given.proxy) });
  const data = {
    character_string1: { value: '482913' },
    thing2: { value: '网站' },
    time3: { value: '15:01' },
    thing4: { value: '备注' },
  };
  const results = {};
  results.ips = (await api.getIp()).ip_list;
  results.user = await api.getUser({ openid: given.openid, lang: 'zh_CN' });
  results.batch = await api.batchGetUsers([given.openid]);
  results.followers = await api.getFollowers();
  results.remark = await api.updateRemark(given.openid, '备注');
  results.qrcode = await api.createTmpQRCode('vc_1', 300);
  results.numbered = await api.createTmpQRCode(123, 300);
  results.permanent = await api.createLimitQRCode('shop');
  results.picture = api.showQRCodeURL(results.qrcode.ticket);
  results.template = await api.sendTemplate(given.openid, given.template_id, 'https://example.com/', '#FF0000', data);
  results.msgid = String(results.template.msgid);
  results.bad_field = await errcode(
    api.sendTemplate(given.openid, given.template_id, '', '', { ...data, thing2: { value: '字'.repeat(21) } }));
  results.templates = await api.getAllPrivateTemplate();
  results.industry = await api.getIndustry();
  results.text = await api.sendText(given.openid, '你好');
  results.image = await api.sendImage(given.openid, 'm');
  results.menu = [
    await api.createMenu({ button: [{ type: 'click', name: '取码', key: 'CODE' }] }),
    await api.getMenu(),
    await api.removeMenu(),
  ];
  await api.saveToken({ accessToken: '82_dead', expireTime: Date.now() + 1e6 });
  results.retried = (await api.getUser(given.openid)).subscribe;
  console.log(JSON.stringify(results));
})().catch((error) => { console.error(error); process.exit(1); });
