//! What is said, in words: who, what, to which point, and what was learned.

use core::fmt::Write as _;
use core::net::IpAddr;

use gridtap_baseline::{LearnedRate, Site, Verdict};
use gridtap_model::{
    Device, Fault, FaultKind, Matched, Message, Observation, Phase, Span, Table, Timestamp,
};

use crate::scene::Scene;

mod file;
mod point;

pub(crate) use file::file;
pub(crate) use point::{Told, point, told, told_at, told_with};

/// How many points a sentence lists.
const POINTS_LISTED: usize = 4;

/// A host by its name and address: `SCADA front end A (10.0.0.7)`.
pub(crate) fn host(site: &Site, address: IpAddr) -> String {
    match site.host_name(address) {
        Some(name) if name != address.to_string() => format!("{name} ({address})"),
        _ => address.to_string(),
    }
}

/// A device by its name and address: `Feeder 12 RTU (modbus 10.0.0.21 unit 3)`.
pub(crate) fn device(site: &Site, device: &Device) -> String {
    match site.device_name(device) {
        Some(name) if name != device.to_string() => format!("{name} ({device})"),
        _ if device.sub.is_broadcast() => format!("every device at once ({device})"),
        _ => device.to_string(),
    }
}

/// What the message asks: `write single coil: 52-1 trip (coil 2) := on`,
/// `direct operate "trip, pulse on 100 ms" on 52-1 (binary output 7)`.
pub(crate) fn request(scene: &Scene<'_>) -> String {
    let Scene { message, site, .. } = scene;
    let mut text = match &message.file {
        Some(file) => file::done(message.function, file),
        None => message.function.to_string(),
    };
    let points = told(scene, POINTS_LISTED);
    let writes = message.runs.iter().any(|run| run.written);
    let total: u64 = message
        .runs
        .iter()
        .filter(|run| (run.written || !writes) && run.table != Table::FILE)
        .map(|run| u64::from(run.count))
        .sum();
    for (nth, at) in points.iter().enumerate() {
        text.push_str(match (nth, at.control()) {
            (0, Some(_)) => " ",
            (0, None) => ": ",
            _ => ", ",
        });
        text.push_str(&at.with_value(site, &message.device));
    }
    let listed = points.iter().flat_map(Told::points).count();
    let listed = u64::try_from(listed).unwrap_or(u64::MAX);
    if total > listed {
        let _ = write!(text, " and {} more", total.saturating_sub(listed));
    }
    text
}

/// A whole sentence about a request: who asked what of whom.
pub(crate) fn observed(scene: &Scene<'_>) -> String {
    let Scene { message, site, .. } = scene;
    format!(
        "{} sent {} to {}",
        host(site, message.master.address),
        request(scene),
        device(site, &message.device)
    )
}

/// The points of a message as a record lists them.
pub(crate) fn points(scene: &Scene<'_>, max: usize) -> Vec<String> {
    let file = scene.message.file.as_ref().and_then(file);
    let points = told(scene, max).into_iter();
    let points = points.map(|at| at.name(scene.site, &scene.message.device));
    file.into_iter().chain(points).take(max).collect()
}

/// How long the baseline has heard, from the first packet to this one: `212 h`, `9 min`. Where only a part of that
/// time had traffic in it, and so teaches anything, that is said too: `190 s (traffic in 100 s of it)`.
pub(crate) fn heard(verdict: &Verdict, now: Timestamp) -> String {
    let LearnedRate { heard_ns, blocks, .. } = verdict.rate;
    let whole_ns = verdict.since.map_or(0, |since| now.since_ns(since));
    // A capture older than the baseline, or nothing learned yet.
    if whole_ns < heard_ns || blocks == 0 {
        return span(heard_ns.max(whole_ns));
    }
    // The block that began it and the running one are not over, or not heard whole.
    let two_blocks_ns = heard_ns.checked_div(blocks).unwrap_or(0).saturating_mul(2);
    if whole_ns.saturating_sub(heard_ns) <= two_blocks_ns {
        return span(whole_ns);
    }
    format!("{} (traffic in {} of it)", span(whole_ns), span(heard_ns))
}

fn span(nanos: u64) -> String {
    let seconds = nanos.checked_div(1_000_000_000).unwrap_or(0);
    let (count, unit) = match seconds {
        0..120 => (seconds, "s"),
        120..7200 => (seconds.checked_div(60).unwrap_or(0), "min"),
        _ => (seconds.checked_div(3600).unwrap_or(0), "h"),
    };
    format!("{count} {unit}")
}

/// How often news of a kind comes here at the most: `at most 0.34 times a day`.
pub(crate) fn how_often(rate: &LearnedRate) -> String {
    if rate.blocks == 0 {
        return "how often is not known yet".to_owned();
    }
    let block_ns = rate.heard_ns.checked_div(rate.blocks).unwrap_or(0);
    let block_s = crate::float::of(block_ns) / 1e9;
    let came = match rate.once {
        0 => "none did".to_owned(),
        1 => "one block brought such that came in no other".to_owned(),
        once => format!("{once} blocks brought such that came in no other"),
    };
    if block_s >= 600.0 {
        let per_day = rate.per_block_max * 86_400.0 / block_s;
        format!("at most {} times a day ({came})", figures(per_day))
    } else {
        let block = Span::from_nanos(block_ns);
        format!("at most {} times in a block of {block} ({came})", figures(rate.per_block_max))
    }
}

/// Two figures that matter.
fn figures(number: f64) -> String {
    if number >= 10.0 {
        format!("{number:.0}")
    } else if number >= 1.0 {
        format!("{number:.1}")
    } else {
        format!("{number:.2}")
    }
}

/// A list of hosts in a sentence: `10.0.0.7`, `10.0.0.7 and 10.0.0.8`, `10.0.0.7, 10.0.0.8 and 3 others`.
pub(crate) fn hosts(site: &Site, addresses: &[IpAddr]) -> String {
    match addresses {
        [] => "no host".to_owned(),
        [one] => host(site, *one),
        [one, two] => format!("{} and {}", host(site, *one), host(site, *two)),
        [one, two, three] => {
            format!("{}, {} and {}", host(site, *one), host(site, *two), host(site, *three))
        }
        [one, two, rest @ ..] => {
            format!("{}, {} and {} others", host(site, *one), host(site, *two), rest.len())
        }
    }
}

/// What is wrong with a message.
pub(crate) fn fault(fault: Fault) -> String {
    let Fault { kind, found, expected } = fault;
    match kind {
        FaultKind::ProtocolIdentifier => {
            format!("protocol identifier {found} where the standard has {expected}")
        }
        FaultKind::Length => {
            format!("length field {found} where the message has or needs {expected}")
        }
        FaultKind::Oversize => format!("{found} octets where the standard allows {expected}"),
        FaultKind::ByteCount => format!("byte count {found} where the quantity needs {expected}"),
        FaultKind::ReservedFunction => {
            format!("function code {found}, which the standard does not define")
        }
        FaultKind::ReservedSubFunction => {
            format!("sub-function {found}, which the standard does not define")
        }
        FaultKind::Quantity => format!("quantity {found} where 1 to {expected} is allowed"),
        FaultKind::AddressRange => {
            format!("an address range that ends at {found}, beyond {expected}")
        }
        FaultKind::Value => format!("value {found:#06x} where the standard allows none such"),
        FaultKind::ExceptionCode => {
            format!("exception code {found}, which the standard does not define")
        }
        FaultKind::ExceptionFromMaster => "an exception sent by the side that asks".to_owned(),
        FaultKind::ResponseMismatch(of) => mismatch(of, found, expected),
        FaultKind::Unrequested => "an answer to nothing that was asked".to_owned(),
        FaultKind::SecondResponse => "a second, different answer to one request".to_owned(),
        FaultKind::TransactionReuse => format!("transaction number {found} used again while open"),
        FaultKind::TrailingBytes => format!("{found} octets after the end of the message"),
        FaultKind::Truncated => format!("{found} octets where the function needs {expected}"),
        FaultKind::NoSelect => "an operate with no select before it".to_owned(),
        FaultKind::SelectDiffers => "an operate of something else than was selected".to_owned(),
        FaultKind::SelectSequence => format!(
            "an operate with sequence number {found}, where the one after its select is {expected}"
        ),
        FaultKind::SelectLate => format!(
            "an operate {found} ms after its select, where a device waits {expected} ms at the most"
        ),
        _ => format!("{} ({found}, expected {expected})", kind.name()),
    }
}

/// What of an answer is not that of its request, and what each has.
fn mismatch(of: Matched, found: u32, expected: u32) -> String {
    match of {
        Matched::Unit => format!("an answer of unit {found} to a request for unit {expected}"),
        Matched::Function => {
            format!("an answer with function {found} to a request with function {expected}")
        }
        Matched::SubFunction => {
            format!("an answer with sub-function {found} to a request with sub-function {expected}")
        }
        Matched::Octets => {
            format!(
                "an answer with {found} octets of values where the points asked for take {expected}"
            )
        }
        Matched::Address => {
            format!("an answer about address {found} to a request about address {expected}")
        }
        Matched::Quantity => {
            format!("an answer that confirms {found} points to a request that wrote {expected}")
        }
        Matched::Value => {
            format!(
                "an answer that confirms value {found:#06x} to a request that wrote {expected:#06x}"
            )
        }
        Matched::Content => "an answer that does not repeat its request".to_owned(),
    }
}

/// What kind of message it is, for sentences about messages that are not requests.
pub(crate) const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Request | Phase::Select | Phase::Operate => "a request",
        Phase::Response => "an answer",
        Phase::Confirm => "a confirmation",
        Phase::Unsolicited => "an unsolicited message",
        Phase::Exception => "an exception",
        Phase::Unanswered => "no answer",
    }
}

/// Who sent a message that is judged by itself, and what it was.
pub(crate) fn sender(site: &Site, obs: &Observation<'_>, message: &Message<'_>) -> String {
    format!(
        "{} sent {} ({}) {} {}",
        host(site, obs.source.address),
        phase(message.phase),
        message.function,
        if obs.source == message.master { "to" } else { "as" },
        device(site, &message.device)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_is_named_by_its_address_is_told_once() {
        let site = Site::parse(
            "[[hosts]]\nname = \"10.0.0.7\"\naddresses = [\"10.0.0.7\"]\n[[hosts]]\nname = \"HMI 1\"\naddresses = [\"10.0.0.8\"]",
        )
        .unwrap();
        assert_eq!(host(&site, "10.0.0.7".parse().unwrap()), "10.0.0.7");
        assert_eq!(host(&site, "10.0.0.8".parse().unwrap()), "HMI 1 (10.0.0.8)");
    }

    #[test]
    fn a_mismatch_says_what_was_compared() {
        let said = |of, found, expected| {
            fault(Fault { kind: FaultKind::ResponseMismatch(of), found, expected })
        };
        assert_eq!(
            said(Matched::Octets, 10, 6),
            "an answer with 10 octets of values where the points asked for take 6"
        );
        assert_eq!(
            said(Matched::Address, 5, 3),
            "an answer about address 5 to a request about address 3"
        );
        assert_eq!(
            said(Matched::Value, 0xFF00, 0),
            "an answer that confirms value 0xff00 to a request that wrote 0x0000"
        );
        assert_eq!(said(Matched::Unit, 2, 1), "an answer of unit 2 to a request for unit 1");
    }

    #[test]
    fn how_long_was_heard_is_from_the_first_packet_to_this_one_and_says_what_of_it_had_traffic() {
        let said = |seconds: i64, blocks: u64, since: Option<i64>| {
            let mut baseline = gridtap_baseline::Baseline::new(
                gridtap_baseline::Config::default(),
                Site::default(),
            );
            let mut verdict = crate::scene::tests::link_verdict(&mut baseline);
            verdict.rate =
                LearnedRate { blocks, heard_ns: blocks * 10_000_000_000, ..LearnedRate::UNHEARD };
            verdict.since = since.map(|since| Timestamp::from_parts(since, 0));
            heard(&verdict, Timestamp::from_parts(seconds, 0))
        };
        assert_eq!(said(1_190, 10, Some(1_000)), "3 min (traffic in 100 s of it)");
        assert_eq!(said(1_115, 10, Some(1_000)), "115 s", "the running block makes no difference");
        assert_eq!(said(1_000 + 212 * 3_600, 76_319, Some(1_000)), "212 h");
        assert_eq!(said(500, 10, Some(1_000)), "100 s", "a capture older than the baseline");
        assert_eq!(said(1_003, 0, Some(1_000)), "3 s");
        assert_eq!(said(1_003, 0, None), "0 s");
    }
}
