//! How the sensor is, on top of every page.

use gridtap_model::Timestamp;
use gridtap_store::Queue;

use super::words::{Moment, ago, clean, counted, length};
use crate::health::{Condition, LevelArmed};

/// How the sensor is, in words.
#[derive(Debug)]
pub(super) struct Health {
    pub(super) hearing: bool,
    pub(super) last_packet: Option<(Moment, String)>,
    pub(super) judging: Vec<String>,
    pub(super) learning: Vec<String>,
    pub(super) degraded: Vec<String>,
    pub(super) deliveries: Vec<Deliveries>,
}

/// What is owed to a receiver.
#[derive(Debug)]
pub(super) struct Deliveries {
    pub(super) endpoint: String,
    pub(super) text: String,
}

impl Health {
    pub(super) fn of(condition: &Condition, queues: &[Queue], now: Timestamp) -> Self {
        let (judging, learning): (Vec<_>, Vec<_>) =
            condition.levels.iter().partition(|level| level.armed);
        Self {
            hearing: condition.hearing,
            last_packet: condition.last_packet.map(|at| (Moment::of(at), ago(now, at))),
            judging: judging.iter().map(|level| level.level.clone()).collect(),
            learning: learning.into_iter().map(left).collect(),
            degraded: condition.degraded.iter().map(|sentence| clean(sentence)).collect(),
            deliveries: queues.iter().filter_map(|queue| Deliveries::of(queue, now)).collect(),
        }
    }
}

/// A level that learns, with the time it still takes.
fn left(level: &LevelArmed) -> String {
    match level.armed_in_s {
        Some(seconds) => format!("{} (about {} left)", level.level, length(seconds)),
        None => level.level.clone(),
    }
}

impl Deliveries {
    /// A receiver that has everything is none to look at.
    fn of(queue: &Queue, now: Timestamp) -> Option<Self> {
        let waiting = counted(queue.waiting, "message waits", "messages wait");
        let since = queue.oldest.map(|oldest| format!(", the oldest for {}", ago(now, oldest)));
        let since = since.unwrap_or_default();
        let text = match &queue.disabled {
            Some(why) => format!("disabled: {}; {waiting}{since}", clean(why)),
            None if queue.waiting > 0 => format!("{waiting}{since}"),
            None => return None,
        };
        Some(Self { endpoint: queue.endpoint.clone(), text })
    }
}
