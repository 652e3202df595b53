"""A test authority made with the openssl command line: a root, an intermediate, and leaves with every usual fault."""

import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

HOST = "voice.example.com"

# The policy under which public authorities issue domain-validated certificates (CA/Browser Forum baseline requirements, 7.1.6.1): the
# offline mark by which a missing intermediate is told from a private authority.
CABF_DOMAIN_VALIDATED = "2.23.140.1.2.1"

_CA_CONFIG = """\
[ca]
default_ca = test
[test]
database = {dir}/index.txt
new_certs_dir = {dir}
rand_serial = yes
default_md = sha256
unique_subject = no
policy = anything
[anything]
commonName = supplied
[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
"""

_CA_EXTENSIONS = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"


@dataclass(frozen=True)
class Certificate:
    name: str
    cert: Path
    key: Path


class Authority:
    """Everything that was issued, as files in one directory."""

    def __init__(self, directory):
        self.dir = Path(directory)
        self.dir.mkdir(parents=True)
        (self.dir / "index.txt").touch()
        (self.dir / "ca.cnf").write_text(_CA_CONFIG.format(dir=self.dir))
        self.root = self._issue("root", None, _CA_EXTENSIONS, subject="Sidetone Test Root")
        self.other_root = self._issue("other-root", None, _CA_EXTENSIONS, subject="Another Test Root")
        self.intermediate = self._issue("intermediate", self.root, _CA_EXTENSIONS, subject="Sidetone Test Intermediate")
        self.good = self.leaf("good")
        self.public_looking = self.leaf("public-looking", extra=f"certificatePolicies={CABF_DOMAIN_VALIDATED}\n")
        self.expired = self.leaf("expired", starts=-60, ends=-30)
        self.not_yet_valid = self.leaf("not-yet-valid", starts=30, ends=60)
        self.wrong_name = self.leaf("wrong-name", names=("other.example.com",))
        self.for_clients_only = self.leaf("for-clients-only", usage="clientAuth")
        self.self_signed = self._issue("self-signed", None, f"subjectAltName=DNS:{HOST}\n", subject=HOST)
        self.client = self.leaf("client", usage="clientAuth", names=("client.example.com",))
        self.foreign_client = self.leaf("foreign-client", usage="clientAuth", names=("client.example.com",), issuer=self.other_root)

    def leaf(self, name, names=(HOST,), usage="serverAuth", extra="", starts=-1, ends=30, issuer=None):
        """A certificate of the intermediate; `starts` and `ends` in days from now."""
        alternative = ",".join(f"DNS:{name}" for name in names)
        extensions = f"basicConstraints=CA:FALSE\nextendedKeyUsage={usage}\nsubjectAltName={alternative}\n{extra}"
        return self._issue(name, issuer or self.intermediate, extensions, starts=starts, ends=ends, subject=names[0])

    def chain(self, *certificates):
        """A file with these certificates, as a server sends them."""
        path = self.dir / ("+".join(certificate.name for certificate in certificates) + ".pem")
        path.write_text("".join(certificate.cert.read_text() for certificate in certificates))
        return path

    def bundle(self, leaf, *chain):
        """Chain and key in one file, as HAProxy wants them."""
        path = self.dir / f"{leaf.name}.bundle.pem"
        path.write_text(self.chain(leaf, *chain).read_text() + leaf.key.read_text())
        return path

    def _issue(self, name, issuer, extensions, subject, starts=-1, ends=30):
        certificate = Certificate(name, self.dir / f"{name}.pem", self.dir / f"{name}.key")
        request, ext = self.dir / f"{name}.csr", self.dir / f"{name}.ext"
        ext.write_text(extensions)
        config = ("-config", self.dir / "ca.cnf")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", certificate.key)
        self._openssl("req", *config, "-new", *key, "-subj", f"/CN={subject}", "-out", request)
        signer = ("-cert", issuer.cert, "-keyfile", issuer.key) if issuer else ("-selfsign", "-keyfile", certificate.key)
        validity = ("-startdate", _date(starts), "-enddate", _date(ends))
        files = ("-in", request, "-extfile", ext, "-out", certificate.cert)
        self._openssl("ca", *config, "-batch", "-notext", *signer, *validity, *files)
        return certificate

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {arguments[0]} failed:\n{done.stderr}")


def _date(days):
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")
