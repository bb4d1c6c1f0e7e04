"""The texts of the page where a person lets a program sign. Chinese and English side by side."""

from collections.abc import Mapping
from typing import Final

AGREE: Final[Mapping[str, tuple[str, str]]] = {
    "agree.lead.service": (
        "“{client}”请求代您查看您可以使用的印章。这还不能用印：每次用印都要您另行确认。",
        "“{client}” asks to see the seals that you may use. It cannot use them by this: you agree to every use on its own.",
    ),
    "agree.lead.credential": (
        "“{client}”请求用下列印章签署 {count} 份摘要。您用通行密钥确认的，正是这些摘要，不多也不少。",
        "“{client}” asks to have {count} digests signed with this seal. Your passkey agrees to exactly these, no more and no less.",
    ),
    "agree.client": ("请求方", "Program"),
    "agree.goes": ("同意后返回", "Goes back to"),
    "agree.seal": ("印章", "Seal"),
    "agree.purpose": ("用途（由请求方填写）", "Purpose, as the program states it"),
    "agree.number": ("数量", "How many"),
    "agree.warning": (
        "摘要看不出文件内容。请只在您信任请求方，或已在别处核对过文件时同意。",
        "A digest does not show the document. Agree only if you trust the program, or have compared the document elsewhere.",
    ),
    "agree.refused": ("这个请求不能受理", "This request cannot be taken"),
    "agree.refused.lead": (
        "为了您的安全，没有向任何地方跳转。请返回原来的程序，并把下面这句话告诉它的提供者。",
        "For your safety you were not sent anywhere. Go back to the program and tell its provider this:",
    ),
    "agree.go": ("用通行密钥同意", "Agree with a passkey"),
    "agree.no": ("不同意", "Do not agree"),
}

AGREE_BROWSER: Final[Mapping[str, tuple[str, str]]] = {
    "agree.stopped": (
        "没有完成：通行密钥没有回应，或被取消。可以再试一次。",
        "Not done: the passkey did not answer, or it was cancelled. You may try again.",
    ),
    "agree.not-yours": (
        "您不能使用这枚印章，或请求已失效。",
        "You may not use this seal, or the request is over.",
    ),
}
