"""The Chinese texts of the problem types; the English ones stand in `problem_types`, which answers of the API use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from codesvc.web.problem_types import ProblemType


@dataclass(frozen=True, slots=True)
class ProblemText:
    """A problem type in words.

    Attributes:
        title: what happened.
        meaning: why it happens.
        remedy: what to do.
    """

    title: str
    meaning: str
    remedy: str


CHINESE: Final = {
    "malformed": ProblemText(
        "无法读取请求",
        "请求体不是 UTF-8 编码的 JSON 对象，或嵌套过深。",
        "发送 JSON 对象，并带上 `Content-Type: application/json`。",
    ),
    "invalid": ProblemText(
        "有的值缺失、未知或不允许",
        "`errors` 用 JSON 指针指出第一处。未知的字段会被拒绝，这样写错的选项不会被悄悄忽略。",
        "改正指出的字段。原样重发会得到同样的结果。",
    ),
    "unauthenticated": ProblemText(
        "缺少 API 密钥，或密钥无效",
        "调用需要 `Authorization: Bearer <site key>`；服务只保存每个密钥的哈希。",
        "检查密钥，以及它属于哪个部署。用 `codesvc keys new 网站名` 可以新建一个。",
    ),
    "forbidden": ProblemText(
        "该密钥或来源没有权限",
        "密钥没有 `detail` 里写明的权限范围，或者其他来源的网页使用了页面令牌。",
        "在配置中给密钥加上该权限范围，或把来源加入网站的 `origins`。",
    ),
    "bad-signature": ProblemText(
        "回调没有微信的签名",
        "签名缺失、过旧或用了别的 Token；或者公众号处于安全模式，请求体却没有加密。",
        "核对公众平台与配置中的 Token、EncodingAESKey 和消息加解密方式，以及服务器的时间。",
    ),
    "bad-callback": ProblemText(
        "回调的内容不是微信消息",
        "XML 格式有误、带有文档类型声明、过大，或者是发给其他公众号的。",
        "如果不是微信发来的，无需处理；否则核对公众平台上的 AppID 和 EncodingAESKey。",
    ),
    "not-found": ProblemText(
        "这里什么都没有",
        "它从未存在、属于其他网站，或结束已超过一小时。",
        "检查 ID 和密钥所属的网站。已结束的验证一小时内仍可读取。",
    ),
    "method-not-allowed": ProblemText(
        "该地址不支持这个方法", "响应头 `Allow` 列出了支持的方法。", "全部接口见 /docs。"
    ),
    "binding-conflict": ProblemText(
        "该用户或该微信已有别的绑定",
        '用户已绑定另一个微信，或该微信已绑定本网站的另一个用户（`users_per_wechat = "many"` 时已有 50 个）。'
        "没有做任何更改，证明也没有被用掉。",
        '询问本人。要把用户换绑到另一个微信，带上 `"replace": true` 重试；已绑定其他用户的微信要先在那边解除绑定。',
    ),
    "registry-conflict": ProblemText(
        "与现有的内容冲突",
        "名称已被占用、写在配置文件里、属于不再有的网站，或别的内容依赖它。`detail` 说明是哪一种。没有做任何更改。",
        "写在文件里的请在文件里改；其他情况换一个名称，或先删除依赖它的内容。",
    ),
    "intent-ended": ProblemText(
        "这个绑定请求或登录已结束",
        "它已被确认、拒绝或取消，或者几分钟的期限已过；`intent_status` 说明是哪一种。",
        "重新发起一个。",
    ),
    "bad-ticket": ProblemText(
        "这不是本网站的入口链接，或不属于这次会话",
        "链接被改动过、属于其他网站，或者 state 不是浏览器带回来的那个。后一种说明有人把自己的链接塞给了已登录的访客。",
        "让用户回到聊天里重新获取链接。state 必须取自会话，不能取自请求。",
    ),
    "ticket-spent": ProblemText("这个入口链接已用过", "入口链接只能用一次。", "在聊天里重新获取链接。"),
    "ticket-expired": ProblemText(
        "这个入口链接已失效", "有效期十分钟；数字输错三次会提前失效。", "在聊天里重新获取链接。"
    ),
    "verification-ended": ProblemText(
        "这次验证已结束",
        "`verification_status` 说明原因：approved（成功）、expired（过期）、exhausted（次数用完）、canceled（取消）"
        "或 superseded（被新的验证取代）。",
        "重新发起验证。",
    ),
    "proof-spent": ProblemText(
        "这个证明已用过",
        "证明只能用一次：`POST /v1/proofs/verify` 默认会用掉它，用它绑定也会。",
        "如果要先查看、稍后再绑定，核对证明（`POST /v1/proofs/verify`）时带上 `consume: false`。",
    ),
    "proof-expired": ProblemText(
        "这个证明已过期",
        "证明在验证成功后 10 分钟内有效；其间用户解除绑定或回复“不是我”，它就作废。",
        "重新发起验证。",
    ),
    "slow-request": ProblemText(
        "请求没有及时到达",
        "请求体没有在 `service.body_timeout` 秒内（默认 10 秒）传完，服务什么都没有做。",
        "换一个新连接重新发送。",
    ),
    "too-large": ProblemText(
        "请求太大", "请求体的大小有限制，其中 `metadata` 最多 4 KiB。", "传编号，不要传数据本身。"
    ),
    "compressed": ProblemText(
        "请求体经过压缩",
        "`Content-Encoding` 写明了压缩方式。所有接口都不接受压缩；请求体没有被读取，服务什么都没有做。",
        "不要带 `Content-Encoding`，原样发送。会压缩请求的代理不能用在这里。",
    ),
    "wrong-code": ProblemText(
        "验证码不正确",
        "验证码不对，或者还没有发给任何人。`attempts_left` 是剩余的尝试次数。",
        "让用户核对网页和消息里的两个字母，再重新输入。",
    ),
    "malformed-code": ProblemText(
        "这不可能是验证码",
        "长度不对、含有验证码里不会出现的字符，或只有空格和标点。这不算一次猜测：不消耗尝试次数，也不计入任何限制。",
        "让用户按消息里的内容完整输入。`code_length` 和 `code_digits` 说明验证码的形式。",
    ),
    "bad-proof": ProblemText(
        "这不是本网站的证明",
        "证明被改动过、属于其他网站、由其他服务签发，或对应的验证已无记录。",
        "不要放行，重新发起验证。",
    ),
    "idempotency-mismatch": ProblemText(
        "这个 Idempotency-Key 已用于另一个请求",
        "一个键只代表一个请求；请求体不同就会被拒绝，这样两个请求都不会悄悄丢失。",
        "新的请求用新的键。",
    ),
    "rate-limited": ProblemText(
        "请求过于频繁",
        "`limit` 是触发的限制；`RateLimit-Policy` 和 `RateLimit` 说明允许的频率。",
        "等待 `Retry-After` 秒。",
    ),
    "guess-budget": ProblemText(
        "填错验证码的次数太多",
        "错误次数按用户和地址累计，跨越所有验证；新的验证码不会清零。这次的验证码没有被比对，也没有消耗尝试次数。",
        "等待 `Retry-After` 秒。持有已绑定微信的人可以扫码或发送口令继续；已用其他方式确认身份的人，"
        "可以用 `DELETE /v1/users/{user}/guesses` 解除。",
    ),
    "resend-too-soon": ProblemText(
        "刚刚发送过", "到 `resend_at` 之后才能再次发送。", "等待 `Retry-After` 秒，并提醒用户查看聊天。"
    ),
    "too-many-streams": ProblemText(
        "这个页面打开得太多",
        "一个页面令牌最多同时打开 16 个事件流，所有页面合计最多占用进程容量的一半。已打开的会继续。",
        "改为每隔几秒读取一次状态，页面和组件会自动这样做；或者关闭其他标签页。",
    ),
    "too-many-calls": ProblemText(
        "这个网站同时进行的调用太多",
        "每个进程同时处理一个网站的 32 个调用，另有最多 992 个排队，最多等 2 秒。这次调用什么都没有做。",
        "等待 `Retry-After` 秒，并减少同时发出的调用。",
    ),
    "internal": ProblemText(
        "服务出错了", "这是服务的故障，已按请求编号记入日志。", "重试；如果一直出错，请报告请求编号。"
    ),
    "unavailable": ProblemText(
        "服务暂时无法响应",
        "存储没有响应或不能写入。限制不会因此放开，所以什么都没有处理。",
        "等待 `Retry-After` 秒后重试。使用 Idempotency-Key，避免重复执行。",
    ),
    "wechat-unavailable": ProblemText(
        "微信暂时没有给出二维码",
        "微信没有响应、公众号无法取得 access_token，或额度已用完。",
        "等待 `Retry-After` 秒后重试，或让用户改用口令。",
    ),
}


def text_of(problem: ProblemType, language: str) -> ProblemText:
    """The texts of a problem type in a language of the pages; English for those without a translation."""
    english = ProblemText(problem.title, problem.meaning, problem.remedy)
    return CHINESE.get(problem.name, english) if language.startswith("zh") else english
