"""What a check says of whole files: PDFs, contracts, mandates in them, containers."""

from typing import Final

from verify.wording import FAILED, INDETERMINATE, PASSED, Words

FILES: Final[dict[str, Words]] = {
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
}
