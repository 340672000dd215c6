use super::*;

const MS: u64 = 1_000_000;

/// A request heard at these moments, in milliseconds, in blocks of a minute.
struct Played {
    cadences: Cadences,
    now_ms: u64,
    late: Vec<Due>,
    drifts: Vec<(u32, bool)>,
}

impl Played {
    fn new() -> Self {
        let (late, drifts) = (Vec::new(), Vec::new());
        Self { cadences: Cadences::new(10), now_ms: 1_000_000_000, late, drifts }
    }

    fn heard(&mut self, after_ms: u64) {
        self.pass(after_ms);
        let block = u32::try_from(self.now_ms / 60_000).unwrap();
        let heard = Heard {
            key: 3,
            time: at(self.now_ms),
            place: Place::default(),
            block,
            whole: true,
            teaches: true,
            judged: true,
        };
        self.cadences.heard(heard, HEARD_MIN);
    }

    fn pass(&mut self, ms: u64) {
        for _ in 0..ms / 1_000 {
            self.now_ms += 1_000;
            self.cadences.due(at(self.now_ms), &mut self.late);
        }
        self.now_ms += ms % 1_000;
        self.cadences.drifted(&mut self.drifts);
    }

    /// So many times, about so long apart, a tenth more or less.
    fn polled(&mut self, times: u64, every_ms: u64) {
        for nth in 0..times {
            self.heard(every_ms + (nth * 7919 % 11) * every_ms / 50 - every_ms / 10);
        }
    }

    fn cadence(&self) -> &Cadence {
        self.cadences.of(3).unwrap()
    }
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_nanos(0).plus_ns(ms * MS)
}

#[test]
fn a_poll_is_known_by_its_usual_time_and_is_missed_after_five_of_them() {
    let mut poll = Played::new();
    poll.polled(1_200, 1_000);
    let usual = poll.cadence().usual_ns() / MS;
    assert!((950..1_050).contains(&usual), "{usual}");
    let limit = poll.cadence().limit_ns / MS;
    assert!((4_800..5_300).contains(&limit), "{limit}");
    assert!(poll.late.is_empty() && poll.drifts.is_empty(), "nothing of that was unusual");
    poll.pass(5_000);
    assert!(poll.late.is_empty());
    poll.pass(2_000);
    assert_eq!(poll.late.len(), 1, "missed at the sixth second");
    let measure = &poll.cadence().measure;
    assert!(measure.surprise_of(units(6_000 * MS)) > 20.0);
    poll.pass(3_600_000);
    assert!((5..40).contains(&poll.late.len()), "looked at ever more seldom: {}", poll.late.len());
}

#[test]
fn what_took_long_before_may_take_half_as_long_again() {
    let mut poll = Played::new();
    for _ in 0..20 {
        poll.polled(59, 1_000);
        poll.heard(10_000);
    }
    let limit = poll.cadence().limit_ns / MS;
    assert!((14_500..15_600).contains(&limit), "{limit}");
}

#[test]
fn a_request_that_comes_at_any_time_is_never_late() {
    let mut poll = Played::new();
    for nth in 0..2_000_u64 {
        poll.heard(200 + nth * 7919 % 4_001);
    }
    assert_eq!(poll.cadence().limit_ns, 0);
    poll.pass(100_000);
    assert!(poll.late.is_empty());
}

#[test]
fn a_poll_that_doubles_or_slows_by_a_third_drifts_within_a_minute_and_one_that_strays_does_not() {
    for (every_ms, times, slower) in [(500, 12, false), (100, 12, false), (1_300, 40, true)] {
        let mut poll = Played::new();
        poll.polled(1_800, 1_000);
        assert!(poll.drifts.is_empty());
        poll.polled(times, every_ms);
        poll.pass(1_000);
        assert!(poll.drifts.contains(&(3, slower)), "{every_ms} ms");
        let surprise = poll.cadence().measure.surprise_of_drift(slower);
        assert!(surprise > 10.0, "{every_ms} ms: {surprise}");
    }
    let mut poll = Played::new();
    poll.polled(1_800, 1_000);
    for _ in 0..20 {
        poll.heard(1_900);
        poll.heard(100);
        poll.polled(20, 1_000);
    }
    let surprise = poll.cadence().measure.surprise_of_drift(true);
    assert!(surprise < 20.0, "{surprise}");
}

#[test]
fn what_was_missed_in_a_pause_may_be_made_up_for_at_once() {
    for (missed, told) in [(20, false), (0, true)] {
        let mut poll = Played::new();
        poll.polled(1_800, 1_000);
        if missed > 0 {
            poll.heard(missed * 1_000);
        }
        poll.polled(15, 50);
        poll.pass(1_000);
        assert_eq!(!poll.drifts.is_empty(), told, "{missed}");
    }
}

#[test]
fn what_was_kept_judges_as_before_once_it_is_heard_again() {
    let mut poll = Played::new();
    poll.polled(1_200, 1_000);
    let kept = poll.cadences.kept(3).unwrap();
    let text = serde_json::to_string(&kept).unwrap();
    assert!(text.len() < 500, "{text}");
    assert_eq!(serde_json::from_str::<Kept>(&text).unwrap(), kept);
    assert_eq!(kept.to_string().get(..6), Some("every "), "{kept}");
    let mut again = Played::new();
    again.cadences.restore(3, &kept);
    assert_eq!(again.cadence().limit_ns, poll.cadence().limit_ns);
    (again.now_ms, again.late) = (poll.now_ms, Vec::new());
    again.pass(7_000);
    assert_eq!(again.late.len(), 1, "as if it had never stopped");
    again.cadences.forget(3);
    again.pass(100_000);
    assert_eq!(again.late.len(), 1, "it may be missing since before this run");
    again.heard(0);
    again.pass(7_000);
    assert_eq!(again.late.len(), 2);
}

#[test]
fn the_table_is_bounded_and_says_what_it_refused() {
    let mut cadences = Cadences::new(10);
    for key in 0..25 {
        let heard = Heard {
            key,
            time: at(0),
            place: Place::default(),
            block: 0,
            whole: true,
            teaches: true,
            judged: false,
        };
        cadences.heard(heard, 1);
        assert!(cadences.of(key).is_none(), "what was heard once is no poll");
        cadences.heard(heard, HEARD_MIN);
    }
    assert_eq!((cadences.all.len(), cadences.refused()), (10, 15));
}

#[test]
fn a_cadence_costs_at_most_480_bytes() {
    assert!(size_of::<Cadence>() <= 480, "{}", size_of::<Cadence>());
}
