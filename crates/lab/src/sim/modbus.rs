//! What a Modbus device answers.

use fastrand::Rng;

use super::calendar::Calendar;
use super::process::{Bay, Measures, whole};
use super::spec::Device;

/// Coils beyond the breakers: lamps and resets.
const SPARE_COILS: usize = 2;

/// A request or an answer with its header.
#[must_use]
pub fn framed(transaction: u16, unit: u8, pdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(pdu.len() + 1).unwrap_or(u16::MAX);
    let mut octets = Vec::with_capacity(pdu.len() + 7);
    octets.extend(transaction.to_be_bytes());
    octets.extend([0, 0]);
    octets.extend(length.to_be_bytes());
    octets.push(unit);
    octets.extend(pdu);
    octets
}

/// A request of a function with two words.
#[must_use]
pub fn request(function: u8, first: u16, second: u16) -> Vec<u8> {
    let mut pdu = vec![function];
    pdu.extend(first.to_be_bytes());
    pdu.extend(second.to_be_bytes());
    pdu
}

/// A write of several registers.
#[must_use]
pub fn write_registers(first: u16, values: &[u16]) -> Vec<u8> {
    let mut pdu = request(16, first, u16::try_from(values.len()).unwrap_or(0));
    pdu.push(u8::try_from(values.len() * 2).unwrap_or(u8::MAX));
    values.iter().for_each(|value| pdu.extend(value.to_be_bytes()));
    pdu
}

/// A write of several coils.
#[must_use]
pub fn write_coils(first: u16, values: &[bool]) -> Vec<u8> {
    let mut pdu = request(15, first, u16::try_from(values.len()).unwrap_or(0));
    let packed = packed(values.iter().copied());
    pdu.push(u8::try_from(packed.len()).unwrap_or(u8::MAX));
    pdu.extend(packed);
    pdu
}

fn packed(bits: impl Iterator<Item = bool>) -> Vec<u8> {
    let mut octets = Vec::new();
    for (nth, bit) in bits.enumerate() {
        if nth % 8 == 0 {
            octets.push(0);
        }
        if let Some(last) = octets.last_mut() {
            *last |= u8::from(bit) << (nth % 8);
        }
    }
    octets
}

/// By how much a measurement is multiplied to fit a register.
#[must_use]
pub fn scale(bay: &Bay, analog: usize) -> f64 {
    match bay.analogs.get(analog).map(|own| (own.measures, own.nominal)) {
        Some((Measures::Frequency, _)) => 100.0,
        Some((_, nominal)) if nominal > 3000.0 => 1.0,
        _ => 10.0,
    }
}

/// A value as a register holds it.
#[must_use]
pub fn register(value: f64) -> u16 {
    u16::try_from(whole(value.max(0.0) + 0.5)).unwrap_or(u16::MAX)
}

impl Device {
    fn coil(&self, nth: usize) -> Option<bool> {
        let breakers = self.bay.breakers.len();
        match self.bay.breakers.get(nth) {
            Some(own) => Some(own.closed),
            None => (nth < breakers + SPARE_COILS).then_some(false),
        }
    }

    fn input(&self, nth: usize) -> Option<bool> {
        let breakers = self.bay.breakers.len();
        match self.bay.breakers.get(nth) {
            Some(own) => Some(own.closed),
            None => self.bay.contacts.get(nth - breakers).copied(),
        }
    }

    fn holding(&self, nth: usize) -> Option<u16> {
        match self.bay.setpoints.get(nth) {
            Some(own) => Some(register(own.value * 10.0)),
            None => self.fixed.get(nth - self.bay.setpoints.len()).copied(),
        }
    }

    fn measured(
        &mut self,
        nth: usize,
        now: i64,
        calendar: &Calendar,
        rng: &mut Rng,
    ) -> Option<u16> {
        let analogs = self.bay.analogs.len();
        if nth < analogs {
            let scale = scale(&self.bay, nth);
            return Some(register(self.bay.analog(nth, now, calendar, rng) * scale));
        }
        let (counter, half) = ((nth - analogs) / 2, (nth - analogs) % 2);
        self.bay.counters.get(counter)?;
        let value = self.bay.counter(counter, now, calendar).to_be_bytes();
        Some(if half == 0 {
            u16::from_be_bytes([value[0], value[1]])
        } else {
            u16::from_be_bytes([value[2], value[3]])
        })
    }

    fn set_register(&mut self, nth: usize, value: u16) -> Option<()> {
        let own = self.bay.setpoints.len();
        match self.bay.setpoints.get_mut(nth) {
            Some(setpoint) => setpoint.value = f64::from(value) / 10.0,
            None => *self.fixed.get_mut(nth - own)? = value,
        }
        Some(())
    }

    fn set_coil(&mut self, nth: usize, on: bool) -> Option<()> {
        self.coil(nth)?;
        if let Some(breaker) = self.bay.breakers.get_mut(nth) {
            breaker.command(on);
        }
        Some(())
    }

    /// What it answers: nothing where it keeps silent.
    pub fn modbus(
        &mut self,
        pdu: &[u8],
        now: i64,
        calendar: &Calendar,
        rng: &mut Rng,
    ) -> Option<Vec<u8>> {
        let function = *pdu.first()?;
        let answer = match function {
            1..=4 => self.read(pdu, now, calendar, rng),
            5 | 6 | 15 | 16 | 22 => self.write(pdu),
            8 => match pdu.get(2) {
                Some(0) => Ok(pdu.to_vec()),
                // From here on it only listens: the station is told by the world.
                Some(4) => return None,
                Some(1 | 10) => Ok(pdu.to_vec()),
                _ => Err(3),
            },
            17 => {
                let name = self.identity[1].as_bytes();
                let mut answer = vec![17, u8::try_from(name.len() + 2).unwrap_or(0), 1];
                answer.extend(name);
                answer.push(0xff);
                Ok(answer)
            }
            43 if pdu.get(1) == Some(&14) => Ok(self.identification()),
            _ => Err(1),
        };
        Some(answer.unwrap_or_else(|code| vec![function | 0x80, code]))
    }

    fn identification(&self) -> Vec<u8> {
        let mut answer = vec![43, 14, 1, 1, 0, 0, 3];
        for (nth, text) in (0_u8..).zip(&self.identity) {
            answer.extend([nth, u8::try_from(text.len()).unwrap_or(0)]);
            answer.extend(text.as_bytes());
        }
        answer
    }

    fn read(
        &mut self,
        pdu: &[u8],
        now: i64,
        calendar: &Calendar,
        rng: &mut Rng,
    ) -> Result<Vec<u8>, u8> {
        let (function, first, count) =
            (pdu.first().copied().unwrap_or(0), word(pdu, 1)?, word(pdu, 3)?);
        let most = if function < 3 { 2000 } else { 125 };
        if count == 0 || count > most {
            return Err(3);
        }
        let places = usize::from(first)..usize::from(first) + usize::from(count);
        let octets = if function < 3 {
            let bits =
                places.map(|nth| if function == 1 { self.coil(nth) } else { self.input(nth) });
            packed(bits.collect::<Option<Vec<bool>>>().ok_or(2_u8)?.into_iter())
        } else {
            let mut octets = Vec::new();
            for nth in places {
                let value = if function == 3 {
                    self.holding(nth)
                } else {
                    self.measured(nth, now, calendar, rng)
                };
                octets.extend(value.ok_or(2_u8)?.to_be_bytes());
            }
            octets
        };
        Ok([&[function, u8::try_from(octets.len()).unwrap_or(u8::MAX)], &octets[..]].concat())
    }

    fn write(&mut self, pdu: &[u8]) -> Result<Vec<u8>, u8> {
        let (first, second) = (usize::from(word(pdu, 1)?), word(pdu, 3)?);
        match pdu.first() {
            Some(5) => self.set_coil(first, second == 0xff00).ok_or(2_u8)?,
            Some(6) => self.set_register(first, second).ok_or(2_u8)?,
            Some(15) => {
                for nth in 0..usize::from(second) {
                    let octet = pdu.get(6 + nth / 8).ok_or(3_u8)?;
                    self.set_coil(first + nth, octet >> (nth % 8) & 1 == 1).ok_or(2_u8)?;
                }
            }
            Some(16) => {
                for nth in 0..usize::from(second) {
                    self.set_register(first + nth, word(pdu, 6 + nth * 2)?).ok_or(2_u8)?;
                }
            }
            _ => {
                let value = self.holding(first).ok_or(2_u8)? & second | word(pdu, 5)? & !second;
                self.set_register(first, value).ok_or(2_u8)?;
                return Ok(pdu.to_vec());
            }
        }
        Ok(pdu.get(..5).unwrap_or_default().to_vec())
    }
}

fn word(pdu: &[u8], at: usize) -> Result<u16, u8> {
    let octets = pdu.get(at..at + 2).and_then(|octets| octets.try_into().ok());
    octets.map(u16::from_be_bytes).ok_or(3)
}
