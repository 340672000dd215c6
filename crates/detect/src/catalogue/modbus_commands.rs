//! Modbus, what is asked of a device and by whom: MB-21 onwards.

use super::{Detection, Kind};

pub(super) const DETECTIONS: &[Detection] = &[
    Detection {
        id: "MB-21",
        name: "Force Listen Only",
        kind: Kind::Security,
        advice: "Look at once whether polls to this device still get answers: after this command it \
                 hears everything and says nothing, until its communications are restarted. Take its \
                 readings and breaker positions by telephone or at the panel meanwhile, because the \
                 HMI shows old values. Only a technician at work on the serial line has a reason for \
                 it; without one, block the sender, then power-cycle or restart the port under the \
                 switching engineer's control.",
    },
    Detection {
        id: "MB-22",
        name: "Restart Communications",
        kind: Kind::Security,
        advice: "See whether the device came back: its polls should resume within seconds, and its \
                 event counter starts from zero. A technician clearing a hung port does this once, \
                 normally while speaking to the control room. Repeated restarts, or one with the log \
                 cleared, take away both view and traces; read the device's settings and compare them \
                 with the stored file before returning it to remote control, and bar the sender.",
    },
    Detection {
        id: "MB-23",
        name: "Clear counters/diagnostic registers",
        kind: Kind::Security,
        advice: "Ask the communication technician whether the error counters were reset as part of \
                 fault finding, which is what this function exists for. When that is not so, someone \
                 may be wiping the marks of an earlier attempt: secure the recorded traffic of the \
                 last hour to this device. Go through that hour for writes and restarts by the same \
                 host, and disable its access until they are explained.",
    },
    Detection {
        id: "MB-24",
        name: "Diagnostics from non-engineering host",
        kind: Kind::Security,
        advice: "Determine which role the source has on the site: an HMI or historian has no need of \
                 serial-line diagnostics. A new function of the network management system, polling \
                 error counters on schedule, would be regular and announced. If it is neither, treat \
                 the host as taken over: keep the device under observation for a restart or listen- \
                 only order, and move the host's duties to its standby.",
    },
    Detection {
        id: "MB-25",
        name: "Read Device Identification",
        kind: Kind::Security,
        advice: "The client asks vendor, product and firmware version; find out whether an inventory \
                 or patch survey is running today. Asset tools should come from one known address and \
                 go through all devices at a steady pace. From an unknown one it is the step before a \
                 tailored attack, so check the versions that were revealed against published \
                 weaknesses and filter function 43 at the firewall for all but the inventory host.",
    },
    Detection {
        id: "MB-26",
        name: "Report Server ID",
        kind: Kind::Security,
        advice: "Check with the person responsible for the source whether a discovery or driver \
                 start-up took place; many drivers ask this once on connecting. If it is repeated \
                 over several devices by a host that isn't a master, it is a survey of the plant. Ask \
                 for the host's recent logins, and let the firewall pass only the functions that it \
                 needs.",
    },
    Detection {
        id: "MB-27",
        name: "Read exception status / comm event log",
        kind: Kind::Security,
        advice: "These reads show how a device is running and what it was asked lately; they change \
                 nothing. Fault tracing by communications staff is the likely reason, and they'd know \
                 the device by name. Without such work ask why this host wants the device's state: \
                 operating mode is what an intruder reads before choosing the moment, so hold back \
                 its write access for the time being.",
    },
    Detection {
        id: "MB-28",
        name: "Unauthorised read",
        kind: Kind::Security,
        advice: "Identify the reader: look its address up in the asset list and the switch's address \
                 table to see at which port it sits. A new historian, a replaced HMI or a laptop of \
                 the maintenance contractor would be known to the shift leader. If nobody knows it, \
                 nothing has been moved yet, but measured values and breaker states have left the \
                 system: shut that port and check that it wrote nowhere.",
    },
    Detection {
        id: "MB-29",
        name: "Unauthorised write",
        kind: Kind::Security,
        advice: "Verify first, at the HMI and by a call to site, the breaker position or setpoint \
                 that was written, and put it back if it is wrong. Then ask the shift leader whether \
                 a standby master was switched over or an engineer is commissioning from this \
                 address; either would be in the log. Failing that, block the source at the firewall \
                 or its switch port, take the device to local control, and keep the capture.",
    },
    Detection {
        id: "MB-30",
        name: "Function code new for pair",
        kind: Kind::Security,
        advice: "Both parties are known, the function between them is not: ask the application's \
                 owner what was changed in the master or the HMI. A new screen, a driver update or a \
                 rarely used operator button is the ordinary finding, and the same function recurs \
                 with it. If it writes, restarts or loads something without a work order, check the \
                 affected point in the plant and set the master's session aside for investigation.",
    },
    Detection {
        id: "MB-31",
        name: "Address range new for pair",
        kind: Kind::Security,
        advice: "Look the address up in the device's register list to learn what lies there: \
                 measurement, setpoint, protection parameter, or nothing. An extension of the HMI or \
                 of a poll list reads the new range again at every cycle from now on. A single write \
                 to a protection or configuration range that no one ordered calls for a comparison of \
                 the device's settings with the approved ones, and for closing that range to the \
                 master in the gateway.",
    },
    Detection {
        id: "MB-32",
        name: "Function-code transition new",
        kind: Kind::Security,
        advice: "Read the order of functions in the evidence against the master's usual cycle. \
                 Operator actions between two polls, a reconnect or a restarted driver put known \
                 functions into a new order and fade away. If the new order ends in a write that no \
                 operator remembers, look for a second program on the master's host that uses its \
                 address, and compare the output with the field.",
    },
    Detection {
        id: "MB-33",
        name: "Register value changed",
        kind: Kind::Security,
        advice: "This is history, kept for the shift: a register that masters write now holds another \
                 value. Compare the time with the operator log to see whose entry it was. When the \
                 change fits no entry, ask which program on the master writes this register by \
                 itself, and restore the earlier value from the record given here once it is clear \
                 that nothing depends on the new one.",
    },
    Detection {
        id: "MB-34",
        name: "Value outside what was learned or declared",
        kind: Kind::Security,
        advice: "Compare the number with the plant: what does the gauge say, and what would it do if the value \
                 were true? A changed set of limits, another season or a unit run in a new way brings such \
                 values honestly, and whoever runs it knows. A setpoint that walks away in small steps is how \
                 one is moved without a single alarm, so return it to its last confirmed value and hold \
                 writes to it until its sender is explained.",
    },
    Detection {
        id: "MB-35",
        name: "Write broadcast / mass write",
        kind: Kind::Security,
        advice: "One message reached several units or a wide range of points: list them from the \
                 alarm and look at each on the single-line diagram. Time setting or a recipe download \
                 to all units may be arranged so, and then occurs at fixed times from the same \
                 master. If it is not arranged, bring the affected bays to local, restore positions \
                 in the order the switching engineer gives, and stop the sender upstream of the \
                 gateway.",
    },
    Detection {
        id: "MB-36",
        name: "High write rate to one point/device",
        kind: Kind::Security,
        advice: "Look at the output itself: a breaker, tap changer or valve that is driven this often \
                 must be protected from wear before anything else. A control loop closed over the \
                 network writes steadily at a rate its designer knows; a hung script or a fight of \
                 two setpoints produces much the same but was not designed. Stop the writing at its \
                 source or take the output to manual, then find which program did it.",
    },
    Detection {
        id: "MB-37",
        name: "Write-only or write-before-read master; sequential register sweep",
        kind: Kind::Security,
        advice: "A master that writes without ever reading back doesn't care for the process: look \
                 which registers it has touched, in order, and what they held before. A configuration \
                 loader used at commissioning behaves the same, from an engineer's machine and once. \
                 FrostyGoop worked in this manner against heating controllers, so if no loader was in \
                 use, isolate the host, restore the registers from the backup, and check the same \
                 registers on neighbouring devices.",
    },
    Detection {
        id: "MB-38",
        name: "File record read/write, mask write, R/W multiple, FIFO new",
        kind: Kind::Security,
        advice: "Ask which tool uses these seldom functions on this device; recorders fetch event \
                 files and some drives are configured through them. A read of records after a \
                 disturbance is normal work of the protection department. A mask or file write nobody \
                 planned alters settings without a visible setpoint change: read the full parameter \
                 set out of the device, compare it with the last release, and withhold remote access \
                 until it matches.",
    },
    Detection {
        id: "MB-39",
        name: "UMAS (FC 90) command",
        kind: Kind::Security,
        advice: "See on the Schneider controller whether it is still in RUN, since this service can \
                 stop it, restart it and replace its program. The control engineer may be online with \
                 Control Expert for a planned change; call and ask for the project's name and \
                 version. If no one is, take the process to manual, unplug or block the programming \
                 host, and compare the running program and its password with the archived project \
                 before you start it again.",
    },
    Detection {
        id: "MB-40",
        name: "Vendor/user FC (65–72,100–110, 125 firmware)",
        kind: Kind::Security,
        advice: "Search the vendor's manual for this private function; it may be harmless \
                 identification or it may load firmware. First use often goes along with a new \
                 configuration tool or a firmware campaign, which would be in the maintenance plan \
                 with this device's serial number. Unplanned, keep the device powered but out of \
                 control, have its firmware version and checksum read locally, and deny the function \
                 at the firewall.",
    },
    Detection {
        id: "MB-41",
        name: "Device identity/firmware string changed",
        kind: Kind::Security,
        advice: "Compare the new text with the nameplate and the asset register: replaced hardware \
                 and a firmware update are the two honest reasons, each with a work order. A device \
                 that changed its name without one might be another box that took over the address. \
                 Have someone look at the device, read the version on its display, and trust neither \
                 its values nor its acceptance of commands until it has been matched.",
    },
    Detection {
        id: "MB-42",
        name: "Device unresponsive",
        kind: Kind::Security,
        advice: "Ping the device and look at the link lamp at its switch; then ask site whether it \
                 still has power and whether its protection is in service. Planned outage, a cable \
                 pulled in the cubicle or a reboot after an update explain most of these. If a \
                 restart, listen-only order, stop or flood came just before, that sender is the cause \
                 to remove; operate the bay locally until polls are answered again.",
    },
    Detection {
        id: "MB-43",
        name: "Poll stopped / period changed",
        kind: Kind::Security,
        advice: "Ask whoever looks after the SCADA configuration whether this poll was taken out, or its \
                 period changed, in the last hours: screens and historians that were set up anew are the usual \
                 cause, and then it is learned within a day. A poll that nobody touched and that has stopped \
                 leaves the operator with old values that look alive; compare them with the device on site. One \
                 that comes many times as often points to a second program on the master, which has no work \
                 there: find it in the list of processes.",
    },
    Detection {
        id: "MB-44",
        name: "Read-back contradicts last write",
        kind: Kind::Security,
        advice: "Go by the plant, not the screen: have the actual breaker position or setpoint read \
                 at the device. A local operator, a limit inside the device or a logic that overrides \
                 the register resolves the contradiction, and the device's own event list shows it. \
                 Where nothing of the kind is found, either the write or the reading was altered on \
                 its way, so give no further remote commands to this point and capture on both sides.",
    },
    Detection {
        id: "MB-45",
        name: "Command without effect, or effect without command",
        kind: Kind::Security,
        advice: "Have somebody look at the equipment: the device said yes, and nothing moved, or it moved \
                 and the reading hides it. A selector in local, an interlock, an empty drive or a blown \
                 fuse of the control circuit are the usual causes, and the bay's own display shows them. \
                 What moved and was not commanded was tripped, or moved by hand: ask who works there. \
                 If the plant stands otherwise, the readings of this device are not to be trusted: switch by \
                 telephone until the path between it and the master has been checked.",
    },
    Detection {
        id: "MB-46",
        name: "Oscillating writes, or a setpoint that moves too fast",
        kind: Kind::Security,
        advice: "Block remote control of this point now and ask afterwards: each turn wears a breaker, \
                 strains a machine or swings a voltage. Testing an output on the bench, or a controller \
                 that hunts around its setpoint, turns it as often and is known to those who do it. When \
                 the right master sends it and nobody at its desk does, take that host off the network.",
    },
    Detection {
        id: "MB-47",
        name: "Two masters writing one point (interleaved)",
        kind: Kind::Security,
        advice: "Decide who is in charge of this point at present, main or standby, and let the other \
                 one's operator confirm that it is passive. Fail-over with both sides active for a \
                 few seconds is a known nuisance and ends by itself. If one of the two has no \
                 business to write, take away its write permission in the device's access list, then \
                 set the point anew from the right master and see that it stays.",
    },
    Detection {
        id: "MB-48",
        name: "Transaction-id anomalies (reuse while open, constant, jump after injection)",
        kind: Kind::Security,
        advice: "Check whether this client's driver always numbers its requests in this way; cheap \
                 ones keep the number constant or restart it with each connection. A jump in the \
                 midst of an established session, with the old numbering continuing beside it, means \
                 that a third party is inserting messages. Then tear the session down, bind the \
                 master's MAC address to its switch port, and look up the write commands of that \
                 session one by one.",
    },
    Detection {
        id: "MB-49",
        name: "Flat or replayed values",
        kind: Kind::Security,
        advice: "Read one of these values at the device itself and compare: while somebody plays back old \
                 readings, the plant may be anywhere. A simulator, a test set or a converter that hung shows \
                 the same and is put right by whoever runs it. Until then trust no screen that draws on this \
                 device, keep operators from acting on it, and look for a host between it and its master.",
    },
];
