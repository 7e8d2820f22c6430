"""Certificates for a test: an authority, a server and a client, made by openssl."""

import subprocess
from pathlib import Path

from tests.support.mosquitto import find_executable

__all__ = ["make_certificates"]

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def make_certificates(folder: Path, host: str) -> Path:
    """ca.pem, and key and certificate of `server` (for `host`) and of `client`, in `folder`."""
    openssl = find_executable("openssl", "apt-get install openssl")
    folder.mkdir()

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    run("req", "-x509", *_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test authority")
    for name in ("server", "client"):
        run("req", *_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n", encoding="utf-8")
        signer = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
        out = ("-out", f"{name}.pem", "-days", "2", "-extfile", f"{name}.ext")
        run("x509", "-req", "-in", f"{name}.csr", *signer, *out)
    return folder
