"""Carries octets between two ends of a connection, past an authenticating end where there is one."""

import socket
import threading


def pump(source, sink, end, outward):
    """Carries octets one way until either end closes."""
    try:
        while octets := source.recv(4096):
            if end is None:
                sink.sendall(octets)
                continue
            passed, answers = end.hear(octets, outward)
            if answers:
                source.sendall(answers)
            if passed:
                sink.sendall(passed)
    except OSError:
        pass
    shut(source)
    shut(sink)


def carry(front, back, end, front_speaks_outward):
    """Carries octets both ways until either end closes."""
    there = threading.Thread(target=pump, args=(front, back, end, front_speaks_outward), daemon=True)
    there.start()
    pump(back, front, end, not front_speaks_outward)
    there.join()


def at_once(line):
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def shut(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
