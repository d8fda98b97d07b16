// silenceper/wechat v2, unmodified, through the sandbox's CONNECT proxy: every method that it has for a call of the sandbox.
// Prints results by name as one line of JSON, reads the code of a web authorisation, and then serves a callback until its
// input ends. What the sandbox has to be told goes to its address, past the proxy.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	wechat "github.com/silenceper/wechat/v2"
	"github.com/silenceper/wechat/v2/cache"
	"github.com/silenceper/wechat/v2/credential"
	"github.com/silenceper/wechat/v2/domain/openapi"
	"github.com/silenceper/wechat/v2/officialaccount/basic"
	"github.com/silenceper/wechat/v2/officialaccount/broadcast"
	"github.com/silenceper/wechat/v2/officialaccount/config"
	"github.com/silenceper/wechat/v2/officialaccount/customerservice"
	"github.com/silenceper/wechat/v2/officialaccount/material"
	"github.com/silenceper/wechat/v2/officialaccount/menu"
	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/silenceper/wechat/v2/officialaccount/user"
)

type values = map[string]string

var given struct {
	AppID    string `json:"appid"`
	Secret   string `json:"secret"`
	Token    string `json:"token"`
	Key      string `json:"aes_key"`
	OpenID   string `json:"openid"`
	Template string `json:"template_id"`
	Notice   string `json:"notice_id"`
	Picture  string `json:"picture"`
	Rid      string `json:"rid"`
	Data     values `json:"data"`
}
var results = map[string]interface{}{}

func run(name string, answer interface{}, err error) {
	if err != nil {
		answer = values{"error": err.Error()}
	}
	results[name] = answer
}

func say(line interface{}) {
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	must(json.Unmarshal([]byte(os.Args[1]), &given))
	settings := &config.Config{AppID: given.AppID, AppSecret: given.Secret, Token: given.Token, EncodingAESKey: given.Key, Cache: cache.NewMemory()}
	account := wechat.NewWechat().GetOfficialAccount(settings)
	openid, input := given.OpenID, bufio.NewReader(os.Stdin)

	token, err := account.GetAccessToken()
	run("token", len(token), err)
	stable, err := credential.NewStableAccessToken(given.AppID, given.Secret, "s_", cache.NewMemory()).GetAccessToken()
	run("stable", len(stable), err)
	base := account.GetBasic()
	ips, err := base.GetCallbackIP()
	run("ips", ips, err)
	hosts, err := base.GetAPIDomainIP()
	run("hosts", hosts, err)
	code, err := base.GetQRTicket(basic.NewTmpQrRequest(300*time.Second, "hello"))
	run("qrcode", code, err)
	lasting, err := base.GetQRTicket(basic.NewLimitQrRequest(7))
	run("lasting", lasting, err)
	run("clear", nil, base.ClearQuota())
	quotas := account.GetOpenAPI()
	quota, err := quotas.GetAPIQuota(openapi.GetAPIQuotaParams{CgiPath: "/cgi-bin/message/custom/send"})
	run("quota", quota, err)
	call, err := quotas.GetRidInfo(openapi.GetRidInfoParams{Rid: given.Rid})
	run("rid", call, err)
	run("clear_by_secret", nil, quotas.ClearQuotaByAppSecret())

	menus := account.GetMenu()
	buttons := []*menu.Button{new(menu.Button).SetClickButton("取码", "CODE")}
	run("menu", nil, menus.SetMenu(buttons))
	run("conditional", nil, menus.AddConditional(buttons, &menu.MatchRule{ClientPlatformType: "1"}))
	all, err := menus.GetMenu()
	run("menu_get", all, err)
	own, err := menus.GetCurrentSelfMenuInfo()
	run("menu_info", own, err)
	match, err := menus.MenuTryMatch(openid)
	run("match", match, err)
	for _, special := range all.Conditionalmenu {
		run("conditional_gone", nil, menus.DeleteConditional(special.MenuID))
	}
	run("menu_gone", nil, menus.DeleteMenu())
	js, err := account.GetJs().GetConfig("https://e/")
	run("jsapi", js, err)

	templates := account.GetTemplate()
	list, err := templates.List()
	run("templates", len(list), err)
	added, err := templates.Add("TM00015")
	run("added", added, err)
	run("deleted", nil, templates.Delete(added))
	data := map[string]*message.TemplateDataItem{}
	for key, value := range given.Data {
		data[key] = &message.TemplateDataItem{Value: value}
	}
	msgid, err := templates.Send(&message.TemplateMessage{ToUser: openid, TemplateID: given.Template, Data: data})
	run("template", msgid, err)

	notices := account.GetSubscribe()
	categories, err := notices.GetCategory()
	run("categories", categories, err)
	_, titles, err := notices.GetPublicTemplateTitleList("616", 0, 10)
	run("titles", titles, err)
	for _, title := range titles[:1] {
		words, err := notices.GetPubTplKeyWordsByID(fmt.Sprint(title.TitleID))
		run("keywords", words, err)
		kept, err := notices.Add(fmt.Sprint(title.TitleID), []int{1, 2}, "code")
		run("notice_added", kept, err)
		run("notice_deleted", nil, notices.Delete(kept))
	}
	listed, err := notices.List()
	run("notices", len(listed), err)
	words := map[string]*message.SubscribeDataItem{}
	for key, value := range given.Data {
		words[key] = &message.SubscribeDataItem{Value: value}
	}
	run("notice", nil, notices.Send(&message.SubscribeMessage{ToUser: openid, TemplateID: given.Notice, Data: words}))
	run("text", nil, account.GetCustomerMessageManager().Send(message.NewCustomerTextMessage(openid, "你好")))

	people := account.GetUser()
	person, err := people.GetUserInfo(openid)
	run("user", person, err)
	batch, err := people.BatchGetUserInfo(user.BatchGetUserInfoParams{UserList: []user.BatchGetUserListItem{{OpenID: openid}}})
	run("batch", batch, err)
	run("remark", nil, people.UpdateRemark(openid, "备注"))
	followers, err := people.ListUserOpenIDs()
	run("followers", followers, err)
	tag, err := people.CreateTag("会员")
	run("tag", tag, err)
	run("tag_update", nil, people.UpdateTag(tag.ID, "贵宾"))
	run("tagging", nil, people.BatchTag([]string{openid}, tag.ID))
	tagged, err := people.OpenIDListByTag(tag.ID)
	run("tagged", tagged, err)
	tagsOf, err := people.UserTidList(openid)
	run("tags_of", tagsOf, err)
	tags, err := people.GetTag()
	run("tags", tags, err)
	run("untagging", nil, people.BatchUntag([]string{openid}, tag.ID))
	run("tag_gone", nil, people.DeleteTag(tag.ID))
	run("black", nil, people.BatchBlackList(openid))
	black, err := people.GetBlackList()
	run("black_list", black, err)
	run("unblack", nil, people.BatchUnBlackList(openid))
	moved, err := people.ListChangeOpenIDs("wx0000000000000000", openid)
	run("moved", moved, err)

	files := account.GetMaterial()
	media, err := files.MediaUpload(material.MediaTypeImage, given.Picture)
	run("upload", media, err)
	address, err := files.GetMediaURL(media.MediaID)
	run("media_url", len(address), err)
	if answer, err := http.Get(address); err == nil {
		content, err := io.ReadAll(answer.Body)
		run("download", len(content), err)
	}
	article, err := files.ImageUpload(given.Picture)
	run("article_picture", article, err)
	kept, _, err := files.AddMaterial(material.MediaTypeImage, given.Picture)
	run("material", kept, err)
	news, err := files.GetNews(kept)
	run("material_get", news, err)
	count, err := files.GetMaterialCount()
	run("material_count", count, err)
	page, err := files.BatchGetMaterial(material.PermanentMaterialTypeImage, 0, 20)
	run("materials", page, err)
	run("material_gone", nil, files.DeleteMaterial(kept))

	agents := account.GetCustomerServiceManager()
	run("agent", nil, agents.Add("a@shop", "甲"))
	run("agent_renamed", nil, agents.Update("a@shop", "乙"))
	run("agent_invited", nil, agents.InviteBind("a@shop", "wx"))
	everybody, err := agents.List()
	run("agents", everybody, err)
	online, err := agents.OnlineList()
	run("online", online, err)
	run("typing", nil, agents.SendTypingStatus(openid, customerservice.Typing))
	run("agent_gone", nil, agents.Delete("a@shop"))
	preview, err := account.GetBroadcast().Preview().SendText(&broadcast.User{OpenID: []string{openid}}, "预览")
	run("preview", preview, err)

	web := account.GetOauth()
	link, err := web.GetRedirectURL("http://127.0.0.1:9/back", "snsapi_userinfo", "a-b")
	must(err)
	say(values{"link": link})
	back, _ := input.ReadString('\n')
	session, err := web.GetUserAccessToken(strings.TrimSpace(back))
	run("session", session.OpenID, err)
	again, err := web.RefreshAccessToken(session.RefreshToken)
	run("again", again.OpenID, err)
	valid, err := web.CheckAccessToken(session.AccessToken, openid)
	run("valid", valid, err)
	known, err := web.GetUserInfo(session.AccessToken, openid, "zh_CN")
	run("known", known.OpenID, err)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	answer := func(writer http.ResponseWriter, request *http.Request) {
		server := account.GetServer(request, writer)
		server.SetMessageHandler(func(got *message.MixMessage) *message.Reply {
			text := fmt.Sprintf("收到 %s %s %s %s", got.MsgType, got.Event, got.EventKey, got.Content)
			return &message.Reply{MsgType: message.MsgTypeText, MsgData: message.NewText(text)}
		})
		if server.Serve() == nil {
			_ = server.Send()
		}
	}
	go func() { must(http.Serve(listener, http.HandlerFunc(answer))) }()
	say(map[string]interface{}{"results": results, "port": listener.Addr().(*net.TCPAddr).Port})
	_, _ = io.ReadAll(input)
}
