"""What a check says of signatures: certificates, paths, revocation, times, agreements by passkey."""

from typing import Final

from verify.wording import FAILED, INDETERMINATE, PASSED, Words

SIGNATURES: Final[dict[str, Words]] = {
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
