"""Webhooks' answers as the providers' own packages write them, read by sidetone without a server."""

import bandwidth.models.bxml as bandwidth
import pytest
from plivo import plivoxml
from twilio.twiml.voice_response import VoiceResponse

from kit.pki import HOST
from kit.webhooks import read_document
from servers import documents
from servers.documents import PARAMETERS, TROUBLESOME

URL = f"wss://{HOST}/media/7"

ONE, MANY = [["agent", TROUBLESOME]], [list(pair) for pair in PARAMETERS.items()]


def twiml(shape):
    return lambda url: documents.twiml(shape, url)


# Rendered by, kind and Content-Type; verb, provider, line, parameters, and what else is read.
READ = {
    "TwiML, Connect": (twiml("connect"), "twilio", "connect_stream", "twilio", 1, ONE, {"one_way": False}),
    "TwiML, Start": (twiml("start"), "twilio", "start_stream", "twilio", 1, ONE, {"one_way": True, "track": "inbound_track"}),
    "TwiML, ConversationRelay": (twiml("relay"), "twilio", "conversation_relay", "conversation-relay", 1, ONE, {}),
    "Plivo XML": (documents.plivo_xml, "plivo", "plivo_stream", "plivo", 3, MANY, {"audio": "l16 at 16000 Hz", "one_way": False}),
    "NCCO": (documents.ncco, "vonage", "ncco", "vonage", 1, MANY, {"audio": "l16 at 8000 Hz"}),
    "BXML": (documents.bxml, "bandwidth", "bandwidth_start_stream", "bandwidth", 2, MANY, {"authorization": True, "one_way": False}),
    "cXML": (documents.cxml, "signalwire", "connect_stream", "signalwire", 1, MANY, {"audio": "mulaw at 8000 Hz"}),
    "TeXML": (documents.texml, "telnyx", "connect_stream", "telnyx", 1, MANY, {"track": "inbound_track"}),
}


@pytest.mark.parametrize("name", READ)
def test_the_packages_document_is_read(name):
    render, kind, verb, provider, line, parameters, more = READ[name]
    read = read_document(kind, render(URL), "application/json" if kind == "vonage" else "application/xml")
    assert read["lint"] == [], read
    wanted = {"url": URL, "verb": verb, "provider": provider, "line": line, "parameters": parameters, **more}
    assert {key: read["stream"][key] for key in wanted} == wanted


def lint(kind, document, content_type="application/xml"):
    """Lint, line, does the provider refuse."""
    return [(row["lint"], row["line"], row["refuses"]) for row in read_document(kind, document, content_type)["lint"]]


MISTAKES = {
    f"https://{HOST}/media": ("scheme_not_websocket", True),
    f"ws://{HOST}/media": ("scheme_not_wss", True),
    f"{HOST}/media": ("url_without_scheme", True),
    "/media": ("url_relative", False),
    f"wss://{HOST}//media": ("path_double_slash", False),
    f"wss://https://{HOST}/media": ("scheme_twice", True),
    "wss://undefined/media": ("placeholder_in_host", True),
    "wss://localhost:5050/media": ("host_private", True),
    f"wss://{HOST}/media?tenant=1&agent=2": ("query_lost", False),
    "wss://app-7f3k.example.net/media": ("host_differs", False),
}


@pytest.mark.parametrize("url, said, refused", [(url, *expected) for url, expected in MISTAKES.items()])
def test_a_wrong_url_in_the_packages_twiml(url, said, refused):
    """The package takes any text for a URL."""
    assert (said, 1, refused) in lint("twilio", documents.twiml("connect", url)), lint("twilio", documents.twiml("connect", url))


def test_start_as_the_last_verb():
    assert lint("twilio", documents.twiml("last", URL)) == [("call_ends_at_once", 1, False)]


def test_start_stream_as_the_last_verb_of_bxml():
    last = bandwidth.Response([bandwidth.StartStream(destination=URL, mode="bidirectional")]).to_bxml()
    assert lint("bandwidth", last) == [("call_ends_at_once", 2, False)]


def test_an_answer_without_a_stream():
    assert lint("twilio", VoiceResponse().to_xml()) == [("no_stream", 1, True)]
    said = plivoxml.ResponseElement().add(plivoxml.SpeakElement("Nobody is here."))
    assert lint("plivo", said.to_string()) == [("no_stream", 1, True)]


def test_a_document_in_the_type_that_a_framework_gives_by_itself():
    """FastAPI writes a text that is returned as JSON, in quotes; Express and Flask send it as HTML, which Twilio reads."""
    assert ("content_type_wrong", None, True) in lint("twilio", documents.twiml("connect", URL), "application/json")
    assert lint("twilio", documents.twiml("connect", URL), "text/html; charset=utf-8") == [("content_type_unusual", None, False)]
    assert ("content_type_wrong", None, True) in lint("vonage", documents.ncco(URL), "text/html; charset=utf-8")
