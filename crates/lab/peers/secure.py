"""Secure authentication between a master and an outstation whose implementation has none in its Python package.

Both ends sit between opendnp3 and the network. The outstation's end holds a critical request back, challenges it
(g120v1 in an authentication response) and passes it on when the reply (g120v2) carries the right HMAC; the master's
end answers challenges. Session keys are agreed at the start of a connection as the standard's figures show, with the
update key as both know it; the key wrap is a digest here and no AES, which nobody on the wire can tell.
"""

import hashlib
import hmac
import random
import struct

# What the standard wants challenged; the rest is each site's choice, and this one's is to challenge no more.
CRITICAL = {2, 3, 4, 5, 6, 13, 14, 16, 17, 18, 19, 20, 21, 24, 25, 26, 27, 28, 29, 30, 31}
RESPONSE, REQUEST = 131, 32
USER = 1
KEY = b"the update key of both ends"


def checksum(octets):
    value = 0
    for octet in octets:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ 0xA6BC if value & 1 else value >> 1
    return struct.pack("<H", value ^ 0xFFFF)


def framed(control, destination, source, segment, fragment):
    """A fragment in link frames; its transport segments are numbered from `segment` on."""
    parts = [fragment[at : at + 249] for at in range(0, len(fragment), 249)]
    out = b""
    for nth, part in enumerate(parts):
        header = (0x80 if nth == len(parts) - 1 else 0) | (0x40 if nth == 0 else 0) | (segment + nth) & 0x3F
        data = bytes([header]) + part
        link = struct.pack("<BBBBHH", 5, 0x64, len(data) + 5, control, destination, source)
        out += link + checksum(link)
        for at in range(0, len(data), 16):
            out += data[at : at + 16] + checksum(data[at : at + 16])
    return out


def free_form(variation, body):
    """One object with a free-format header."""
    return struct.pack("<BBBBH", 120, variation, 0x5B, 1, len(body)) + body


class Frames:
    """Splits a stream into link frames; each comes with its application fragment when it is one whole fragment."""

    def __init__(self):
        self.rest = b""

    def split(self, octets):
        self.rest += octets
        while len(self.rest) >= 10 and self.rest[:2] == b"\x05\x64":
            data = self.rest[2] - 5
            length = 10 + data + 2 * ((data + 15) // 16)
            if len(self.rest) < length:
                return
            frame, self.rest = self.rest[:length], self.rest[length:]
            blocks = [frame[at : at + 18][:-2] for at in range(10, length, 18)]
            text = b"".join(blocks)
            whole = bool(text) and text[0] & 0xC0 == 0xC0
            yield frame, text[1:] if whole else None


class End:
    """What both ends share: the other's frames pass unless they are authentication."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.inward, self.outward = Frames(), Frames()
        self.segment = self.rng.randrange(64)
        self.number = 0
        self.counter = 0
        self.addresses = (0, 0)

    def say(self, control, application, function, objects):
        indications = b"\0\0" if function == RESPONSE else b""
        fragment = bytes([application, function]) + indications + objects
        self.segment = self.segment + 1 & 0x3F
        return framed(control, *self.addresses, self.segment, fragment)

    def digest(self, *parts):
        return hmac.new(KEY, b"".join(parts), hashlib.sha256).digest()[:16]


class Challenger(End):
    """The outstation's end."""

    def __init__(self, challenging, seed):
        super().__init__(seed)
        self.challenging, self.held, self.challenge = challenging, None, b""

    def hear(self, octets, outward):
        """What passes on, and what is said to who spoke."""
        if outward:
            return octets, b""
        passed, answers = b"", b""
        for frame, fragment in self.inward.split(octets):
            if fragment is None or len(fragment) < 2:
                passed += frame
                continue
            source, destination = struct.unpack("<HH", frame[4:8])[::-1]
            self.addresses = (source, destination)
            number = fragment[0] & 0x0F
            if fragment[1] == REQUEST:
                answers_now, passed_now = self.authentication(fragment, number)
                answers += answers_now
                passed += passed_now
            elif fragment[1] in CRITICAL and self.challenging():
                self.held = frame
                self.counter += 1
                self.challenge = self.rng.randbytes(4)
                body = struct.pack("<IHBB", self.counter, USER, 4, 1) + self.challenge
                answers += self.say(0x44, 0xC0 | number, RESPONSE, free_form(1, body))
            else:
                passed += frame
        return passed, answers

    def authentication(self, fragment, number):
        variation = fragment[3]
        if variation == 4:
            body = struct.pack("<IHBBBH", 1, USER, 2, 1, 4, 4) + self.rng.randbytes(4)
            return self.say(0x44, 0xC0 | number, RESPONSE, free_form(5, body)), b""
        if variation == 6:
            body = struct.pack("<IHBBBH", 2, USER, 2, 1, 4, 4) + self.rng.randbytes(4) + self.digest(b"keys")
            return self.say(0x44, 0xC0 | number, RESPONSE, free_form(5, body)), b""
        if variation == 2 and self.held and fragment[-16:] == self.digest(self.challenge, self.held):
            held, self.held = self.held, None
            return b"", held
        return b"", b""


class Replier(End):
    """The master's end: agrees on keys at first, then answers challenges."""

    def __init__(self, seed):
        super().__init__(seed)
        self.asked, self.waiting, self.last = {}, [], {}

    def hear(self, octets, outward):
        """`outward` from the master to the network."""
        passed, answers = b"", b""
        if outward:
            for frame, fragment in self.outward.split(octets):
                destination, source = struct.unpack("<HH", frame[4:8])
                if destination not in self.asked:
                    # The status of the keys is asked for first; what the master wants waits for the answer.
                    self.asked[destination] = False
                    self.addresses = (destination, source)
                    passed += self.say(0xC4, 0xC0, REQUEST, b"\x78\x04\x07\x01" + struct.pack("<H", USER))
                if fragment and len(fragment) > 1 and fragment[1] in CRITICAL:
                    self.last[destination] = frame
                if self.asked[destination]:
                    passed += frame
                else:
                    self.waiting.append(frame)
            return passed, answers
        for frame, fragment in self.inward.split(octets):
            if not fragment or len(fragment) < 2 or fragment[1] != RESPONSE:
                passed += frame
                continue
            destination, source = struct.unpack("<HH", frame[4:8])
            self.addresses = (source, destination)
            number, variation = fragment[0] & 0x0F, fragment[5]
            body = fragment[10:]
            if variation == 1:
                counter = body[:4]
                reply = counter + struct.pack("<H", USER) + self.digest(body[8:12], self.last[source])
                answers += self.say(0xC4, 0xC0 | number, REQUEST, free_form(2, reply))
            elif variation == 5 and not self.asked[source]:
                if body[:4] == b"\x01\0\0\0":
                    wrapped = body[:4] + struct.pack("<H", USER) + self.digest(b"keys") + self.digest(b"more")
                    answers += self.say(0xC4, 0xC1, REQUEST, free_form(6, wrapped))
                else:
                    self.asked[source] = True
                    answers += b"".join(self.waiting)
                    self.waiting = []
        return passed, answers
