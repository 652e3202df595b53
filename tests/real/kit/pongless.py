"""A proxy that passes everything on but the caller's pongs, as middleboxes do that take control frames for themselves."""

import socket
import threading

PONG = 0xA


class Pongless:
    """Listens on a free port of loopback and connects each caller to `port`."""

    def __init__(self, port):
        self.to = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                caller, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to))
            threading.Thread(target=_whole, args=(server, caller), daemon=True).start()
            threading.Thread(target=_without_pongs, args=(caller, server), daemon=True).start()


def _whole(source, sink):
    _pass(source, sink, lambda data: [data])


def _without_pongs(source, sink):
    buffer, upgraded = b"", False

    def filtered(data):
        nonlocal buffer, upgraded
        buffer += data
        if not upgraded:
            head, end, rest = buffer.partition(b"\r\n\r\n")
            if not end:
                return
            upgraded, buffer = True, rest
            yield head + end
        while (length := _length(buffer)) and len(buffer) >= length:
            frame, buffer = buffer[:length], buffer[length:]
            if frame[0] & 0x0F != PONG:
                yield frame

    _pass(source, sink, filtered)


def _length(buffer):
    """The length of the masked frame that `buffer` begins with (RFC 6455 section 5.2); 0 if that is not there yet."""
    if len(buffer) < 10:
        # Enough for any length but that of a short frame at the end of what came.
        short = buffer[1] & 0x7F if len(buffer) > 1 else 127
        return 2 + 4 + short if short < 126 else 0
    short = buffer[1] & 0x7F
    more = {126: 2, 127: 8}.get(short, 0)
    return 2 + more + 4 + (int.from_bytes(buffer[2 : 2 + more]) if more else short)


def _pass(source, sink, filtered):
    try:
        while data := source.recv(65536):
            for part in filtered(data):
                sink.sendall(part)
    except OSError:
        pass
    for end in (sink, source):
        try:
            end.shutdown(socket.SHUT_WR if end is sink else socket.SHUT_RD)
        except OSError:
            pass
