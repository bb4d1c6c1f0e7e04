"""Every finding of a check: its id, when it appears, which verdicts it may carry, and its words in English and Chinese.

docs/spec/findings.md is made from this table; a test compares them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from verify.report import Finding, Verdict

PASSED: Final = Verdict.PASSED
FAILED: Final = Verdict.FAILED
INDETERMINATE: Final = Verdict.INDETERMINATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One row of the table. `en` and `zh` are format strings; `{…}` names come from the check."""

    when: str
    verdict: Verdict
    en: str
    zh: str


TABLE: Final[dict[str, Words]] = {
    # -- the file as a whole
    "pdf.readable": Words(
        when="the file was read to its end and its revisions are in order",
        verdict=PASSED,
        en="The file is a readable PDF of {revisions} revision(s), and nothing stands after its end.",
        zh="文件是可读取的 PDF，共 {revisions} 个修订版本，文件结尾之后没有其他内容。",
    ),
    # -- a contract that the service asked keeps on record
    "contract.concluded": Words(
        when="the register of the service that checks has the file as a concluded contract",
        verdict=PASSED,
        en="The register has this file as a contract that all its parties concluded on {day} (envelope {envelope}).",
        zh="登记记录显示：本文件是各方已于 {day} 订立完成的合同（签约编号 {envelope}）。",
    ),
    "contract.rescinded": Words(
        when="the contract was concluded, and rescinded later by a second one of the same parties",
        verdict=INDETERMINATE,
        en="The seals are one thing, the contract another: its parties rescinded it on {day} by envelope {by}.",
        zh="印章核验之外请注意：本合同已由各方于 {day} 通过签约 {by} 解除。",
    ),
    "contract.open": Words(
        when="the file belongs to an envelope that not all parties have signed yet",
        verdict=INDETERMINATE,
        en="The register has this file as a contract that is not concluded yet: not all parties have sealed it.",
        zh="登记记录显示：本合同尚未订立完成，仍有签署方未盖章。",
    ),
    "contract.earlier": Words(
        when="the file is an earlier state of a contract that was concluded since",
        verdict=INDETERMINATE,
        en="This is an earlier state of a contract; the concluded file has more seals. Ask for that one.",
        zh="这是合同签署过程中的较早版本；订立完成的文件含有更多印章，请索取最终文件。",
    ),
    "contract.ended": Words(
        when="the file belongs to an envelope that ended without being concluded",
        verdict=INDETERMINATE,
        en="This contract never came about: it is {state} in the register.",
        zh="本合同未能成立：登记状态为 {state}。",
    ),
    # -- the file as a whole, continued
    "pdf.not-pdf": Words(
        when="the file does not begin like a PDF",
        verdict=INDETERMINATE,
        en="This is not a PDF file. Choose the sealed PDF itself, not a picture or an archive of it.",
        zh="这不是 PDF 文件。请选择盖章的 PDF 原文件，而不是它的图片或压缩包。",
    ),
    "pdf.encrypted": Words(
        when="the file is encrypted",
        verdict=INDETERMINATE,
        en="The file is protected by a password and cannot be checked. Ask its sender for the unprotected original.",
        zh="文件受密码保护，无法核验。请向发送方索取未加密的原文件。",
    ),
    "pdf.too-large": Words(
        when="the file is longer than the limit",
        verdict=INDETERMINATE,
        en="The file is larger than {limit} bytes and was not checked.",
        zh="文件超过 {limit} 字节，未予核验。",
    ),
    "pdf.too-complex": Words(
        when="the file holds more revisions, signatures, objects or packed data than the limits allow",
        verdict=INDETERMINATE,
        en="The file is too complex to be checked safely ({what}).",
        zh="文件过于复杂，无法安全核验（{what}）。",
    ),
    "pdf.broken": Words(
        when="the file cannot be parsed",
        verdict=FAILED,
        en="The file is damaged or incomplete and cannot be checked ({what}). Ask its sender for a fresh copy.",
        zh="文件已损坏或不完整，无法核验（{what}）。请向发送方重新索取。",
    ),
    "pdf.tail-bytes": Words(
        when="anything but white space stands after the end of the last revision",
        verdict=FAILED,
        en="{count} byte(s) were appended after the end of the file. What you see may not be what was signed.",
        zh="文件结尾之后被附加了 {count} 个字节，所见内容可能不是签署的内容。",
    ),
    "pdf.gap-bytes": Words(
        when="bytes after a signature belong to no revision of the file, or a later revision starts inside signed bytes",
        verdict=FAILED,
        en="Bytes after a signature belong to no revision of the file (revision {revision}). The file was altered.",
        zh="签名之后存在不属于任何修订版本的字节（修订版本 {revision}），文件已被改动。",
    ),
    "pdf.signature-shared": Words(
        when="one signature object, or one and the same gap, is used by more than one field",
        verdict=FAILED,
        en="One signature stands in more than one field ({fields}). It counts once, and the file was tampered with.",
        zh="同一个签名出现在多个签名域中（{fields}）。它只计一次，文件已被改动。",
    ),
    "pdf.no-signature": Words(
        when="the file has no filled signature field",
        verdict=INDETERMINATE,
        en="The file carries no seal or signature, so there is nothing to confirm.",
        zh="文件中没有印章或签名，无从确认。",
    ),
    # -- joint mandates
    "mandate.joint": Words(
        when="the file carries a joint mandate for the enterprise that sealed, good at the time, signed by all who gave it",
        verdict=PASSED,
        en="Sealed by {attorney} for {principals} under the joint mandate {id}, valid at {moment} ({scope}). Whether it was withdrawn before is told at {status}",
        zh="由{attorney}代表{principals}依据联合授权 {id} 盖章，授权在 {moment} 有效（{scope}）。授权此前是否被撤回，可查询 {status}",
    ),
    "mandate.unreadable": Words(
        when="the file carries a joint mandate that is not in its one spelling",
        verdict=FAILED,
        en="The joint mandate in the file cannot be read ({what}). For whom the seal was used is not proven.",
        zh="文件所附联合授权无法读取（{what}），无法证明印章代表何方使用。",
    ),
    "mandate.unsigned": Words(
        when="a principal of the joint mandate has not signed it, or not readably",
        verdict=FAILED,
        en="The joint mandate {id} is not signed by {principal}.",
        zh="联合授权 {id} 未经{principal}签署。",
    ),
    "mandate.other-signer": Words(
        when="what stands for a principal's signature was made with the seal of somebody else",
        verdict=FAILED,
        en="The joint mandate {id} is signed by {signer} where {principal} should have signed.",
        zh="联合授权 {id} 本应由{principal}签署，实际签署方为{signer}。",
    ),
    "mandate.principal-seal": Words(
        when="a principal signed the joint mandate with another seal than the official one",
        verdict=FAILED,
        en="{principal} has signed the joint mandate {id} with a seal that is not its official one.",
        zh="{principal}签署联合授权 {id} 时使用的不是法定名称章。",
    ),
    "mandate.principal": Words(
        when="a principal's signature of the joint mandate does not hold, or cannot be judged",
        verdict=FAILED,
        en="The signature of {principal} under the joint mandate {id} does not hold: {what}",
        zh="{principal}对联合授权 {id} 的签署不成立：{what}",
    ),
    "mandate.foreign": Words(
        when="the joint mandate carries signatures of others than its principals",
        verdict=FAILED,
        en="The joint mandate {id} carries signatures of others than its principals ({who}).",
        zh="联合授权 {id} 带有授权方以外的签署（{who}）。",
    ),
    "mandate.seal-kind": Words(
        when="the seal is of a kind that the joint mandate does not name",
        verdict=FAILED,
        en="The joint mandate {id} is for seals of the kind {kinds}; this one is {kind}.",
        zh="联合授权 {id} 仅限印章类型 {kinds}，本印章为 {kind}。",
    ),
    "mandate.period": Words(
        when="the seal was used outside the period of the joint mandate",
        verdict=FAILED,
        en="The joint mandate {id} is good from {begins} to {ends}; the seal was used at {moment}.",
        zh="联合授权 {id} 有效期为 {begins} 至 {ends}，印章使用时间为 {moment}。",
    ),
    "mandate.stood": Words(
        when="this instance keeps the joint mandate, and it had not been withdrawn when the seal was used",
        verdict=PASSED,
        en="By the register of this instance the joint mandate {id} had not been withdrawn at {moment}; today it is {state}.",
        zh="据本系统登记，联合授权 {id} 在 {moment} 未被撤回；目前状态为 {state}。",
    ),
    "mandate.withdrawn": Words(
        when="this instance keeps the joint mandate, and it had been withdrawn when the seal was used",
        verdict=FAILED,
        en="By the register of this instance the joint mandate {id} had been withdrawn at {since}; the seal was used at {moment}.",
        zh="据本系统登记，联合授权 {id} 已于 {since} 撤回，而印章使用时间为 {moment}。",
    ),
    # -- a container of several files (ASiC-E)
    "asic.readable": Words(
        when="the container was read to its end: every byte of it belongs to one file",
        verdict=PASSED,
        en="The container was read to its end and holds {count} file(s).",
        zh="容器已完整读取，内含 {count} 个文件。",
    ),
    "asic.not-asic": Words(
        when="a ZIP archive that does not say that it is an ASiC-E container",
        verdict=INDETERMINATE,
        en="This is an archive, not a sealed container. Choose the .asice file itself, or a sealed file out of the archive.",
        zh="这是普通压缩包，不是加盖印章的容器。请选择 .asice 文件本身，或压缩包中的盖章文件。",
    ),
    "asic.broken": Words(
        when="the archive cannot be read, or its headers contradict its directory",
        verdict=FAILED,
        en="The container is damaged or incomplete and cannot be checked ({what}). Ask its sender for a fresh copy.",
        zh="容器已损坏或不完整，无法核验（{what}）。请向发送方重新索取。",
    ),
    "asic.too-complex": Words(
        when="the container holds more files, signatures or packed data than the limits allow",
        verdict=INDETERMINATE,
        en="The container is too large or too complex to be checked safely ({what}).",
        zh="容器过大或过于复杂，无法安全核验（{what}）。",
    ),
    "asic.outer-bytes": Words(
        when="bytes of the archive belong to none of its files",
        verdict=FAILED,
        en="There are bytes in the container that belong to none of its files ({what}). It was tampered with.",
        zh="容器中存在不属于任何文件的字节（{what}），容器已被改动。",
    ),
    "asic.duplicate": Words(
        when="two files have one name, or names that are one on common systems",
        verdict=FAILED,
        en="Two files of the container have the same name ({what}). Which one was signed cannot be told.",
        zh="容器中有两个同名文件（{what}），无法判断签署的是哪一个。",
    ),
    "asic.path": Words(
        when="a name that would lead out of the folder it is unpacked in, or that file systems do not take",
        verdict=FAILED,
        en="A file of the container has an unsafe name ({what}). Do not unpack it.",
        zh="容器中有文件名不安全（{what}），请勿解压。",
    ),
    "asic.no-signature": Words(
        when="the container has no CAdES signature with a manifest",
        verdict=INDETERMINATE,
        en="The container carries no seal or signature that can be checked here.",
        zh="容器中没有此处可核验的印章或签名。",
    ),
    "asic.manifest": Words(
        when="a list of signed files cannot be read, or could be read in two ways",
        verdict=FAILED,
        en="The list of signed files “{name}” cannot be read ({what}).",
        zh="签署文件清单“{name}”无法读取（{what}）。",
    ),
    "asic.files-intact": Words(
        when="every file that the signature lists is there and unchanged",
        verdict=PASSED,
        en="All {count} file(s) that it lists are there and unchanged.",
        zh="其清单所列 {count} 个文件齐全且未被改动。",
    ),
    "asic.file-altered": Words(
        when="a listed file has another digest",
        verdict=FAILED,
        en="The file “{name}” was altered after it was signed.",
        zh="文件“{name}”在签署后被改动。",
    ),
    "asic.file-missing": Words(
        when="a listed file is not in the container",
        verdict=FAILED,
        en="The file “{name}” was signed and is not in the container any more.",
        zh="文件“{name}”已签署，但不在容器中。",
    ),
    "asic.uncovered": Words(
        when="a file of the container is in no signature's list",
        verdict=INDETERMINATE,
        en="Nobody signed for these files of the container: {names}.",
        zh="容器中的以下文件无人签署：{names}。",
    ),
    # -- the bytes of one signature
    "signature.unreadable": Words(
        when="the signature's container cannot be parsed or breaks a rule of its format",
        verdict=FAILED,
        en="The signature is damaged and cannot be checked ({what}).",
        zh="签名已损坏，无法核验（{what}）。",
    ),
    "signature.unsupported": Words(
        when="the signature is of a kind that is not checked here",
        verdict=INDETERMINATE,
        en="The signature is of a kind that cannot be checked here ({what}).",
        zh="签名属于此处不支持核验的类型（{what}）。",
    ),
    "signature.byte-range": Words(
        when="the signed byte range is not everything up to the end of its revision but the signature itself",
        verdict=FAILED,
        en="The signature does not cover what it has to cover ({what}). Parts of the file are not protected by it.",
        zh="签名没有覆盖应覆盖的内容（{what}），文件的部分内容不受其保护。",
    ),
    "signature.intact": Words(
        when="the signed bytes are unchanged and the signature fits the certificate",
        verdict=PASSED,
        en="The signed content is unchanged since it was signed.",
        zh="签署的内容自签署以来未被改动。",
    ),
    "signature.unbound": Words(
        when="the signature has no signed attributes, so that nothing binds it to its certificate and kind of content",
        verdict=INDETERMINATE,
        en="The signature is of an old form that does not say which certificate and what kind of content it is for.",
        zh="签名采用旧格式，未绑定其证书和内容类型。",
    ),
    "signature.altered": Words(
        when="the signed bytes have another digest than the one signed",
        verdict=FAILED,
        en="The file was altered after it was signed: the content does not match the signature.",
        zh="文件在签署后被改动：内容与签名不符。",
    ),
    "signature.forged": Words(
        when="the signature value does not fit the certificate's key",
        verdict=FAILED,
        en="The signature was not made with the key of the certificate it shows.",
        zh="该签名不是用其所示证书的密钥生成的。",
    ),
    "signature.container": Words(
        when="a certificate inside the signature is damaged or a false copy of a known one",
        verdict=FAILED,
        en="A certificate inside the signature was altered, although the signature does not need it.",
        zh="签名中附带的一张证书被改动过（签名本身并不依赖它）。",
    ),
    "signature.no-certificate": Words(
        when="the signer's certificate is not in the signature",
        verdict=FAILED,
        en="The signature does not say which certificate made it, so nobody can be named as its signer.",
        zh="签名中没有签署者的证书，无法确定签署者。",
    ),
    # -- algorithms
    "algorithm.strong": Words(
        when="digest, key and signature algorithm are all in good standing",
        verdict=PASSED,
        en="The algorithms are sound ({what}).",
        zh="所用算法可靠（{what}）。",
    ),
    "algorithm.weak": Words(
        when="SHA-1, RSA below 2048 bits, or another algorithm that no longer counts as safe",
        verdict=INDETERMINATE,
        en="The signature uses an algorithm that is no longer safe ({what}), so it proves little.",
        zh="签名使用了已不再安全的算法（{what}），证明力有限。",
    ),
    "algorithm.broken": Words(
        when="MD5 or older, or RSA below 1024 bits",
        verdict=FAILED,
        en="The signature uses a broken algorithm that anybody can forge ({what}).",
        zh="签名使用了已被攻破、可被伪造的算法（{what}）。",
    ),
    # -- what was done to the file after the signature
    "changes.none": Words(
        when="nothing was added or changed after the signature",
        verdict=PASSED,
        en="Nothing was added or changed after this signature.",
        zh="此签名之后没有任何增加或改动。",
    ),
    "changes.allowed": Words(
        when="only further signatures, time-stamps, validation data or permitted metadata were added",
        verdict=PASSED,
        en="After this signature only permitted things were added: {what}.",
        zh="此签名之后仅有允许的增加：{what}。",
    ),
    "changes.form": Words(
        when="form fields were filled in after the signature, in a revision that no later signature covers",
        verdict=INDETERMINATE,
        en="The form was filled in or redrawn after this signature and nobody signed for that: {what}.",
        zh="此签名之后表单被填写或重绘，且无人为此签署：{what}。",
    ),
    "changes.forbidden": Words(
        when="the file was changed in a way that the signature does not allow",
        verdict=FAILED,
        en="The file was changed after signing in a way that was not allowed: {what}.",
        zh="文件在签署后发生了不允许的改动：{what}。",
    ),
    # -- the certificate
    "certificate.malformed": Words(
        when="the certificate breaks a rule that makes its meaning unclear",
        verdict=FAILED,
        en="The certificate of “{subject}” is malformed ({what}).",
        zh="“{subject}”的证书格式有误（{what}）。",
    ),
    "certificate.purpose": Words(
        when="the certificate may be used for this kind of signature",
        verdict=PASSED,
        en="The certificate of “{subject}” is meant for this use.",
        zh="“{subject}”的证书适用于此用途。",
    ),
    "certificate.wrong-purpose": Words(
        when="key usage or extended key usage forbids this use",
        verdict=FAILED,
        en="The certificate of “{subject}” is not meant for this use ({what}).",
        zh="“{subject}”的证书不适用于此用途（{what}）。",
    ),
    "path.trusted": Words(
        when="an unbroken, valid path leads from the certificate to a root the checker believes",
        verdict=PASSED,
        en="“{subject}” was certified under the root “{root}”, which you trust.",
        zh="“{subject}”的证书由您信任的根“{root}”认证。",
    ),
    "path.unknown-issuer": Words(
        when="no path leads to a root the checker believes",
        verdict=INDETERMINATE,
        en="No trusted root stands above the certificate of “{subject}”. Trust its root if you know it is genuine.",
        zh="“{subject}”的证书签发者不在本次查验的信任范围内。如确认其根证书真实，请先将其设为信任。",
    ),
    "path.expired": Words(
        when="a certificate of the path had ended at a time that is proven",
        verdict=FAILED,
        en="The certificate of “{subject}” had ended on {moment}, before the time of signing.",
        zh="“{subject}”的证书已于 {moment} 到期，早于签署时间。",
    ),
    "path.expired-unproven": Words(
        when="a certificate of the path has ended by now, and nothing proves that the signature is older",
        verdict=INDETERMINATE,
        en="The certificate of “{subject}” ended on {moment}, and nothing proves that the signature is older than that.",
        zh="“{subject}”的证书已于 {moment} 到期，且没有证据表明签名早于该时间。",
    ),
    "path.not-yet-valid": Words(
        when="a certificate of the path was not valid yet",
        verdict=FAILED,
        en="The certificate of “{subject}” is valid only from {moment}, after the time of signing.",
        zh="“{subject}”的证书自 {moment} 起才有效，晚于签署时间。",
    ),
    "path.forged": Words(
        when="a certificate names an issuer of ours but was not signed with its key",
        verdict=FAILED,
        en="The certificate of “{subject}” claims an issuer that did not sign it.",
        zh="“{subject}”的证书冒用签发者，并非由其签发。",
    ),
    "path.weak": Words(
        when="a certificate of the path is signed with an algorithm that is not safe",
        verdict=INDETERMINATE,
        en="The certificate path uses an algorithm that is no longer safe ({what}).",
        zh="证书链使用了已不再安全的算法（{what}）。",
    ),
    "path.invalid": Words(
        when="a path to a root exists and breaks a rule of RFC 5280 §6",
        verdict=FAILED,
        en="The certificate of “{subject}” does not stand up to its issuers' rules ({what}).",
        zh="“{subject}”的证书不符合其签发者的规则（{what}）。",
    ),
    "path.too-complex": Words(
        when="more certificates or candidate paths than the limits allow",
        verdict=INDETERMINATE,
        en="The certificates of the signature are too many or too tangled to be checked safely ({what}).",
        zh="签名所附证书过多或关系过于复杂，无法安全核验（{what}）。",
    ),
    # -- revocation
    "revocation.good": Words(
        when="fresh, signed information says that the certificate stood",
        verdict=PASSED,
        en="The certificate of “{subject}” was {status}.",
        zh="“{subject}”的证书未被吊销（{status}）。",
    ),
    "revocation.not-published": Words(
        when="the certificate of an authority or responder names no place where its revocation would be published",
        verdict=PASSED,
        en="The certificate of “{subject}” is of a kind whose revocation is not published.",
        zh="“{subject}”的证书属于不发布吊销信息的类型。",
    ),
    "revocation.later": Words(
        when="the certificate was revoked after the proven time of signing",
        verdict=PASSED,
        en="The certificate of “{subject}” was {status}; the signature is proven to be older and stays valid.",
        zh="“{subject}”的证书后来被吊销（{status}）；已证明签名早于吊销，仍然有效。",
    ),
    "revocation.revoked": Words(
        when="the certificate was revoked at the time of signing",
        verdict=FAILED,
        en="The certificate of “{subject}” was {status}, before the time of signing.",
        zh="“{subject}”的证书在签署之前已被吊销（{status}）。",
    ),
    "revocation.revoked-unproven": Words(
        when="the certificate is revoked, and nothing proves that the signature is older",
        verdict=INDETERMINATE,
        en="The certificate of “{subject}” was {status}, and nothing proves that the signature is older.",
        zh="“{subject}”的证书已被吊销（{status}），且没有证据表明签名更早。",
    ),
    "revocation.unknown": Words(
        when="no fresh, signed information about revocation is at hand",
        verdict=INDETERMINATE,
        en="Whether the certificate of “{subject}” was revoked is unknown ({status}). "
        "Supply the authority's current revocation list, or check online.",
        zh="“{subject}”的证书是否被吊销未知（{status}）。请提供签发机构最新的吊销列表，或在线核验。",
    ),
    # -- time
    "time.claimed": Words(
        when="no time-stamp: the signing time is the signer's own word, the verdict is about now",
        verdict=PASSED,
        en="No time-stamp proves when this was signed; the signer's own clock said {moment}. It was judged as of now.",
        zh="没有时间戳证明签署时间；签署者自报时间为 {moment}。按当前时间判断。",
    ),
    "time.future": Words(
        when="the claimed or stamped time lies in the future",
        verdict=INDETERMINATE,
        en="The signature says it was made on {moment}, which is in the future. Check the clocks.",
        zh="签名声称的时间 {moment} 在未来，请检查时钟。",
    ),
    "timestamp.valid": Words(
        when="a time-stamp of a trusted authority covers the signature",
        verdict=PASSED,
        en="A trusted time-stamp of “{subject}” proves that it existed on {moment}.",
        zh="“{subject}”的可信时间戳证明其在 {moment} 已存在。",
    ),
    "timestamp.wrong": Words(
        when="a time-stamp does not belong to what it stands on, or is broken",
        verdict=FAILED,
        en="The time-stamp does not belong to this signature or was altered ({what}).",
        zh="时间戳不属于此签名或已被改动（{what}）。",
    ),
    "timestamp.untrusted": Words(
        when="who issued the time-stamp cannot be trusted, so it proves nothing",
        verdict=INDETERMINATE,
        en="The time-stamp of “{subject}” cannot be relied on: {what}",
        zh="“{subject}”的时间戳不可采信：{what}",
    ),
    # -- what a person agreed to with a passkey
    "assertion.intent": Words(
        when="the challenge is the hash of the intent",
        verdict=PASSED,
        en="The person agreed to exactly these documents, seals and purpose: their hash is what the passkey signed.",
        zh="当事人同意的正是这些文件、印章和用途：通行密钥所签的即为其哈希值。",
    ),
    "assertion.other-intent": Words(
        when="the challenge is not the hash of the intent",
        verdict=FAILED,
        en="The passkey signed something else than these documents, seals and purpose.",
        zh="通行密钥所签的并非这些文件、印章和用途。",
    ),
    "assertion.origin": Words(
        when="the answer was given at a page of this service, not in a frame of another",
        verdict=PASSED,
        en="The passkey was used at {origin}.",
        zh="通行密钥在 {origin} 使用。",
    ),
    "assertion.other-origin": Words(
        when="the answer was given to another page, or in a frame of another page",
        verdict=FAILED,
        en="The passkey was used at {origin}, which is not a page of this service.",
        zh="通行密钥在 {origin} 使用，该地址不属于本服务。",
    ),
    "assertion.domain": Words(
        when="the authenticator answered for the service's domain",
        verdict=PASSED,
        en="The passkey is bound to {domain}.",
        zh="通行密钥绑定于 {domain}。",
    ),
    "assertion.other-domain": Words(
        when="the authenticator answered for another domain",
        verdict=FAILED,
        en="The passkey is not bound to {domain}.",
        zh="通行密钥并非绑定于 {domain}。",
    ),
    "assertion.person": Words(
        when="the authenticator says that it verified its user",
        verdict=PASSED,
        en="The authenticator verified the person (fingerprint, face or PIN) before it answered.",
        zh="认证器在应答前已验证本人（指纹、人脸或口令）。",
    ),
    "assertion.nobody": Words(
        when="the authenticator did not verify its user, or nobody was there",
        verdict=FAILED,
        en="The authenticator did not verify who used it.",
        zh="认证器未验证使用者本人。",
    ),
    "assertion.signature": Words(
        when="the signature over the answer is the passkey's",
        verdict=PASSED,
        en="The answer was signed by this passkey and not changed since.",
        zh="应答由该通行密钥签署，且此后未被改动。",
    ),
    "assertion.bad-signature": Words(
        when="the signature over the answer is not the passkey's",
        verdict=FAILED,
        en="The answer was not signed by this passkey, or was changed afterwards.",
        zh="应答并非由该通行密钥签署，或此后被改动。",
    ),
    "assertion.key": Words(
        when="the public key of the passkey cannot be read or is of an unknown kind",
        verdict=INDETERMINATE,
        en="The passkey's public key cannot be used for checking ({what}).",
        zh="通行密钥的公钥无法用于核验（{what}）。",
    ),
    "assertion.malformed": Words(
        when="the intent, the client data or the authenticator data is not what it should be",
        verdict=FAILED,
        en="The evidence of the agreement is damaged or not of a known form ({what}).",
        zh="意愿证据已损坏或格式未知（{what}）。",
    ),
}


def finding(ident: str, verdict: Verdict | None = None, /, **values: object) -> Finding:
    """Make the finding `ident` of the table, with its own verdict unless another one is given."""
    row = TABLE[ident]
    shown = {name: _shown(value) for name, value in values.items()}
    en, zh = {**shown}, {**shown}
    for name, value in values.items():
        if isinstance(value, Both):
            en[name], zh[name] = value.en, value.zh
    return Finding(ident, verdict or row.verdict, row.en.format(**en), row.zh.format(**zh))


@dataclass(frozen=True, slots=True)
class Both:
    """A piece of text in both languages."""

    en: str
    zh: str


MAX_SHOWN: Final = 200  # characters of foreign text that may stand in a finding


def _shown(value: object) -> str:
    """Foreign text in a finding: one line, printable, bounded."""
    text = "".join(char if char.isprintable() else " " for char in str(value)[: MAX_SHOWN + 1])
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


CHANGES: Final[dict[str, Both]] = {
    "signature": Both("a further signature in the field “{name}”", "在签名域“{name}”中增加签名"),
    "timestamp": Both("a document time-stamp in the field “{name}”", "在签名域“{name}”中增加文档时间戳"),
    "validation-data": Both(
        "validation data (certificates, OCSP answers, revocation lists)", "验证资料（证书、OCSP 应答、吊销列表）"
    ),
    "field": Both("the form field “{name}” was filled in or redrawn", "表单域“{name}”被填写或重绘"),
    "kept-pictures": Both(
        "later filled: the seal pictures of “{name}” ({count} places, pages {pages})",
        "后续填入：“{name}”的印章图案（{count} 处，第 {pages} 页）",
    ),
    "kept-texts": Both("later filled: the fields of “{name}” ({fields})", "后续填写：“{name}”的填写项（{fields}）"),
    "not-theirs": Both(
        "fields kept for the signature “{name}” were filled, and that signature is not there",
        "为签名“{name}”预留的域已被填写，但该签名并不存在",
    ),
    "refilled": Both(
        "the field “{name}” was filled a second time, which no viewer lets anybody do",
        "域“{name}”被再次填写，而正常的阅读器不允许这样做",
    ),
    "outside": Both(
        "the field “{name}” was drawn so that it may show outside its place", "域“{name}”的图案可能显示在其位置之外"
    ),
    "layers": Both(
        "the field “{name}” was drawn so that it may show on screen and on paper different things",
        "域“{name}”的图案在屏幕和纸面上可能显示不同内容",
    ),
    "flags": Both("the field “{name}” was hidden, shown or placed in another way", "域“{name}”的显示或定位方式被改变"),
    "other-states": Both(
        "the field “{name}” was made to show something else under the pointer", "域“{name}”被设为鼠标指向时显示其他内容"
    ),
    "viewer-drawn": Both(
        "the form was set so that each viewer draws its fields anew", "表单被设为由各阅读器自行重绘各域"
    ),
    "metadata": Both("the file's description (title, author, dates)", "文件属性（标题、作者、日期）"),
    "addition": Both("technical additions that change nothing of what was signed", "不影响已签内容的技术性附加内容"),
    "pages": Both(
        "pages were added or removed ({before} before, {after} after)",
        "页面被增加或删除（原 {before} 页，现 {after} 页）",
    ),
    "annotation": Both("annotations on page {page} were added or removed", "第 {page} 页的批注被增加或删除"),
    "content": Both("the content of page {page} was changed", "第 {page} 页的内容被改动"),
    "drawing": Both("something that page {page} shows was replaced", "第 {page} 页显示的内容被替换"),
    "other": Both(
        "objects were changed that no permitted change explains ({what})",
        "存在无法用允许的改动解释的对象变化（{what}）",
    ),
}


def change(kind: str, /, **values: object) -> Both:
    """Say in both languages what was changed."""
    row, shown = CHANGES[kind], {name: _shown(value) for name, value in values.items()}
    return Both(row.en.format(**shown), row.zh.format(**shown))


def joined(parts: Iterable[Both]) -> Both:
    """One list out of several sayings, each once."""
    unique = list(dict.fromkeys(parts))
    return Both("; ".join(one.en for one in unique), "；".join(one.zh for one in unique))
