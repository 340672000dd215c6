#!/usr/bin/env python3
"""What other monitors make of the captures of tests/e2e/evasion.rs, as the table of docs/evasion.md.

    GRIDTAP_KEEP_CAPTURES=DIR cargo test -p gridtap-tests --test e2e -- evasion
    tests/peers/evasion.py DIR

Suricata: a rule of its own that fires on the write of a coil by Modbus, beside its stock events for Modbus and the stream
(whether one of those fired is told apart). tshark: a request of function 5 among what it dissects.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

WRITE = 'alert modbus any any -> any any (msg:"write of a coil"; modbus: function 5; sid:1;)\n'
EVENTS = ["modbus-events.rules", "stream-events.rules", "decoder-events.rules"]
RULES = pathlib.Path("/etc/suricata/rules")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def suricata(capture, settings):
    """Whether the write is told, and which stock events are."""
    with tempfile.TemporaryDirectory() as folder:
        run("suricata", "-c", settings, "-S", f"{settings}.rules", "-r", str(capture), "-l", folder)
        log = pathlib.Path(folder, "fast.log")
        lines = log.read_text().splitlines() if log.exists() else []
    told = [line.split("] ", 1)[1].split(" [**]")[0] for line in lines]
    return any("write of a coil" in each for each in told), any("write of a coil" not in each for each in told)


def tshark(capture):
    fields = run("tshark", "-n", "-r", str(capture), "-d", "tcp.port==4502,mbtcp", "-Y", "modbus.func_code == 5 && !modbus.response_time", "-T", "fields", "-e", "frame.number", "-e", "tcp.dstport", "-e", "udp.dstport")
    return any("502" in line.split("\t", 1)[1] for line in fields.splitlines())


def main():
    if len(sys.argv) != 2 or not pathlib.Path(sys.argv[1]).is_dir():
        sys.exit("evasion.py: wanted is one directory of captures, such as the one of GRIDTAP_KEEP_CAPTURES")
    for program in ("suricata", "tshark"):
        if not shutil.which(program):
            sys.exit(f"evasion.py: {program} is missing: apt-get install {program}")
    captures = sorted(pathlib.Path(sys.argv[1]).glob("*.pcap"))
    with tempfile.TemporaryDirectory() as folder:
        settings = pathlib.Path(folder, "suricata.yaml")
        stock = pathlib.Path("/etc/suricata/suricata.yaml").read_text()
        head, tail = stock.split("    modbus:\n", 1)
        tail = tail.replace("enabled: no", "enabled: yes", 1)
        settings.write_text(head + "    modbus:\n" + tail)
        events = "".join((RULES / name).read_text() for name in EVENTS)
        pathlib.Path(f"{settings}.rules").write_text(WRITE + events)
        print("| way | Suricata | tshark |\n|---|---|---|")
        for capture in captures:
            write, other = suricata(capture, settings)
            told = "told" if write else ("an event of its own, not the command" if other else "nothing")
            name = capture.stem.split(" ", 1)[1]
            print(f"| {name} | {told} | {'shown' if tshark(capture) else 'not shown'} |", flush=True)


if __name__ == "__main__":
    main()
