// co-wechat-api (promises) or wechat-api (callbacks), unmodified and with their hard-wired addresses, through the sandbox's
// CONNECT proxy: every method that they have for a call of the sandbox. Prints the results by method.
const fs = require('fs');
const os = require('os');
const path = require('path');
const { createRequire } = require('module');

const given = JSON.parse(process.argv[2]);
const load = createRequire(given.modules + '/');
const { HttpsProxyAgent } = load('https-proxy-agent');
const agent = new HttpsProxyAgent(given.proxy);
const api = new (load(given.sdk))(given.appid, given.secret);
api.setOpts({ agent, httpsAgent: agent, timeout: 10000 });
const isOld = given.sdk === 'wechat-api';
const results = {};

const call = (name, ...words) => {
  if (!isOld) return api[name](...words);
  return new Promise((resolve, reject) => api[name](...words, (error, answer) => (error ? reject(error) : resolve(answer))));
};

/** Calls a method, under its name in each SDK; a name that is missing is left out. */
const run = async (names, ...words) => {
  const name = [].concat(names).find((each) => typeof api[each] === 'function');
  if (!name) return undefined;
  try {
    const answer = await call(name, ...words);
    results[name] = Buffer.isBuffer(answer) ? { bytes: answer.length } : answer;
    return answer;
  } catch (error) {
    results[name] = { error: error.code ?? String(error) };
    return undefined;
  }
};

(async () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'sdk-'));
  const picture = path.join(home, 'p.png');
  fs.writeFileSync(picture, Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(300, 7)]));
  const { openid } = given;
  const data = {};
  for (const [key, value] of Object.entries(given.data)) data[key] = { value };
  const menu = { button: [{ type: 'click', name: '取码', key: 'CODE' }] };

  await run('getIp');
  await run('getUser', { openid, lang: 'zh_CN' });
  await run('batchGetUsers', [openid]);
  await run('getFollowers', '');
  await run('updateRemark', openid, '备注');
  const code = await run('createTmpQRCode', 'vc_1', 300);
  await run('createLimitQRCode', 'shop');
  results.picture = api.showQRCodeURL(code.ticket);
  if (isOld) await run('sendTemplate', openid, given.template_id, 'https://e/', data);
  else await run('sendTemplate', openid, given.template_id, 'https://e/', '#FF0000', data);
  await run('sendSubscribe', openid, given.template_id, 'https://e/', null, 7, '标题', { content: { value: '482913' } });
  await run('getAllPrivateTemplate');
  await run('setIndustry', { industry_id1: '1', industry_id2: '2' });
  await run('getIndustry');
  const added = await run('addTemplate', 'TM00015');
  await run('delPrivateTemplate', added && added.template_id);
  await run('sendText', openid, '你好');
  await run('sendImage', openid, 'm');
  await run('sendNews', openid, [{ title: 't', description: 'd', url: 'https://e/', picurl: 'https://e/p.jpg' }]);
  await run('previewText', openid, '预览');
  await run('previewImage', openid, 'm');

  const tag = await run(['createTags', 'createTag'], '广东');
  const number = tag.tag.id;
  await run('getTags');
  await run(['updateTag', 'editTag'], number, '广东人');
  await run(['batchTagging', 'membersBatchtagging'], ...(isOld ? [number, [openid]] : [[openid], number]));
  await run(['getUsersFromTag', 'getTagUsers'], number, '');
  await run(['getIdList', 'getUserTags'], openid);
  await run('createMenu', menu);
  await run('getMenu');
  await run('getMenuConfig');
  const special = await run(['addConditionalMenu', 'createCustomMenu'], { ...menu, matchrule: { tag_id: String(number) } });
  await run(['tryConditionalMenu', 'testCustomMenu'], openid);
  await run(['delConditionalMenu', 'removeCustomMenu'], special && special.menuid);
  await run('removeMenu');
  await run(['batchUnTagging', 'membersBatchuntagging'], ...(isOld ? [number, [openid]] : [[openid], number]));
  await run('deleteTag', number);

  const media = await run('uploadMedia', picture, 'image');
  await run('getMedia', media && media.media_id);
  await run('uploadImage', picture);
  const kept = await run('uploadMaterial', picture, 'image');
  if (kept) {
    await run('getMaterial', kept.media_id);
    await run('getMaterials', 'image', 0, 20);
    await run('getMaterialCount');
    await run('removeMaterial', kept.media_id);
  } else {
    await run('getMaterials', 'image', 0, 20);
    await run('getMaterialCount');
  }
  await run('getTicket', 'jsapi');
  await run('getTicket', 'wx_card');
  await run('getAutoreply');
  await run('addKfAccount', 'a@shop', '甲', 'x');
  await run('inviteworker', 'a@shop', 'wx');
  await run('updateKfAccount', 'a@shop', '乙', 'x');
  await run('getCustomServiceList');
  await run('getOnlineCustomServiceList');
  await run('createKfSession', 'a@shop', openid);
  await run('getKfSession', openid);
  await run('getKfSessionList', 'a@shop');
  await run('getKfSessionWaitCase');
  await run('closeKfSession', 'a@shop', openid);
  await run('clearQuota', given.appid);
  await run('deleteKfAccount', 'a@shop');
  fs.rmSync(home, { recursive: true });
  console.log(JSON.stringify({ results, methods: Object.keys(results) }));
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
