"""Sockets of this machine only."""

import socket
import sys

from local.errors import HostError


def bind(port: int) -> socket.socket:
    """A loopback socket on that port, or on a free one for 0. Raises HostError when it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform == "win32":  # which would let two processes share the port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise HostError(f"Port {port} of 127.0.0.1 cannot be used ({error}). Name another with --port.") from error
    return listener
