//! What becomes of a delivery after an attempt.

use gridtap_model::Timestamp;
use gridtap_store::Outcome;

use crate::client::{Answer, ExchangeError};
use crate::schedule::Schedule;

/// The status with which a receiver ends the subscription.
const GONE: u16 = 410;

/// What becomes of a delivery after attempt number `attempts` (the first is 1), at `now`.
///
/// Every other refusal is tried again, also those that HTTP calls final (400, 401, 404 and their kin): behind them is
/// nearly always a receiver that is being set up or a secret that is being changed, and an alarm that is lost costs
/// more than nine requests.
#[must_use]
pub fn outcome(
    exchange: &Result<Answer, ExchangeError>,
    schedule: &Schedule,
    id: &str,
    attempts: u32,
    now: Timestamp,
) -> Outcome {
    let (status, asked, error) = match exchange {
        Ok(answer) if answer.is_success() => return Outcome::Delivered { status: answer.status },
        Ok(Answer { status: GONE, .. }) => return Outcome::Gone { status: GONE },
        Ok(answer) => (Some(answer.status), answer.asked, refusal(answer.status, &answer.reason)),
        Err(error) => (None, None, error.to_string()),
    };
    match schedule.next(id, attempts, now, asked) {
        Some(at) => Outcome::Retry { at, status, error },
        None => Outcome::Failed { status, error },
    }
}

fn refusal(status: u16, reason: &str) -> String {
    match (status, reason) {
        (300..400, _) => format!("answered {status}: redirects are not followed, correct the URL"),
        (_, "") => format!("answered {status}"),
        (_, reason) => format!("answered {status}: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use gridtap_model::Span;

    use super::*;
    use crate::Config;

    const NOW: Timestamp = Timestamp::from_nanos(1_700_000_000_000_000_000);

    fn after(status: u16, asked: Option<Span>, attempts: u32) -> Outcome {
        let answer = Ok(Answer { status, asked, reason: String::new() });
        outcome(&answer, &Schedule::new(&Config::default().retry), "id", attempts, NOW)
    }

    #[test]
    fn only_2xx_is_delivered_and_only_410_ends_the_subscription() {
        for status in 200..300 {
            assert_eq!(after(status, None, 1), Outcome::Delivered { status });
        }
        for status in (100..200).chain(300..410).chain(411..600) {
            assert!(
                matches!(after(status, None, 1), Outcome::Retry { status: Some(s), .. } if s == status)
            );
        }
        assert!(matches!(after(410, None, 1), Outcome::Gone { status: 410 }));
    }

    #[test]
    fn a_receiver_that_asks_for_time_gets_it() {
        let Outcome::Retry { at, .. } = after(429, Some(Span::from_secs(3_600)), 1) else {
            panic!("tried again")
        };
        assert_eq!(at, NOW.plus_ns(Span::from_secs(3_600).nanos()));
    }

    #[test]
    fn the_tenth_failure_is_the_last() {
        assert!(matches!(after(500, None, 9), Outcome::Retry { .. }));
        assert_eq!(
            after(500, None, 10),
            Outcome::Failed { status: Some(500), error: "answered 500".to_owned() }
        );
        let none: Result<Answer, _> = Err(ExchangeError::Timeout(Span::from_secs(15)));
        let last = outcome(&none, &Schedule::new(&Config::default().retry), "id", 10, NOW);
        assert_eq!(
            last,
            Outcome::Failed { status: None, error: "no answer within 15s".to_owned() }
        );
    }
}
