"""A DNP3 master: opendnp3 polls, passes on what its operator commands, and comes back after a fault.

The first line of the standard input is the configuration as JSON, each further line an order. An answer is written
for every order, when the outstation has answered or the master has given up.
"""

import json
import random
import socket
import sys
import threading
import time

import opendnp3 as dnp3

from relay import at_once, carry
from secure import Replier

OPERATIONS = {
    "pulse-on": dnp3.OperationType.PULSE_ON,
    "pulse-off": dnp3.OperationType.PULSE_OFF,
    "latch-on": dnp3.OperationType.LATCH_ON,
    "latch-off": dnp3.OperationType.LATCH_OFF,
}
CODES = {"none": dnp3.TripCloseCode.NUL, "close": dnp3.TripCloseCode.CLOSE, "trip": dnp3.TripCloseCode.TRIP}
FREEZES = {
    "freeze": dnp3.FreezeType.ImmediateFreeze,
    "freeze-no-reply": dnp3.FreezeType.ImmediateFreezeNR,
    "freeze-clear": dnp3.FreezeType.FreezeAndClear,
    "freeze-clear-no-reply": dnp3.FreezeType.FreezeAndClearNR,
}
PATIENCE_S = 12.0
RELAY_PORT = 22000


class Values(dnp3.ISOEHandler):
    def BeginFragment(self, info):
        pass

    def EndFragment(self, info):
        pass

    def Process(self, info, values):
        pass

    def OnDeviceAttribute(self, info, attributes, variation, value):
        pass


class Quiet(dnp3.IChannelListener):
    def OnStateChange(self, state):
        pass


class Application(dnp3.IMasterApplication):
    """Tells when a task of the operator is over."""

    def __init__(self):
        super().__init__()
        self.over = threading.Event()

    def OnReceiveIIN(self, indications):
        pass

    def OnTaskStart(self, kind, task):
        pass

    def OnTaskComplete(self, info):
        if info.type == dnp3.MasterTaskType.USER_TASK:
            self.over.set()

    def OnOpen(self):
        pass

    def OnClose(self):
        pass

    def AssignClassDuringStartup(self):
        return False

    def Now(self):
        return dnp3.UTCTimestamp(int(time.time() * 1000))


def milliseconds(value):
    return dnp3.TimeDuration.Milliseconds(int(value))


def classes(text):
    return dnp3.ClassField("0" in text, "1" in text, "2" in text, "3" in text)


class Link:
    """One outstation, as this master sees it."""

    def __init__(self, channel, own, config):
        self.config, self.application, self.values = config, Application(), Values()
        stack = dnp3.MasterStackConfig()
        params = stack.master
        params.disableUnsolOnStartup = config["starts"]
        params.ignoreRestartIIN = not config["starts"]
        params.responseTimeout = milliseconds(config["patience_ms"])
        params.taskRetryPeriod = milliseconds(1000)
        params.timeSyncMode = getattr(dnp3.TimeSyncMode, config["time_sync"])
        for setting in ("startupIntegrityClassMask", "unsolClassMask", "eventScanOnEventsAvailableClassMask"):
            if hasattr(params, setting):
                setattr(params, setting, classes("0123" if config["starts"] else ""))
        stack.link.LocalAddr, stack.link.RemoteAddr = own, config["link"]
        stack.link.KeepAliveTimeout = milliseconds(config["keep_alive_ms"])
        self.master = channel.AddMaster("master", self.values, self.application, stack)
        self.scans = [self._scan(poll) for poll in config["polls"]]
        self.master.Enable()

    def _scan(self, poll):
        period = milliseconds(poll["period_ms"])
        if "classes" in poll:
            return self.master.AddClassScan(classes(poll["classes"]), period, self.values)
        kind = dnp3.GroupVariationID(poll["group"], poll["variation"])
        return self.master.AddRangeScan(kind, poll["first"], poll["last"], period, self.values)

    def order(self, order):
        """Does it and waits until it is over."""
        self.application.over.clear()
        over = threading.Event()
        give = getattr(self, "_" + order["do"].replace("-", "_"))
        by_callback = give(order, lambda *_: over.set())
        wait = over if by_callback else self.application.over
        return wait.wait(PATIENCE_S)

    def _operate(self, order, done):
        if "value" in order:
            command = dnp3.AnalogOutputFloat32() if order["float"] else dnp3.AnalogOutputInt16()
            command.value = order["value"] if order["float"] else int(order["value"])
        else:
            command = dnp3.ControlRelayOutputBlock(
                OPERATIONS[order["operation"]], CODES[order["code"]], False, order["count"], order["on_ms"], order["off_ms"]
            )
        give = self.master.SelectAndOperate if order["select"] else self.master.DirectOperate
        give(command, order["index"], done)
        return True

    def _freeze(self, order, done):
        self.master.Freeze(FREEZES[order["kind"]], [dnp3.Header.AllObjects(20, 0)])

    def _restart(self, order, done):
        self.master.Restart(getattr(dnp3.RestartType, order["kind"].upper()), done)
        return True

    def _function(self, order, done):
        headers = [dnp3.Header.Raw(bytes.fromhex(header)) for header in order["headers"]]
        self.master.PerformFunction("function", dnp3.FunctionCode(order["code"]), headers)

    def _deadbands(self, order, done):
        written = [
            dnp3.IndexedAnalogInputDeadband(dnp3.AnalogInputDeadband(value), index) for index, value in order["values"]
        ]
        self.master.WriteDeadBands(written, done)
        return True

    def _read_file(self, order, done):
        self.master.ReadFile(order["name"], done)
        return True


class Operator:
    """Gives every command once a round, in no order, at no fixed times."""

    def __init__(self, links, config):
        self.links, self.rng = links, random.Random(config["seed"])
        self.round_s = config["round_ms"] / 1000
        self.held = threading.Event()
        self.lock = threading.Lock()
        self.state = {}

    def work(self):
        begin = time.monotonic() + 2.5
        while True:
            orders = [(link, order) for link in self.links for order in link.config["orders"]]
            self.rng.shuffle(orders)
            times = sorted(begin + self.rng.random() * self.round_s for _ in orders)
            for at, (link, order) in zip(times, orders):
                time.sleep(max(0.0, at - time.monotonic()))
                with self.lock:
                    if not self.held.is_set():
                        link.order(self.draw(link, order))
            begin += self.round_s
            time.sleep(max(0.0, begin - time.monotonic()))

    def draw(self, link, order):
        """The order with what is open in it: the other position of a switch, a value of a setpoint."""
        order = dict(order)
        if "between" in order:
            low, high = order.pop("between")
            order["value"] = round(self.rng.uniform(low, high), 1) if order["float"] else self.rng.randint(int(low), int(high))
        if "either" in order:
            key = (id(link), order["index"])
            turn = self.state[key] = not self.state.get(key, True)
            order.update(order.pop("either")[turn])
        return order


def authenticating(outstation, port, seed):
    """The near side of a relay that answers the outstation's challenges."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(1)

    def serve():
        while True:
            front, _ = listener.accept()
            try:
                back = at_once(socket.create_connection((outstation["address"], outstation["port"]), 1.5))
                back.settimeout(None)
            except OSError:
                front.close()
                continue
            carry(at_once(front), back, Replier(seed), True)
            front.close()
            back.close()

    threading.Thread(target=serve, daemon=True).start()
    return dnp3.IPEndpoint("127.0.0.1", port)


def main():
    config = json.loads(sys.stdin.readline())
    manager, quiet = dnp3.DNP3Manager(2), Quiet()
    links, channels = [], []
    rng = random.Random(config["seed"])
    for nth, outstation in enumerate(config["outstations"]):
        time.sleep(rng.random() * 0.3)
        end = dnp3.IPEndpoint(outstation["address"], outstation["port"])
        if any(link["authenticates"] for link in outstation["links"]):
            end = authenticating(outstation, RELAY_PORT + nth, config["seed"] + nth)
        retry = dnp3.ChannelRetry(milliseconds(1000), milliseconds(3000))
        channel = manager.AddTCPClient("channel", dnp3.LogLevels(0), retry, [end], "0.0.0.0", quiet)
        channels.append(channel)
        links += [Link(channel, config["link"], link) for link in outstation["links"]]
    operator = Operator(links, config)
    threading.Thread(target=operator.work, daemon=True).start()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] in ("hold", "resume"):
            with operator.lock:
                (operator.held.set if order["do"] == "hold" else operator.held.clear)()
            done = True
        else:
            link = next(link for link in links if link.config["key"] == order["key"])
            done = link.order(order)
        print(json.dumps({"done": order["do"], "answered": done}), flush=True)


main()
