//! What an outstation knows and answers: values that move as a station's do, and the standard's exceptions.

use std::collections::BTreeMap;

use fastrand::Rng;
use tokio_modbus::prelude::{
    ConformityLevel, DeviceIdObject, ExceptionCode, ReadCode, ReadDeviceIdentificationResponse,
};
use tokio_modbus::{Request, Response};

use crate::site::{Range, Rtu, Signal, Table, Unit};

/// What comes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An answer.
    Answer(Response),
    /// A refusal.
    Refusal(ExceptionCode),
    /// Nothing at all.
    Silence,
    /// An answer, and then communications restart.
    Restart(Response),
    /// Communications restart without an answer: the device was in listen-only mode.
    SilentRestart,
}

/// One device's memory.
#[derive(Debug)]
pub struct Device {
    id: u8,
    functions: Vec<u8>,
    ranges: Vec<Range>,
    identity: [String; 3],
    words: BTreeMap<(Table, u16), u16>,
    listen_only: bool,
    absent: bool,
    messages: u16,
    rng: Rng,
}

impl Device {
    /// The devices behind an outstation's address.
    #[must_use]
    pub fn all(rtu: &Rtu, seed: u64) -> Vec<Self> {
        rtu.units.iter().map(|unit| Self::new(rtu, unit, seed)).collect()
    }

    fn new(rtu: &Rtu, unit: &Unit, seed: u64) -> Self {
        let mut device = Self {
            id: unit.id,
            functions: unit.functions.clone(),
            ranges: unit.ranges.clone(),
            identity: rtu.identity.clone(),
            words: BTreeMap::new(),
            listen_only: false,
            absent: false,
            messages: 0,
            rng: Rng::with_seed(seed ^ (u64::from(unit.id) << 32)),
        };
        device.reset();
        device
    }

    /// Its unit identifier.
    #[must_use]
    pub const fn id(&self) -> u8 {
        self.id
    }

    /// Takes it off the bus behind its gateway, or puts it back.
    pub const fn set_absent(&mut self, absent: bool) {
        self.absent = absent;
    }

    /// Whether it is off the bus.
    #[must_use]
    pub const fn absent(&self) -> bool {
        self.absent
    }

    /// The power comes back: volatile points take their first values, listen-only mode ends.
    pub fn power_up(&mut self, volatile: bool) {
        self.listen_only = false;
        self.messages = 0;
        if volatile {
            self.reset();
        }
    }

    fn reset(&mut self) {
        for range in &self.ranges {
            for (address, signal) in range.addresses().zip(&range.signals) {
                let word = match *signal {
                    Signal::Voltage(about) | Signal::Frequency(about) => about,
                    Signal::Current(most) => self.rng.u16(..most.max(1)),
                    Signal::CounterHigh => self.rng.u16(..4),
                    Signal::CounterLow(_) => self.rng.u16(..40_000),
                    Signal::Setpoint(value) | Signal::Constant(value) => value,
                    Signal::Position(most) => self.rng.u16(..most.max(1)),
                    Signal::Command(on) => u16::from(on),
                    Signal::Follows(coil) => {
                        self.words.get(&(Table::Coil, coil)).copied().unwrap_or(0)
                    }
                    Signal::Contact => u16::from(self.rng.u8(..4) == 0),
                };
                self.words.insert((range.table, address), word);
            }
        }
    }

    /// Lets a quarter of a second pass in the process.
    pub fn step(&mut self) {
        let mut carry = false;
        for range in &self.ranges {
            // From the last to the first: a counter's low word comes behind its high word, and carries into it.
            let mut points: Vec<_> = range.addresses().zip(&range.signals).collect();
            points.reverse();
            for (address, signal) in points {
                let key = (range.table, address);
                let old = self.words.get(&key).copied().unwrap_or(0);
                let new = match *signal {
                    Signal::Voltage(about) => wander(&mut self.rng, old, about, about / 100),
                    Signal::Frequency(about) => wander(&mut self.rng, old, about, 3),
                    Signal::Current(most) => wander(&mut self.rng, old, most / 2, most / 60),
                    Signal::CounterLow(most) => {
                        let (sum, over) = old.overflowing_add(self.rng.u16(..most.max(1)));
                        carry = over;
                        sum
                    }
                    Signal::CounterHigh if carry => {
                        carry = false;
                        old.wrapping_add(1)
                    }
                    Signal::Position(most) if self.rng.u16(..240) == 0 => {
                        self.rng.u16(..most.max(1))
                    }
                    Signal::Follows(coil) => {
                        self.words.get(&(Table::Coil, coil)).copied().unwrap_or(old)
                    }
                    Signal::Contact if self.rng.u16(..400) == 0 => old ^ 1,
                    _ => old,
                };
                self.words.insert(key, new);
            }
        }
    }

    /// What it makes of a request.
    pub fn serve(&mut self, request: &Request<'_>) -> Outcome {
        let function = request.function_code().value();
        self.messages = self.messages.wrapping_add(1);
        if let Request::Custom(8, data) = request {
            return self.diagnose(data);
        }
        if self.listen_only {
            return Outcome::Silence;
        }
        if !self.functions.contains(&function) {
            return Outcome::Refusal(ExceptionCode::IllegalFunction);
        }
        match self.access(request) {
            Ok(answer) => Outcome::Answer(answer),
            Err(refusal) => Outcome::Refusal(refusal),
        }
    }

    fn access(&mut self, request: &Request<'_>) -> Result<Response, ExceptionCode> {
        Ok(match request {
            Request::ReadCoils(first, count) => {
                Response::ReadCoils(self.bits(Table::Coil, *first, *count)?)
            }
            Request::ReadDiscreteInputs(first, count) => {
                Response::ReadDiscreteInputs(self.bits(Table::DiscreteInput, *first, *count)?)
            }
            Request::ReadHoldingRegisters(first, count) => Response::ReadHoldingRegisters(
                self.read(Table::HoldingRegister, *first, *count, 125)?,
            ),
            Request::ReadInputRegisters(first, count) => Response::ReadInputRegisters(self.read(
                Table::InputRegister,
                *first,
                *count,
                125,
            )?),
            Request::WriteSingleCoil(address, on) => {
                self.write(Table::Coil, *address, &[u16::from(*on)])?;
                Response::WriteSingleCoil(*address, *on)
            }
            Request::WriteSingleRegister(address, word) => {
                self.write(Table::HoldingRegister, *address, &[*word])?;
                Response::WriteSingleRegister(*address, *word)
            }
            Request::WriteMultipleCoils(first, bits) => {
                let words: Vec<u16> = bits.iter().map(|bit| u16::from(*bit)).collect();
                Response::WriteMultipleCoils(*first, self.write(Table::Coil, *first, &words)?)
            }
            Request::WriteMultipleRegisters(first, words) => Response::WriteMultipleRegisters(
                *first,
                self.write(Table::HoldingRegister, *first, words)?,
            ),
            Request::MaskWriteRegister(address, and, or) => {
                let old = self.read(Table::HoldingRegister, *address, 1, 1)?;
                let new = old.first().map_or(0, |old| (old & and) | (or & !and));
                self.write(Table::HoldingRegister, *address, &[new])?;
                Response::MaskWriteRegister(*address, *and, *or)
            }
            Request::ReadWriteMultipleRegisters(from, count, first, words) => {
                self.write(Table::HoldingRegister, *first, words)?;
                Response::ReadWriteMultipleRegisters(self.read(
                    Table::HoldingRegister,
                    *from,
                    *count,
                    125,
                )?)
            }
            Request::ReportServerId => {
                Response::ReportServerId(self.id, true, self.identity.join(" ").into_bytes())
            }
            Request::ReadDeviceIdentification(code, object) => self.identify(*code, *object)?,
            Request::Custom(..) => return Err(ExceptionCode::IllegalFunction),
        })
    }

    fn read(
        &self,
        table: Table,
        first: u16,
        count: u16,
        most: u16,
    ) -> Result<Vec<u16>, ExceptionCode> {
        if count == 0 || count > most {
            return Err(ExceptionCode::IllegalDataValue);
        }
        let last = first.checked_add(count - 1).ok_or(ExceptionCode::IllegalDataAddress)?;
        (first..=last)
            .map(|address| {
                self.words.get(&(table, address)).copied().ok_or(ExceptionCode::IllegalDataAddress)
            })
            .collect()
    }

    fn bits(&self, table: Table, first: u16, count: u16) -> Result<Vec<bool>, ExceptionCode> {
        Ok(self.read(table, first, count, 2_000)?.into_iter().map(|word| word != 0).collect())
    }

    fn write(&mut self, table: Table, first: u16, words: &[u16]) -> Result<u16, ExceptionCode> {
        let count = u16::try_from(words.len()).map_err(|_| ExceptionCode::IllegalDataValue)?;
        self.read(table, first, count, 1_968)?;
        for (address, word) in (first..).zip(words) {
            self.words.insert((table, address), *word);
        }
        Ok(count)
    }

    fn identify(&self, code: ReadCode, object: u8) -> Result<Response, ExceptionCode> {
        let all = (0_u8..).zip(&self.identity);
        let wanted: Vec<DeviceIdObject> = match code {
            ReadCode::Specific => all.filter(|(id, _)| *id == object).collect::<Vec<_>>(),
            _ => all.filter(|(id, _)| *id >= object).collect(),
        }
        .into_iter()
        .map(|(id, text)| DeviceIdObject { id, value: text.clone().into_bytes().into() })
        .collect();
        if wanted.is_empty() {
            return Err(ExceptionCode::IllegalDataAddress);
        }
        Ok(Response::ReadDeviceIdentification(ReadDeviceIdentificationResponse {
            read_code: code,
            conformity_level: ConformityLevel::BasicIdentification,
            more_follows: false,
            next_object_id: 0,
            device_id_objects: wanted,
        }))
    }

    fn diagnose(&mut self, data: &[u8]) -> Outcome {
        let echo = Response::Custom(8, data.to_vec().into());
        let sub = match data {
            [high, low, _, _, ..] => u16::from_be_bytes([*high, *low]),
            _ => return self.unless_listening(Outcome::Refusal(ExceptionCode::IllegalDataValue)),
        };
        match sub {
            1 => {
                self.messages = 0;
                if std::mem::replace(&mut self.listen_only, false) {
                    Outcome::SilentRestart
                } else {
                    Outcome::Restart(echo)
                }
            }
            4 => {
                self.listen_only = true;
                Outcome::Silence
            }
            0 | 10 => self.unless_listening(Outcome::Answer(echo)),
            11 | 14 => {
                let [high, low] = self.messages.to_be_bytes();
                let count = vec![0, u8::try_from(sub).unwrap_or(0), high, low];
                self.unless_listening(Outcome::Answer(Response::Custom(8, count.into())))
            }
            _ => self.unless_listening(Outcome::Refusal(ExceptionCode::IllegalFunction)),
        }
    }

    fn unless_listening(&self, outcome: Outcome) -> Outcome {
        if self.listen_only { Outcome::Silence } else { outcome }
    }
}

/// A step of a value that stays near `about`.
fn wander(rng: &mut Rng, old: u16, about: u16, most: u16) -> u16 {
    let step = rng.u16(..=most.max(1));
    let up = if old < about { rng.u8(..5) < 3 } else { rng.u8(..5) < 2 };
    if up { old.saturating_add(step) } else { old.saturating_sub(step) }
}

#[cfg(test)]
mod tests;
