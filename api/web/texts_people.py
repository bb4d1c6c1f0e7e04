"""The texts of pages for people who act for an enterprise. Chinese and English side by side."""

from collections.abc import Mapping
from typing import Final

PEOPLE: Final[Mapping[str, tuple[str, str]]] = {
    "account.lead": (
        "用通行密钥登录。它留在您的手机、电脑或安全钥匙里，本站只有公钥，没有密码可以泄露。",
        "Sign in with a passkey. It stays in your phone, computer or security key; this site has the public half only, and no password that could leak.",
    ),
    "account.sign-in": ("登录", "Sign in"),
    "account.sign-in.hint": ("已经有通行密钥的，直接登录。", "With a passkey that you have already."),
    "account.go": ("用通行密钥登录", "Sign in with a passkey"),
    "account.roles": ("我的身份", "My roles"),
    "account.contracts": ("我的合同", "My contracts"),
    "account.passkeys": ("我的通行密钥", "My passkeys"),
    "account.out": ("退出登录", "Sign out"),
    "account.redeem": ("我有邀请码", "I have an invitation"),
    "account.redeem.hint": (
        "登记窗口或您的企业给的一次性代码。第一次使用时会建立一把通行密钥。",
        "A one-time code from the service hall or your enterprise. The first time, it makes a passkey for you.",
    ),
    "account.code": ("邀请码", "Code"),
    "account.take": ("使用邀请码", "Use the code"),
    "account.why": ("为什么用通行密钥", "Why a passkey"),
    "account.why.key": (
        "每次用印，您确认的是这份文件的摘要、这枚印章和这个用途，换一份文件就不成立。",
        "Each time a seal is used you agree to the digest of this document, this seal and this purpose; it holds for no other.",
    ),
    "account.why.use": (
        "确认的全部字节与用印记录一起保存，任何人日后都能离线核对。",
        "Every byte of your agreement is kept with the use, so that anyone can check it offline later.",
    ),
    "account.unusable": (
        "在这个网址上，浏览器不让使用通行密钥。",
        "On this address browsers do not allow passkeys.",
    ),
    "account.elsewhere": ("换用 localhost 打开本页", "Open this page at localhost"),
}

PEOPLE_BROWSER: Final[Mapping[str, tuple[str, str]]] = {
    "account.dismissed": (
        "没有完成通行密钥确认：您取消了，或者等得太久。什么都没有改变。",
        "The passkey was not used: you said no, or it took too long. Nothing was changed.",
    ),
    "account.code.none": ("请先填写邀请码。", "Please enter the code first."),
    "account.passkey": ("通行密钥", "Passkey"),
    "role.representative": ("法定代表人", "Legal representative"),
    "role.manager": ("印章管理员", "Seal manager"),
    "role.user": ("经办人", "Seal user"),
    "role.auditor": ("审计员", "Auditor"),
}
