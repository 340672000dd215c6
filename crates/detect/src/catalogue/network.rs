//! What holds for every protocol, and the sensor's own health: OT.

use super::{Detection, Kind};

pub(super) const DETECTIONS: &[Detection] = &[
    Detection {
        id: "OT-01",
        name: "New asset / MAC / IP",
        kind: Kind::Security,
        advice: "Trace the address to a switch port and have someone look at what is plugged in \
                 there. Spare parts, a replaced network card, a technician's laptop with a permit or \
                 a virtual machine moved to new hardware are what one mostly finds; enter it in the \
                 asset list then. If it has no owner, disable the port and ask for the access log of \
                 the room, as a new box inside the substation means that a person was there.",
    },
    Detection {
        id: "OT-02",
        name: "New conversation / link / protocol / port",
        kind: Kind::Security,
        advice: "Two hosts speak that did not so far: ask their owners whether an interface, a backup \
                 or a new point was put into service. A maintenance server doing its monthly round, \
                 or a failover, would come back on schedule. If neither owner expects it, deny this \
                 pair at the firewall between them and see what breaks; what complains within the \
                 hour was legitimate.",
    },
    Detection {
        id: "OT-03",
        name: "New master for a device",
        kind: Kind::Security,
        advice: "Check in the device's or gateway's list of permitted masters whether this one \
                 belongs there. Control handed to the standby centre or a test master of the \
                 commissioning crew would be noted in the shift book. A host that has simply helped \
                 itself is to be locked out at the station firewall, and its writes, if it has made \
                 any, should be gone through with the switching engineer before the normal master \
                 resumes.",
    },
    Detection {
        id: "OT-04",
        name: "Engineering workstation behaviour from non-EWS",
        kind: Kind::Security,
        advice: "Programs are loaded and read out from designated engineering stations; find out who \
                 sat at this other machine. An integrator with their own notebook under an approved \
                 permit is the one good reason, and the permit gives the machine's name. If there is \
                 none, compare the controller's running logic with the released version, hold its \
                 protective functions under local supervision, and keep the machine untouched for \
                 examination.",
    },
    Detection {
        id: "OT-05",
        name: "Address scan",
        kind: Kind::Security,
        advice: "Ask the owner of the scanning host what runs on it: an inventory tool, a network management \
                 station that was put into service, or a discovery with a date in the calendar would explain \
                 it, and belongs into a declared window. Old controllers can fall over when they are \
                 scanned, so stop it before you discuss it. Without an owner who knows, take the host off \
                 the network and see which of those it reached it went on to speak with.",
    },
    Detection {
        id: "OT-06",
        name: "Port scan",
        kind: Kind::Security,
        advice: "One host tries the doors of another. A client whose server was moved to another port, or a \
                 vulnerability scanner that somebody started, are the harmless reasons; both have an owner \
                 you can call. Check whether the host that was tried still does its work, which ports of it \
                 answered, and whether any conversation followed on one of them.",
    },
    Detection {
        id: "OT-07",
        name: "PLC/ICS-port scan",
        kind: Kind::Security,
        advice: "Someone looks for controllers by their ports. A master whose configuration was extended by \
                 a whole station, or an engineering tool that browses for devices, does that on the day it \
                 is set up. If nobody configures anything now, isolate the searching host, list the devices \
                 that answered it, and watch those for commands from any new address.",
    },
    Detection {
        id: "OT-08",
        name: "ARP scan / ARP flood",
        kind: Kind::Security,
        advice: "Find the card in the address table of the switch: ARP does not leave its segment, so the \
                 sender is close. A gateway that passes on somebody's scan from outside, a loop in the \
                 cabling, or a master that looks for devices which were taken out produce the same, and \
                 the counters of the switch ports tell which. If it is a host of its own accord, disconnect \
                 it and search it for tools.",
    },
    Detection {
        id: "OT-09",
        name: "ARP spoofing, duplicate IP, changed card",
        kind: Kind::Security,
        advice: "Compare the card with the label on the device or with the asset list: after a repair it is \
                 a new one, and that ends it. Two hosts set to the same address show up as two ports in \
                 the switch's table, each with a legitimate box behind it. If one card answers for several \
                 hosts, somebody may read and alter what they say to each other: shut that port, clear the \
                 address tables of both ends, and confirm values and switch positions on site.",
    },
    Detection {
        id: "OT-10",
        name: "SYN/ICMP/connection flood, DoS",
        kind: Kind::Security,
        advice: "Look at the server first: does its proper master still get through, or is the table of \
                 connections full. An asset scanner with many source addresses, or a translation of \
                 addresses that went wrong in a router, can look alike and end when they are stopped. \
                 Made-up source addresses cannot be blocked one by one: allow only the known masters at \
                 the nearest filter, find by its MAC address which switch port the flood enters \
                 through, and shut that.",
    },
    Detection {
        id: "OT-11",
        name: "Excess sessions / logins / password guessing",
        kind: Kind::Security,
        advice: "Read the log of the server for this minute: failed logins name the account that is tried. \
                 A script with an expired password, or a driver that reconnects after each error, knocks as \
                 persistently and stops when it is corrected. If the account is a person's who is not at \
                 work, lock it, and look in the same log for a login that succeeded.",
    },
    Detection {
        id: "OT-12",
        name: "Device silent / disconnected / link inactive",
        kind: Kind::Security,
        advice: "See on the HMI since when its values are old, and in the switch whether its port is up. A \
                 restart, a flapping link or a master that handed over to its standby brings it back within \
                 minutes, and nothing is left to do. If it stays away and nobody works on it, send somebody: until \
                 then its breakers can be neither seen nor commanded from afar. Look in the list for what was \
                 sent to it just before.",
    },
    Detection {
        id: "OT-13",
        name: "Bandwidth/cadence anomaly",
        kind: Kind::Security,
        advice: "Compare the times of the requests with the scan rates that are configured in the front end. \
                 Changed scan groups, a slow line or a front end under load shift them without anybody meaning \
                 harm. Requests that came much more often keep an outstation from its work and may hide what \
                 else is asked of it; ones that stopped leave its events unread. When the front end's \
                 configuration shows no change, look at what runs on it beside the front end.",
    },
    Detection {
        id: "OT-14",
        name: "Internet or external communication",
        kind: Kind::Security,
        advice: "See at the perimeter firewall which rule let this address through, and since when. A \
                 remote support session or a cloud service of the vendor may be contracted; then it \
                 ought to come through the agreed gateway and be listed with its addresses. Otherwise \
                 drop the rule now, treat the inside host as suspect, and search for other traffic \
                 with the same outside address.",
    },
    Detection {
        id: "OT-15",
        name: "Cross-zone / Purdue / conduit violation",
        kind: Kind::Security,
        advice: "Look in the zone plan whether a conduit exists between these two zones and who \
                 approved it. A firewall change, a cable put into the wrong switch or a host with two \
                 network cards are the usual faults, and they are repaired rather than tolerated. If \
                 the path was opened on purpose by nobody you can find, close it and review what was \
                 commanded across it in the meantime.",
    },
    Detection {
        id: "OT-16",
        name: "Remote access from or to OT (RDP, VNC, SSH, Telnet, TeamViewer)",
        kind: Kind::Security,
        advice: "Ask who sits at the host that opened it, and by which approval: support by the maker has a \
                 ticket, a time and a person who can be called. A jump host that was replaced, or a backup \
                 by SSH from a new server, comes again at the same hour and belongs into the site file. \
                 Without a name for it, close the session at the firewall, change the password of that \
                 device, and read what it was told to do since.",
    },
    Detection {
        id: "OT-20",
        name: "OT protocol on odd port / foreign protocol on OT port",
        kind: Kind::Security,
        advice: "Compare the port with the device's network settings: some gateways offer each serial \
                 line on a port of its own. Once the setting is confirmed, declare it in the site \
                 file so that it counts as known. A control protocol on a port that nobody configured \
                 can be a tunnel around the firewall's filter; allow only the documented port, and \
                 look at which host first used the other.",
    },
    Detection {
        id: "OT-23",
        name: "Malformed burst in one session",
        kind: Kind::Security,
        advice: "See whether the damage lies on the line or in the sender: interface error counters \
                 at the switch that grow point to a cable, duplex or transceiver. Damaged messages \
                 with clean counters come from the software that made them, such as a driver under \
                 test. When neither is found, someone may be trying to crash the device; cut this \
                 session, verify that the device's outputs stand as they did, and have its firmware \
                 level checked.",
    },
    Detection {
        id: "OT-24",
        name: "SCADA packet injection",
        kind: Kind::Security,
        advice: "The same place in a connection was heard with two contents; both were judged, and which one \
                 its receiver used cannot be told from outside. Read the two in the capture: a faulty network card, or a \
                 device that builds a retransmission anew, repeats itself with small differences. Where the \
                 second carries another command, confirm on site what was executed, and find out by its \
                 card and time to live where the odd packet came from.",
    },
    Detection {
        id: "OT-25",
        name: "Invalid/reserved IP, port 0, multicast/broadcast not allowed",
        kind: Kind::Security,
        advice: "Find the sender by its MAC address in the switch's table, for the IP address itself \
                 can't be right. Misconfigured devices after a reset to factory settings, or one that \
                 lost its address server, do send such packets. If the MAC is unknown or shows up at \
                 several ports, packets are being forged: turn on source guard for that segment and \
                 unplug the port they enter by.",
    },
    Detection {
        id: "OT-27",
        name: "Known ICS malware behaviour",
        kind: Kind::Security,
        advice: "Treat the host as infected until shown otherwise: disconnect it, keep it running and \
                 have its memory and disk secured. A vulnerability scanner with a profile for control \
                 systems is the one innocent explanation, and whoever started it can say so at once. Search \
                 the other hosts of this network for the same behaviour, and check on site the devices that \
                 it has found.",
    },
    Detection {
        id: "OT-29",
        name: "Sensor self-alert",
        kind: Kind::Health,
        advice: "The alarm says what the sensor lacks. Nothing heard, or one direction only: open the mirror \
                 (SPAN) session on the switch and see that both transmit and receive are copied, on a \
                 passive tap that both fibres arrive. Lost packets: give the sensor more of the machine, or \
                 mirror fewer ports; wrong checksums throughout are harmless, the copy was made on the \
                 sending computer. Until it is put right, rely on the HMI and on site for what this sensor \
                 does not hear.",
    },
    Detection {
        id: "OT-30",
        name: "New source of time",
        kind: Kind::Security,
        advice: "See in the device's settings which clocks it may ask, and whether this one is among them. A \
                 second time server that takes over for a failed one, or a device reset to its maker's \
                 defaults, explains it. The order of events in a disturbance record hangs on the clock, and \
                 so do certificates: compare the device's time with yours, and take the server off the \
                 network if nobody runs it.",
    },
    Detection {
        id: "OT-31",
        name: "Parser blinded",
        kind: Kind::Health,
        advice: "Bytes flow here that the sensor can't read or can't vouch for; see in the record \
                 whether they are encrypted, damaged, cut short or carry wrong checksums. TLS \
                 introduced on purpose, a short snap length, or a capture made on the sending \
                 computer, whose network card fills in checksums later, are harmless and can be \
                 declared or cured. Without such a reason somebody may be hiding commands in plain \
                 sight: have the endpoints examined and confirm the state of the outputs locally.",
    },
    Detection {
        id: "OT-33",
        name: "Planned work was not heard",
        kind: Kind::Security,
        advice: "Ask whoever answers for the plan whether the work was put off, or done on site without a \
                 command; then end the window, so that it excuses nothing of another day. If it was done \
                 as planned, its commands did not pass this sensor or went to other devices than the plan \
                 names: find out which way they took, as that is one that you do not see.",
    },
    Detection {
        id: "OT-34",
        name: "Command beside the master's own conversation",
        kind: Kind::Security,
        advice: "Ask the operator on duty whether he gave this command. If he did not, another program on the \
                 master's host did: Industroyer ended the master's process and commanded in its place, from its \
                 address and to points that are commanded every day. Cut the host's way to the stations, hand \
                 over to the standby or to local control, and secure the host's memory before anything is \
                 restarted. A master that was just updated, or a second program of the operators that sends \
                 commands by itself, is the innocent explanation, and whoever installed it knows.",
    },
];
