"""A serial server in front of a line with several outstations, as a plant has it: opendnp3 on serial ports.

The first line of the standard input is the configuration as JSON, each further line an order. The server takes several
TCP connections and joins them to one line: what any of them says goes out on the line, and what is heard on the line
goes to every one of them, as it comes: when a buffer is full or the line is idle, never frame by frame. On a line of
two wires all that is said is heard back, requests too, and outstations hear each other.

Each outstation is opendnp3 on a pseudo terminal; it answers whoever asks, and has one selection and one event buffer
for all of its masters. One speaks at a time, at the speed of the line.
"""

import json
import os
import pty
import queue
import random
import select
import socket
import sys
import threading
import time
import tty

import opendnp3 as dnp3

from outstation import RESPONSE, RESTART_CLEARED, TICK_S, Application, Commands, Device, Files, Quiet
from relay import at_once, shut
from secure import Frames, framed

# A serial port hands over so many octets at once.
FIFO_OCTETS = 16
BITS_OF_OCTET = 10


class Terminal:
    """The line's end of one outstation's port."""

    def __init__(self, manager, server, device):
        config, line = server.config, server.config["line"]
        self.near, self.far = pty.openpty()
        tty.setraw(self.far)
        settings = dnp3.SerialSettings()
        settings.deviceName, settings.baud = os.ttyname(self.far), line["baud"]
        retry = dnp3.ChannelRetry(dnp3.TimeDuration.Milliseconds(100), dnp3.TimeDuration.Milliseconds(500))
        self.listener = Quiet()
        self.channel = manager.AddSerial("line", dnp3.LogLevels(0), retry, settings, self.listener)
        database = dnp3.DatabaseConfig(device.count)
        database.octet_string = {}
        database.time_and_interval = {}
        stack = dnp3.OutstationStackConfig(database)
        stack.outstation.eventBufferConfig = dnp3.EventBufferConfig.AllTypes(200)
        params = stack.outstation.params
        params.allowUnsolicited = line["unsolicited"]
        params.respondToAnyMaster = True
        params.selectTimeout = dnp3.TimeDuration.Milliseconds(config["select_ms"])
        params.unsolConfirmTimeout = dnp3.TimeDuration.Milliseconds(4000)
        params.maxTxFragSize = config["fragment"]
        stack.link.LocalAddr, stack.link.RemoteAddr = device.config["link"], config["masters"][0]["link"]
        stack.link.KeepAliveTimeout = dnp3.TimeDuration.Milliseconds(config["keep_alive_ms"])
        self.held = [Commands(device), Application(server, device), Files(config["file"], b"")]
        self.outstation = self.channel.AddOutstation("outstation", self.held[0], self.held[1], stack, self.held[2])
        device.attach(self.outstation)
        self.outstation.Enable()
        self.clear_restart(device.config["link"], config["masters"][0]["link"])

    def clear_restart(self, own, master):
        """It was at work all along. The port may still be opening: what it does not answer is said again."""
        frames = Frames()
        for _ in range(20):
            os.write(self.near, framed(0xC4, own, master, 0, RESTART_CLEARED))
            while select.select([self.near], [], [], 0.5)[0]:
                for _, fragment in frames.split(os.read(self.near, 512)):
                    if fragment and fragment[1] == RESPONSE:
                        return
        raise RuntimeError("an outstation does not answer on its serial port")


class Server:
    """The server and its line."""

    def __init__(self, config):
        self.config, self.line = config, config["line"]
        self.rng = random.Random(config["seed"])
        self.manager = dnp3.DNP3Manager(2)
        self.devices = [Device(device, self.rng.random()) for device in config["devices"]]
        self.terminals = [Terminal(self.manager, self, device) for device in self.devices]
        self.said = queue.Queue()
        self.clients, self.lock = {}, threading.Lock()
        self.buffer = b""

    def restart(self, dark_s):
        """No outstation on this line is restarted by its masters."""

    def work(self):
        """One burst after the other goes over the line."""
        idle_s = self.line["idle_ms"] / 1000
        while True:
            try:
                source, octets = self.said.get(timeout=idle_s if self.buffer else None)
            except queue.Empty:
                self.flush()
                continue
            for at in range(0, len(octets), FIFO_OCTETS):
                part = octets[at : at + FIFO_OCTETS]
                pause = len(part) * BITS_OF_OCTET / self.line["baud"]
                if self.rng.random() < self.line["hesitates"]:
                    # A slow processor fills its port late: longer than the server takes for the end.
                    self.flush()
                    pause += idle_s + self.rng.random() * 0.2
                time.sleep(pause)
                self.carry(source, part)

    def carry(self, source, part):
        for terminal in self.terminals:
            if terminal is not source and (self.line["two_wires"] or source is None):
                os.write(terminal.near, part)
        if source is not None or self.line["two_wires"]:
            self.buffer += part
        while len(self.buffer) >= self.line["buffer"]:
            whole, self.buffer = self.buffer[: self.line["buffer"]], self.buffer[self.line["buffer"] :]
            self.tell(whole)

    def flush(self):
        whole, self.buffer = self.buffer, b""
        if whole:
            self.tell(whole)

    def tell(self, octets):
        with self.lock:
            clients = list(self.clients)
        for client in clients:
            try:
                client.sendall(octets)
            except OSError:
                shut(client)

    def listen_on(self, terminal):
        while octets := os.read(terminal.near, 512):
            self.said.put((terminal, octets))

    def take(self, client, address):
        with self.lock:
            self.clients[client] = address
        try:
            while octets := client.recv(4096):
                self.said.put((None, octets))
        except OSError:
            pass
        with self.lock:
            del self.clients[client]
        client.close()

    def drop(self, address=None):
        with self.lock:
            for client, own in self.clients.items():
                if address in (None, own):
                    shut(client)

    def serve(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("0.0.0.0", self.config["port"]))
        listener.listen(8)
        while True:
            client, (address, _) = listener.accept()
            threading.Thread(target=self.take, args=(at_once(client), address), daemon=True).start()

    def tick(self):
        while True:
            time.sleep(TICK_S)
            for device in self.devices:
                device.tick()


def main():
    server = Server(json.loads(sys.stdin.readline()))
    works = [(server.work,), (server.serve,), (server.tick,)]
    works += [(server.listen_on, terminal) for terminal in server.terminals]
    for work, *arguments in works:
        threading.Thread(target=work, args=arguments, daemon=True).start()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "drop":
            server.drop(order.get("address"))
        print(json.dumps({"done": order["do"]}), flush=True)


main()
