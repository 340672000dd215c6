//! DNP3, what is asked of an outstation and by whom: DN-13 to DN-28, DN-35, DN-36, DN-39 to DN-44 and DN-48 to DN-53.

use super::{Detection, Kind};

pub(super) const DETECTIONS: &[Detection] = &[
    Detection {
        id: "DN-13",
        name: "Cold restart",
        kind: Kind::Security,
        advice: "Watch whether the RTU comes back: it should report a restart within a minute or \
                 two and then answer an integrity poll. Until it does, the HMI shows the last \
                 values it had, so take breaker positions by telephone or at the panel. A restart \
                 belongs to a firmware update or to fault finding, and the RTU engineer knows of \
                 it. If none was ordered, bar the sender at the firewall, put the bay's \
                 local/remote switch to local, and look for settings that only take effect after a \
                 restart.",
    },
    Detection {
        id: "DN-14",
        name: "Warm restart",
        kind: Kind::Security,
        advice: "Compare the points before and after: a warm restart reloads the outstation's \
                 application and may leave outputs in their start-up state. Engineers use it after \
                 loading a configuration, once, and tell the control room first. Repeated every \
                 minute it keeps the station blind without cutting its power. Take the master's \
                 session down, read the configuration's version at the device and have somebody \
                 stand by for local operation.",
    },
    Detection {
        id: "DN-15",
        name: "Stop, start or initialise application",
        kind: Kind::Security,
        advice: "Find out whether the outstation's logic still runs: measured values that no longer \
                 move by a digit are the sign that it was stopped. Interlocking, automatic \
                 reclosing or tap changer control may run in that application, so tell the \
                 switching engineer before anything is operated. A planned download stops and \
                 starts it in one go, from the engineering station. Without one, start it again \
                 only after its program was compared with the archived one, and deny functions 16 \
                 to 18 at the gateway.",
    },
    Detection {
        id: "DN-16",
        name: "Obsolete function: initialise data or save configuration",
        kind: Kind::Security,
        advice: "The standard gave these two functions up, and current master software has no \
                 button for them. See whether the outstation refused it, which most do, and whether \
                 its settings or counters were set back to defaults if it did not. An old RTU with \
                 an equally old master may have used them for years; the maintenance manual then \
                 says so. Anything else is somebody trying out what the device accepts: keep that \
                 host off the control network until its owner has explained it.",
    },
    Detection {
        id: "DN-17",
        name: "Disable unsolicited",
        kind: Kind::Security,
        advice: "From this message on the outstation keeps its events to itself, so a trip of \
                 protection will not appear until the next poll. Masters send it when they start or \
                 reconnect and follow it at once with an integrity poll and an enable; this one did \
                 not fit that pattern. Have the master poll all classes by hand and enable \
                 unsolicited reporting again for the classes that were shut off. If the order came \
                 from nowhere in the master's own log, expect an operation to follow and ask the \
                 stations concerned to call in every breaker movement.",
    },
    Detection {
        id: "DN-20",
        name: "Unauthorised read",
        kind: Kind::Security,
        advice: "Establish which host this is from the asset list and the switch port it sits on, \
                 and whether it uses a link address of its own or that of a master you know. A new \
                 data concentrator, a test set on commissioning duty or a replaced front end is \
                 announced to the control room beforehand. Reading moves nothing, but it tells the \
                 point map that a later trip command needs. Shut the port if no one claims the \
                 host, then look for select or operate messages from it at every other RTU.",
    },
    Detection {
        id: "DN-21",
        name: "Unauthorised write or control",
        kind: Kind::Security,
        advice: "Call the station or look at the switchgear itself: which breakers, taps or \
                 setpoints named here have moved, and did protection open anything in the same \
                 minute. A standby front end that took over, or a commissioning engineer with a \
                 test set, is in the shift log with this address. If neither is, put the affected \
                 bays to local control, stop this host at the firewall or its switch port, and \
                 restore positions in the order that the switching engineer gives. Keep the \
                 capture: the control block shows what was asked, and its status says whether the \
                 RTU did it.",
    },
    Detection {
        id: "DN-22",
        name: "Unauthorised other function",
        kind: Kind::Security,
        advice: "This host has not commanded the outstation before and now changes how it reports, \
                 selects a point, freezes its counters or handles its files. Ask the owner of the \
                 host which tool it runs, since configuration programs and meter readers do such \
                 things and are known to the protection department. A select by itself moves \
                 nothing, yet the operate comes next, so have the bay watched. Close the path from \
                 this host to port 20000 and read the outstation's class assignments, dead bands \
                 and reporting settings against the approved ones.",
    },
    Detection {
        id: "DN-23",
        name: "Broadcast request",
        kind: Kind::Security,
        advice: "Every outstation on this line or behind this gateway has acted on one message and \
                 none of them answered it, so go through them one by one on the single-line \
                 diagram. Time synchronisation and a common counter freeze are what utilities use \
                 broadcast for, at fixed hours, from the front end. A broadcast operate has no \
                 place in a substation: assume that each point with that index has moved, have the \
                 positions confirmed locally, and let remote control rest until the sender is \
                 found. Most RTUs and gateways can be told to ignore addresses FFFD to FFFF.",
    },
    Detection {
        id: "DN-24",
        name: "Points-list scan",
        kind: Kind::Security,
        advice: "Look at what was asked: indexes or objects that this outstation does not have, \
                 several in half a minute. A master whose point list was changed without the RTU's, \
                 or the reverse, fails in the same way after an engineering job and goes on failing \
                 at every poll. A walk that never repeats is someone drawing up the point map, so \
                 check whether the outputs among them were selected afterwards. Take the host off \
                 the network if it is not the engineering station, and correct the list if it is.",
    },
    Detection {
        id: "DN-25",
        name: "Function-code scan",
        kind: Kind::Security,
        advice: "The outstation has said several times that it does not know the function it was \
                 asked for. New master software that tries optional functions at its first start \
                 does this once for each RTU. When it goes on, or when restarts and file functions \
                 are among the codes, somebody is finding out what can be done here: note which \
                 codes were not refused, because those were carried out. Have the RTU's event list \
                 read locally and bar the prober at the gateway.",
    },
    Detection {
        id: "DN-26",
        name: "Unauthorised integrity or class scan",
        kind: Kind::Security,
        advice: "One message like this fetches every value, or every waiting event, that the \
                 outstation has. Find out whether events now fail to reach the real master, since \
                 an outstation that clears its buffer on a stranger's confirm loses them for good. \
                 A manual integrity poll from the front end after a communication fault is normal \
                 and appears in its log. If another host wants the whole picture, treat it as \
                 preparation: check its origin, and limit class polls to the masters at the \
                 firewall or in the RTU's master list.",
    },
    Detection {
        id: "DN-27",
        name: "Function code new for pair",
        kind: Kind::Security,
        advice: "Both ends are known, what is asked is not: see in the master's change record \
                 whether its configuration for this RTU was altered today. An operator's first use \
                 of a seldom button, a software update or a new meter-reading job brings a function \
                 that then comes again in its own rhythm. If it operates, restarts or reconfigures \
                 and the shift knows nothing of it, someone may be using the front end itself. Lock \
                 its remote sessions, check the point or setting in the station, and go on from the \
                 standby.",
    },
    Detection {
        id: "DN-28",
        name: "Time write or clock set",
        kind: Kind::Security,
        advice: "Compare the time that was written with a reference clock and with the stamps of \
                 the outstation's next events. A front end that sets the clock after a restart, or \
                 when the outstation asks for it, writes the right time within a second. A wrong \
                 one spoils the sequence-of-events record that protection engineers rely on after a \
                 trip, and may expire certificates and keys. Set the clock again from the proper \
                 source, mark the events in between as doubtful, and find out why the writer's own \
                 time was off.",
    },
    Detection {
        id: "DN-35",
        name: "Configuration activated",
        kind: Kind::Security,
        advice: "Ask the RTU engineer which configuration was to go live today and whether its \
                 identifier is the one now running. Activating is the last step of a download, so \
                 look back over the previous hour for file transfers to this outstation and who \
                 made them. When nobody released it, point lists, interlocks and communication \
                 settings may all be others than on the drawing. Stay in local control, upload what \
                 is running for comparison, and return to the archived version only with the \
                 switching engineer's consent.",
    },
    Detection {
        id: "DN-36",
        name: "File operations",
        kind: Kind::Security,
        advice: "See the file's name and direction in the evidence: fetching a disturbance record \
                 is daily work, while a new configuration or firmware arrives by writing. The \
                 protection or telecontrol department can say whether it was at this RTU with its \
                 tool. A write, rename or delete that it did not do concerns the device's settings \
                 or its logs. Compare size and time of the files on the device with the release, \
                 preserve them before they rotate, and allow file transfer only from the \
                 engineering station.",
    },
    Detection {
        id: "DN-39",
        name: "Control issued (audit)",
        kind: Kind::Security,
        advice: "This is the record of an expected operation, for the shift log: who operated which \
                 point, with which code, and how often. Nothing needs to be done while it agrees \
                 with the switching orders. If a breaker moved and no order matches the time given \
                 here, ask the operator on duty first, then compare with the records of the front \
                 end's own log; a command that only one of the two shows is a serious matter.",
    },
    Detection {
        id: "DN-40",
        name: "Control new for this point",
        kind: Kind::Security,
        advice: "Read the code: trip or close, latch or pulse, how many times and for how long, and \
                 look on the drawing what this output drives. The first operation of a seldom-used \
                 disconnector, a new bay or a changed pulse time in the RTU's setting sheet \
                 explains it, with an order to match. A longer pulse, a higher count or the \
                 opposite coil without such an order may burn a trip coil or move what should stay. \
                 Verify the position on site, withdraw remote release for the bay, and question the \
                 operator station that sent it.",
    },
    Detection {
        id: "DN-41",
        name: "Analog output new for this point",
        kind: Kind::Security,
        advice: "Check the setpoint where it acts: tap position, power limit, voltage target or \
                 threshold, and whether the controller behind it already follows. Dispatch may have \
                 begun to use a setpoint that lay idle, and the market or voltage schedule of the \
                 day then shows the same number. Where nobody wrote it, set the controller to its \
                 local value before the network does something else with it. After that, trace the \
                 write to a person through the front end's log and the remote access records.",
    },
    Detection {
        id: "DN-42",
        name: "Select before operate violated",
        kind: Kind::Security,
        advice: "The two-step safeguard against wrong operations was not kept: the operate had no \
                 select, differed from it, came out of turn or too late, or points were selected \
                 and then left alone. See from the status in the answer whether the RTU refused, as \
                 it should, and check the breaker if it did not. A repeated button press over a \
                 slow radio path, or two operators at one bay, makes the like by accident. \
                 Otherwise somebody is inserting commands into a live session: end that session, \
                 operate locally, and look for a second source of the master's packets.",
    },
    Detection {
        id: "DN-43",
        name: "Direct operate where select before operate is the norm",
        kind: Kind::Security,
        advice: "This output is always selected first, and now it was operated in one step, which \
                 skips the operator's second look. Confirm the position of the breaker or switch by \
                 eye or telephone. A master whose configuration for this point was changed, or an \
                 automatic scheme such as load shedding, may well use direct operate, and then it \
                 does so each time. If the operator on duty pressed nothing, treat the front end as \
                 taken over: cut its connection to the stations, use the standby, and keep the bay \
                 in local.",
    },
    Detection {
        id: "DN-44",
        name: "Oscillation, or many points in a short time",
        kind: Kind::Security,
        advice: "Stop the movement before the search begins: take the affected bays to local, or \
                 open the control circuit if a breaker is being driven open and shut. Load shedding \
                 and restoration after a blackout operate many points quickly, and the control room \
                 knows when it does that. A closed loop that hunts shows the same values over and \
                 over, at one point only. For anything else, cut the front end off from all \
                 stations at once, since one compromised master reaches every RTU it polls.",
    },
    Detection {
        id: "DN-48",
        name: "Class assignment or dead band changed",
        kind: Kind::Security,
        advice: "What the outstation reports by itself was changed: points taken out of the event \
                 classes, or a dead band so wide that no change is worth reporting. The values then \
                 look calm while the network is not, so compare a few analog readings with the \
                 instruments in the station. Tuning an overloaded radio channel is the honest \
                 reason, planned and documented for each point. In all other cases write the \
                 approved classes and dead bands back, and poll class 0 often until that is done.",
    },
    Detection {
        id: "DN-49",
        name: "Counters frozen or cleared",
        kind: Kind::Security,
        advice: "Note the counter values in the evidence before they are overwritten: energy \
                 metering and settlement may rest on them. Freezing at the full hour by the \
                 metering system is routine, and clearing is rare even there. Ask the metering \
                 department whether it read this outstation just now. When it did not, mark the \
                 interval as disputed, take the values from the meters themselves, and see whether \
                 the sender also touched outputs.",
    },
    Detection {
        id: "DN-53",
        name: "Device attributes read",
        kind: Kind::Security,
        advice: "The reader asked for make, model, serial number and software version of the \
                 outstation. An asset inventory does so across all stations from one known address, \
                 and a vendor's service tool on connecting. Where neither is at work, look up which \
                 published weaknesses apply to the version that was given away, since that is what \
                 the reader will do. Keep an eye on that host for file transfers and restarts, and \
                 have function 1 on group 0 filtered if your gateway can.",
    },
];
