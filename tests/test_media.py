from __future__ import annotations

import base64
import io
import os
import sys
import zipfile
from pathlib import Path

import pytest

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.media import Content, content
from bedrock_llm.media.files import MAX_FILE_BYTES, load
from bedrock_llm.messages import Audio, Document, Image, Message, Text, ToolCall, ToolResult, Video
from bedrock_llm.request import Request

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 8
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def zipped(*names):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "x" * 2000)
    return made.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100


@pytest.mark.parametrize(
    ("part", "media_type"),
    [
        (Image(PNG), "image/png"),
        (Image(b"\xff\xd8\xff\xe0"), "image/jpeg"),
        (Image(b"GIF87a"), "image/gif"),
        (Image(b"GIF89a"), "image/gif"),
        (Image(b"RIFF\0\0\0\0WEBPVP8 "), "image/webp"),
        (Image(b"?"), None),
        (Document(b"%PDF-1.7"), "application/pdf"),
        (Document(zipped("[Content_Types].xml", "word/document.xml")), WORD),
        (Document(zipped("[Content_Types].xml", "xl/workbook.xml")), EXCEL),
        (Document(zipped("other")), "application/zip"),
        (Document(zipped("other"), name="a.docx"), WORD),
        (Document(OLE + "WordDocument".encode("utf-16-le")), "application/msword"),
        (Document(OLE + "Workbook".encode("utf-16-le")), "application/vnd.ms-excel"),
        (Document(OLE, name="a.XLS"), "application/vnd.ms-excel"),
        (Document(OLE), None),
        (Document(b"\xef\xbb\xbf  <!DOCTYPE html><p>"), "text/html"),
        (Document(b"<html>"), "text/html"),
        (Document(b"a,b\n1,2", name="table.csv"), "text/csv"),
        (Document(b"# Title", name="notes.md"), "text/markdown"),
        (Document(b"hello", name="notes.txt"), "text/plain"),
        (Document("héllo".encode()), "text/plain"),
        (Document(b"\xff\xfeh\0i\0"), None),
        (Document(b"\xe9t\xe9"), None),
        (Audio(b"ID3\x04\0"), "audio/mpeg"),
        (Audio(b"\xff\xfb\x90\x00"), "audio/mpeg"),
        (Audio(b"\xff\xf1\x50\x80"), "audio/aac"),
        (Audio(b"RIFF\0\0\0\0WAVEfmt "), "audio/wav"),
        (Audio(b"fLaC\0"), "audio/flac"),
        (Audio(b"OggS\0\0"), "audio/ogg"),
        (Audio(b"\0\0\0\x20ftypM4A \0"), "audio/m4a"),
        (Audio(b"\0\0\0\x20ftypisom\0"), "audio/mp4"),
        (Audio(b"\x1a\x45\xdf\xa3\x01\x42\x82\x84webm"), "audio/webm"),
        (Audio(b"?", name="a.opus"), "audio/opus"),
        (Video(b"\0\0\0\x20ftypisom\0"), "video/mp4"),
        (Video(b"\0\0\0\x20ftypqt  \0"), "video/quicktime"),
        (Video(b"\0\0\0\x20ftyp3gp5\0"), "video/3gpp"),
        (Video(b"\x1a\x45\xdf\xa3\x01\x42\x82\x84webm"), "video/webm"),
        (Video(b"\x1a\x45\xdf\xa3\x01\x42\x82\x88matroska"), "video/x-matroska"),
        (Video(b"FLV\x01\x05"), "video/x-flv"),
        (Video(b"\0\0\x01\xba\x44"), "video/mpeg"),
        (Video(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"), "video/x-ms-wmv"),
        (Video(b"?", name="a.mkv"), "video/x-matroska"),
    ],
)
def test_the_type_shows_in_the_bytes_or_the_name(part, media_type):
    assert content(part) == Content(part.source, None, media_type)


def test_a_given_type_wins_over_what_is_seen_in_lower_case_and_without_parameters():
    assert content(Image(PNG, media_type="IMAGE/JPEG")).media_type == "image/jpeg"
    assert content(Document(b"<html>", media_type="text/plain; charset=utf-8")).media_type == "text/plain"
    assert content(Image(b"?", media_type="application/octet-stream")).media_type == "application/octet-stream"


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (Image(b"%PDF-1.7"), "application/pdf"),
        (Image(PNG, media_type="application/pdf"), "application/pdf"),
        (Image(b"RIFF\0\0\0\0WAVE"), "audio/wav"),
        (Image(zipped("word/document.xml")), WORD),
        (Document(PNG), "image/png"),
        (Document(b"x", media_type="image/png"), "image/png"),
        (Audio(PNG), "image/png"),
        (Audio(b"<html>"), "text/html"),
        (Video(b"fLaC", media_type="video/mp4"), "audio/flac"),
    ],
)
def test_bytes_that_are_clearly_of_another_kind_are_refused(part, said):
    with pytest.raises(InvalidRequestError, match="must be of the kind") as caught:
        content(part)
    assert caught.value.parameter == f"{type(part).__name__}.source"
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("part", "found"),
    [
        (Image("https://e.com/a.JPG?size=1"), Content(None, "https://e.com/a.JPG?size=1", "image/jpeg")),
        (Image("https://e.com/a", media_type="image/png"), Content(None, "https://e.com/a", "image/png")),
        (Image("https://[not-an-address/a"), Content(None, "https://[not-an-address/a", None)),
        (Video("s3://b/k.mp4?bucketOwner=1"), Content(None, "s3://b/k.mp4?bucketOwner=1", "video/mp4")),
        (Document("s3://b/k", name="a.pdf"), Content(None, "s3://b/k", "application/pdf")),
    ],
)
def test_addresses_are_handed_on_and_never_fetched(part, found):
    assert content(part) == found


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("data:image/png;base64," + base64.b64encode(PNG).decode(), Content(PNG, None, "image/png")),
        ("data:image/png;name=a;BASE64,AA%3D%3D", Content(b"\0", None, "image/png")),
        ("data:;base64," + base64.b64encode(PNG).decode(), Content(PNG, None, "image/png")),
        ("data:image/png;base64,AA\n AA", Content(b"\0\0\0", None, "image/png")),
        ("data:image/svg+xml,%3Csvg%3E", Content(b"<svg>", None, "image/svg+xml")),
    ],
)
def test_data_urls_are_read(url, found):
    assert content(Image(url)) == found


def test_a_data_urls_type_gives_way_to_one_given_beside_it():
    assert content(Image("data:image/png;base64,AAAA", media_type="image/gif")).media_type == "image/gif"


@pytest.mark.parametrize(
    "url",
    ["data:image/png;base64,AAA", "data:image/png;base64,????", "data:image/png;base64,é", "data:image/png;base64,",
     "data:image/png", "data:,", "data:image/png;base64,%ff", "data:application/pdf;base64,AAAA"],
)  # fmt: skip
def test_a_data_url_that_cannot_be_read_is_refused_and_shown_short(url):
    with pytest.raises(InvalidRequestError) as caught:
        content(Image(url))
    assert caught.value.parameter == "Image.source"
    assert len(str(caught.value)) < 250


def test_a_path_must_have_been_read():
    with pytest.raises(InvalidRequestError, match="read before it is sent"):
        content(Image(Path("a.png")))


@pytest.mark.anyio
async def test_a_request_without_files_is_the_same_object():
    request = Request.of([Message.user("a", Image(PNG)), Message.assistant(ToolCall("1", "f"))])
    assert await load(request) is request


@pytest.mark.anyio
async def test_files_are_read_wherever_they_stand_and_give_their_names(tmp_path):
    file = tmp_path / "cat.png"
    file.write_bytes(PNG)
    request = Request.of(
        [
            Message.user("a", Image(file), Document(file, name="mine", context="c", citations=True)),
            Message.assistant(ToolCall("1", "f")),
            Message.user(ToolResult("1", (Text("x"), Image(file, media_type="image/png")), True)),
        ],
        max_tokens=5,
    )
    loaded = await load(request)
    assert loaded == Request.of(
        [
            Message.user("a", Image(PNG, name="cat.png"), Document(PNG, name="mine", context="c", citations=True)),
            Message.assistant(ToolCall("1", "f")),
            Message.user(ToolResult("1", (Text("x"), Image(PNG, media_type="image/png", name="cat.png")), True)),
        ],
        max_tokens=5,
    )
    assert loaded.call_id == request.call_id
    assert loaded.messages[1] is request.messages[1]


@pytest.mark.anyio
async def test_a_symbolic_link_to_a_regular_file_is_followed(tmp_path):
    (tmp_path / "real").write_bytes(PNG)
    (tmp_path / "link.png").symlink_to(tmp_path / "real")
    loaded = await load(Request.of(Message.user(Image(tmp_path / "link.png"))))
    assert loaded.messages == (Message.user(Image(PNG, name="link.png")),)


def _missing(folder):
    return folder / "none"


def _folder(folder):
    return folder


def _empty(folder):
    (folder / "empty").touch()
    return folder / "empty"


def _nul(folder):
    return Path(f"{folder}/a\0b")


def _device(folder):
    return Path("/dev/zero")


def _pipe(folder):
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def _large(folder):
    with (folder / "large").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    return folder / "large"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("make", "allowed"),
    [
        (_missing, "a file that can be read"),
        (_nul, "a file that can be read"),
        (_folder, "a regular file"),
        (_empty, "a file that is not empty"),
        (_large, "at most 25 MiB"),
        (_device, "a regular file"),
        (_pipe, "a regular file"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices of POSIX")
async def test_what_is_no_readable_regular_file_is_refused_by_name(tmp_path, make, allowed):
    path = make(tmp_path)
    with pytest.raises(InvalidRequestError) as caught:
        await load(Request.of(Message.user("a", Image(path))))
    assert caught.value.parameter == "messages[0].parts[1].source"
    assert allowed in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.anyio
async def test_a_file_of_just_the_limit_is_read(tmp_path):
    with (tmp_path / "large.mp4").open("wb") as file:
        file.truncate(MAX_FILE_BYTES)
    loaded = await load(Request.of(Message.user(Video(tmp_path / "large.mp4"))))
    assert len(loaded.messages[0].parts[0].source) == MAX_FILE_BYTES
