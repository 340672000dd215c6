//! What flows through the plant: one bay's breakers, measurements, counters and setpoints.

use fastrand::Rng;

use super::calendar::{Calendar, in_seconds};

/// Everything behind one device address.
#[derive(Debug, Clone)]
pub struct Bay {
    /// What can be opened and closed.
    pub breakers: Vec<Breaker>,
    /// What can be set, and is measured as it was set.
    pub setpoints: Vec<Setpoint>,
    /// What is measured.
    pub analogs: Vec<Analog>,
    /// What counts energy.
    pub counters: Vec<Counter>,
    /// Alarms and door contacts.
    pub contacts: Vec<bool>,
    /// What was frozen of the counters.
    pub frozen: Vec<f64>,
}

/// A breaker, or a switch of a capacitor bank.
#[derive(Debug, Clone)]
pub struct Breaker {
    /// It conducts.
    pub closed: bool,
    /// Its drive is dead: it says yes to commands and stays as it is.
    pub jammed: bool,
}

impl Breaker {
    /// It is commanded.
    pub const fn command(&mut self, closed: bool) {
        if !self.jammed {
            self.closed = closed;
        }
    }
}

/// Something that is set.
#[derive(Debug, Clone)]
pub struct Setpoint {
    /// What it is.
    pub value: f64,
    /// Between what operators set it.
    pub between: [f64; 2],
}

/// What a measurement measures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measures {
    /// The busbar's voltage.
    Voltage,
    /// The current through a breaker.
    Current(usize),
    /// The power through a breaker.
    Power(usize),
    /// The network's frequency.
    Frequency,
    /// What a setpoint asks for, reached slowly.
    Follows(usize),
}

/// A measurement.
#[derive(Debug, Clone)]
pub struct Analog {
    /// Of what.
    pub measures: Measures,
    /// Its value at full load.
    pub nominal: f64,
    /// The standard deviation of its noise, as a share of the nominal value.
    pub noise: f64,
    drift: f64,
    reached: f64,
    read: i64,
}

impl Analog {
    /// A measurement.
    #[must_use]
    pub const fn new(measures: Measures, nominal: f64, noise: f64) -> Self {
        Self { measures, nominal, noise, drift: 0.0, reached: f64::NAN, read: i64::MIN }
    }
}

/// Something that counts.
#[derive(Debug, Clone)]
pub struct Counter {
    /// What it has counted.
    pub value: f64,
    /// How much in an hour at full load.
    pub per_hour: f64,
    read: i64,
}

impl Counter {
    /// A counter that stands at a value.
    #[must_use]
    pub const fn new(value: f64, per_hour: f64) -> Self {
        Self { value, per_hour, read: i64::MIN }
    }
}

impl Bay {
    /// What a measurement shows now.
    pub fn analog(&mut self, nth: usize, now: i64, calendar: &Calendar, rng: &mut Rng) -> f64 {
        let load = calendar.load(now);
        let closed = |breaker: usize| self.breakers.get(breaker).is_none_or(|own| own.closed);
        let all = self.breakers.iter().filter(|own| own.closed).count();
        let wanted = |setpoint: usize| self.setpoints.get(setpoint).map_or(0.0, |own| own.value);
        let (measures, nominal) = self
            .analogs
            .get(nth)
            .map_or((Measures::Frequency, 0.0), |own| (own.measures, own.nominal));
        let target = match measures {
            // A loaded busbar sags a little, and less with fewer feeders on it.
            Measures::Voltage => {
                nominal * (1.02 - 0.03 * load - 0.002 * f64::from(u32::try_from(all).unwrap_or(0)))
            }
            Measures::Current(breaker) | Measures::Power(breaker) if closed(breaker) => {
                nominal * load
            }
            Measures::Current(_) | Measures::Power(_) => 0.0,
            Measures::Frequency => nominal,
            Measures::Follows(setpoint) => wanted(setpoint),
        };
        let Some(own) = self.analogs.get_mut(nth) else { return 0.0 };
        let passed = if own.read == i64::MIN { 1e9 } else { in_seconds(now - own.read) };
        own.read = now;
        // Noise that remembers itself for a minute or two.
        let keeps = (-passed / 90.0).exp();
        own.drift = own.drift * keeps + gauss(rng) * own.noise * (1.0 - keeps * keeps).sqrt();
        match measures {
            Measures::Current(_) | Measures::Power(_) if target == 0.0 => 0.0,
            Measures::Follows(_) => {
                let lags = if own.reached.is_nan() { 0.0 } else { (-passed / 45.0).exp() };
                own.reached =
                    if lags == 0.0 { target } else { target + (own.reached - target) * lags };
                own.reached + own.drift * nominal
            }
            _ => target + own.drift * nominal,
        }
    }

    /// What a counter shows now.
    pub fn counter(&mut self, nth: usize, now: i64, calendar: &Calendar) -> u32 {
        let flows = self.breakers.is_empty() || self.breakers.iter().any(|own| own.closed);
        let load = if flows { calendar.load(now) } else { 0.0 };
        let Some(own) = self.counters.get_mut(nth) else { return 0 };
        let passed = if own.read == i64::MIN { 0.0 } else { in_seconds(now - own.read) };
        own.read = now;
        own.value += own.per_hour * load * passed / 3600.0;
        whole(own.value)
    }
}

/// The whole part, as a register or a counter holds it.
#[must_use]
pub fn whole(value: f64) -> u32 {
    let whole = value.clamp(0.0, 4_294_967_295.0).floor();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it was clamped to what fits, and cut off is what is wanted"
    )]
    let counted = whole as u32;
    counted
}

/// A normal deviate, as the sum of a dozen uniform ones.
pub fn gauss(rng: &mut Rng) -> f64 {
    (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0
}
