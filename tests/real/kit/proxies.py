"""nginx, HAProxy and Apache httpd, each with one configuration file that has a place for every case."""

import base64
import hashlib
import os
import re
import socket
from pathlib import Path
from types import SimpleNamespace

from .process import Server, free_port

TEMPLATES = Path(__file__).parent.parent / "servers" / "proxies"
APACHE_MODULES = Path("/usr/lib/apache2/modules")

_UPGRADE = """\
proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection $connection_upgrade;
"""

_FAULTY = """\
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {chain};
        ssl_certificate_key {key};
    }}
"""

_ERRORFILE = "HTTP/1.0 503 Service Unavailable\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n<h1>No line is free</h1>\n"

USER, PASSWORD = "caller", "not-a-real-password"


class Silent:
    """A listener that takes connections (in its backlog) and never says anything."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]

    def close(self):
        self.socket.close()


def start_nginx(directory, pki, backends):
    """`backends` has the ports `backend`, `alone`, `uvicorn`, `silent` and `dead`. Returns the server with its `ports`."""
    faulty = {
        "leaf_only": pki.chain(pki.good),
        "public_leaf_only": pki.chain(pki.public_looking),
        "with_root": pki.chain(pki.good, pki.intermediate, pki.root),
        "expired": pki.chain(pki.expired, pki.intermediate),
        "not_yet_valid": pki.chain(pki.not_yet_valid, pki.intermediate),
        "wrong_name": pki.chain(pki.wrong_name, pki.intermediate),
        "wrong_purpose": pki.chain(pki.for_clients_only, pki.intermediate),
        "self_signed": pki.chain(pki.self_signed),
    }
    keys = {"leaf_only": pki.good, "public_leaf_only": pki.public_looking, "with_root": pki.good, "wrong_purpose": pki.for_clients_only}
    named = ("plain", "tls", "tls12", "tls11", "old_ciphers", "sni", "mutual", "http2")
    ports = {name: free_port() for name in (*named, *faulty)}
    blocks = [
        _FAULTY.format(port=ports[name], chain=chain, key=(keys.get(name) or getattr(pki, name)).key)
        for name, chain in faulty.items()
    ]
    (directory / "upgrade.conf").write_text(_UPGRADE)
    site = directory / "site"
    site.mkdir()
    (site / "index.html").write_text('<!doctype html><div id="root"></div>\n')
    htpasswd = directory / "htpasswd"
    digest = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
    htpasswd.write_text(f"{USER}:{{SHA}}{digest}\n")
    values = {
        **ports,
        **backends,
        "dir": directory,
        "site": site,
        "htpasswd": htpasswd,
        "user_line": "user root;" if os.geteuid() == 0 else "",
        "good_chain": pki.chain(pki.good, pki.intermediate),
        "good_key": pki.good.key,
        "root": pki.root.cert,
        "faulty_servers": "".join(blocks),
    }
    server = Server("nginx", ["nginx", "-p", directory, "-c", fill("nginx.conf", directory, values)], directory)
    return ready(server, ports)


def start_haproxy(directory, pki, backends):
    names = "good good_tls short short_tls errorfile no_backend no_server limited rejected slow mutual mutual12 http2 tcp_dead tcp_good"
    ports = {name: free_port() for name in names.split()}
    (directory / "503.http").write_bytes(_ERRORFILE.encode())
    bundle = pki.bundle(pki.good, pki.intermediate)
    authorities = pki.chain(pki.root, pki.intermediate)
    values = {**ports, **backends, "dir": directory, "bundle": bundle, "root": authorities}
    server = Server("haproxy", ["haproxy", "-db", "-f", fill("haproxy.cfg", directory, values)], directory)
    return ready(server, ports)


def start_apache(directory, backends, *modules):
    """`modules` are the ones to load beside mod_proxy: `http` and `wstunnel`."""
    name = "-".join(["apache", *modules])
    directory = directory / name
    (directory / "site").mkdir(parents=True)
    ports = {name: free_port() for name in ("upgrade", "plain", "tunnel", "impatient", "dead_backend")}
    user_line = "User daemon\nGroup daemon" if os.geteuid() == 0 else ""
    values = {**ports, **backends, "dir": directory, "site": directory / "site", "modules": APACHE_MODULES, "user_line": user_line}
    config = fill("apache.conf", directory, values)
    switches = [part for module in modules for part in ("-D", module)]
    server = Server(name, ["apache2", "-d", directory, "-f", config, *switches, "-DFOREGROUND"], directory)
    return ready(server, ports)


def fill(template, directory, values):
    """Writes the template with its @names@ filled in, and returns the file."""
    text = re.sub(r"@(\w+)@", lambda match: str(values[match[1]]), (TEMPLATES / template).read_text())
    path = directory / template
    path.write_text(text)
    return path


def ready(server, ports):
    """Waits until every port takes connections."""
    for port in ports.values():
        server.wait_listening(port)
    server.ports = SimpleNamespace(**ports)
    return server
