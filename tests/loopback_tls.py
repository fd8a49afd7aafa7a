"""TLS on 127.0.0.1 for the servers of tests, each under an authority of its own."""

import ssl
from pathlib import Path

import trustme
from aiohttp import web


def tls_below(authority_file: Path) -> ssl.SSLContext:
    """What a server on 127.0.0.1 shows; who trusts the authority written to `authority_file` (PEM) trusts it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(authority_file))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.issue_cert("127.0.0.1")
    certificate.configure_cert(tls)  # pyright: ignore[reportUnknownMemberType] (its type for pyOpenSSL is unknown)
    return tls


async def serve(app: web.Application, authority_file: Path) -> tuple[web.AppRunner, str]:
    """Serve `app` over TLS on a free port of 127.0.0.1: its runner, whose `cleanup` ends it, and HOST:PORT."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls_below(authority_file)).start()
    return runner, f"127.0.0.1:{runner.addresses[0][1]}"
