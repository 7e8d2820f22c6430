"""How a broker is named."""

from pathlib import Path

import pytest

from device_sims.clients.endpoint import Endpoint, Tls, parse_broker

CA = Tls(Path("ca.pem"))


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("broker:1883", Endpoint("broker", 1883)),
        ("[::1]:1883", Endpoint("::1", 1883)),
        ("mqtt://broker", Endpoint("broker", 1883)),
        ("mqtt://broker:99/", Endpoint("broker", 99)),
        ("mqtts://broker", Endpoint("broker", 8883, tls=Tls())),
        ("mqtts://broker:99", Endpoint("broker", 99, tls=Tls())),
    ],
)
def test_urls(url: str, endpoint: Endpoint) -> None:
    assert parse_broker(url, tls=Tls()) == endpoint


def test_certificate_files_mean_tls() -> None:
    assert parse_broker("broker:8883", tls=CA).tls == CA
    assert parse_broker("mqtts://broker", tls=CA).tls == CA


def test_the_login_is_read_from_a_file_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n", encoding="utf-8")
    endpoint = parse_broker("broker:1883", "sims", tmp_path / "secret")
    assert (endpoint.username, endpoint.password) == ("sims", "s3cret")
    assert "s3cret" not in repr(endpoint) + str(endpoint)


@pytest.mark.parametrize(
    ("url", "tls", "why"),
    [
        ("broker", None, "write HOST:PORT"), ("http://broker:80", None, "write HOST:PORT"),
        (":1883", None, "write HOST:PORT"), ("broker:port", None, "is no broker"), ("", None, "write HOST:PORT"),
        ("mqtt://broker/topic", None, "write HOST:PORT"), ("mqtt://me:pw@broker", None, "by --username"),
        ("mqtt://broker", CA, "write mqtts"), ("mqtts://broker", Tls(key_file=Path("k")), "--cert-file"),
    ],
)  # fmt: skip
def test_what_is_no_broker_is_refused(url: str, tls: Tls | None, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_broker(url, tls=tls)


def test_files_that_are_no_certificates_are_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate", encoding="utf-8")
    for tls in (Tls(tmp_path / "ca.pem"), Tls(tmp_path / "absent.pem")):
        with pytest.raises(ValueError, match=r"can't be set up from .*\.pem"):
            tls.context()
