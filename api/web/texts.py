"""The texts of the pages, Chinese and English side by side. Keys that begin with `t.` are set in the title face."""

from collections.abc import Mapping
from typing import Final

TITLES: Final[Mapping[str, tuple[str, str]]] = {
    "t.landing": ("电子执照与印章，真伪一查便知", "Licences and seals that anyone can check"),
    "t.landing.ways": ("从这里开始", "Start here"),
    "t.landing.check": ("查验执照或签章文件", "Check a licence or a sealed file"),
    "t.landing.api": ("服务窗口与系统对接", "Service halls and other systems"),
    "t.landing.demo": ("演示：从设立到查验", "Demo: from founding to checking"),
    "t.landing.answers": ("查验给出三种答案", "A check gives one of three answers"),
    "t.landing.sheet": ("印谱", "Five seals"),
    "t.check": ("查验", "Check"),
    "t.check.evidence": ("依据", "Evidence"),
    "t.check.file": ("文件整体", "The file as a whole"),
    "t.check.signatures": ("签章", "Seals and signatures"),
    "t.check.licence": ("执照所载", "What the licence says"),
    "t.verdict.passed": ("有效", "Valid"),
    "t.verdict.failed": ("无效", "Not valid"),
    "t.verdict.indeterminate": ("无法判断", "Cannot tell"),
    "t.demo": ("从设立到查验", "From founding to checking"),
    "t.demo.1": ("登记企业", "Register an enterprise"),
    "t.demo.2": ("发照制章", "Issue licence and seals"),
    "t.demo.3": ("盖章", "Seal a document"),
    "t.demo.4": ("查验", "Check it"),
    "t.licence": ("营业执照", "Business licence"),
    "t.api": ("接口", "API"),
    "t.error.404": ("没有这个页面", "There is no such page"),
    "t.error.500": ("服务出了故障", "Something broke on our side"),
    "t.error.other": ("请求未能完成", "The request could not be completed"),
    "t.numerals": ("一二三四", "1234"),
}

PAGES: Final[Mapping[str, tuple[str, str]]] = {
    "skip": ("跳到正文", "Skip to content"),
    "nav": ("主导航", "Main"),
    "nav.check": ("查验", "Check"),
    "nav.api": ("接口", "API"),
    "nav.demo": ("演示", "Demo"),
    "nav.language": ("English", "中文"),
    "nav.language.tag": ("en", "zh-CN"),
    "demo.notice": (
        "演示实例：这里签发的执照和印章没有法律效力。",
        "Demo instance: nothing issued here has legal effect.",
    ),
    "footer.run": (
        "本站由{authority}自行运行，不连接任何第三方网站。",
        "Run by {authority} itself. These pages load nothing from anybody else.",
    ),
    "footer.api": ("接口说明", "API description"),
    "landing.lead": (
        "{authority}在此签发电子营业执照和电子印章。企业用它盖章，任何人都能当场查验，不用注册。",
        "{authority} issues electronic business licences and electronic seals here. Enterprises seal documents with them, and anyone can check the result on the spot, without an account.",
    ),
    "landing.check": (
        "PDF 文件、执照二维码的照片，或一串执照码。",
        "A PDF, a picture of a licence code, or the code as text.",
    ),
    "landing.check.go": ("开始查验", "Check now"),
    "landing.api": (
        "登记、发照、制章、用印、查验，都有公开的接口，出错时说明原因。",
        "Registering, issuing, sealing and checking are open interfaces that say what went wrong.",
    ),
    "landing.api.go": ("查看接口", "See the API"),
    "landing.demo": (
        "用一家虚拟企业走完全程：设立、发照、盖章、查验，再暂停执照看结果怎样变。",
        "Found a made-up enterprise, issue its licence, seal a contract, check it, then suspend the licence and see the answer change.",
    ),
    "landing.demo.go": ("走一遍", "Walk through"),
    "landing.sheet": (
        "本系统按登记名称绘制的样章，不属于任何企业。",
        "Specimens as this system draws them from a registered name. They belong to nobody.",
    ),
    "landing.passed": (
        "签章完好，文件自盖章后没有变动，执照当时有效。",
        "The seal is genuine, the file has not changed since, and the licence was in force.",
    ),
    "landing.failed": (
        "文件被改动、证书被吊销，或印章出自他处。我们会指出是哪一处。",
        "The file was changed, a certificate was revoked, or the seal comes from elsewhere. We say which.",
    ),
    "landing.indeterminate": (
        "缺少判断所需的凭据。我们不猜，只说明缺什么。",
        "Evidence is missing. We do not guess; we say what is missing.",
    ),
    "check.lead": (
        "交给我们一份签章 PDF、一张执照二维码的照片，或一串执照码。",
        "Give us a sealed PDF, a picture of a licence code, or the code as text.",
    ),
    "check.drop": ("把文件拖到这里", "Drop a file here"),
    "check.drop.small": ("PDF、PNG 或 JPEG", "PDF, PNG or JPEG"),
    "check.choose": ("选择文件", "Choose a file"),
    "check.photo": ("拍摄二维码", "Photograph a code"),
    "check.text": ("或粘贴执照码", "Or paste a licence code"),
    "check.text.hint": (
        "以 ELQ1: 开头，也可以是完整网址。",
        "It begins with ELQ1: and may also be the whole web address.",
    ),
    "check.code": ("执照码", "Licence code"),
    "check.other": ("查验别的", "Check something else"),
    "check.go": ("查验", "Check"),
    "check.privacy": ("我们怎样对待您的文件", "What happens to your file"),
    "check.privacy.file": (
        "文件或代码只在查验期间送到本站，查完即删，不存档，也不转给他人。",
        "A file or code is sent to this site for the check alone, deleted when it is done, never kept or passed on.",
    ),
    "check.privacy.fragment": (
        "用手机扫码打开本页时，执照码在网址的 # 之后。浏览器不会把这一段发给服务器；按下“查验”，它才作为请求内容送来，不进入网址和访问日志。",
        "When a phone camera opened this page, the licence code stands after the # of the address. Browsers never send that part to a server. Only when you press “Check” does it go out, as the body of a request, never in an address or an access log.",
    ),
    "check.offline": (
        "也可以离线查验：在自己的电脑上运行 vermilion verify 文件名。",
        "You can also check offline: run vermilion verify FILE on a machine of your own.",
    ),
    "noscript": (
        "本页需要 JavaScript。没有它，可以用命令行查验：vermilion verify 文件名。",
        "This page needs JavaScript. Without it, check on the command line: vermilion verify FILE.",
    ),
    "api.lead": (
        "JSON 接口，凭令牌调用；查验和证书服务人人可用。出错时按 RFC 9457 说明原因。发照和用印的请求可带 Idempotency-Key，重复发送不会重复办理。",
        "JSON over HTTP with bearer tokens; checking and the certificate services are open to all. Errors say why (RFC 9457). Requests that issue or seal take an Idempotency-Key, so that sending one twice does it once.",
    ),
    "api.openapi": ("完整描述（OpenAPI）", "Full description (OpenAPI)"),
    "tag.enterprises": ("企业登记", "Enterprises"),
    "tag.licences": ("营业执照", "Licences"),
    "tag.seals": ("印章与用印", "Seals and their use"),
    "tag.verify": ("查验", "Checking"),
    "tag.pki": ("证书服务", "Certificate services"),
    "tag.operation": ("运行状态", "Operation"),
    "tag.other": ("其他", "Other"),
    "licence.asof": ("登记机关于 {time} 的答复", "The register’s answer as of {time}"),
    "licence.check": ("查验这份执照的二维码或 PDF", "Check the code or PDF of this licence"),
    "licence.note": (
        "本页公示执照的现状，不证明打开本页的人就是执照的持有人。",
        "This page shows the present state of a licence. It does not show that whoever presents it is its holder.",
    ),
    "licence.badge": (
        "网店可以把本页网址作为亮照标识的链接。",
        "A web shop may link to this page as its licence mark.",
    ),
    "error.404": (
        "网址可能写错了，或者这份执照不在本机关的登记簿上。",
        "The address may be mistyped, or the licence is not in this authority’s register.",
    ),
    "error.500": ("问题已经记录下来。请稍后再试。", "It has been recorded. Please try again in a while."),
    "error.other": ("请返回上一页再试。", "Please go back and try again."),
    "error.home": ("回到首页", "Back to the start"),
    "error.check": ("去查验", "Check something"),
}
