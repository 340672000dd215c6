//! Observations in, anomalies out: asks the baseline, runs the families, enters what they find.

mod families;
pub(crate) mod health;
mod message;
mod network;
mod plans;
mod routine;
#[cfg(test)]
mod tests;
mod timing;

use gridtap_baseline::{Baseline, Site, Verdict};
use gridtap_model::{
    Anomaly, Armed, LinkEvent, Message, Observation, Phase, Severity, Timestamp, What,
};

use crate::book::{Book, Counts, Finding, Words};
use crate::catalogue;
use crate::config::Config;
use crate::family::timing::Said;
use crate::family::{clock, control, identity, link, select};
use crate::planned::Planned;
use crate::scene::{Candidate, Scene};
use crate::series::{Found, Later, Series};
use crate::words;

use families::Families;
use message::{enter_message, enter_one, primary};

/// The detections with their short-term state.
pub struct Detector {
    site: Site,
    book: Book,
    families: Families,
    config: Config,
    candidates: Vec<Candidate>,
    series: Vec<Series>,
    later: Vec<Later>,
    said: Vec<Said>,
    /// Nothing is routine.
    #[cfg(test)]
    is_thorough: bool,
}

impl Detector {
    /// Detections with these settings and the site's names. `captures` names the inputs, in the order of their ordinals.
    #[must_use]
    pub fn new(config: &Config, site: Site, captures: Vec<String>) -> Self {
        Self {
            site,
            book: Book::new(config, captures),
            families: Families::new(config),
            config: config.clone(),
            candidates: Vec::new(),
            series: Vec::new(),
            later: Vec::new(),
            said: Vec::new(),
            #[cfg(test)]
            is_thorough: false,
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
            What::Message(message) => {
                self.families.timing.heard(obs.zone, obs.time);
                self.families.losses.message(obs.place.capture);
                match message.phase {
                    Phase::Request | Phase::Select | Phase::Operate => {
                        self.request(obs, message, baseline);
                    }
                    Phase::Unanswered => self.unanswered(obs, message, baseline),
                    // Where requests are not heard, their answers say what was asked.
                    _ if gridtap_baseline::is_asking(message) => {
                        self.request(obs, message, baseline)
                    }
                    _ => self.answer(obs, message, baseline),
                }
            }
            What::Link(event) => self.link(obs, event, baseline),
            What::Network(event) => self.network(obs, *event, baseline),
        }
    }

    /// Lets time pass: tells what changed a while ago.
    pub fn tick(&mut self, now: Timestamp) {
        self.families.occasions.tick(now, &mut self.later);
        self.families.selects.tick(now, &mut self.later);
        self.enter_later();
        self.heard_again(now);
        self.missed(now);
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
        let counts = self.book.counts();
        [("anomalies", counts.evicted), ("anomalies_counted_away", counts.counted_away)]
            .into_iter()
            .chain(self.families.evictions())
    }

    fn request(&mut self, obs: &Observation<'_>, message: &Message<'_>, baseline: &mut Baseline) {
        if self.is_routine(obs, message, baseline) {
            return;
        }
        let verdict = baseline.judge(obs);
        let site = &self.site;
        let families = &mut self.families;
        let excused = families.occasions.request(obs, message, &verdict, &mut self.later);
        let to_all = message.device.sub.is_broadcast() || families.gateways.is_broadcast(message);
        let mut scene =
            Scene { obs, message, verdict: &verdict, site, excused, to_all, usual: true };
        if verdict.new_at.is_some() {
            scene.usual = families.is_usual(&scene);
        }
        let (found, series) = (&mut self.candidates, &mut self.series);
        found.clear();
        series.clear();
        families.judge(&scene, baseline, &self.config, found, series);
        let alarmed = enter_message(&mut self.book, &scene, found, &families.readback, baseline);
        if scene.commands() && !scene.selects() {
            self.book.command(&scene);
            let concerning = self.book.concerns(obs.zone, message.master.address, obs.time);
            families.readback.command(&scene, concerning, series);
            let outstations = &families.outstations;
            let before = |place| outstations.is_on(&message.device, place);
            families.feedbacks.command(&scene, alarmed, before, baseline);
        }
        if !alarmed && scene.commands() {
            families.values.command(&scene, baseline, series);
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
        families.values.answer(site, obs, message, baseline, series);
        identity::answer(site, obs, message, baseline, series);
        families.outstations.answer(site, obs, message, baseline, series);
        let flips = families.outstations.flips();
        families.feedbacks.answer(site, obs, message, flips, baseline, series);
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
        self.families.timing.unanswered(message.device, message.master.address, obs.time);
        self.families.feedbacks.unanswered(message, obs.time, baseline);
        self.families.rates.unanswered(&self.site, obs, message, baseline, &mut self.series);
        let armed = armed(baseline.is_armed(&message.device, message.master.address));
        self.enter_series(obs, armed, baseline);
    }

    fn link(&mut self, obs: &Observation<'_>, event: &LinkEvent, baseline: &mut Baseline) {
        self.series.clear();
        self.families.timing.link(obs, event);
        self.families.feedbacks.link(obs, event, baseline);
        if let LinkEvent::Missing { bytes } = *event {
            self.missing(obs, bytes);
        }
        if *event == LinkEvent::Closed {
            self.families.occasions.closed(obs);
            self.families.asides.closed(obs, baseline, &mut self.series);
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
            let alarmed = self.enter_opened(obs, event, baseline, &verdict, known);
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
        baseline: &Baseline,
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
            gist: 0,
            key: &|| Some(baseline.text_of(verdict.key?, None)),
            stranger: !known && !attempted,
            unknown: !known,
        };
        let site = &self.site;
        self.book.enter(&finding, || Words {
            zone: site.zone_name(obs.zone).to_owned(),
            device: words::device(site, &link::device(obs)),
            points: Vec::new(),
            observed: link::observed(site, obs),
            expected: primary.expected.of_conversation(site, obs, verdict),
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
        if self.later.is_empty() {
            return;
        }
        for Later { series, found, unknown } in self.later.drain(..) {
            enter_one(&mut self.book, &self.site, &series, &found, unknown);
        }
    }
}

const fn armed(is: bool) -> Armed {
    if is { Armed::Armed } else { Armed::Learning }
}
