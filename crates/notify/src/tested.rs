//! One message that is owed to nobody, sent to see what a receiver says of it.

use std::sync::TryLockError;

use gridtap_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::client::{Answer, ExchangeError};
use crate::config::Format;
use crate::courier::Courier;
use crate::event::Event;
use crate::format;

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tested {
    /// Which endpoint.
    pub endpoint: String,
    /// Host and port.
    pub target: String,
    /// The id of the message.
    pub id: String,
    /// Whether the receiver took it.
    pub accepted: bool,
    /// What it answered, if it did.
    pub status: Option<u16>,
    /// How long that took, in milliseconds.
    pub took_ms: u64,
    /// The same in plain words, with what to look at where it failed.
    pub message: String,
}

/// Why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TestRefused {
    /// Somebody else is at it, and a receiver is not to be flooded with tests.
    #[error("another test of {0} is under way: wait for what comes of it")]
    Busy(String),
    /// The message is none: our fault.
    #[error("the message is none: {0}")]
    Message(String),
}

impl Courier {
    /// Sends one message at once, whatever else waits, and says what came of it. Nothing is tried again.
    ///
    /// # Errors
    ///
    /// When nothing was sent.
    pub fn test(
        &self,
        id: &str,
        body: &str,
        clock: &dyn Fn() -> Timestamp,
    ) -> Result<Tested, TestRefused> {
        let name = &self.endpoint().name;
        let _turn = match self.turn().try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(TestRefused::Busy(name.clone())),
        };
        let event = Event::parse(body).map_err(|error| TestRefused::Message(error.to_string()))?;
        let now = clock();
        let post = format::post(self.endpoint().format, id, &event, now, self.resend());
        let exchange = self.post(id, &post, now);
        let took_ms = clock().since_ns(now) / 1_000_000;
        let place = self.client().place();
        let status = exchange.as_ref().ok().map(|answer| answer.status);
        Ok(Tested {
            endpoint: name.clone(),
            id: id.to_owned(),
            accepted: exchange.as_ref().is_ok_and(Answer::is_success),
            status,
            took_ms,
            message: told(&place, self.endpoint().format, &exchange, took_ms),
            target: place,
        })
    }
}

/// What came of it, for a person.
fn told(
    place: &str,
    format: Format,
    exchange: &Result<Answer, ExchangeError>,
    took_ms: u64,
) -> String {
    let answer = match exchange {
        Ok(answer) if answer.is_success() => {
            return format!("{place} took it: it answered {} after {took_ms} ms", answer.status);
        }
        Ok(answer) => answer,
        Err(ExchangeError::Broken(text)) if text.starts_with("TLS") => {
            return format!(
                "{place}: {text}: see that its certificate is good for that name, and that ca_file or the system vouches for it"
            );
        }
        Err(ExchangeError::Forbidden(text)) => {
            return format!(
                "nothing was sent: {text}: add the host or its network to notify.targets"
            );
        }
        Err(error) => return format!("{place} was not reached: {error}"),
    };
    let hint = match answer.status {
        300..=399 => "redirects are not followed, so write the URL that it leads to",
        401 | 403 if format.is_signed() => {
            "see that both ends have the same secret and the same time"
        }
        401 | 403 => "see that the URL or the token is still good",
        404 | 405 => "see that the URL has the path of its web hook",
        410 => "it says that it is gone for good: a delivery that hears this disables the endpoint",
        413 => "it takes no messages of this length",
        429 => "it asks for fewer messages",
        500..=599 => "the fault is on its side: see its log",
        _ => "only 2xx counts as taken",
    };
    let reason = match answer.reason.as_str() {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    format!("{place} refused it: it answered {}{reason} after {took_ms} ms; {hint}", answer.status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Endpoint};
    use crate::testing::receiver::{Receiver, Reply};

    const BODY: &str = r#"{"type":"webhook.test","timestamp":"2024-05-01T10:00:00Z","data":{}}"#;

    fn tested(url: &str, targets: &str) -> Tested {
        let endpoint = Endpoint {
            name: "noc".to_owned(),
            url: Some(url.to_owned()),
            format: Format::Slack,
            ..Endpoint::default()
        };
        let config = Config {
            targets: vec![targets.to_owned()],
            endpoint: vec![endpoint],
            ..Config::default()
        };
        let courier = Courier::all(&config).unwrap().pop().unwrap();
        courier.test("id-1", BODY, &|| Timestamp::from_nanos(0)).unwrap()
    }

    #[test]
    fn what_a_receiver_says_of_a_test_is_told_in_plain_words() {
        for (reply, status, accepted, words) in [
            ("HTTP/1.1 204 No Content\r\n\r\n", 204, true, "took it: it answered 204"),
            ("HTTP/1.1 302 Found\r\nlocation: /x\r\n\r\n", 302, false, "write the URL"),
            ("HTTP/1.1 401 No\r\ncontent-length: 3\r\n\r\nwho", 401, false, "(who)"),
            ("HTTP/1.1 410 Gone\r\n\r\n", 410, false, "disables the endpoint"),
            ("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", 500, false, "on its side"),
        ] {
            let receiver = Receiver::start(vec![Reply::text(reply)]);
            let tested = tested(&receiver.url("/hook?token=secret"), "127.0.0.1");
            assert_eq!((tested.status, tested.accepted), (Some(status), accepted));
            assert!(tested.message.contains(words), "{}", tested.message);
            assert!(tested.message.contains("127.0.0.1:") && !tested.message.contains("secret"));
        }
        let nobody = Receiver::start(Vec::new());
        let unreached = tested(&nobody.url("/"), "127.0.0.1");
        assert_eq!((unreached.status, unreached.accepted), (None, false));
        assert!(unreached.message.contains("was not reached"), "{}", unreached.message);
        let elsewhere = tested("http://localhost:9/", "10.0.0.0/8");
        assert!(elsewhere.message.contains("nothing was sent"), "{}", elsewhere.message);
        assert!(elsewhere.message.contains("notify.targets"), "{}", elsewhere.message);
    }

    #[test]
    fn one_test_of_an_endpoint_is_under_way_at_once() {
        let endpoint = Endpoint {
            name: "noc".to_owned(),
            url: Some("http://127.0.0.1:9/".to_owned()),
            format: Format::Slack,
            ..Endpoint::default()
        };
        let targets = vec!["127.0.0.1".to_owned()];
        let config = Config { targets, endpoint: vec![endpoint], ..Config::default() };
        let courier = Courier::all(&config).unwrap().pop().unwrap();
        let _turn = courier.turn().lock().unwrap();
        let refused = courier.test("id-1", BODY, &|| Timestamp::from_nanos(0)).unwrap_err();
        assert_eq!(refused, TestRefused::Busy("noc".to_owned()));
    }
}
