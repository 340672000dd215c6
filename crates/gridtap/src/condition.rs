//! How the sensor itself is while it hears live: what is wrong becomes an anomaly, and is over when it is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gridtap_detect::{Condition, Trouble};
use gridtap_model::{Place, Timestamp};
use gridtap_sensor::Pipeline;
use gridtap_telemetry::Heard;

use crate::feed::Missed;

/// How long no packet is lost before an overload is over: with the beats between, five seconds after the last.
const CALM: Duration = Duration::from_secs(3);

/// Clocks that differ by more than this are not the same; packets that are a day off were recorded, not heard now.
const CLOCK_NS: std::ops::Range<u64> = 5_000_000_000..86_400_000_000_000;

/// What is known of the sensor.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    /// What is wrong now, by input.
    troubled: BTreeMap<(u16, Trouble), ()>,
    /// What was lost because we were too slow, by input: how many in all, how many before this bout, and when the last came.
    losses: Vec<Losses>,
    lost: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Losses {
    all: Missed,
    before: Missed,
    last: Option<Instant>,
}

impl Losses {
    /// What was lost in this bout, each with where that was.
    fn told(&self) -> String {
        self.all.since(&self.before).told()
    }
}

/// The moment at which conditions are looked at.
pub(crate) struct Moment<'a> {
    /// The time of packets.
    pub time: Timestamp,
    /// The steady clock.
    pub steady: Instant,
    /// How long nothing came.
    pub quiet: Duration,
    /// How long nothing comes before that is a trouble.
    pub silent_after: Duration,
    /// The last frame of each input.
    pub numbers: &'a [u64],
    pub heard: &'a Heard,
}

impl Conditions {
    /// What did not reach us of each interface, in their order, and which are not heard.
    pub(crate) fn interfaces(&mut self, missed: &[Missed], lost: &[String], steady: Instant) {
        self.losses.resize(missed.len().max(self.losses.len()), Losses::default());
        for (losses, missed) in self.losses.iter_mut().zip(missed) {
            // What an interface loses has other reasons too, and is told with what we lost.
            if missed.kernel > losses.all.kernel
                || missed.late > losses.all.late
                || missed.files > losses.all.files
            {
                if losses.last.is_none() {
                    losses.before = losses.all;
                }
                losses.last = Some(steady);
            }
            losses.all = *missed;
        }
        self.lost = lost.to_vec();
    }

    /// Looks at everything, and tells what changed.
    pub(crate) fn look(&mut self, now: &Moment<'_>, pipeline: &mut Pipeline) {
        let silent = now.quiet >= now.silent_after;
        let seconds = now.quiet.as_secs();
        let nothing = silent.then(|| format!("nothing was heard for {seconds} s"));
        self.say(now, pipeline, (0, Trouble::Silence), nothing, "packets come again");
        for (nth, interface) in now.heard.interfaces.iter().enumerate() {
            let Ok(input) = u16::try_from(nth) else { continue };
            let name = &interface.name;
            let gone = self.lost.contains(name).then(|| format!("{name} is down or gone"));
            let is_gone = gone.is_some();
            self.say(now, pipeline, (input, Trouble::InterfaceLost), gone, "it is heard again");
            let since = interface.last.map_or(0, |last| now.time.since_ns(last));
            let quiet = u128::from(since) >= now.silent_after.as_nanos();
            let told = (quiet && !silent && !is_gone && now.heard.interfaces.len() > 1)
                .then(|| format!("nothing was heard at {name} for {} s", since / 1_000_000_000));
            self.say(now, pipeline, (input, Trouble::InputSilence), told, "packets come again");
            self.overload(now, pipeline, input, name);
        }
        let ahead_ns = now.heard.clock_ahead_ns;
        let apart = CLOCK_NS.contains(&ahead_ns.unsigned_abs()).then(|| {
            let which = if ahead_ns > 0 { "ahead of" } else { "behind" };
            format!(
                "packets are stamped {} s {which} this machine's clock",
                ahead_ns.unsigned_abs() / 1_000_000_000
            )
        });
        self.say(now, pipeline, (0, Trouble::Clock), apart, "the clocks agree");
    }

    /// The same of what was lost alone.
    pub(crate) fn look_at_losses(
        &mut self,
        time: Timestamp,
        steady: Instant,
        names: &[String],
        pipeline: &mut Pipeline,
    ) {
        let numbers = pipeline.numbers().to_vec();
        let (quiet, silent_after) = (Duration::ZERO, Duration::MAX);
        let heard = &Heard::default();
        let now = Moment { time, steady, quiet, silent_after, numbers: &numbers, heard };
        for (input, name) in (0..).zip(names) {
            self.overload(&now, pipeline, input, name);
        }
    }

    fn overload(&mut self, now: &Moment<'_>, pipeline: &mut Pipeline, input: u16, name: &str) {
        let Some(losses) = self.losses.get_mut(usize::from(input)) else { return };
        let count = losses.told();
        let calm =
            losses.last.is_none_or(|last| now.steady.saturating_duration_since(last) >= CALM);
        if calm {
            losses.last = None;
        }
        let told = (!calm).then(|| {
            format!(
                "the sensor is overloaded: of {name} were lost because it was too slow: {count}"
            )
        });
        let over = format!("nothing was lost for {} s, in all {count}", CALM.as_secs());
        self.say(now, pipeline, (input, Trouble::Overload), told, &over);
    }

    /// Tells what is wrong when it begins, and when it is over.
    fn say(
        &mut self,
        now: &Moment<'_>,
        pipeline: &mut Pipeline,
        what: (u16, Trouble),
        told: Option<String>,
        over: &str,
    ) {
        let (capture, trouble) = what;
        let frame = now.numbers.get(usize::from(capture)).copied().unwrap_or(0);
        let place = Place { capture, frame, position: 0 };
        let condition = |observed| Condition { time: now.time, place, trouble, observed };
        match told {
            Some(told) => {
                if self.troubled.insert(what, ()).is_none() {
                    pipeline.sensor_troubled(&condition(&told));
                }
            }
            None => {
                if self.troubled.remove(&what).is_some() {
                    pipeline.sensor_recovered(&condition(over));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gridtap_baseline::Site;
    use gridtap_model::{Severity, State};
    use gridtap_telemetry::InterfaceHeard;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[expect(clippy::disallowed_methods, reason = "an instant to count from")]
    fn steady() -> Instant {
        Instant::now()
    }

    struct Sensor {
        conditions: Conditions,
        pipeline: Pipeline,
        heard: Heard,
        began: Instant,
        second: u64,
        told: Vec<(u64, Severity, State, String)>,
    }

    impl Sensor {
        fn new() -> Self {
            let names = ["eth1".to_owned(), "eth2".to_owned()];
            let interface = |name: &String| InterfaceHeard {
                name: name.clone(),
                last: Some(Timestamp::from_parts(1_000, 0)),
                ..InterfaceHeard::default()
            };
            let heard =
                Heard { interfaces: names.iter().map(interface).collect(), ..Heard::default() };
            let pipeline =
                Pipeline::new(&gridtap_sensor::Config::default(), Site::default(), names.to_vec());
            let began = steady();
            let conditions = Conditions::default();
            Self { conditions, pipeline, heard, began, second: 0, told: Vec::new() }
        }

        /// A second passes, in which `lost` packets were lost and the interfaces given were heard.
        fn pass(&mut self, lost: u64, heard: &[usize], gone: &[String]) {
            self.second += 1;
            let steady = self.began + SECOND * u32::try_from(self.second).unwrap();
            let time = Timestamp::from_parts(1_000 + i64::try_from(self.second).unwrap(), 0);
            for nth in heard {
                self.heard.interfaces[*nth].last = Some(time);
            }
            let before = self.conditions.losses.first().map_or(0, |losses| losses.all.kernel);
            let missed = [Missed { kernel: before + lost, ..Missed::default() }, Missed::default()];
            self.conditions.interfaces(&missed, gone, steady);
            let last = self.heard.interfaces.iter().filter_map(|each| each.last).max().unwrap();
            let moment = Moment {
                time,
                steady,
                quiet: Duration::from_nanos(time.since_ns(last)),
                silent_after: 10 * SECOND,
                numbers: &[7, 9],
                heard: &self.heard,
            };
            self.conditions.look(&moment, &mut self.pipeline);
            let second = self.second;
            self.told.extend(self.pipeline.take_anomalies().into_iter().map(|anomaly| {
                assert_eq!(anomaly.detection, "OT-29");
                (second, anomaly.severity, anomaly.state, anomaly.observed)
            }));
        }

        fn states(&self) -> Vec<(u64, State)> {
            self.told.iter().map(|(second, _, state, _)| (*second, *state)).collect()
        }
    }

    use State::{UnacknowledgedActive as Active, UnacknowledgedCleared as Cleared};

    #[test]
    fn an_overload_is_told_with_the_first_loss_and_over_within_five_seconds_of_the_last() {
        let mut sensor = Sensor::new();
        for second in 1..=30 {
            let lost = if (5..15).contains(&second) { 1_000 } else { 0 };
            sensor.pass(lost, &[0, 1], &[]);
        }
        assert_eq!(sensor.states(), [(5, Active), (17, Cleared)]);
        let (_, severity, _, observed) = &sensor.told[1];
        assert_eq!(*severity, Severity::High);
        assert!(observed.contains("in all 10000 packets in the kernel's ring"), "{observed}");
        sensor.pass(1, &[0, 1], &[]);
        assert_eq!(sensor.states().last(), Some(&(31, Active)), "another one");
    }

    #[test]
    fn silence_of_one_input_and_of_all_are_told_apart_and_over_when_packets_come() {
        let mut sensor = Sensor::new();
        for _ in 0..12 {
            sensor.pass(0, &[0], &[]);
        }
        assert_eq!(sensor.states(), [(10, Active)]);
        assert!(sensor.told[0].3.contains("at eth2"), "{:?}", sensor.told);
        for _ in 0..10 {
            sensor.pass(0, &[], &[]);
        }
        sensor.pass(0, &[0, 1], &[]);
        let all: Vec<_> = sensor.told.iter().map(|(_, _, state, said)| (*state, &**said)).collect();
        assert_eq!(all.iter().filter(|(state, _)| *state == Active).count(), 2, "{all:?}");
        assert_eq!(all.iter().filter(|(state, _)| *state == Cleared).count(), 2, "{all:?}");
        assert!(
            all.iter().any(|(_, said)| said.starts_with("nothing was heard for 10 s")),
            "{all:?}"
        );
    }

    #[test]
    fn an_interface_that_is_gone_is_told_until_it_is_back() {
        let mut sensor = Sensor::new();
        sensor.pass(0, &[0, 1], &[]);
        sensor.pass(0, &[0], &["eth2".to_owned()]);
        sensor.pass(0, &[0], &["eth2".to_owned()]);
        sensor.pass(0, &[0, 1], &[]);
        assert_eq!(sensor.states(), [(2, Active), (4, Cleared)]);
        assert!(sensor.told[0].3.contains("eth2 is down or gone"), "{:?}", sensor.told);
    }
}
