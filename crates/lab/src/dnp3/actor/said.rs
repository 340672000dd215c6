//! What the lab says itself, on a connection of its own.

use std::thread::sleep;

use anyhow::{Context, Result};

use super::{Hand, Sent, Trace};
use crate::dnp3::octets;
use crate::dnp3::scenario::{Fault, Step};
use crate::play::between;

impl Hand<'_, '_> {
    /// Says what a step sends.
    pub(super) fn say(&mut self, step: &Step) -> Result<()> {
        if self.line.is_none() {
            self.open()?;
        }
        match step {
            Step::Send { label, function, carries, to, skip } => {
                let objects: Vec<u8> = carries.iter().flat_map(|own| self.carried(*own)).collect();
                let own = self.target.device.link;
                let voice = self.voice()?;
                voice.destination = to.unwrap_or(own);
                voice.application = voice.application.wrapping_add(*skip);
                let octets = voice.request(*function, &objects);
                voice.destination = own;
                let note = self.note(label, *function, to.unwrap_or(own), self.points(carries))?;
                self.write(&octets, note, true)
            }
            Step::SelectAll { label, indices } => {
                for index in indices[0]..=indices[1] {
                    let block = self.target.block;
                    let code = block.either[0].octet();
                    let control =
                        octets::control(index, code, block.count, block.on_ms, block.off_ms);
                    let octets = self.voice()?.request(3, &control);
                    let note =
                        self.note(label, 3, self.target.device.link, vec![Self::point(index)])?;
                    self.write(&octets, note, true)?;
                    sleep(between(self.rng, [2, 30]));
                }
                Ok(())
            }
            Step::Flood { label, function, carries, segments, frames } => {
                let objects: Vec<u8> = carries.iter().flat_map(|own| self.carried(*own)).collect();
                for _ in 0..*segments {
                    let voice = self.voice()?;
                    let octets: Vec<u8> =
                        (0..*frames).flat_map(|_| voice.request(*function, &objects)).collect();
                    let note = self.note(label, *function, self.target.device.link, Vec::new())?;
                    self.write(&octets, note, false)?;
                    sleep(between(self.rng, [30, 110]));
                }
                Ok(())
            }
            Step::Malformed { label, fault } => self.malformed(label, *fault),
            _ => anyhow::bail!("an order, where something is said"),
        }
    }

    fn note(&self, label: &str, function: u8, link: u16, points: Vec<String>) -> Result<Sent> {
        let (host, _) = self.speaker.as_ref().context("nobody says nothing")?;
        Ok(Sent {
            from: host.address,
            to: self.target.station.host.address,
            station: self.target.station.host.address,
            link,
            function,
            label: label.to_owned(),
            points,
            trace: Trace::Segment { local: ([0, 0, 0, 0], 0).into() },
        })
    }

    fn malformed(&mut self, label: &str, fault: Fault) -> Result<()> {
        // A read of all event classes, as far as it is not broken.
        let number = self.voice()?.application;
        let read = |objects: &[u8]| [&[0xc0 | number, 1], objects].concat();
        let whole = read(&[60, 2, 6, 60, 3, 6, 60, 4, 6]);
        let (head, tail) = whole.split_at(4);
        let voice = self.voice()?;
        let pieces = match fault {
            Fault::ShortLength => {
                let mut frame = voice.frame(9, &[]);
                frame.truncate(8);
                if let Some(length) = frame.get_mut(2) {
                    *length = 4;
                }
                let checksum = octets::checksum(&frame);
                frame.extend(checksum.to_le_bytes());
                vec![frame]
            }
            Fault::HeaderChecksum => vec![spoiled(voice.fragment(&whole), 8)],
            Fault::BlockChecksum => {
                let frame = voice.fragment(&whole);
                let last = frame.len().saturating_sub(1);
                vec![spoiled(frame, last)]
            }
            Fault::FirstAfterFirst => {
                vec![voice.segment(true, false, head), voice.segment(true, true, &whole)]
            }
            Fault::SegmentGap => {
                let first = voice.segment(true, false, head);
                voice.transport = voice.transport.wrapping_add(1) & 0x3f;
                vec![first, voice.segment(false, true, tail)]
            }
            Fault::RangeBackwards => vec![voice.fragment(&read(&[30, 0, 1, 9, 0, 2, 0]))],
            Fault::CountMax => vec![voice.fragment(&read(&[30, 0, 9, 0xff, 0xff, 0xff, 0xff]))],
        };
        self.voice()?.application = number.wrapping_add(1) & 0x0f;
        for piece in pieces {
            let note = self.note(label, 1, self.target.device.link, Vec::new())?;
            self.write(&piece, note, true)?;
        }
        Ok(())
    }
}

fn spoiled(mut frame: Vec<u8>, at: usize) -> Vec<u8> {
    if let Some(octet) = frame.get_mut(at) {
        *octet ^= 0x5a;
    }
    frame
}
