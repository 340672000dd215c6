"""One DNP3 outstation, or a gateway with several of them behind one address, served by opendnp3.

The first line of the standard input is the configuration as JSON, each further line an order. opendnp3 serves one
connection a listener, so this process listens itself and hands each connection to a listener of its own behind the
loopback: one for each master that is configured, spare ones for whoever else comes. All of them show the same
process values; selections and event buffers are each connection's own, as in a station with several sessions.
"""

import json
import random
import socket
import sys
import threading
import time

import opendnp3 as dnp3

from relay import at_once, carry, shut
from secure import Challenger, Frames, framed

SUCCESS = dnp3.CommandStatus.SUCCESS
TRIP, CLOSE = dnp3.TripCloseCode.TRIP, dnp3.TripCloseCode.CLOSE
PULSE_ON, LATCH_ON = dnp3.OperationType.PULSE_ON, dnp3.OperationType.LATCH_ON
BACK_END_PORT = 21000
TICK_S = 0.25
RESPONSE = 129
RESTART_CLEARED = bytes([0xC0, 2, 80, 1, 0, 7, 7, 0])


class Device:
    """What the process and the device's memory hold; every session of the device shows it."""

    def __init__(self, config, seed):
        self.config = config
        self.rng = random.Random(seed)
        self.count = config["points"]
        self.lock = threading.RLock()
        self.sessions = []
        self.binary = [self.rng.random() < 0.7 for _ in range(self.count)]
        self.output = list(self.binary)
        self.setpoint = [float(value) for value in config["setpoints"]]
        self.analog = [float(value) for value in config["analogs"]]
        self.counter = [self.rng.randrange(100, 90_000) for _ in range(self.count)]
        self.need_time = bool(config["needs_time"])
        self.next_need = time.monotonic() + self.rng.uniform(*config["needs_time_s"])
        self.moves = []

    def attach(self, outstation):
        self.sessions.append(outstation)
        builder = dnp3.UpdateBuilder()
        for index in range(self.count):
            self._binary(builder, index)
            self._output(builder, index)
            builder.Update(dnp3.Analog(self.analog[index]), index)
            builder.Update(dnp3.Counter(self.counter[index]), index)
            builder.Update(dnp3.AnalogOutputStatus(self.setpoint[index]), index)
        outstation.Apply(builder.Build())

    def _binary(self, builder, index):
        value = self.binary[index]
        now = dnp3.DNPTime(int(time.time() * 1000))
        builder.Update(dnp3.Binary(value, dnp3.Flags(1), now), index)
        if index < self.config["breakers"]:
            both = dnp3.DoubleBit.DETERMINED_ON if value else dnp3.DoubleBit.DETERMINED_OFF
            builder.Update(dnp3.DoubleBitBinary(both), index)

    def _output(self, builder, index):
        builder.Update(dnp3.BinaryOutputStatus(self.output[index]), index)

    def _show(self, builder):
        updates = builder.Build()
        for outstation in self.sessions:
            outstation.Apply(updates)

    def tick(self):
        with self.lock:
            now = time.monotonic()
            builder = dnp3.UpdateBuilder()
            for due, index, value in [move for move in self.moves if move[0] <= now]:
                self.binary[index] = value
                self._binary(builder, index)
            self.moves = [move for move in self.moves if move[0] > now]
            for index in range(self.count):
                about = self.config["analogs"][index]
                if about and self.rng.random() < self.config["moves"]:
                    drift = self.rng.gauss(0.0, about * 0.004) + (about - self.analog[index]) * 0.1
                    self.analog[index] = round(self.analog[index] + drift, 2)
                    builder.Update(dnp3.Analog(self.analog[index]), index)
                if self.rng.random() < self.config["moves"] / 2:
                    self.counter[index] += self.rng.randrange(1, 9)
                    builder.Update(dnp3.Counter(self.counter[index]), index)
            for index in range(self.config["breakers"], self.count):
                if self.rng.random() < self.config["contact_moves"]:
                    self.binary[index] = not self.binary[index]
                    self._binary(builder, index)
            if self.config["needs_time"] and now >= self.next_need:
                self.need_time = True
                self.next_need = now + self.rng.uniform(*self.config["needs_time_s"])
            self._show(builder)

    def switch(self, index, on):
        with self.lock:
            self.output[index] = on
            builder = dnp3.UpdateBuilder()
            self._output(builder, index)
            self._show(builder)
            self.moves.append((time.monotonic() + self.rng.uniform(0.04, 0.2), index, on))

    def set(self, index, value):
        with self.lock:
            self.setpoint[index] = value
            builder = dnp3.UpdateBuilder()
            builder.Update(dnp3.AnalogOutputStatus(value), index)
            self._show(builder)


class Commands(dnp3.ICommandHandler):
    """The controls of one session."""

    def __init__(self, device):
        super().__init__()
        self.device = device

    def Begin(self):
        pass

    def End(self):
        pass

    def Select(self, command, index):
        return self._check(command, index)

    def Operate(self, command, index, handler, kind):
        status = self._check(command, index)
        if status != SUCCESS:
            return status
        if isinstance(command, dnp3.ControlRelayOutputBlock):
            on = command.tcc == CLOSE or command.tcc != TRIP and command.opType in (PULSE_ON, LATCH_ON)
            self.device.switch(index, on)
        else:
            self.device.set(index, float(command.value))
        return SUCCESS

    def _check(self, command, index):
        config = self.device.config
        if isinstance(command, dnp3.ControlRelayOutputBlock):
            there = index < config["breakers"] + config["relays"]
        else:
            there = index < config["setpoint_count"]
        return SUCCESS if there else dnp3.CommandStatus.NOT_SUPPORTED


class Application(dnp3.IOutstationApplication):
    """What one session asks of the device."""

    def __init__(self, station, device):
        super().__init__()
        self.station, self.device = station, device

    def SupportsWriteAbsoluteTime(self):
        return True

    def WriteAbsoluteTime(self, timestamp):
        self.device.need_time = False
        return True

    def SupportsWriteTimeAndInterval(self):
        return False

    def SupportsAssignClass(self):
        return True

    def RecordClassAssignment(self, kind, group, start, stop):
        pass

    def GetApplicationIIN(self):
        bits = dnp3.ApplicationIIN()
        bits.needTime = self.device.need_time
        return bits

    def ColdRestartSupport(self):
        return dnp3.RestartMode.SUPPORTED_DELAY_FINE

    def WarmRestartSupport(self):
        return dnp3.RestartMode.SUPPORTED_DELAY_FINE

    def ColdRestart(self):
        self.station.restart(self.station.config["cold_s"])
        return int(self.station.config["cold_s"] * 1000)

    def WarmRestart(self):
        self.station.restart(self.station.config["warm_s"])
        return int(self.station.config["warm_s"] * 1000)

    def Now(self):
        return dnp3.DNPTime(int(time.time() * 1000))

    def OnConfirmProcessed(self, unsolicited, class1, class2, class3):
        pass


class Files(dnp3.IFileHandler):
    """One file, a record of faults."""

    def __init__(self, name, content):
        super().__init__()
        self.name, self.content = name, content

    def GetFileInfo(self, name):
        result = dnp3.FileCommandResult()
        result.status = dnp3.FileStatus.SUCCESS if name == self.name else dnp3.FileStatus.NOT_FOUND
        return result

    def OpenFile(self, name, key, permissions, mode, block, request):
        result = dnp3.FileOpenResult()
        result.status = dnp3.FileStatus.SUCCESS if name == self.name else dnp3.FileStatus.NOT_FOUND
        result.fileHandle, result.fileSize, result.maxBlockSize = 7, len(self.content), min(block, 512)
        return result

    def ReadBlock(self, handle, number):
        result = dnp3.FileBlockResult()
        part = self.content[number * 512 : number * 512 + 512]
        result.status, result.data = dnp3.FileStatus.SUCCESS, list(part)
        result.lastBlock = (number + 1) * 512 >= len(self.content)
        return result

    def CloseFile(self, handle, request):
        return dnp3.FileStatus.SUCCESS

    def DeleteFile(self, name):
        return dnp3.FileStatus.PERMISSION_DENIED

    def AbortFile(self, handle):
        pass

    def AuthenticateFile(self, user, password):
        result = dnp3.OutstationFileAuthResult()
        result.status, result.authKey = dnp3.FileStatus.SUCCESS, 1
        return result


class Quiet(dnp3.IChannelListener):
    def OnStateChange(self, state):
        pass


class Slot:
    """A listener of opendnp3 behind the loopback, for one connection at a time."""

    def __init__(self, station, nth, master):
        self.master, self.port, self.busy = master, BACK_END_PORT + nth, None
        config = station.config
        self.channel = station.manager.AddTCPServer(
            f"slot{nth}",
            dnp3.LogLevels(0),
            dnp3.ServerAcceptMode.CloseExisting,
            dnp3.IPEndpoint("127.0.0.1", self.port),
            station.listener,
        )
        self.held = [station.listener]
        for device in station.devices:
            database = dnp3.DatabaseConfig(device.count)
            database.octet_string = {}
            database.time_and_interval = {}
            stack = dnp3.OutstationStackConfig(database)
            stack.outstation.eventBufferConfig = dnp3.EventBufferConfig.AllTypes(200)
            params = stack.outstation.params
            params.allowUnsolicited = bool(master and master["unsolicited"])
            params.respondToAnyMaster = master is None
            params.selectTimeout = dnp3.TimeDuration.Milliseconds(config["select_ms"])
            params.unsolConfirmTimeout = dnp3.TimeDuration.Milliseconds(1500)
            params.maxTxFragSize = config["fragment"]
            stack.link.LocalAddr = device.config["link"]
            stack.link.RemoteAddr = master["link"] if master else 1
            stack.link.KeepAliveTimeout = dnp3.TimeDuration.Milliseconds(config["keep_alive_ms"])
            commands, application = Commands(device), Application(station, device)
            files = Files(config["file"], config["file_text"].encode())
            outstation = self.channel.AddOutstation("outstation", commands, application, stack, files)
            device.attach(outstation)
            outstation.Enable()
            self.held += [outstation, commands, application, files]
        # After a restart a master in charge sees the indication and clears it; nobody else is meant to.
        self.in_charge = bool(master and master["unsolicited"])
        if not (self.in_charge and config["restarted"]):
            self.clear_restart(master["link"] if master else 1, station.devices)

    def clear_restart(self, master, devices):
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            line.settimeout(2.0)
            for device in devices:
                frames, heard = Frames(), None
                line.sendall(framed(0xC4, device.config["link"], master, 0, RESTART_CLEARED))
                while heard != RESPONSE:
                    for _, fragment in frames.split(line.recv(512)):
                        heard = RESPONSE if fragment and fragment[1] == RESPONSE else heard


class Station:
    """Everything behind one address."""

    def __init__(self, config):
        self.config = config
        self.rng = random.Random(config["seed"])
        self.listener = Quiet()
        self.manager = dnp3.DNP3Manager(2)
        self.devices = [Device(device, self.rng.random()) for device in config["devices"]]
        masters = config["masters"] + [None] * config["spare"]
        self.slots = [Slot(self, nth, master) for nth, master in enumerate(masters)]
        self.dark_until = 0.0
        self.challenging = True
        self.lock = threading.Lock()

    def restart(self, dark_s):
        """Answers, closes every connection, and is back after a while with the restart indication set."""

        def later():
            time.sleep(0.15)
            self.dark_until = time.monotonic() + dark_s
            self.drop()
            for slot in self.slots:
                for outstation in slot.held:
                    if slot.in_charge and isinstance(outstation, dnp3.IOutstation):
                        outstation.SetRestartIIN()

        threading.Thread(target=later, daemon=True).start()

    def drop(self, address=None):
        with self.lock:
            for slot in self.slots:
                if slot.busy and (address is None or slot.busy.getpeername()[0] == address):
                    shut(slot.busy)

    def forge(self, address, octets):
        """Says something that no device behind this address has said."""
        for slot in self.slots:
            if slot.master and slot.busy and slot.master["address"] == address:
                slot.busy.sendall(octets)

    def serve(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("0.0.0.0", self.config["port"]))
        listener.listen(8)
        while True:
            front, (address, _) = listener.accept()
            if time.monotonic() < self.dark_until:
                front.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                front.close()
                continue
            threading.Thread(target=self.take, args=(at_once(front), address), daemon=True).start()

    def take(self, front, address):
        with self.lock:
            own = [slot for slot in self.slots if slot.master and slot.master["address"] == address]
            spare = [slot for slot in self.slots if slot.master is None]
            slot = next((slot for slot in own + spare if slot.busy is None), None)
            if slot is None:
                front.close()
                return
            slot.busy = front
        try:
            back = at_once(socket.create_connection(("127.0.0.1", slot.port)))
            challenger = None
            if slot.master and slot.master.get("authenticates"):
                challenger = Challenger(lambda: self.challenging, self.rng.randrange(1 << 30))
            carry(front, back, challenger, False)
        finally:
            slot.busy = None
            front.close()


def main():
    station = Station(json.loads(sys.stdin.readline()))
    threading.Thread(target=station.serve, daemon=True).start()

    def ticks():
        while True:
            time.sleep(TICK_S)
            for device in station.devices:
                device.tick()

    threading.Thread(target=ticks, daemon=True).start()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "drop":
            station.drop(order.get("address"))
        elif order["do"] == "forge":
            station.forge(order["address"], bytes.fromhex(order["octets"]))
        elif order["do"] == "stop-challenging":
            station.challenging = False
        print(json.dumps({"done": order["do"]}), flush=True)


if __name__ == "__main__":
    main()
