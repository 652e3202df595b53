"""Signatures of Twilio's webhooks, made by sidetone and judged by Twilio's own package."""

import os
import subprocess

import pytest
from twilio.request_validator import RequestValidator

TOKEN = "12345"
FORM = {
    "CallSid": "CA00000000000000000000000000000001",
    "From": "+12025550100",
    "To": "+12025550101",
    "CallStatus": "ringing",
    "CallerName": "Zoë & Sons = Co",
}
URLS = [
    "https://voice.example.com/voice",
    "https://voice.example.com/voice?tenant=1&x=y%20z",
    "https://voice.example.com:8443/voice",
    "http://127.0.0.1:5000/voice",
]


def sign(url, form, *options, token=TOKEN):
    """What the example prints, which is what the library makes."""
    signer = os.environ.get("SIDETONE_SIGNER", "")
    assert os.access(signer, os.X_OK), f"no example at {signer}; build it with cargo build --example twilio_signature"
    pairs = [f"{name}={value}" for name, value in form.items()]
    command = [signer, *options, url, *pairs]
    done = subprocess.run(command, env={"TWILIO_AUTH_TOKEN": token}, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("url", URLS)
def test_a_webhook_signed_by_us_is_accepted(url):
    assert RequestValidator(TOKEN).validate(url, FORM, sign(url, FORM))


@pytest.mark.parametrize("url", URLS)
def test_a_shared_keys_signature_is_accepted(url):
    assert RequestValidator(TOKEN).validate(url, FORM, sign(url, FORM, "--sha256"), "HMAC_SHA256")


@pytest.mark.parametrize(
    "url, form, token",
    [
        ("https://voice.example.com/other", FORM, TOKEN),
        (URLS[0], {**FORM, "To": "+12025550199"}, TOKEN),
        (URLS[0], FORM, "54321"),
    ],
)
def test_another_url_form_or_token_is_not(url, form, token):
    assert not RequestValidator(TOKEN).validate(URLS[0], FORM, sign(url, form, token=token))
