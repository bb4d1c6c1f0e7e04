"""The words of the evidence report for what the facts hold as codes, Chinese and English."""

from collections.abc import Mapping
from typing import Final, TypeAlias

Words: TypeAlias = Mapping[str, tuple[str, str]]

STATES: Final[Words] = {
    "completed": ("已完成", "concluded"),
    "concluded": ("已完成", "concluded"),
    "rescinded": ("已解除", "rescinded"),
    "declined": ("已拒签", "declined"),
    "withdrawn": ("已撤回", "withdrawn"),
    "expired": ("已过期", "expired"),
    "open": ("签署中", "in progress"),
}
ROLES: Final[Words] = {
    "sign": ("签署方", "signs"),
    "seal": ("签署方", "signs"),
    "approve": ("审批方", "approves"),
    "copy": ("抄送方", "receives a copy"),
}
KINDS: Final[Words] = {
    "official": ("法定名称章", "official seal"),
    "finance": ("财务专用章", "finance seal"),
    "invoice": ("发票专用章", "invoice seal"),
    "contract": ("合同专用章", "contract seal"),
    "representative": ("法定代表人名章", "seal of the legal representative"),
    "authority": ("登记机关印章", "seal of the authority"),
    "other": ("其他印章", "other seal"),
}
MEANS: Final[Words] = {
    "licence": ("电子营业执照", "electronic business licence"),
    "membership": ("企业成员", "member of the enterprise"),
    "invitation": ("邀请注册", "enrolled by invitation"),
    "service-hall": ("登记窗口核验", "enrolled at the service hall"),
    "passkey": ("通行密钥", "passkey"),
    "certificate": ("数字证书", "certificate"),
    "other": ("其他", "other"),
}
GROUNDS: Final[Words] = {
    "representative": ("法定代表人依法用印", "legal representative, by law"),
    "mandate": ("依授权用印", "under a mandate"),
    "request": ("经用印审批", "by an approved request"),
    "automatic": ("依授权自动用印", "automatic, under a mandate that allows it"),
    "remote": ("远程签名（CSC）", "over the remote signing interface (CSC)"),
    "person": ("本人签名", "a person signs in the own name"),
}
RELATIONS: Final[Words] = {
    "rescinds": ("解除以下合同", "rescinds"),
    "rescinded-by": ("已被以下协议解除", "was rescinded by"),
    "framework": ("依据框架合同", "under the framework contract"),
    "call-off": ("框架下的订单", "call-off under this framework"),
    "attachment": ("附件", "attachment"),
}
VERDICTS: Final[Words] = {
    "passed": ("有效", "passed"),
    "failed": ("无效", "failed"),
    "indeterminate": ("无法判断", "indeterminate"),
}
DECISIONS: Final[Words] = {
    "approved": ("同意", "approved"),
    "approve": ("同意", "approved"),
    "refused": ("不同意", "refused"),
    "refuse": ("不同意", "refused"),
}
ACTS: Final[Words] = {
    "envelope.drafted": ("起草签约", "envelope drafted"),
    "envelope.sent": ("发起签约，版面冻结", "envelope sent, layout frozen"),
    "envelope.extended": ("延长期限", "deadline put off"),
    "envelope.reminded": ("催办", "reminder sent"),
    "envelope.withdrawn": ("撤回签约", "envelope withdrawn"),
    "envelope.completed": ("签约完成", "envelope completed"),
    "envelope.declined": ("签约因拒签终止", "envelope ended by refusal"),
    "envelope.expired": ("签约过期", "envelope expired"),
    "envelope.rescinded": ("合同解除", "contract rescinded"),
    "document.added": ("加入文件", "document added"),
    "document.dropped": ("移除文件", "document dropped"),
    "document.archived": ("文件加盖归档时间戳", "archive time-stamp added"),
    "attachment.added": ("加入附件", "attachment added"),
    "party.invited": ("通知当事人", "party invited"),
    "party.joined": ("当事人加入", "party joined"),
    "party.viewed": ("当事人查阅", "party looked at it"),
    "party.requested": ("提交用印申请", "use of the seal requested"),
    "party.request-refused": ("用印申请未获同意", "request refused"),
    "party.authorised": ("以通行密钥确认", "confirmed with a passkey"),
    "party.approved": ("审批通过", "party approved"),
    "party.sealed": ("当事人签署完毕", "party has sealed"),
    "party.declined": ("拒签", "party declined"),
    "party.transferred": ("转交", "handed to a colleague"),
    "party.failed": ("用印未成", "sealing failed"),
    "party.retried": ("重新用印", "sealing tried again"),
    "slot.prepared": ("签名原文入档", "bytes to sign recorded"),
    "slot.sealed": ("加盖印章", "seal applied"),
    "report.made": ("生成出证报告", "evidence report made"),
    "archive.made": ("生成归档容器", "archive made"),
    "completion.failed": ("归档未成，将重试", "completion failed, to be tried again"),
}

# What anybody can run, offline, in the folder into which the container was unpacked: (中文, English, command).
COMMANDS: Final = (
    (
        "文件未被改动：与本报告第二部分的摘要逐一比对",
        "The files are unchanged: compare with the digests in part 2",
        "sha256sum documents/*",
    ),
    (
        "容器的签名：清单中的每个文件由登记机关的印章签署",
        "The container's signature: the authority's seal over the list of all files",
        (
            "openssl cms -verify -binary -cades -inform DER -in META-INF/signature001.p7s"
            " -content META-INF/ASiCManifest.xml -CAfile trust/root.pem -purpose any -out /dev/null"
        ),
    ),
    (
        "容器的时间戳：全部内容在该时间之前已存在",
        "The container's time-stamp: all of it existed at that time",
        (
            "openssl ts -verify -token_in -in META-INF/timestamp001.tst -data META-INF/ASiCArchiveManifest.xml"
            " -CAfile trust/root.pem -untrusted trust/chain.pem"
        ),
    ),
    (
        "每个 PDF 中的每个签名（poppler）；加 -nssdir 可同时核验证书",
        "Each signature of each PDF (poppler); with -nssdir the certificates, too",
        'for file in documents/*.pdf evidence-report.pdf; do pdfsig -nocert "$file"; done',
    ),
    (
        "本报告所附数据与容器中的 evidence.json 一致",
        "The data attached to this report are the evidence.json of the container",
        "pdfdetach -save 1 -o attached.json evidence-report.pdf && cmp attached.json evidence.json",
    ),
    (
        "意愿认证：挑战值是所示内容的 SHA-256",
        "Sole control: each challenge is the SHA-256 of what was agreed to",
        (
            'python3 -c \'import hashlib, json; print([hashlib.sha256(a["intent"].encode()).hexdigest() == a["challenge"]'
            ' for a in json.load(open("evidence.json"))["evidence"]["assertions"]])\''
        ),
    ),
)


def both(words: Words, code: str | None) -> list[str]:
    """Chinese and English of a code; one that is not known is shown as it is."""
    if not code:
        return ["—", ""]
    return list(words.get(code, (code, "")))
