<?php
// easywechat 6, unmodified, through the sandbox's CONNECT proxy: its own methods, and its client with paths of the sandbox.
// php drive_easywechat.php GIVEN: prints results by name as one line of JSON, then reads the code of a web authorisation.
// Under PHP's built-in web server it is a callback, with the settings in the environment variable GIVEN.
$given = json_decode(PHP_SAPI === 'cli' ? $argv[1] : getenv('GIVEN'), true);
require $given['autoload'];
error_reporting(E_ALL & ~E_DEPRECATED);

use EasyWeChat\OfficialAccount\Application;

$settings = ['app_id' => $given['appid'], 'secret' => $given['secret'], 'token' => $given['token']];
// It seals every reply where a key is set, so plaintext mode has none.
if ($given['mode'] !== 'plaintext') { $settings['aes_key'] = $given['aes_key']; }

if (PHP_SAPI !== 'cli') {
    $server = (new Application($settings))->getServer();
    $server->with(fn ($message) => "收到 {$message->MsgType} {$message->Event} {$message->EventKey} {$message->Content}");
    $response = $server->serve();
    foreach ($response->getHeaders() as $name => $values) { foreach ($values as $value) { header("$name: $value"); } }
    echo $response->getBody();
    return;
}

$settings += ['http' => ['throw' => true, 'timeout' => 10.0]];
$settings += ['oauth' => ['scopes' => ['snsapi_userinfo'], 'redirect_url' => 'http://127.0.0.1:9/back']];
$app = new Application($settings);
$api = $app->getClient();
$openid = $given['openid'];
$results = [];
function run($name, $act) {
    global $results;
    try {
        return $results[$name] = $act();
    } catch (\Throwable $error) {
        $results[$name] = ['error' => get_class($error) . ' ' . mb_substr($error->getMessage(), 0, 300)];
        return null;
    }
}
function post($path, $body) { global $api; return fn () => $api->postJson($path, $body)->toArray(); }
function get($path, $query = []) { global $api; return fn () => $api->get($path, $query)->toArray(); }
function upload($path, $query = []) {
    global $api, $given;
    return fn () => $api->withFile($given['picture'], 'media')->post($path, ['query' => $query])->toArray();
}

$data = array_map(fn ($value) => ['value' => $value], $given['data']);
$menu = ['button' => [['type' => 'click', 'name' => '取码', 'key' => 'CODE']]];
run('token', fn () => ['length' => strlen($app->getAccessToken()->getToken())]);
$stable = new Application($settings + ['use_stable_access_token' => true]);
run('stable', fn () => ['length' => strlen($stable->getAccessToken()->getToken())]);
run('ips', get('/cgi-bin/getcallbackip'));
$scene = ['scene' => ['scene_str' => '你好']];
run('qrcode', post('/cgi-bin/qrcode/create', ['expire_seconds' => 300, 'action_name' => 'QR_STR_SCENE', 'action_info' => $scene]));
run('menu', post('/cgi-bin/menu/create', $menu));
run('conditional', post('/cgi-bin/menu/addconditional', $menu + ['matchrule' => ['client_platform_type' => '1']]));
run('menu_get', get('/cgi-bin/menu/get'));
run('match', post('/cgi-bin/menu/trymatch', ['user_id' => $openid]));
run('menu_info', get('/cgi-bin/get_current_selfmenu_info'));
run('autoreply', get('/cgi-bin/get_current_autoreply_info'));
run('template', post('/cgi-bin/message/template/send', ['touser' => $openid, 'template_id' => $given['template_id'], 'data' => $data]));
run('text', post('/cgi-bin/message/custom/send', ['touser' => $openid, 'msgtype' => 'text', 'text' => ['content' => '你好']]));
run('tag', post('/cgi-bin/tags/create', ['tag' => ['name' => '会员']]));
run('user', get('/cgi-bin/user/info', ['openid' => $openid]));
$media = run('upload', upload('/cgi-bin/media/upload', ['type' => 'image']));
run('download', fn () => ['bytes' => strlen($api->get('/cgi-bin/media/get', ['media_id' => $media['media_id']])->getContent())]);
run('material', upload('/cgi-bin/material/add_material', ['type' => 'image']));
run('article_picture', upload('/cgi-bin/media/uploadimg'));
run('shorten', post('/cgi-bin/shorten/gen', ['long_data' => '数据']));
run('agents', get('/cgi-bin/customservice/getkflist'));
run('preview', post('/cgi-bin/message/mass/preview', ['touser' => $openid, 'msgtype' => 'text', 'text' => ['content' => '预览']]));
run('jsapi', fn () => $app->getUtils()->buildJsSdkConfig('https://e/', ['scanQRCode']));
$link = $app->getOAuth()->withState('a-b')->redirect();
echo json_encode(['link' => $link]), "\n";
$code = trim(fgets(STDIN));
run('person', fn () => ['openid' => $app->getOAuth()->userFromCode($code)->getId()]);
echo json_encode(['results' => $results]), "\n";
