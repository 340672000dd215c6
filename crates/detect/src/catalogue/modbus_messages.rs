//! Modbus, what messages look like and how they are refused: MB-01 to MB-20.

use super::{Detection, Kind};

pub(super) const DETECTIONS: &[Detection] = &[
    Detection {
        id: "MB-01",
        name: "Non-Modbus on Modbus port",
        kind: Kind::Security,
        advice: "Open the evidence frames and see what the bytes are: TLS, a web page, a vendor's \
                 loader and a port scanner all look different. It is benign when a known engineering \
                 tool or a gateway's configuration page was moved to port 502, which its owner can \
                 confirm. If nobody claims the client, close its switch port and leave the device \
                 polling its real master.",
    },
    Detection {
        id: "MB-02",
        name: "Bad MBAP length",
        kind: Kind::Security,
        advice: "Compare the length field with the function in the evidence frame, then see whether \
                 the device went on answering its next polls. One client that always miscounts by the \
                 same number is usually a faulty driver: ask for its firmware version and the \
                 vendor's release notes. Lengths that vary from frame to frame are somebody testing \
                 the device's parser: block that client and plan a check of the device on site.",
    },
    Detection {
        id: "MB-03",
        name: "Oversize ADU",
        kind: Kind::Security,
        advice: "See which function the long message carries; the standard ends at 260 bytes and only \
                 some vendor services go beyond. Schneider programming sessions do so lawfully, so \
                 ask whether Unity or Control Expert was open against this controller. Outside such a \
                 session, watch the device for a restart or a dead communication port, and stop the \
                 sender at the firewall before it repeats.",
    },
    Detection {
        id: "MB-04",
        name: "Reserved/undefined/zero function code",
        kind: Kind::Security,
        advice: "Find out what sent a function that the standard does not define: look up the \
                 client's address in the asset list and its neighbours in the same minute. A gateway \
                 that bridges an old Modicon network, or a commissioning tool that probes what a \
                 device can do, would explain a handful. If the codes climb one by one, treat the \
                 client as a scanner and cut its access to the whole device network, not to this \
                 device only.",
    },
    Detection {
        id: "MB-05",
        name: "Illegal value / quantity",
        kind: Kind::Security,
        advice: "Read the value or quantity in the evidence frame and look how the device replied: an \
                 exception 03 means that it refused, a normal answer means that it did something \
                 undefined. A freshly changed poll list or HMI template with a wrong count is the \
                 usual honest cause, and it repeats at the poll rate. Where the odd message is a \
                 write, compare the coil or register on the HMI with the plant before anyone relies \
                 on it.",
    },
    Detection {
        id: "MB-06",
        name: "Invalid exception code",
        kind: Kind::Security,
        advice: "Check the device's manual for private exception codes; some drives and meters have \
                 them and return them every time. If the same device never answered so before, \
                 capture its answers at its own port and compare them with those at the master, \
                 because bytes changed on the way point to something between the two. Keep the \
                 operator from trusting this device's values until both captures agree.",
    },
    Detection {
        id: "MB-07",
        name: "Response does not match request",
        kind: Kind::Security,
        advice: "Put request and answer from the evidence side by side: a different address, value or \
                 number of bytes was echoed than was asked for. A serial gateway with two masters can \
                 hand an answer to the wrong one, so ask whether its queue or timeout was altered. If \
                 no gateway is involved, verify the breaker or setpoint at the panel rather than on \
                 the HMI, and look for a second device that answers with this address.",
    },
    Detection {
        id: "MB-08",
        name: "Unsolicited / orphan response",
        kind: Kind::Security,
        advice: "Look for the request that this answer belongs to; when the sensor also reports lost \
                 packets or one missing direction, the request was simply not heard. A device that \
                 answers after the master's timeout makes the same picture, and its response times \
                 then show it. Otherwise someone may be racing the real device: compare MAC address \
                 and IP time-to-live of the answer with earlier ones, and take the current values by \
                 telephone from site.",
    },
    Detection {
        id: "MB-09",
        name: "Request flood / unanswered backlog",
        kind: Kind::Security,
        advice: "See on the communication screen whether the device still updates for its proper \
                 master; if it does not, that comes first. A master that lost its pacing after a \
                 restart, or a historian set to an interval of zero, would be the harmless reason. \
                 When the requests come from any other host, shut its switch port, let the device \
                 recover for a minute, and confirm that polls are answered before giving control back \
                 to the operator.",
    },
    Detection {
        id: "MB-10",
        name: "Exception raised by master",
        kind: Kind::Security,
        advice: "An answer code travelled in the direction of a request, which no correct client \
                 sends. Check whether the sensor sees the conversation the right way round, since a \
                 capture that starts in the middle of it or a device that opens connections to its \
                 master can turn the roles. If the roles are right, the sender is testing the \
                 device's stack: record its traffic, block it, and check that the device's program \
                 and communication ports still run.",
    },
    Detection {
        id: "MB-11",
        name: "Exception burst",
        kind: Kind::Security,
        advice: "List which function and address were refused: the same ones at the poll rate mean a \
                 wrong poll list, changing ones mean that somebody is trying. Ask the SCADA team for \
                 an import or a device replacement in the last hour, which typically ends in such \
                 refusals. For changing ones, find out what the same client was allowed to do between \
                 the refusals, and undo any write it managed to place.",
    },
    Detection {
        id: "MB-12",
        name: "First exception of this kind on this pair",
        kind: Kind::Security,
        advice: "Read the exception's name and the request before it: illegal address or function \
                 points at the client, device failure at the device. New tags, a firmware update or a \
                 device swapped for a similar type commonly cause a first refusal, so look in today's \
                 work orders. If none fits, keep an eye on this client for further refusals, and ask \
                 its owner what it tried to do.",
    },
    Detection {
        id: "MB-13",
        name: "Function code scan",
        kind: Kind::Security,
        advice: "Go to the host named as source and find the program that tries one function after \
                 another; a vulnerability scanner or an asset discovery tool leaves exactly this \
                 trace. It is harmless only when the security team announced a scan of this network \
                 segment, and even then old devices may stop answering, so look that this one still \
                 polls. Unannounced, disconnect the host and review every accepted function in the \
                 list, above all writes and restarts.",
    },
    Detection {
        id: "MB-14",
        name: "Points list scan",
        kind: Kind::Security,
        advice: "The source is walking through addresses to learn which of them the device has; each \
                 refusal names one that it lacks, each answer one that it has. Compare the first and \
                 the last address tried with the device's register map: a changed poll list or an \
                 engineer testing a new map stays near it, a reconnaissance walks on to the end. Where \
                 no engineer owns up, remove the host's route to the devices and expect writes to the \
                 addresses that answered; watch those points first.",
    },
    Detection {
        id: "MB-15",
        name: "Illegal data value rejected",
        kind: Kind::Security,
        advice: "The device refused a value or a count; ask the operator or the recipe's owner which \
                 setpoint was entered just then. Limits parametrised in the device make this normal \
                 when someone types outside them. If nobody entered anything, see whether the same \
                 client then succeeded with a smaller value, and put the setpoint back from the last \
                 agreed settings sheet.",
    },
    Detection {
        id: "MB-16",
        name: "Device failure",
        kind: Kind::Security,
        advice: "Read the device's own fault log and status lamps, since exception 04 is its word for \
                 an internal error it can't recover from by itself. A failing analogue module, a lost \
                 backplane or a write during start-up explain it without anybody's intent. If the \
                 failures began with requests from an unusual client, block that one first and only \
                 then restart the device, with its protection functions confirmed by the panel.",
    },
    Detection {
        id: "MB-17",
        name: "Acknowledge-delay abuse",
        kind: Kind::Security,
        advice: "Ask which long job the device is said to be working on, because exception 05 means \
                 \"accepted, wait\". Storing a program or erasing flash memory during planned \
                 engineering gives a few of these and then a result. Many without any job keep a \
                 master waiting for ever: compare the device's own display with what the master waits \
                 for, and search between them for a box that answers in the device's name.",
    },
    Detection {
        id: "MB-18",
        name: "Busy-delay abuse",
        kind: Kind::Security,
        advice: "Count how many masters talk to this device at the moment; small controllers report \
                 busy when a third or fourth connection is opened. A temporary tool such as a laptop \
                 logger can be unplugged and the busy answers should then stop. If they continue with \
                 only the regular master left, test the device locally, since a false \"busy\" is a \
                 quiet way to keep commands from being carried out.",
    },
    Detection {
        id: "MB-19",
        name: "Gateway path/target failed",
        kind: Kind::Security,
        advice: "See at the gateway which serial unit did not answer, and whether its lamp for the \
                 serial line shows traffic. Lost power of one slave, a broken RS-485 pair or a unit \
                 taken out for repair are the everyday causes, and they concern one or two fixed \
                 numbers. Requests to many different unit numbers are a search for what lies behind \
                 the gateway: withdraw the client's permission there and note which units did answer.",
    },
    Detection {
        id: "MB-20",
        name: "Unit-id scan",
        kind: Kind::Security,
        advice: "Somebody counts through unit numbers behind one address; look which process on the \
                 source host opened the connection. Replacing a gateway or commissioning a serial \
                 line gives a short search by the commissioning engineer's own laptop, on a day that \
                 the site diary names. In any other case take the host off the network, then inspect \
                 each unit that replied for changed parameters, as a search like this is made to \
                 choose a target.",
    },
];
