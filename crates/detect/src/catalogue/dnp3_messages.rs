//! DNP3, what messages look like and what outstations say of themselves: DN-01 to DN-12, DN-18, DN-19 and most of
//! DN-29 to DN-54.

use super::{Detection, Kind};

pub(super) const DETECTIONS: &[Detection] = &[
    Detection {
        id: "DN-01",
        name: "Non-DNP3 on DNP3 port",
        kind: Kind::Security,
        advice: "Look at the first bytes of the evidence: a web page, a terminal login, TLS or another \
                 control protocol can each be told from them. Some gateways and test sets offer a \
                 second service on port 20000, and their manual or commissioning sheet says so. If the \
                 outstation's owner does not know the service, shut the port at the firewall for this \
                 client and see that the regular master still polls.",
    },
    Detection {
        id: "DN-02",
        name: "Bad link header checksum",
        kind: Kind::Security,
        advice: "Check how many of these the same line gave in the last hour: radio and serial lines \
                 lose a header now and then, a fibre LAN does not. A noisy modem, a failing terminal \
                 server or wrong baud settings behind it damage frames of all kinds, data blocks too. \
                 Headers alone that are wrong, on a link without errors, were written so by a tool; \
                 compare the addresses in them with the device list and watch the outstation for a \
                 restart.",
    },
    Detection {
        id: "DN-03",
        name: "Bad user data checksum",
        kind: Kind::Security,
        advice: "See at which end of the line the damage enters by comparing the error counters of the \
                 modem or serial server with those of the outstation's port. Interference during \
                 switching, a long RS-485 run or a radio path in bad weather explains scattered ones. \
                 When the link layer's headers are always right and only the data is wrong, suspect a \
                 box that rewrites messages in between, and verify the last command at the panel before \
                 you trust the display.",
    },
    Detection {
        id: "DN-04",
        name: "Bad or truncated frame length",
        kind: Kind::Security,
        advice: "Find out whether this outstation went on answering after the evidence frame, since a \
                 length below five has crashed master and outstation stacks before. A serial server \
                 that cuts frames at its idle timer sends the missing half right behind; raise that \
                 timer if it does. Otherwise someone is testing the parser: block the sender, have the \
                 firmware checked against its vendor's advisories, and keep the station's local \
                 protection panel manned if the device stalls.",
    },
    Detection {
        id: "DN-05",
        name: "Transport segments out of order",
        kind: Kind::Security,
        advice: "Parts of one long message came in the wrong order, were begun twice or lack their \
                 beginning. Ask whether a redundant path or a store-and-forward radio serves this \
                 outstation, for both repeat and reorder parts. If neither does, two senders may be \
                 using one connection: look for a second host with the master's link address, and do \
                 not rely on files or event lists that were transferred meanwhile.",
    },
    Detection {
        id: "DN-06",
        name: "Reserved link address",
        kind: Kind::Security,
        advice: "Addresses from FFF0 to FFFB (65520 to 65531) belong to nobody, so no database should \
                 contain one. Look into the sender's DNP3 settings for a typing error, most often a \
                 decimal number entered as hexadecimal. When several of these addresses are tried in \
                 turn, it is a test of what the outstation answers to, and the sender is to be taken \
                 off the control network.",
    },
    Detection {
        id: "DN-07",
        name: "Reserved application function code",
        kind: Kind::Security,
        advice: "Write down the code and look it up in the vendor's device profile; a few makes use \
                 private codes during firmware service. A single one from the station's own service \
                 laptop with a work permit can be closed with a note. From any other host it is a probe \
                 of the application layer: disconnect that host, and read out the outstation's event \
                 log for resets in the same minute.",
    },
    Detection {
        id: "DN-08",
        name: "Unknown object group or variation",
        kind: Kind::Security,
        advice: "Compare the group and variation in the message with the device profile document of \
                 master and outstation. A master that was upgraded may ask for a newer object of IEEE \
                 1815 than this sensor or the outstation knows, and does so at each poll. An object \
                 that nobody documents, sent once or in many variants, is fuzzing; stop the sender and \
                 confirm that control blocks still answer by a select that is not followed by an \
                 operate.",
    },
    Detection {
        id: "DN-09",
        name: "Too many points or objects",
        kind: Kind::Security,
        advice: "Put the count in the header against the size of the outstation: a feeder RTU has \
                 hundreds of points, and a message can hold only what fits into two kilobytes. A badly \
                 imported point list that asks for index 0 to 65535 is the friendly reason, and the \
                 SCADA engineer will know of the import. If no import took place, treat it as an \
                 attempt to exhaust the device's memory, cut the sender off and look at the \
                 outstation's free memory or task alarms.",
    },
    Detection {
        id: "DN-10",
        name: "Malformed application data",
        kind: Kind::Security,
        advice: "Open the evidence frame and see which header does not fit: qualifier, range or length. \
                 Devices of different vendors disagree about rare qualifiers, and then the same small \
                 error returns whenever that message is sent. A range whose start lies behind its stop, \
                 or a length beyond the message, is not a habit but an exploit attempt; isolate its \
                 source and let a second engineer check that the outstation executed nothing.",
    },
    Detection {
        id: "DN-11",
        name: "Direction or role violation",
        kind: Kind::Security,
        advice: "Establish first which host this is: an RTU, a relay or a master. Data concentrators \
                 are masters on one side and outstations on the other, and their two roles belong in \
                 the site file. A field device that really sends commands has been taken over or is \
                 being imitated: block its traffic towards its neighbours, put the commanded device in \
                 local and check its breaker at the panel, then go and secure the device itself.",
    },
    Detection {
        id: "DN-12",
        name: "Request flood",
        kind: Kind::Security,
        advice: "See whether the control room still gets fresh values from this outstation; if they are \
                 stale, switch the station to local supervision before anything else. A master that \
                 lost its timers after an update, or one that retries on a dead line, asks the same \
                 thing again and again. If link frames come in dozens within one packet, it is a tool: \
                 drop its connection at the firewall, also where it carries the master's own address, \
                 and trace the switch port that it enters by.",
    },
    Detection {
        id: "DN-18",
        name: "Unsolicited storm",
        kind: Kind::Security,
        advice: "Look at which points the reports are about: the same contact over and over is a \
                 chattering input, many different ones are a fault on the network or a device that \
                 empties its buffer. A protection trip, the return of a broken link or a test of many \
                 inputs brings such a burst once and then calm. If it does not calm down, the master's \
                 front end may drop what matters; block the point at its input filter, and if the \
                 contents make no sense together, doubt that this outstation sent them.",
    },
    Detection {
        id: "DN-19",
        name: "Unsolicited report to an unknown master",
        kind: Kind::Security,
        advice: "Read the list of masters in the outstation's configuration, since it reports only to \
                 addresses that somebody entered there. A second control centre or a test master that \
                 was put into service today would be in the change record. If the entry is not yours, \
                 somebody rerouted the reports to watch the station: restore the list from the approved \
                 file, block the receiving host, and verify that the true master still gets its events.",
    },
    Detection {
        id: "DN-29",
        name: "Device restart indicated",
        kind: Kind::Security,
        advice: "Look in the outstation's log for the reason of its last start: power, watchdog, \
                 command or new settings. A battery test, work in the cubicle or a firmware update that \
                 is on tonight's programme settles it. Two restarts within ten minutes without such \
                 work mean failing supply or someone who forces them; see whether a restart command was \
                 heard before it, and verify that protection is in service after each start.",
    },
    Detection {
        id: "DN-30",
        name: "Event buffer overflow",
        kind: Kind::Security,
        advice: "Events were lost at this outstation, so its sequence of events is incomplete from here \
                 on; note the time for the fault report. A storm of contact bounce, a chattering input \
                 or a master that was away for hours fills the buffer quite innocently. If it fills \
                 again and again while the master polls, see which point floods it and whether \
                 unsolicited reporting was turned off by somebody, then take values by an integrity \
                 poll.",
    },
    Detection {
        id: "DN-31",
        name: "Configuration corrupt",
        kind: Kind::Security,
        advice: "The outstation itself says that its configuration is damaged: connect with the \
                 vendor's tool and compare checksum and settings version with the archive. A download \
                 that broke off, a worn flash memory or a dead backup battery does this. Do not operate \
                 through this device until its settings were reloaded from the approved file, and \
                 preserve the damaged one, since it may show what was written by whom.",
    },
    Detection {
        id: "DN-32",
        name: "Device trouble indicated",
        kind: Kind::Security,
        advice: "Read the self-test page of the outstation; the trouble bit stands for whatever its \
                 vendor put there, such as a failed I/O card or lost time source. Maintenance on a card \
                 or a pulled module raises it for as long as the work lasts. When it rises right after \
                 commands or settings from a host that has no business there, have somebody look at the \
                 outputs on site before the next switching.",
    },
    Detection {
        id: "DN-33",
        name: "Reserved bits set",
        kind: Kind::Security,
        advice: "Two bits of the internal indications have no meaning in the standard, and a correct \
                 stack sends zeros. See whether all answers of this make of device carry them, in which \
                 case it is a fault of the firmware worth reporting to the vendor. If only some answers \
                 do while others of the same device are clean, they were made by something else that \
                 answers in its name; compare their MAC addresses and arrival times with the clean \
                 ones.",
    },
    Detection {
        id: "DN-34",
        name: "Internal indication never seen before",
        kind: Kind::Security,
        advice: "Read which indication is new: it tells what the outstation thought of the last request \
                 or of itself. Unknown object or parameter error after a change of the poll list points \
                 to that change, and the SCADA engineer can confirm it. An indication that appears with \
                 requests of a host you do not know is the device's own protest; follow up on that host \
                 and not on the outstation.",
    },
    Detection {
        id: "DN-37",
        name: "Authentication failure",
        kind: Kind::Security,
        advice: "See for which user number and which pair the challenge failed, and whether one side's \
                 clock, key or user list was changed today. An expired session key after a long outage \
                 is renewed within a minute, and then the failures end. Repeated ones are guesses, and \
                 commands that are suddenly done without a challenge mean that secure authentication \
                 was switched off: turn it back on, refuse controls from this master until it works, \
                 and change the update keys.",
    },
    Detection {
        id: "DN-38",
        name: "Outstation unresponsive",
        kind: Kind::Security,
        advice: "Ping the outstation or call the station and have somebody look at its run lamp and the \
                 lamp of its communication port. A switch under maintenance, a rebooting terminal \
                 server or an outage of the telecom provider takes away neighbours as well, so compare \
                 them. If this one alone is silent while its link is up, think of a jammed device or a \
                 blocked path, man the substation and find out what was sent to it last.",
    },
    Detection {
        id: "DN-45",
        name: "Control status failures",
        kind: Kind::Security,
        advice: "The outstation refused several controls in a row; read the status code, for it says \
                 whether local mode, an interlock, a missing select or a lack of permission was the \
                 reason. An operator who tries again while the bay is in local, or an interlock during \
                 switching, is ordinary and can be asked. Refusals over many points, or from a host \
                 that does not usually operate, are someone trying which outputs can be moved: withdraw \
                 its control right and check the ones that were accepted.",
    },
    Detection {
        id: "DN-46",
        name: "Reports of a switch contradict each other, or its commands",
        kind: Kind::Security,
        advice: "Ask at the bay, or by telephone, how the switch really stands before anything is operated by \
                 the screen. Local operation, a trip, an interlock or a failed coil explains most; a technician \
                 who blocks a point, an event buffer that ran over or a change of the event classes makes \
                 reports differ, and the station's log shows each. If none did, messages \
                 are put into this link: take the positions of this station from elsewhere, and look for \
                 who else can send on its connection.",
    },
    Detection {
        id: "DN-47",
        name: "Link address moved or duplicated",
        kind: Kind::Security,
        advice: "Two hosts use one DNP3 link address where one was expected; find out from the address \
                 plan which of them should. Replacing an RTU, moving it to another subnet or a failover \
                 of a redundant pair changes the host, once, and the old one falls silent. If both are \
                 active at the same time, one imitates the other: compare MAC addresses and switch \
                 ports, and confirm positions by telephone until the false one is unplugged.",
    },
    Detection {
        id: "DN-50",
        name: "Sequence replay or second response",
        kind: Kind::Security,
        advice: "Compare the two fragments in the evidence: they have one sequence number and different \
                 contents. A master restarting its counter with a new connection reuses numbers \
                 harmlessly, but within one connection it does not. Two different responses to one \
                 request mean that a second sender takes part, so confirm the values of this outstation \
                 at the panel, search the path for a bridging box, and hold back switching through it.",
    },
    Detection {
        id: "DN-51",
        name: "Event time skewed",
        kind: Kind::Security,
        advice: "Compare the outstation's clock with the front end's: a receiver without satellites, summer time \
                 or a time write with the wrong zone puts events into the future. Correct the clock, and note \
                 from when on its sequence of events cannot be used. Events from the future of a device \
                 whose clock is right were made by somebody else.",
    },
    Detection {
        id: "DN-52",
        name: "Link-layer probing",
        kind: Kind::Security,
        advice: "Link reset, test and status requests need no points and no password, which makes them \
                 a cheap way to find outstations. A port server being commissioned or a protocol \
                 analyser that searches for addresses does the same, and its operator will be standing \
                 next to it. If nobody is, remove the host from the network and list the addresses that \
                 answered, as those are its next targets.",
    },
    Detection {
        id: "DN-54",
        name: "Local control switched around a command",
        kind: Kind::Security,
        advice: "Ask at the station who turned the local/remote switch, because it moved within a \
                 minute of a remote command. Crews put a bay in local before they work on it and back \
                 to remote when they leave, which the switching log shows. If nobody is on site, the \
                 selector's contact or the outstation's output is being driven by something else: treat \
                 the bay as not under remote control, send a crew, and check what the command did.",
    },
];
