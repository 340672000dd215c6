"""A master that only reads: nfm-dnp3, a pure Python implementation that shares nothing with opendnp3.

It is configured like `master.py` and takes the same orders, of which it has no use.
"""

import json
import logging
import random
import sys
import threading
import time

from dnp3py import DNP3Config, DNP3Master

logging.disable()


class Reader:
    """One connection with one device."""

    def __init__(self, own, address, port, link, seed):
        self.link, self.rng = link, random.Random(seed)
        # Unconfirmed user data, as everybody sends over TCP.
        self.config = DNP3Config(
            host=address,
            port=port,
            master_address=own,
            outstation_address=link["link"],
            response_timeout=2.0,
            confirm_required=False,
        )

    def work(self):
        time.sleep(self.rng.random() * 2)
        while True:
            try:
                self.visit()
            except Exception:
                time.sleep(1.0 + self.rng.random())

    def visit(self):
        master = DNP3Master(self.config)
        master.open()
        try:
            due = [(time.monotonic() + self.rng.random() * poll["period_ms"] / 1000, nth) for nth, poll in enumerate(self.link["polls"])]
            while True:
                at, nth = min(due)
                time.sleep(max(0.0, at - time.monotonic()))
                poll = self.link["polls"][nth]
                read = {30: master.read_analog_inputs, 20: master.read_counters}[poll["group"]]
                read(poll["first"], poll["last"])
                due[nth] = (at + poll["period_ms"] / 1000 * (0.97 + self.rng.random() * 0.06), nth)
        finally:
            master.close()


def main():
    config = json.loads(sys.stdin.readline())
    for nth, outstation in enumerate(config["outstations"]):
        for link in outstation["links"]:
            reader = Reader(config["link"], outstation["address"], outstation["port"], link, config["seed"] + nth)
            threading.Thread(target=reader.work, daemon=True).start()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"done": json.loads(line)["do"]}), flush=True)


main()
