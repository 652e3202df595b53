"""From a webhook to the stream: servers that validate our request and render their answer with the providers' own packages, behind nginx."""

import json

import pytest

from kit.pki import HOST
from kit.process import free_port
from kit.proxies import Silent
from kit.webhooks import Ringing, start_proxy
from servers.documents import PARAMETERS, TROUBLESOME

TOKEN = {"TWILIO_AUTH_TOKEN": "12345", "TWILIO_SHARED_KEY": "shared-secret", "TWILIO_SHARED_KEY_ID": "webhooks_sharedkey_1"}
ANOTHER = {**TOKEN, "TWILIO_AUTH_TOKEN": "54321"}
SETTINGS = {**TOKEN, "PUBLIC_URL": f"https://{HOST}"}
SIGNED = ("--auth-token-env", "TWILIO_AUTH_TOKEN")
SHARED_KEY = ("--auth-token-env", "TWILIO_SHARED_KEY", "--set", f"webhook.key_id={TOKEN['TWILIO_SHARED_KEY_ID']}")


@pytest.fixture(scope="module")
def fastapi(start_python):
    with start_python("twilio_webhook.py", env=TOKEN) as server:
        yield server


@pytest.fixture(scope="module")
def express(start_node):
    with start_node("twilio_webhook.js", name="express", env=SETTINGS) as server:
        yield server


@pytest.fixture(scope="module")
def express_trusting(start_node):
    with start_node("twilio_webhook.js", "trust", name="express-trusting", env=SETTINGS) as server:
        yield server


@pytest.fixture(scope="module")
def proxy(run_dir, pki, fastapi, express, express_trusting):
    directory = run_dir / "nginx-webhooks"
    directory.mkdir()
    backends = {"fastapi": fastapi.port, "express": express.port, "express_trusting": express_trusting.port}
    silent = Silent()
    with start_proxy(directory, pki, {**backends, "silent": silent.port, "dead": free_port()}) as server:
        yield server
    silent.close()


@pytest.fixture
def ring(sidetone, pki, proxy, fastapi):
    """Rings at the FastAPI server through one of the proxy's ports, signed unless other options are given."""

    def one(port, path, *settings, server=fastapi, dialect="twilio", options=SIGNED, env=TOKEN, **more):
        place = getattr(proxy.ports, port)
        return Ringing(sidetone, server, place, path, dialect, *settings, pki=pki, options=options, env=env, **more)

    return one


# --- FastAPI with the `twilio` package ---


def test_a_call_from_the_webhook_to_the_stream(ring):
    done = ring("good", "/voice/public/connect")
    done.report.succeeds(status=101)
    asked, told = done.event("webhook"), done.event("start")
    assert asked["form"]["CallSid"] == told["call"], "the call of the webhook is that of the stream"
    assert asked["form"]["CallStatus"] == "ringing" and asked["form"]["From"].startswith("+1")
    assert told["parameters"] == {"agent": TROUBLESOME}
    assert told["url"] == f"wss://{HOST}/media/connect/{done.case}" == done.report.json["target"]
    webhook = done.webhook
    assert (webhook["status"], webhook["method"], webhook["provider"], webhook["lint"]) == (200, "POST", "twilio", [])
    stream = webhook["stream"]
    assert (stream["url"], stream["line"], stream["verb"], stream["parameters"]) == (told["url"], 1, "connect_stream", ["agent"])
    assert done.report.json["phases"]["webhook"] > 0


@pytest.mark.parametrize(
    "settings, options",
    [((), SIGNED), (["webhook.content=json"], SIGNED), ((), SHARED_KEY), (["webhook.content=json"], SHARED_KEY)],
    ids=["form", "JSON", "form, shared key", "JSON, shared key"],
)
def test_our_signature_is_accepted(ring, settings, options):
    done = ring("good", "/voice/public/connect", *settings, options=options)
    done.report.succeeds()
    headers = done.event("webhook")["headers"]
    assert headers["content-type"] == ("application/json" if settings else "application/x-www-form-urlencoded")


def test_a_signature_over_our_own_parameters(ring):
    own = "webhook.parameters={From='+12025550123', CallerName=\"Zoë & Sons = Co\", Caller=''}"
    done = ring("good", "/voice/public/connect", own)
    done.report.succeeds()
    form = done.event("webhook")["form"]
    assert (form["From"], form["CallerName"]) == ("+12025550123", "Zoë & Sons = Co") and "Caller" not in form


@pytest.mark.parametrize(
    "options, env",
    [(SIGNED, ANOTHER), ((), TOKEN), (SHARED_KEY, {**TOKEN, "TWILIO_SHARED_KEY": "another"})],
    ids=["another token", "none", "another key"],
)
def test_a_wrong_signature_is_refused(ring, options, env):
    done = ring("good", "/voice/public/connect", options=options, env=env)
    done.report.fails("webhook_forbidden", "webhook")
    assert done.webhook["status"] == 403 and done.webhook["stream"] is None
    assert "the signature does not hold" in done.webhook["body"]
    assert done.event("refused") and not done.events("start")


def test_start_stream(ring):
    """A copy of the audio: the server only listens."""
    done = ring("good", "/voice/public/start")
    done.report.succeeds()
    assert done.event("start")["parameters"] == {"agent": TROUBLESOME}
    assert (done.webhook["stream"]["verb"], done.webhook["stream"]["track"]) == ("start_stream", "inbound_track")


def test_start_stream_and_nothing_after_it(ring):
    done = ring("good", "/voice/public/last")
    done.report.succeeds(warnings=["call_ends_at_once"])
    assert done.lint == {"call_ends_at_once": (1, False)}


def test_conversation_relay(ring):
    done = ring("good", "/voice/public/relay", dialect="conversation-relay")
    done.report.succeeds()
    assert done.event("start")["parameters"] == {"agent": TROUBLESOME}
    assert done.webhook["stream"]["verb"] == "conversation_relay"


def test_another_dialect_than_the_documents(ring):
    done = ring("good", "/voice/public/relay")
    assert "dialect_differs" in done.lint


# --- PUBLIC_URL is not set, and the server builds the stream's URL from the request ---


def test_the_stream_from_the_request_where_the_proxy_says_what_it_was(ring):
    """The same code that fails below."""
    for base in ("host", "url"):
        done = ring("good", f"/voice/{base}/connect")
        done.report.succeeds()
        assert done.webhook["lint"] == []


def test_the_scheme_from_a_proxy_that_does_not_say_it(ring):
    done = ring("no_scheme", "/unsigned/url/connect")
    done.report.fails("webhook_url_invalid", "webhook")
    assert done.lint == {"scheme_not_wss": (1, True)}
    (said,) = done.webhook["lint"]
    assert said["provider_code"] == "Twilio 31922" and f"ws://{HOST}/" in said["says"] and "wss://" in said["fix"], said
    assert not done.events("start")


def test_the_backends_address_for_the_host(ring):
    done = ring("no_host", "/unsigned/host/connect")
    done.report.fails("webhook_url_private", "webhook")
    assert done.lint["host_private"] == (1, True) and "127.0.0.1" in done.webhook["lint"][0]["says"]
    assert not done.events("start")


def test_the_backends_address_is_dialled_where_the_user_allows_it(ring):
    done = ring("no_host", "/unsigned/host/connect", options=("--allow-private",))
    done.report.fails("tls_hostname_mismatch", "tls")
    assert done.lint == {"host_differs": (1, False)}


def test_everything_on_this_machine(sidetone, fastapi):
    """As it is tried out first: the webhook's own host may be private, and Telnyx dials `ws://`."""
    webhook = f"http://127.0.0.1:{fastapi.port}/unsigned/url/connect/local"
    report = sidetone.probe(f"--webhook={webhook}", "--dialect", "telnyx", hold="100ms")
    report.succeeds(status=101)
    assert fastapi.wait_event("start", case="local")["parameters"] == {"agent": TROUBLESOME}


def test_the_backends_name_for_the_host(ring):
    """The provider dials it all the same, and meets a certificate for the public name."""
    done = ring("inner_name", "/unsigned/url/connect")
    done.report.fails("tls_hostname_mismatch", "tls")
    assert done.lint == {"host_differs": (1, False)} and "host_differs" in done.report.warnings
    (said,) = done.webhook["lint"]
    assert "app-7f3k.example.net" in said["says"] and "PUBLIC_URL" in said["fix"], said
    assert done.report.json["target"].startswith("wss://app-7f3k.example.net/")


def test_the_backends_name_is_expected(ring):
    """`expect_host`: the stream is at another host on purpose."""
    done = ring("inner_name", "/unsigned/url/connect", options=("--expect-host", "app-7f3k.example.net"))
    done.report.fails("tls_hostname_mismatch", "tls")
    assert done.webhook["lint"] == []


def test_a_slash_at_the_end_of_the_setting(ring):
    done = ring("good", "/voice/slash/connect")
    done.report.fails("http_403", "upgrade", status=403)
    assert done.lint == {"path_double_slash": (1, False)} and "path_double_slash" in done.report.warnings


def test_the_settings_own_scheme(ring):
    done = ring("good", "/voice/https/connect")
    done.report.fails("webhook_url_invalid", "webhook")
    assert done.lint == {"scheme_not_websocket": (1, True)} and done.webhook["lint"][0]["provider_code"] == "Twilio 31922"


def test_a_setting_that_nobody_set(ring, express_trusting):
    done = ring("trusting", "/voice/unset", server=express_trusting)
    done.report.fails("webhook_url_invalid", "webhook")
    assert done.lint["placeholder_in_host"] == (1, True) and "wss://undefined/" in done.webhook["lint"][0]["says"]


# --- the proxy that rebuilds http:// ---


def test_a_validator_behind_a_proxy_that_rebuilds_http(ring):
    done = ring("no_scheme", "/voice/public/connect")
    done.report.fails("webhook_forbidden", "webhook", owner="credentials")
    assert done.event("refused")["url"] == f"http://{HOST}/voice/public/connect/{done.case}"


def test_express_that_does_not_trust_its_proxy(ring, express):
    done = ring("untrusting", "/voice/public", server=express)
    done.report.fails("webhook_forbidden", "webhook")
    assert done.event("webhook")["url"].startswith("http://") and "Twilio Request Validation Failed." in done.webhook["body"]


@pytest.mark.parametrize("base", ["public", "request"])
@pytest.mark.parametrize("settings", [(), ["webhook.content=json"]], ids=["form", "JSON"])
def test_express_that_trusts_its_proxy(ring, express_trusting, base, settings):
    done = ring("trusting", f"/voice/{base}", *settings, server=express_trusting)
    done.report.succeeds()
    assert done.event("start")["parameters"] == {"agent": TROUBLESOME, "caller": "+12025550100"}
    assert done.webhook["lint"] == [] and done.event("webhook")["url"].startswith("https://")


@pytest.mark.parametrize("options, env, status, reason", [(SIGNED, ANOTHER, 403, "webhook_forbidden"), ((), TOKEN, 400, "webhook_rejected")])
def test_express_refuses(ring, express_trusting, options, env, status, reason):
    """Without a signature the package answers 400."""
    done = ring("trusting", "/voice/public", server=express_trusting, options=options, env=env)
    done.report.fails(reason, "webhook")
    assert done.webhook["status"] == status and not done.events("start")


# --- the token that is only valid after the webhook ---


def test_a_token_that_the_webhook_mints(ring):
    for _ in range(2):
        done = ring("good", "/voice/public/token")
        done.report.succeeds()
        assert done.webhook["stream"]["parameters"] == ["agent", "token"]
        assert done.event("start")["parameters"]["token"] not in json.dumps(done.report.json), "a value is nobody's business"


def test_the_stream_alone_has_no_such_token(sidetone, proxy, pki, fastapi, ring):
    """A probe of the stream alone fails although the server is well; a token works once."""
    used = ring("good", "/voice/public/token").event("start")["parameters"]["token"]
    where = ("--connect-to", f"127.0.0.1:{proxy.ports.good}", "--ca-file", pki.root.cert)
    for parameters in ("", f"token='{used}'"):
        url = f"wss://{HOST}/media/token/alone"
        report = sidetone.probe(url, "--dialect", "twilio", *where, "--set", f"call.parameters={{{parameters}}}", hold="5s")
        report.fails("closed_by_server", "hold", close=(1008, "server", "close_frame"))
        assert report.json["close"]["reason"] == "this token is not known"


# --- second ways ---


@pytest.mark.parametrize("shape, finding", [("connect", "fault_before_origin"), ("token", "fault_before_origin")])
def test_the_proxy_drops_the_upgrade_and_the_origin_takes_it(ring, fastapi, shape, finding):
    """The parameters of the webhook go to the origin as well."""
    done = ring("no_upgrade", f"/voice/public/{shape}", f"origin.url=ws://127.0.0.1:{fastapi.port}/media/{shape}/origin")
    done.report.fails("http_404", "upgrade", status=404)
    assert done.proven == [finding] and done.report.json["comparison"]["origin"]["outcome"] == "success"


def test_nothing_listens_at_the_origin(ring):
    done = ring("no_upgrade", "/voice/public/connect", f"origin.url=ws://127.0.0.1:{free_port()}/media")
    done.report.fails("http_404", "upgrade")
    assert done.proven == ["fault_behind_origin"] and done.report.json["comparison"]["origin"]["reason"] == "tcp_refused"


def test_the_origin_turns_the_caller_away(ring, fastapi):
    """Where a webhook vouches for callers, a 403 proves nothing about the server."""
    done = ring("no_upgrade", "/voice/public/connect", f"origin.url=ws://127.0.0.1:{fastapi.port}/other")
    done.report.fails("http_404", "upgrade")
    assert done.proven == [] and done.report.json["comparison"]["origin"]["reason"] == "http_403"


@pytest.mark.parametrize("secret, finding, reason", [("TWILIO_AUTH_TOKEN", "fallback_works", None), ("WRONG", "fallback_fails", "webhook_forbidden")])
def test_the_traditional_webhook(ring, proxy, secret, finding, reason):
    where = f"connect_to='127.0.0.1:{proxy.ports.good}', auth_token_env='{secret}'"
    fallback = f"fallback={{url='https://{HOST}/traditional', {where}}}"
    done = ring("no_upgrade", "/voice/public/connect", fallback, env={**TOKEN, "WRONG": "54321"})
    done.report.fails("http_404", "upgrade")
    assert done.proven == [finding] and done.report.json["comparison"]["fallback"]["reason"] == reason


# --- redirects ---


def test_a_redirect_to_https_is_not_followed(ring):
    done = ring("plain", "/voice/public/connect", base=f"http://{HOST}")
    done.report.fails("webhook_redirected", "webhook")
    assert done.webhook["status"] == 301 and not done.events("webhook")
    assert f"https://{HOST}/voice/public/connect/{done.case}" in json.dumps(done.webhook)


def test_a_slash_too_many(ring, sidetone, pki, proxy, fastapi):
    """Starlette redirects to the path without it, with 307."""
    done = ring("good", "/voice/public/connect", "webhook.url=https://voice.example.com/voice/public/connect/slash/")
    done.report.fails("webhook_redirected", "webhook")
    assert done.webhook["status"] == 307 and not fastapi.events("webhook", case="slash")


# --- what else a webhook answers ---

ANSWERS = {
    "no such path": ("good", "/voic", (), 404, "webhook_not_found", {}),
    "a route for POST alone": ("good", "/voice/public/connect", ("webhook.method=GET",), 405, "webhook_method_not_allowed", {}),
    "an exception": ("good", "/raises", (), 500, "webhook_server_error", {}),
    "a text in FastAPI": ("good", "/text", (), 200, "webhook_unreadable", {"content_type_wrong", "answer_in_quotes"}),
    "too late": ("good", "/slow", ("webhook.timeout=300ms",), None, "webhook_timeout", {}),
    "no backend": ("good", "/dead", (), 502, "webhook_bad_gateway", {}),
    "a backend that is silent": ("good", "/silent", (), 504, "webhook_bad_gateway", {}),
    "nginx's 444": ("good", "/nowhere", (), None, "webhook_closed", {}),
    "a static site": ("good", "/site", (), 405, "webhook_method_not_allowed", {}),
    "a page": ("good", "/page", (), 200, "webhook_unreadable", {"answer_is_html"}),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_another_answer(ring, name):
    port, path, settings, status, reason, lint = ANSWERS[name]
    done = ring(port, path, *settings)
    done.report.fails(reason, "webhook")
    assert done.webhook["status"] == status and done.webhook["stream"] is None
    assert set(done.lint) <= set(lint) and bool(done.lint) == bool(lint), done.lint


def test_no_connection_to_the_webhook(ring, sidetone, pki, proxy, fastapi):
    """Nothing listens, an authority that is not trusted, TLS where there is none and none where there is."""
    dead = Ringing(sidetone, fastapi, free_port(), "/voice/public/connect", "twilio", pki=pki)
    dead.report.fails("webhook_refused", "webhook")
    foreign = ring("good", "/voice/public/connect", roots=pki.other_root)
    foreign.report.fails("webhook_tls_failed", "webhook")
    assert foreign.webhook["certificates"], "what was sent is in the report"
    ring("plain", "/voice/public/connect").report.fails("webhook_not_http", "webhook")
    wrong = ring("good", "/voice/public/connect", base=f"http://{HOST}")
    wrong.report.fails("webhook_not_http", "webhook")
    assert wrong.webhook["status"] == 400


# --- the other providers' packages ---

SECRETS = {
    **TOKEN,
    "PLIVO_AUTH_TOKEN": "plivo-token",
    "VONAGE_SIGNATURE_SECRET": "a-signature-secret-of-32-letters",
    "SIGNALWIRE_SIGNING_KEY": "PSK_signing",
    "BANDWIDTH_PASSWORD": "not-a-real-password",
}
BASIC = ("webhook.basic_auth={username='bandwidth', password_env='BANDWIDTH_PASSWORD'}",)
TOKENS = {"plivo": "PLIVO_AUTH_TOKEN", "vonage": "VONAGE_SIGNATURE_SECRET", "signalwire": "SIGNALWIRE_SIGNING_KEY"}


@pytest.fixture(scope="module")
def providers(start_python, pki):
    files = (pki.chain(pki.good, pki.intermediate), pki.good.key)
    with start_python("provider_webhooks.py", *files, env=SECRETS) as server:
        yield server


@pytest.fixture
def ring_provider(sidetone, pki, providers):
    def one(provider, *settings, env=SECRETS, signed=True, **more):
        options = ("--auth-token-env", TOKENS[provider]) if signed and provider in TOKENS else ()
        return Ringing(sidetone, providers, providers.port, f"/{provider}", provider, *settings, pki=pki, options=options, env=env, **more)

    return one


def told_parameters(provider, hello):
    """The document's parameters, where the provider puts them."""
    if provider == "plivo":
        return dict(pair.split("=") for pair in hello["extra_headers"].split(";" if ";" in hello["extra_headers"] else ","))
    if provider == "vonage":
        return {name: value for name, value in hello.items() if name not in ("event", "content-type")}
    if provider == "bandwidth":
        return hello["streamParams"]
    return hello["start"]["custom_parameters" if provider == "telnyx" else "customParameters"]


DOCUMENTS = {
    "plivo": ("POST", "plivo_stream", 3, ()),
    "vonage": ("GET", "ncco", 1, ()),
    "bandwidth": ("POST", "bandwidth_start_stream", 2, BASIC),
    "signalwire": ("POST", "connect_stream", 1, ()),
    "telnyx": ("POST", "connect_stream", 1, ()),
}


@pytest.mark.parametrize("provider", DOCUMENTS)
def test_the_packages_document_leads_to_the_stream(ring_provider, provider):
    method, verb, line, settings = DOCUMENTS[provider]
    done = ring_provider(provider, *settings)
    done.report.succeeds(status=101)
    stream = done.webhook["stream"]
    assert (done.webhook["method"], done.webhook["lint"], stream["verb"], stream["line"]) == (method, [], verb, line)
    assert stream["parameters"] == list(PARAMETERS)
    assert told_parameters(provider, done.event("hello")["hello"]) == PARAMETERS, done.event("hello")


def test_the_document_decides_on_the_format(ring_provider):
    """Plivo's says linear audio at 16 kHz, Vonage's 8 kHz: neither is the dialect's default."""
    assert ring_provider("plivo").event("hello")["hello"]["start"]["mediaFormat"] == {"encoding": "audio/x-l16", "sampleRate": 16000}
    assert ring_provider("vonage").event("hello")["hello"]["content-type"] == "audio/l16;rate=8000"


def test_the_documents_user_name_and_password(ring_provider):
    """Bandwidth's `destinationUsername` and `destinationPassword`."""
    assert ring_provider("bandwidth", *BASIC).event("hello")["authorization"].startswith("Basic ")


@pytest.mark.parametrize("provider, method", [("plivo", "GET"), ("vonage", "POST")])
def test_our_signature_of_the_other_method_is_accepted(ring_provider, provider, method):
    done = ring_provider(provider, f"webhook.method={method}")
    done.report.succeeds()
    assert done.event("webhook")["method"] == method


@pytest.mark.parametrize("provider", TOKENS)
def test_a_port_in_the_webhooks_url(ring_provider, provider):
    """It is signed, and stays in the header Host though another one is dialled."""
    done = ring_provider(provider, base=f"https://{HOST}:8443")
    done.report.succeeds(warnings=["port_unusual"])
    assert done.event("webhook")["url"].startswith(f"https://{HOST}:8443/")


@pytest.mark.parametrize("provider", TOKENS)
@pytest.mark.parametrize("signed", [True, False], ids=["another secret", "none"])
def test_the_package_refuses(ring_provider, provider, signed):
    env = {**SECRETS, TOKENS[provider]: "another-secret-that-has-32-chars"}
    done = ring_provider(provider, env=env, signed=signed)
    done.report.fails("webhook_forbidden", "webhook")
    assert done.event("webhook")["valid"] is False and not done.events("hello")


def test_a_webhook_without_its_password(ring_provider):
    done = ring_provider("bandwidth")
    done.report.fails("webhook_forbidden", "webhook")
    assert done.webhook["status"] == 401
