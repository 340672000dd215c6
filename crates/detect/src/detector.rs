//! Observations in, anomalies out: asks the baseline, runs the families, enters what they find.

pub(crate) mod health;
mod message;
mod network;
#[cfg(test)]
mod tests;

use gridtap_baseline::{Baseline, Site, Verdict};
use gridtap_model::{
    Anomaly, Armed, LinkEvent, Message, Observation, Phase, Severity, Timestamp, What,
};

use crate::book::{Book, Counts, Finding, Words};
use crate::budget::Budget;
use crate::catalogue;
use crate::config::Config;
use crate::family::breadth::{self, Gateways};
use crate::family::conformance::Conformance;
use crate::family::connections::Connections;
use crate::family::exceptions::Exceptions;
use crate::family::neighbours::Neighbours;
use crate::family::occasion::{self, Occasions};
use crate::family::outstation::Outstations;
use crate::family::rates::Rates;
use crate::family::readback::Readback;
use crate::family::scans::Scans;
use crate::family::select::{self, Selects};
use crate::family::sequence::Sequence;
use crate::family::sessions::Sessions;
use crate::family::sweeps::Sweeps;
use crate::family::{access, clock, control, dangerous, identity, link};
use crate::planned::Planned;
use crate::scene::{Candidate, Scene};
use crate::series::{Found, Later, Series};
use crate::words;

use message::{enter_message, enter_one, primary, read_range};

/// The detections with their short-term state.
pub struct Detector {
    site: Site,
    book: Book,
    families: Families,
    config: Config,
    candidates: Vec<Candidate>,
    series: Vec<Series>,
    later: Vec<Later>,
}

struct Families {
    occasions: Occasions,
    selects: Selects,
    gateways: Gateways,
    scans: Scans,
    exceptions: Exceptions,
    rates: Rates,
    readback: Readback,
    sequence: Sequence,
    conformance: Conformance,
    connections: Connections,
    outstations: Outstations,
    sweeps: Sweeps,
    sessions: Sessions,
    neighbours: Neighbours,
    reads: Budget,
}

impl Detector {
    /// Detections with these settings and the site's names. `captures` names the inputs, in the order of their ordinals.
    #[must_use]
    pub fn new(config: &Config, site: Site, captures: Vec<String>) -> Self {
        Self {
            site,
            book: Book::new(config, captures),
            families: Families {
                occasions: Occasions::new(config),
                selects: Selects::new(config),
                gateways: Gateways::default(),
                scans: Scans::new(config),
                exceptions: Exceptions::new(config),
                rates: Rates::new(config),
                readback: Readback::new(config),
                sequence: Sequence::new(config),
                conformance: Conformance::new(config),
                connections: Connections::new(config),
                outstations: Outstations::new(config),
                sweeps: Sweeps::new(config),
                sessions: Sessions::new(config),
                neighbours: Neighbours::new(config),
                reads: Budget::new(config, 0.5),
            },
            config: config.clone(),
            candidates: Vec::new(),
            series: Vec::new(),
            later: Vec::new(),
        }
    }

    /// What is declared from now on: what it names is told as suppressed.
    pub fn plan(&mut self, planned: Planned) {
        self.book.plan(planned);
    }

    /// The site file as it is from now on. Its zones have to be those that it had.
    pub fn declare_site(&mut self, site: Site) {
        self.site = site;
    }

    /// Judges one observation, then lets the baseline learn it, or hold it back where it alarmed.
    pub fn observe(&mut self, obs: &Observation<'_>, baseline: &mut Baseline) {
        match &obs.what {
            What::Message(message) => match message.phase {
                Phase::Request | Phase::Select | Phase::Operate => {
                    self.request(obs, message, baseline);
                }
                Phase::Unanswered => self.unanswered(obs, message, baseline),
                // Where requests are not heard, their answers say what was asked.
                _ if gridtap_baseline::is_asking(message) => self.request(obs, message, baseline),
                _ => self.answer(obs, message, baseline),
            },
            What::Link(event) => self.link(obs, event, baseline),
            What::Network(event) => self.network(obs, *event, baseline),
        }
    }

    /// Lets time pass: tells what changed a while ago.
    pub fn tick(&mut self, now: Timestamp) {
        self.families.occasions.tick(now, &mut self.later);
        self.families.selects.tick(now, &mut self.later);
        self.enter_later();
        self.book.tick(now);
    }

    /// The input ended: tells everything that changed and was not told yet.
    pub fn finish(&mut self) {
        self.book.finish();
    }

    /// Anomalies that opened or changed since the last call, in order.
    #[must_use]
    pub fn take(&mut self) -> Vec<Anomaly> {
        self.book.take()
    }

    /// Whether there are such.
    #[must_use]
    #[inline]
    pub const fn has_anomalies(&self) -> bool {
        self.book.has_news()
    }

    /// What was said so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.book.counts()
    }

    /// Short-term state that gave way because its table was full, by table.
    pub fn evictions(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let families = &self.families;
        [
            ("anomalies", self.book.counts().evicted),
            ("anomalies_counted_away", self.book.counts().counted_away),
            ("scans", families.scans.evicted()),
            ("exceptions", families.exceptions.evicted()),
            ("rates", families.rates.evicted()),
            ("readback", families.readback.refused()),
            ("sequence", families.sequence.evicted()),
            ("conformance", families.conformance.evicted()),
            ("connections", families.connections.evicted()),
            ("occasions", families.occasions.evicted()),
            ("selects", families.selects.evicted()),
            ("sweeps", families.sweeps.evicted()),
            ("sessions", families.sessions.evicted()),
            ("neighbours", families.neighbours.evicted()),
        ]
        .into_iter()
        .chain(families.outstations.evictions())
    }

    fn request(&mut self, obs: &Observation<'_>, message: &Message<'_>, baseline: &mut Baseline) {
        let verdict = baseline.judge(obs);
        let site = &self.site;
        let families = &mut self.families;
        let excused = families.occasions.request(obs, message, &verdict, &mut self.later);
        let scene = Scene { obs, message, verdict: &verdict, site, excused };
        let (found, series) = (&mut self.candidates, &mut self.series);
        found.clear();
        series.clear();
        families.judge(&scene, baseline, &self.config, found, series);
        let alarmed = enter_message(&mut self.book, &scene, found, &families.readback, baseline);
        if scene.commands() && !scene.selects() {
            let concerning = self.book.concerns(obs.zone, message.master.address, obs.time);
            families.readback.command(&scene, concerning, series);
        }
        // Facts are kept for good: none of those who alarm for being here at all.
        if !alarmed && !scene.is_stranger() {
            select::learn(&scene, baseline);
            control::learn(&scene, baseline);
            clock::learn(&scene, baseline);
        }
        families.occasions.excuse(&scene);
        let armed = scene.armed();
        baseline.learn(obs, &verdict, alarmed);
        self.enter_series(obs, armed, baseline);
        self.enter_later();
    }

    fn answer(&mut self, obs: &Observation<'_>, message: &Message<'_>, baseline: &mut Baseline) {
        let families = &mut self.families;
        let (site, series) = (&self.site, &mut self.series);
        series.clear();
        baseline.answered(obs, message);
        families.gateways.answer(message, &self.config);
        families.rates.answered(message);
        if message.phase == Phase::Exception {
            let scanned = families.scans.answer(site, obs, message, series);
            if !scanned {
                families.exceptions.answer(site, obs, message, baseline, series);
            }
        }
        families.conformance.answer(site, obs, message, baseline, series);
        families.readback.answer(site, obs, message, baseline, series);
        families.selects.answer(site, obs, message, series);
        identity::answer(site, obs, message, baseline, series);
        families.outstations.answer(site, obs, message, baseline, series);
        if !self.series.is_empty() {
            let armed = armed(baseline.is_armed(&message.device, message.master.address));
            self.enter_series(obs, armed, baseline);
        }
    }

    fn unanswered(
        &mut self,
        obs: &Observation<'_>,
        message: &Message<'_>,
        baseline: &mut Baseline,
    ) {
        self.series.clear();
        self.families.occasions.unanswered(message);
        self.families.rates.unanswered(&self.site, obs, message, baseline, &mut self.series);
        let armed = armed(baseline.is_armed(&message.device, message.master.address));
        self.enter_series(obs, armed, baseline);
    }

    fn link(&mut self, obs: &Observation<'_>, event: &LinkEvent, baseline: &mut Baseline) {
        self.series.clear();
        if *event == LinkEvent::Closed {
            self.families.occasions.closed(obs);
        }
        let zone_armed = armed(baseline.is_zone_armed(obs.zone));
        if *event == LinkEvent::Begun {
            return self.begun(obs, baseline);
        }
        if *event == (LinkEvent::Attempted { failed: true }) {
            self.families.sweeps.failed(&self.site, obs, baseline, &mut self.series);
        }
        let came_about = matches!(
            event,
            LinkEvent::Opened { handshake: true } | LinkEvent::Attempted { failed: false }
        );
        if came_about {
            self.families.sessions.opened(&self.site, obs, baseline, &mut self.series);
        }
        if matches!(event, LinkEvent::Opened { .. } | LinkEvent::Attempted { .. }) {
            let verdict = baseline.judge(obs);
            // Who asked may be a guess of the baseline's; who is told as the actor is the source.
            let known = baseline.knows_host(obs.zone, obs.source.address, obs.time);
            self.candidates.clear();
            if !link::is_usual_attempt(obs, baseline) {
                link::opened(&self.site, obs, &verdict, &mut self.candidates);
            }
            let alarmed = self.enter_opened(obs, event, &verdict, known);
            let connections = &mut self.families.connections;
            connections.opened(&self.site, obs, known, baseline, &mut self.series);
            self.enter_series(obs, zone_armed, baseline);
            // Of a protocol that is decoded, the messages teach who speaks with whom: learned here already,
            // the first message of a stranger would find it known.
            if !link::is_decoded(obs.protocol) {
                baseline.learn(obs, &verdict, alarmed);
            }
            return;
        }
        self.series.extend(link::hearing(&self.site, obs, event, baseline));
        if let LinkEvent::Malformed { fault, hearing } = event
            && hearing.is_clean()
        {
            let conformance = &mut self.families.conformance;
            conformance.damaged(&self.site, obs, fault, baseline, &mut self.series);
        }
        self.enter_series(obs, zone_armed, baseline);
    }

    fn enter_opened(
        &mut self,
        obs: &Observation<'_>,
        event: &LinkEvent,
        verdict: &Verdict,
        known: bool,
    ) -> bool {
        let serves = |detection: &str| self.book.serves(detection, obs.time);
        let Some((primary, also)) = primary(&self.candidates, serves) else { return false };
        let Some(detection) = catalogue::detection(primary.detection) else { return false };
        let attempted = matches!(event, LinkEvent::Attempted { .. });
        let severity =
            if attempted { primary.severity.min(Severity::Low) } else { primary.severity };
        let finding = Finding {
            subject: crate::book::Subject {
                detection: primary.detection,
                actor: obs.source.address,
                target: obs.destination.address,
                device: None,
                variant: u64::from(obs.destination.port),
            },
            detection,
            also: &also,
            severity,
            score: primary.score,
            cause: primary.cause,
            time: obs.time,
            place: obs.place,
            earlier: &[],
            protocol: obs.protocol,
            zone: obs.zone,
            source: obs.source,
            destination: obs.destination,
            armed: armed(verdict.armed),
            key: Some(verdict.key.as_str()).filter(|key| !key.is_empty()),
            stranger: !known && !attempted,
            unknown: !known,
        };
        let site = &self.site;
        self.book.enter(&finding, || Words {
            zone: site.zone_name(obs.zone).to_owned(),
            device: words::device(site, &link::device(obs)),
            points: Vec::new(),
            observed: link::observed(site, obs),
            expected: primary.expected.clone(),
        });
        true
    }

    /// Enters what the families found about series of messages.
    fn enter_series(&mut self, obs: &Observation<'_>, armed: Armed, baseline: &Baseline) {
        let found = Found::by(obs, armed);
        for series in &self.series {
            let unknown = !baseline.knows_host(obs.zone, series.subject.actor, obs.time);
            enter_one(&mut self.book, &self.site, series, &found, unknown);
        }
    }

    /// Enters what was waiting for an explanation that did not come.
    fn enter_later(&mut self) {
        for Later { series, found, unknown } in self.later.drain(..) {
            enter_one(&mut self.book, &self.site, &series, &found, unknown);
        }
    }
}

impl Families {
    /// What the rules say of a request.
    fn judge(
        &mut self,
        scene: &Scene<'_>,
        baseline: &mut Baseline,
        config: &Config,
        found: &mut Vec<Candidate>,
        series: &mut Vec<Series>,
    ) {
        if scene.verdict.new_at.is_some() {
            self.scans.request(scene, baseline, series);
        }
        access::candidates(scene, baseline, found);
        dangerous::candidates(scene, found);
        occasion::candidates(scene, found);
        clock::candidates(scene, baseline, found);
        control::candidates(scene, baseline, found);
        self.selects.request(scene, baseline, found, series);
        if !scene.message.faults.is_empty() {
            self.conformance.request(scene, baseline, found, series);
        }
        if scene.commands() {
            breadth::candidates(scene, &self.gateways, baseline, config, found);
            self.rates.command(scene, baseline, series);
        } else if found.is_empty() {
            found.extend(read_range(scene, &mut self.reads));
        }
        self.sequence.request(scene, baseline, series);
        self.outstations.request(scene, baseline, found, series);
        if found.is_empty() {
            found.extend(control::audit(scene));
        }
    }
}

const fn armed(is: bool) -> Armed {
    if is { Armed::Armed } else { Armed::Learning }
}
