//! Side by side: what the monitor and each method find at one false incident a day, and what each layer of the monitor adds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::beside::{Cost, Hit};
use super::{COUNT, NAMES};
use crate::layers;
use crate::score::interval::number;
use crate::sim::measure::{Record, order};

/// A play of an attack.
#[derive(Debug, Clone)]
struct Play<'a> {
    /// Which scenario, as tables order it.
    scenario: (String, u32),
    /// All that had to be said was said.
    found: bool,
    /// The layers by which anything above low was told of it.
    layers: &'a BTreeSet<String>,
    /// What the methods made of it; empty where they were not asked.
    hits: &'a [Hit],
}

/// Normal traffic.
#[derive(Debug, Clone)]
struct Week<'a> {
    days: f64,
    /// The monitor's incidents of high and critical severity.
    ours: u64,
    costs: &'a [Cost],
}

/// Tables of what was measured: the methods side by side where they were asked, the layers, and what news was foretold.
#[must_use]
pub fn text(records: &[Record]) -> String {
    let (mut plays, mut weeks) = (Vec::new(), Vec::new());
    for record in records {
        match record {
            Record::Play { scenario, expected, found, missed, by, .. }
                if *expected > 0 && !scenario.starts_with('B') =>
            {
                let found = found == expected && missed.is_empty();
                plays.push(Play {
                    scenario: order(scenario),
                    found,
                    layers: &by.layers,
                    hits: &by.methods,
                });
            }
            Record::Normal { days, wrong: [_, high, critical], methods, .. } => {
                weeks.push(Week { days: *days, ours: high + critical, costs: methods });
            }
            Record::Play { .. } | Record::Poisoned { .. } => {}
        }
    }
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = side_by_side(&plays, &weeks, &mut out);
    let _ = ablation(&plays, &mut out);
    let _ = foretold(records, &mut out);
    out
}

/// What news came over what was foretold, by level, on all sites together.
fn foretold(records: &[Record], out: &mut String) -> std::fmt::Result {
    let mut sums = [[0.0; 3]; 4];
    for record in records {
        let Record::Normal { news, days, .. } = record else { continue };
        for (sum, own) in sums.iter_mut().zip(news) {
            sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own * days);
        }
    }
    if sums.iter().flatten().all(|own| *own == 0.0) {
        return Ok(());
    }
    writeln!(
        out,
        "\nnews in normal traffic: foretold, at most, as it came, and that over what was foretold"
    )?;
    for (level, [expected, most, came]) in ["flow", "function", "address", "point"].iter().zip(sums)
    {
        let over = if expected > 0.0 { format!("{:.2}", came / expected) } else { "-".to_owned() };
        writeln!(out, "  {level:<9} {expected:>8.1} {most:>8.1} {came:>8.1} {over:>6}")?;
    }
    Ok(())
}

/// Columns: the methods' names, short.
const SHORT: [&str; COUNT + 1] = [
    "flow", "func", "symbol", "DTMC", "DFA", "IATmean", "IATrange", "MinMax", "Steady", "Suricata",
];

/// Successes of tries.
#[derive(Debug, Clone, Copy, Default)]
struct Share(u64, u64);

impl Share {
    fn add(&mut self, success: bool) {
        self.0 += u64::from(success);
        self.1 += 1;
    }

    fn percent(self) -> f64 {
        if self.1 == 0 { 0.0 } else { 100.0 * number(self.0) / number(self.1) }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Row {
    strict: Share,
    ours: Share,
    calibrated: [Share; COUNT + 1],
    published: [Share; COUNT + 1],
}

impl Row {
    fn add(&mut self, play: &Play<'_>) {
        self.strict.add(play.found);
        self.ours.add(!play.layers.is_empty());
        let places = self.calibrated.iter_mut().zip(&mut self.published);
        for ((calibrated, published), hit) in places.zip(play.hits) {
            calibrated.add(hit.calibrated);
            published.add(hit.published);
        }
    }

    fn best(&self) -> f64 {
        self.calibrated.iter().map(|own| own.percent()).fold(0.0, f64::max)
    }
}

/// Recall by scenario, and what it costs. Nothing where no methods were asked.
fn side_by_side(plays: &[Play<'_>], weeks: &[Week<'_>], out: &mut String) -> std::fmt::Result {
    let asked: Vec<&Play<'_>> = plays.iter().filter(|play| !play.hits.is_empty()).collect();
    if asked.is_empty() {
        return Ok(());
    }
    let (mut rows, mut all) = (BTreeMap::<&(String, u32), Row>::new(), Row::default());
    for play in asked {
        rows.entry(&play.scenario).or_default().add(play);
        all.add(play);
    }
    writeln!(
        out,
        "\nrecall in percent: ours as scenarios want it (strict) and as the methods are judged, by hosts and time; theirs, \
         calibrated to one false incident a day on traffic that is not judged; and how much ours, strict, exceeds the best of \
         them"
    )?;
    write!(out, "{:<6}{:>6}{:>8}{:>6}", "", "plays", "strict", "ours")?;
    SHORT.iter().try_for_each(|name| write!(out, "{name:>9}"))?;
    writeln!(out, "{:>8}", "exceeds")?;
    let named = rows.iter().map(|(id, row)| (format!("{}{}", id.0, id.1), row));
    for (name, row) in named.chain([("all".to_owned(), &all)]) {
        write!(out, "{name:<6}{:>6}", row.strict.1)?;
        write!(out, "{:>8.0}{:>6.0}", row.strict.percent(), row.ours.percent())?;
        columns(&row.calibrated, out)?;
        writeln!(out, "{:>+8.0}", row.strict.percent() - row.best())?;
    }
    write!(out, "{:<26}", "all, as published")?;
    columns(&all.published, out)?;
    writeln!(out)?;
    costs(weeks, out)
}

fn columns(shares: &[Share; COUNT + 1], out: &mut String) -> std::fmt::Result {
    shares.iter().try_for_each(|own| {
        if own.1 == 0 { write!(out, "{:>9}", "-") } else { write!(out, "{:>9.0}", own.percent()) }
    })
}

fn costs(weeks: &[Week<'_>], out: &mut String) -> std::fmt::Result {
    let days: f64 = weeks.iter().filter(|week| !week.costs.is_empty()).map(|own| own.days).sum();
    let weeks: Vec<&Week<'_>> = weeks.iter().filter(|week| !week.costs.is_empty()).collect();
    writeln!(
        out,
        "\nfalse incidents a day in {days:.1} days of normal traffic: as published, calibrated on other traffic, and at what \
         tolerance and how many alerts an incident (the highest of the sites')"
    )?;
    let ours: u64 = weeks.iter().map(|week| week.ours).sum();
    writeln!(out, "  {:<20} {:>10} {:>10.2}", "ours, high", "", number(ours) / days)?;
    let names = NAMES.iter().chain(["Suricata's rules"].iter());
    for (nth, name) in names.enumerate() {
        let own: Vec<&Cost> = weeks.iter().filter_map(|week| week.costs.get(nth)).collect();
        if own.is_empty() {
            writeln!(out, "  {name:<20} suricata, or its rules, is not installed")?;
            continue;
        }
        let sum = |of: fn(&Cost) -> u64| number(own.iter().map(|cost| of(cost)).sum()) / days;
        let tolerance = own
            .iter()
            .map(|cost| cost.tolerance)
            .reduce(|one, other| one.zip(other).map(|(one, other)| one.max(other)));
        let tolerance = tolerance.flatten().map_or("any".to_owned(), |own| format!("{own}"));
        let alerts = own.iter().map(|cost| cost.alerts).max().unwrap_or(1);
        let (published, calibrated) = (sum(|own| own.published), sum(|own| own.calibrated));
        writeln!(
            out,
            "  {name:<20} {published:>10.2} {calibrated:>10.2}   x{tolerance}, {alerts}"
        )?;
    }
    Ok(())
}

/// Recall without each layer of the monitor, and by each alone.
fn ablation(plays: &[Play<'_>], out: &mut String) -> std::fmt::Result {
    if plays.is_empty() {
        return Ok(());
    }
    let share = |holds: &dyn Fn(&Play<'_>) -> bool| {
        let mut own = Share::default();
        plays.iter().for_each(|play| own.add(holds(play)));
        own.percent()
    };
    let any = share(&|play| !play.layers.is_empty());
    writeln!(
        out,
        "\nplays of which anything above low was told: {any:.1} %; without the detections of a layer, by them alone"
    )?;
    for layer in layers::ALL {
        let without = share(&|play| play.layers.iter().any(|own| own != layer));
        let alone = share(&|play| play.layers.contains(layer));
        writeln!(out, "  {layer} {without:>6.1} {alone:>6.1}")?;
    }
    Ok(())
}
