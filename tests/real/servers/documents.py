"""Webhooks' answers, each rendered by the provider's own package: for the servers, and for the cases that read them without one."""

import json

import bandwidth.models.bxml as bandwidth
from plivo import plivoxml
from signalwire.voice_response import VoiceResponse as LamlResponse
from twilio.twiml.voice_response import VoiceResponse as TwimlResponse
from vonage_voice.models import Connect, Talk, WebsocketEndpoint

PARAMETERS = {"agent": "front desk", "tenant": "7"}

TROUBLESOME = 'front <desk> & "co"'
"""What has to be escaped in XML."""


def twiml(shape, url, token=None):
    """`connect`, `start`, `last` (`<Start>` and nothing after it), `relay`, or `token`: `connect` with one more parameter."""
    answer = TwimlResponse()
    if shape in ("start", "last"):
        answer.start().stream(url=url, track="inbound_track").parameter(name="agent", value=TROUBLESOME)
        if shape == "start":
            answer.pause(length=60)
    elif shape == "relay":
        relay = answer.connect().conversation_relay(url=url, welcome_greeting="Hello & welcome")
        relay.parameter(name="agent", value=TROUBLESOME)
    else:
        answer.say("One moment, please.")
        stream = answer.connect().stream(url=url)
        stream.parameter(name="agent", value=TROUBLESOME)
        if token:
            stream.parameter(name="token", value=token)
    return answer.to_xml()


def traditional_twiml():
    answer = TwimlResponse()
    answer.gather(input="speech", action="/heard").say("How can I help?")
    return answer.to_xml()


def plivo_xml(url):
    extra = ",".join(f"{name}={value}" for name, value in PARAMETERS.items())
    codec = "audio/x-l16;rate=16000"
    stream = plivoxml.StreamElement(url, bidirectional=True, keepCallAlive=True, contentType=codec, extraHeaders=extra)
    return plivoxml.ResponseElement().add(plivoxml.SpeakElement("One moment, please.")).add(stream).to_string()


def ncco(url):
    socket = WebsocketEndpoint(uri=url, contentType="audio/l16;rate=8000", headers=PARAMETERS)
    actions = [Talk(text="One moment, please."), Connect(endpoint=[socket], from_="12025550101")]
    return json.dumps([action.model_dump(by_alias=True, exclude_none=True) for action in actions])


def bxml(url):
    parameters = [bandwidth.StreamParam(name, value) for name, value in PARAMETERS.items()]
    account = {"destination_username": "agent", "destination_password": "not-a-real-password"}
    stream = bandwidth.StartStream(destination=url, mode="bidirectional", name="front-desk", stream_params=parameters, **account)
    return bandwidth.Response([stream, bandwidth.Pause(60)]).to_bxml()


def cxml(url):
    answer = LamlResponse()
    stream = answer.connect().stream(url=url, name="front-desk", codec="PCMU@8000h")
    for name, value in PARAMETERS.items():
        stream.parameter(name=name, value=value)
    return answer.to_xml()


def texml(url):
    """With Twilio's package, as people do: Telnyx' own renders none."""
    answer = TwimlResponse()
    stream = answer.connect().stream(url=url, track="inbound_track", bidirectional_mode="rtp", bidirectional_codec="PCMU")
    for name, value in PARAMETERS.items():
        stream.parameter(name=name, value=value)
    return answer.to_xml()
