"""What a check says of changes after a signature."""

from typing import Final

from verify.wording import Both

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
