"""Sends frames at an interface: send_frames.py INTERFACE FILE, where each frame has its length before it (32 bits, the
low octet first)."""

import socket
import struct
import sys
import time

interface, path = sys.argv[1:]
sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sender.bind((interface, 0))
with open(path, "rb") as file:
    octets = file.read()
at = 0
while at < len(octets):
    (length,) = struct.unpack_from("<I", octets, at)
    sender.send(octets[at + 4 : at + 4 + length])
    at += 4 + length
    # Not faster than a mirror port's: what comes at once would not fit the queue of the machine.
    time.sleep(0.0001)
