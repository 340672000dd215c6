//! Tables of what was measured, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{COUNTED, Record};
use crate::score::interval::{binomial, number, poisson};

/// Tables: by scenario, then normal traffic by site.
#[must_use]
pub fn text(records: &[Record]) -> String {
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = scenarios(records, &mut out);
    let _ = normal(records, &mut out);
    let _ = poisoned(records, &mut out);
    out + &crate::methods::table::text(records)
}

#[derive(Default)]
struct Row {
    plays: u64,
    right: u64,
    wrong: u64,
    seconds: Vec<f64>,
    messages: Vec<usize>,
}

/// What the normal traffic of a site came to.
#[derive(Default)]
struct Sum {
    days: f64,
    wrong: [u64; 3],
    armed_h: Vec<f64>,
    news: [[f64; 3]; 4],
    calibration: [[f64; 3]; 4],
    weeks: u64,
}

/// As scenarios are counted: S2 before S10.
pub(crate) fn order(id: &str) -> (String, u32) {
    let digits = id.trim_start_matches(|own: char| !own.is_ascii_digit());
    (id.chars().take_while(|own| !own.is_ascii_digit()).collect(), digits.parse().unwrap_or(0))
}

fn scenarios(records: &[Record], out: &mut String) -> std::fmt::Result {
    let mut rows: BTreeMap<((String, u32), String, String), Row> = BTreeMap::new();
    let (mut all, mut hits) = (0_u64, 0_u64);
    for record in records {
        let Record::Play {
            site, scenario, variant, expected, found, wrong, seconds, messages, ..
        } = record
        else {
            continue;
        };
        let row = rows.entry((order(scenario), variant.clone(), site.clone())).or_default();
        let right = found == expected && missed_none(record);
        row.plays += 1;
        row.right += u64::from(right);
        row.wrong += u64::try_from(wrong.len()).unwrap_or(0);
        row.seconds.extend(seconds);
        row.messages.extend(messages);
        if *expected > 0 {
            all += 1;
            hits += u64::from(right);
        }
    }
    writeln!(
        out,
        "{:<6} {:<24} {:<11} {:>5} {:>5} {:>9} {:>9} {:>6}",
        "", "variant", "site", "plays", "found", "median s", "messages", "false"
    )?;
    for (((letter, nth), variant, site), row) in &mut rows {
        row.seconds.sort_by(f64::total_cmp);
        row.messages.sort_unstable();
        let seconds = row
            .seconds
            .get(row.seconds.len() / 2)
            .map_or("-".to_owned(), |own| format!("{own:.1}"));
        let messages =
            row.messages.get(row.messages.len() / 2).map_or("-".to_owned(), usize::to_string);
        let id = format!("{letter}{nth}");
        let benign = letter == "B";
        let found =
            if benign && row.right == row.plays { "-".to_owned() } else { row.right.to_string() };
        writeln!(
            out,
            "{id:<6} {variant:<24} {site:<11} {:>5} {found:>5} {seconds:>9} {messages:>9} {:>6}",
            row.plays, row.wrong
        )?;
    }
    let (low, high) = binomial(hits, all);
    let percent = |share: f64| share * 100.0;
    let share = if all == 0 { 0.0 } else { number(hits) / number(all) };
    writeln!(
        out,
        "\nrecall: {hits} of {all} plays, {:.1} % ({:.1} to {:.1} % with 95 % confidence)",
        percent(share),
        percent(low),
        percent(high)
    )
}

fn missed_none(record: &Record) -> bool {
    matches!(record, Record::Play { missed, .. } if missed.is_empty())
}

fn normal(records: &[Record], out: &mut String) -> std::fmt::Result {
    let mut sites: BTreeMap<&str, Sum> = BTreeMap::new();
    for record in records {
        let Record::Normal { site, days, wrong, news, calibration, armed_after_h, .. } = record
        else {
            continue;
        };
        let own = sites.entry(site).or_default();
        own.days += days;
        own.weeks += 1;
        own.armed_h.push(armed_after_h.unwrap_or(f64::INFINITY));
        own.wrong.iter_mut().zip(wrong).for_each(|(sum, count)| *sum += count);
        for (sum, news) in [(&mut own.news, news), (&mut own.calibration, calibration)] {
            for (sum, news) in sum.iter_mut().zip(news) {
                sum.iter_mut().zip(news).for_each(|(sum, own)| *sum += own);
            }
        }
    }
    writeln!(
        out,
        "\nnormal traffic: false incidents a day (95 % confidence); when flow and function judged; news a day as foretold, \
         at most, and as it came, in the second half of the first week and (changes of the network) in the second week"
    )?;
    for (site, mut sum) in sites {
        sum.armed_h.sort_by(f64::total_cmp);
        let last = sum.armed_h.last().copied().unwrap_or(0.0);
        let median = sum.armed_h.get(sum.armed_h.len() / 2).copied().unwrap_or(0.0);
        writeln!(
            out,
            "{site}: {:.0} days; flow and function judge after {median:.1} h, at the latest {last:.1} h",
            sum.days
        )?;
        for (severity, count) in COUNTED.iter().zip(sum.wrong) {
            let (low, high) = poisson(count);
            let days = sum.days;
            let [rate, low, high] = [number(count), low, high].map(|own| own / days);
            writeln!(
                out,
                "  {:<9} {count:>4}   {rate:.2} ({low:.2} to {high:.2})",
                severity.name()
            )?;
        }
        let of = number(sum.weeks);
        for (level, (one, two)) in ["flow", "function", "address", "point"]
            .iter()
            .zip(sum.calibration.iter().zip(sum.news))
        {
            let [[expected, most, came], [later, later_most, later_came]] =
                [*one, two].map(|own| own.map(|sum| sum / of));
            writeln!(
                out,
                "  {level:<9} {expected:.2} {most:.2} {came:.2}   {later:.2} {later_most:.2} {later_came:.2}"
            )?;
        }
    }
    Ok(())
}

/// Attacks while the site was learned: what the ledger lists of them, and what was told.
fn poisoned(records: &[Record], out: &mut String) -> std::fmt::Result {
    let mut rows: BTreeMap<((String, u32), &str), [usize; 6]> = BTreeMap::new();
    for record in records {
        let Record::Poisoned { scenario, variant, commanded, listed, expected, alerted, .. } =
            record
        else {
            continue;
        };
        let row = rows.entry((order(scenario), variant)).or_default();
        let [plays, all, of, whole, told, some] = row;
        *plays += 1;
        *all += usize::from(listed >= commanded);
        *of += commanded;
        *whole += expected;
        *told += alerted;
        *some += usize::from(*alerted > 0);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let sum = |nth: usize| rows.values().filter_map(|row| row.get(nth)).sum::<usize>();
    writeln!(
        out,
        "\nplayed while the site was learned, before anything is judged: {} of {} plays have all that was commanded in the \
         ledger; {} were told of as well",
        sum(1),
        sum(0),
        sum(5)
    )?;
    for (((letter, nth), variant), [plays, all, _, _, _, told]) in &rows {
        writeln!(
            out,
            "{:<6} {variant:<24} {plays:>5} {all:>5} {told:>5}",
            format!("{letter}{nth}")
        )?;
    }
    Ok(())
}
