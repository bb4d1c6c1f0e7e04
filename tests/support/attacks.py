"""Ways to tamper with a signed PDF. Each returns a file that must never be shown as passed and whole."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import re
from collections.abc import Callable, Iterator

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tests.support.signed_pdfs import form_xobject, update

Attack = Callable[[bytes], bytes]
FORGED = b"BT /F1 24 Tf 72 700 Td (Party A pays 999) Tj ET"
BYTE_RANGE = re.compile(rb"/ByteRange ?\[ ?(\d+) (\d+) (\d+) (\d+) *\]")
CONTENTS = re.compile(rb"/Contents ?<([0-9a-fA-F]+)>")


def append_objects(document: bytes) -> bytes:
    """Incremental Saving Attack without a cross-reference: readers that repair files show the new object."""
    return document + _forged_object(document)


def append_objects_and_old_end(document: bytes) -> bytes:
    """The same, with the old startxref copied behind, so that strict readers see the old file."""
    end = document.rindex(b"startxref")
    return document + _forged_object(document) + document[end:]


def append_text(document: bytes) -> bytes:
    return document.rstrip() + b"\nA word behind the end"


def append_one_byte(document: bytes) -> bytes:
    return document + b"x"


def _forged_object(document: bytes) -> bytes:
    found = re.search(rb"(\d+) 0 obj[^%]{0,200}?stream\r?\n", document)
    number = found.group(1) if found else b"4"
    return b"\n%s 0 obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n" % (number, len(FORGED), FORGED)


def replace_page(document: bytes) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        page[pdf_name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=FORGED))
        writer.update_container(page)

    return update(document, change)


def overwrite_content(document: bytes) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        content = writer.root["/Pages"]["/Kids"][0]["/Contents"]
        content._data = FORGED
        content._encoded_data = None
        writer.update_container(content)

    return update(document, change)


def add_page(document: bytes) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        pages = writer.root["/Pages"]
        first = pages["/Kids"][0]
        copy = generic.DictionaryObject(dict(first.items()))
        pages["/Kids"].append(writer.add_object(copy))
        pages[pdf_name("/Count")] = generic.NumberObject(len(pages["/Kids"]))
        writer.update_container(pages["/Kids"])

    return update(document, change)


def add_annotation(document: bytes) -> bytes:
    """Evil Annotation Attack: free text over the page."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        note = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/FreeText"),
                pdf_name("/Contents"): generic.TextStringObject("pays 999"),
                pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (72, 690, 300, 720))),
            }
        )
        listed = page["/Annots"] if "/Annots" in page else generic.ArrayObject()
        page[pdf_name("/Annots")] = generic.ArrayObject([*listed, writer.add_object(note)])
        writer.update_container(page)

    return update(document, change)


def fill_form(document: bytes) -> bytes:
    """Shadow "replace": the value stays, the look of the field `amount` becomes another."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        field = next(one for one in writer.root["/AcroForm"]["/Fields"] if one.get_object()["/T"] == "amount")
        target = field.get_object()
        look = writer.add_object(form_xobject(FORGED))
        target[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): look})
        writer.mark_update(field.reference)

    return update(document, change)


def redirect_catalog(document: bytes) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        script = generic.DictionaryObject(
            {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.TextStringObject("app.alert(1)")}
        )
        writer.root[pdf_name("/OpenAction")] = script
        writer.update_root()

    return update(document, change)


def truncate(document: bytes) -> bytes:
    return document[: len(document) * 3 // 4]


def cut_last_line(document: bytes) -> bytes:
    return document[: document.rindex(b"startxref")]


def flip_content(document: bytes) -> bytes:
    return document.replace(b"Party A pays 100", b"Party A pays 900", 1)


def flip_signature_value(document: bytes) -> bytes:
    """The last byte of the CMS that is not padding."""
    found = _last(CONTENTS, document)
    digits = found.group(1).rstrip(b"0")
    position = found.start(1) + len(digits) - 9
    flipped = b"1" if document[position : position + 1] != b"1" else b"2"
    return document[:position] + flipped + document[position + 1 :]


def break_signature(document: bytes) -> bytes:
    found = _last(CONTENTS, document)
    return document[: found.start(1)] + b"00" * 20 + document[found.start(1) + 40 :]


def widen_gap(document: bytes) -> bytes:
    """The byte range leaves out some bytes before the signature."""
    return _range(document, lambda one: (one[0], one[1] - 40, one[2], one[3]))


def overlap(document: bytes) -> bytes:
    return _range(document, lambda one: (one[0], one[1] + 10, one[2] - 10, one[3] + 10))


def start_late(document: bytes) -> bytes:
    return _range(document, lambda one: (5, one[1] - 5, one[2], one[3]))


def end_early(document: bytes) -> bytes:
    return _range(document, lambda one: (one[0], one[1], one[2], one[3] - 30))


def leave_file(document: bytes) -> bytes:
    return _range(document, lambda one: (one[0], one[1], one[2], one[3] + 5000))


def negative_range(document: bytes) -> bytes:
    return _range(document, lambda one: (one[0], one[1], one[2] + 50, one[3] - 50))


def double_signature(document: bytes) -> bytes:
    """A second field that refers to the same signature object."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        form = writer.root["/AcroForm"]
        original = form["/Fields"][-1].get_object()
        twin = generic.DictionaryObject(dict(original.items()))
        twin[pdf_name("/T")] = generic.TextStringObject("Twin")
        form["/Fields"].append(writer.add_object(twin))
        writer.update_container(form["/Fields"])
        writer.update_root()

    return update(document, change)


def copy_signature(document: bytes) -> bytes:
    """Signature wrapping: a new object in a new revision, with the old byte range and the old value."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        form = writer.root["/AcroForm"]
        original = form["/Fields"][-1].get_object()
        copy = generic.DictionaryObject(dict(original["/V"].items()))
        page = writer.root["/Pages"]["/Kids"][0]
        page[pdf_name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=FORGED))
        writer.update_container(page)
        original[pdf_name("/V")] = writer.add_object(copy)
        writer.update_container(original)

    return update(document, change)


def hide_content_in_store(document: bytes) -> bytes:
    """The content of a page is overwritten, and the same object is called a certificate of the security store."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        raw = writer.root["/Pages"]["/Kids"][0].raw_get("/Contents")
        content = raw.get_object()
        content._data = FORGED
        content._encoded_data = None
        writer.update_container(content)
        listed = generic.ArrayObject([raw])
        store = generic.DictionaryObject({pdf_name("/Certs"): listed})
        writer.root[pdf_name("/DSS")] = writer.add_object(store)
        writer.update_root()

    return update(document, change)


def break_page_tree(document: bytes) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        pages = writer.root["/Pages"]
        pages[pdf_name("/Kids")] = generic.NumberObject(7)
        writer.update_container(pages)

    return update(document, change)


def tie_page_tree(document: bytes) -> bytes:
    """The page tree contains itself, and a page that stands in it directly."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        pages = writer.root["/Pages"]
        page = generic.DictionaryObject({pdf_name("/Type"): pdf_name("/Page")})
        pages[pdf_name("/Kids")] = generic.ArrayObject([*pages["/Kids"], writer.root.raw_get("/Pages"), page])
        writer.update_container(pages)

    return update(document, change)


def blob_between_revisions(document: bytes) -> bytes:
    """A forged object before the next revision begins, known to no cross-reference."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        writer.root[pdf_name("/Extensions")] = generic.DictionaryObject()
        writer.update_root()

    return update(document + _forged_object(document), change)


ATTACKS: tuple[Attack, ...] = (
    append_objects, append_objects_and_old_end, append_text, append_one_byte, replace_page, overwrite_content, add_page,
    add_annotation, fill_form, redirect_catalog, truncate, cut_last_line, flip_content, flip_signature_value,
    break_signature, widen_gap, overlap, start_late, end_early, leave_file, negative_range, double_signature,
    copy_signature, blob_between_revisions, hide_content_in_store, break_page_tree, tie_page_tree,
)  # fmt: skip


def byte_flips(document: bytes, step: int) -> Iterator[tuple[int, bytes]]:
    """The document with one bit turned, at every `step`th byte."""
    for position in range(0, len(document), step):
        yield position, document[:position] + bytes([document[position] ^ 1]) + document[position + 1 :]


def _last(pattern: re.Pattern[bytes], document: bytes) -> re.Match[bytes]:
    *_, found = pattern.finditer(document)
    return found


def _range(document: bytes, change: Callable[[tuple[int, ...]], tuple[int, ...]]) -> bytes:
    found = _last(BYTE_RANGE, document)
    text = b"/ByteRange [%d %d %d %d]" % change(tuple(int(one) for one in found.groups()))
    return document[: found.start()] + text.ljust(found.end() - found.start()) + document[found.end() :]
