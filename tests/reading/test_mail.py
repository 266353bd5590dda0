"""Mail is read as its reader sees it: who wrote it, when, about what, and its text; hostile mail costs nobody anything."""

import base64
import mailbox
import time
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import Article, Failure
from qa.reading.content import UnreadableError
from qa.reading.formats import read
from qa.reading.kinds.mail import read_mailbox, read_message

FILES = Path(__file__).parents[1] / "files" / "mail"


def mail(text="The court opened an office.", subject="The office", **headers) -> EmailMessage:
    message = EmailMessage()
    for name, value in {"From": "Ana Ruiz <ana@example.org>", "Subject": subject, **headers}.items():
        message[name] = value
    message.set_content(text)
    return message


def article(content, id="a.eml") -> Article:
    found = read(id, content if isinstance(content, bytes) else content.as_bytes())
    assert isinstance(found, Article), found
    return found


def reason(content: bytes, id="a.eml") -> str:
    found = read(id, content)
    assert isinstance(found, Failure)
    return found.reason


def test_headers_of_a_mail_are_its_metadata_and_its_first_sentence():
    found = article(mail(Date="Sat, 13 Jan 2024 23:00:00 -0600", To="Bob <bob@example.org>, eve@example.org"))
    assert (found.title, found.author, found.date) == ("The office", "Ana Ruiz", "2024-01-13")
    line = "From Ana Ruiz (ana@example.org) to Bob, eve@example.org, 13 January 2024."
    assert found.text == f"# The office\n\n{line}\n\nThe court opened an office."


def test_date_that_cannot_be_read_is_noted():
    found = article(b"Subject: A\nDate: some day\n\nText.")
    assert (found.date, found.notes) == ("", ("date 'some day' is not a date such as 2024-01-13",))


def test_plain_text_is_read_rather_than_html_and_attachments_are_named():
    message = mail("The plain text.")
    message.add_alternative("<p>The HTML text with <img src='cid:logo'>.</p>", subtype="html")
    message.get_payload()[1].add_related(b"\x89PNG", "image", "png", cid="<logo>", filename="logo.png")
    message.add_attachment(b"%PDF-1.4 The attached text.", maintype="application", subtype="pdf", filename="el año.pdf")
    message.add_attachment("The attached note.", filename="note.txt")
    text = article(message).text
    assert text.endswith("The plain text.\n\nAttachments: logo.png, el año.pdf, note.txt.")
    assert "HTML" not in text


def test_plain_text_without_headers_of_its_own_is_read_all_the_same():
    body = b"--b\n\nThe plain text.\n--b\nContent-Type: text/html\n\n<p>The HTML text.\n--b--\n"
    found = article(b"Subject: A\nContent-Type: multipart/alternative; boundary=b\n\n" + body)
    assert found.text == "# A\n\nThe plain text."


def test_line_ends_of_windows_make_no_difference():
    box = b"From a 10:00\nSubject: A\n\nOne\ntwo.\n\n> Three.\n\nFrom b 10:00\nSubject: B\n\n>From x.\n"
    assert article(box.replace(b"\n", b"\r\n"), "a.mbox") == article(box, "a.mbox")


def test_html_alone_is_read_below_the_subject():
    message = mail(" \n")
    message.add_alternative("<h1>Votes</h1><p>120 to <b>7</b>.<script>x()</script><blockquote>So?</blockquote>", subtype="html")
    assert article(message).text.endswith(".\n\n## Votes\n\n120 to 7.\n\n> So?")


def test_quotes_lists_code_and_signatures_are_kept():
    text = "Two\nlines.\n\n> Asked\n> before.\n>> Earlier.\n- one\n- two\n  more\n2) three\n\n    x = 1\n      y"
    assert article(mail(f"{text}\n\n-- \nAna\nCourt\n")).text.split("\n\n", 2)[2] == (
        "Two lines.\n\n> Asked before.\n\n> > Earlier.\n\n- one\n- two more\n2. three\n\n```\nx = 1\n  y\n```\n\nAna Court"
    )


def test_last_words_of_a_message_stay_with_it():
    text = article(mail("Please bring it.\n\nRegards,\nAna\n-- \nAna Ruiz, Registry")).text
    assert text.endswith("\n\nPlease bring it.\nRegards,\nAna\nAna Ruiz, Registry")
    assert article(mail("Agenda\n\nThe vote.\n\n- and more\n\nAna")).text.endswith(
        "\n\nAgenda\n\nThe vote.\n\n- and more\n\nAna"
    )


def test_forwarded_message_is_a_section_below():
    message = mail()
    message.add_attachment(mail("The vote was close.", "The vote", Date="11 Jan 2024 10:00 +0000"))
    line = "From Ana Ruiz (ana@example.org), 11 January 2024."
    assert article(message).text.endswith(f"The court opened an office.\n\n## The vote\n\n{line}\n\nThe vote was close.")


@pytest.mark.parametrize(
    "charset", ["utf-8", "iso-8859-1", "windows-1252", "utf-16", "mac-roman", "us-ascii", "x-none", "idna", ""]
)
@pytest.mark.parametrize("transfer", ["8bit", "base64", "quoted-printable", "x-own"])
def test_text_in_any_charset_is_read(charset, transfer):
    known = {"us-ascii": "utf-8", "x-none": "utf-8", "idna": "utf-8", "": "utf-8", "iso-8859-1": "windows-1252"}.get(
        charset, charset
    )
    body = "“El señor Durán” abrió la oficina.".encode(known, "replace")
    if transfer in ("base64", "quoted-printable"):
        body = base64.encodebytes(body) if transfer == "base64" else b"".join(b"=%02X" % byte for byte in body)
    elif charset == "utf-16":
        return  # Its lines cannot be told.
    kind = f"text/plain; charset={charset}\nContent-Transfer-Encoding: {transfer}"
    text = article(f"Subject: A\nContent-Type: {kind}\n\n".encode() + body).text
    assert "señor Durán" in text
    assert "oficina." in text


@pytest.mark.parametrize(
    "subject",
    [
        b"=?UTF-8?B?UmV1bmnDs24gZW4gU2FuIEpvc8Op?=",
        b"=?iso-8859-1?q?Reuni=F3n?=\r\n =?iso-8859-1?q?_en_San_Jos=E9?=",
        b"Reuni=?utf-8?q?=C3=B3n_en?= San =?x-none?q?Jos=C3=A9?=",
        "Reunión en San José".encode(),
        "Reunión\r\n en San José".encode("cp1252"),
    ],
)
def test_subject_in_any_encoding_is_the_title(subject):
    assert article(b"Subject: " + subject + b"\n\nText.").title.replace(" ", "") == "ReuniónenSanJosé"


def test_mailbox_made_by_python_is_read_message_by_message(tmp_path):
    box = mailbox.mbox(tmp_path / "box.mbox")
    for n in range(1, 4):
        box.add(mail(f"Text {n}.\n\nFrom here on it is quiet.\nFrom 10:30 on too.", f"Subject {n}"))
    box.close()
    found = article((tmp_path / "box.mbox").read_bytes(), "my_box.mbox")
    assert [each.kind + each.label for each in found.locators] == ["message1", "message2", "message3"]
    for n, each in enumerate(found.locators, 1):
        text = found.text[each.start :]
        assert text.startswith(
            f"# Subject {n}\n\nFrom Ana Ruiz (ana@example.org).\n\nText {n}.\n\nFrom here on it is quiet. From 10:30"
        )
    assert (found.title, found.author) == ("my box", "")


def test_mailbox_made_by_git_is_read():
    found = article((FILES / "patches.mbox").read_bytes(), "patches.mbox")
    first, second = (found.text[each.start :] for each in found.locators)
    assert first.startswith("# [PATCH 1/2] The seat of the institute\n\nFrom José Durán (jose@example.org), 11 January 2024.")
    assert "in San José, Costa Rica. It was founded on 11 June 1975." in first
    assert "Attachments: 0001-The-seat-of-the-institute.patch." in first
    assert second.startswith("# [PATCH 2/2] The agreement with the court: who signed it, and when it was signed in the city\n")


def test_line_of_text_that_begins_with_from_is_no_border():
    box = b"From a@b.org\nSubject: One\n\nHello.\n\nFrom the start it was so.\n\n"
    found = article(box + b"From c Sat Jan 13 08:00:00 2024\nSubject: Two\n\n>From it.\n", "a.mbox")
    assert "From the start it was so.\n\n# Two" in found.text
    assert found.text.endswith("\n\nFrom it.")


def test_message_without_a_subject_does_not_belong_to_the_one_before():
    text = article(b"From a 10:00\nSubject: One\n\nHello.\n\nFrom b 10:00\nFrom: Bob\n\nBye.\n", "a.mbox").text
    assert text.endswith("Hello.\n\n# (no subject)\n\nFrom Bob.\n\nBye.")


def test_encrypted_mail_is_reported():
    sealed = b"Subject: A\nContent-Type: multipart/encrypted; boundary=b\n\n--b\n\nx\n--b--\n"
    assert reason(sealed) == "encrypted: save it decrypted"
    box = b"From a 10:00\n" + sealed + b"\nFrom b 10:00\nSubject: B\n\nText.\n"
    assert article(box, "a.mbox").notes == ("1 of 2 messages are encrypted",)


@pytest.mark.parametrize(
    ("content", "id", "said"),
    [
        (b"", "a.eml", "no mail: it begins with none of From, To, Subject and Date"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a.eml", "no mail"),
        (b"Just a text.\n", "a.eml", "no mail"),
        (b"", "a.mbox", "empty"),
        (b"Subject: A\n\nText.", "a.mbox", "no mailbox: its first line does not begin with From"),
    ],
)
def test_what_is_no_mail_is_a_failure(content, id, said):
    assert reason(content, id).startswith(said)


def nested(depth: int) -> bytes:
    return b"Subject: A\n" + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))


HOSTILE = {
    "nested": nested(10_000),
    "many parts": nested(1) + b"\n\nx\n--b0\n" * 20_000,
    "many headers": b"Subject: A\n" + b"X: y\n" * 300_000 + b"\nText.",
    "long headers": b"".join(
        b"%s: %s\n" % (name, b"=?utf-8?q?a?= " * 100_000) for name in (b"Subject", b"From", b"To", b"Date")
    ),
    "comments": b"".join(b"%s: %s\n" % (name, b"(" * 1_000_000) for name in (b"From", b"To", b"Date", b"Content-Type")),
    "parameters": b"Subject: A\nContent-Type: text/plain" + b';a*0="' * 300_000 + b"\n\nText.",
    "base64": b"Subject: A\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(b"word " * 1_000_000),
    "base64 attached": nested(1) + b"Content-Disposition: attachment\n\n" + b"QUFB\n" * 3_000_000,
    "slow charset": b"Subject: A\nContent-Type: text/plain; charset=punycode\n\n" + b"a" * 2_000_000,
    "quotes": b"Subject: A\n\n" + b">" * 2_000_000 + b"\n" + b"> a\n>> b\n" * 50_000,
    "html": b"Subject: A\nContent-Type: text/html\n\n" + b"<div>" * 100_000,
    "borders": b"From a 1:00\n" * 50_000,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_mail_is_read_or_refused_in_bounded_time(content):
    started = time.monotonic()
    found = read("a.mbox" if content.startswith(b"From a") else "a.eml", content)
    assert time.monotonic() - started < 20
    assert isinstance(found, Failure) or found.text.strip()


def test_recipients_beyond_a_few_are_counted():
    many = ", ".join(f"p{n}@example.org" for n in range(30))
    assert "p19@example.org and 10 others." in article(mail(To=many)).text


def test_citation_names_the_message_and_is_verified(library, write, seeds):
    box = "".join(
        f"From a Sat Jan 13 08:00:00 2024\nSubject: {what}\nFrom: Ana <ana@example.org>\n\nThe {what} opened in Caracas.\n\n"
        for what in ("market", "school", "office", "station")
    )
    write("box.mbox", box)
    library.sync()
    citation = library.retrieve("Which office opened in Caracas?", 1)[0].citation
    assert (citation.quote, citation.within) == ("The office opened in Caracas.", "message 3")
    assert citation.verify(seeds).standing == "exact"
    write("box.mbox", "From a 10:00\nSubject: New\n\nHello.\n\n" + box)
    verdict = citation.verify(seeds)
    assert (verdict.standing, verdict.now.within) == ("moved", "message 4")


LINES = (
    b"From a 10:00|From: x|Subject: =?utf-8?q?=C3?=|Date: 1||--b|--b--|>From x|- a|> q|<p>a<table><tr>"
    b"|Content-Type: message/rfc822|Content-Type: multipart/alternative; boundary=b|Content-Type: text/html; charset=utf-7"
    b"|Content-Transfer-Encoding: base64|Content-Disposition: attachment; filename*=x'y'z"
).split(b"|")
mails = st.lists(st.sampled_from(LINES) | st.binary(max_size=40), max_size=30).map(b"\n".join)


@settings(max_examples=400, deadline=None)
@given(mails | st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content):
    for reader in (read_message, read_mailbox):
        with suppress(UnreadableError):
            found = reader(content)
            found.text.encode()
            assert all(0 <= each.start <= len(found.text) for each in found.locators)
