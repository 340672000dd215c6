//! Select before operate: an operate repeats its select octet for octet, with the next sequence number, and nothing
//! else is asked in between (IEEE 1815, clause 4.4.3).

use gridtap_model::{FaultKind, Faults, Selected, Timestamp};

/// What stands selected, by what was heard.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Selection {
    /// Something may have been selected unheard.
    #[default]
    Unknown,
    /// Nothing.
    Nothing,
    /// An operate, by its objects and sequence number, took what may have been selected unheard.
    Passed(u64, u8),
    /// This.
    Select(Select),
}

/// A select.
#[derive(Debug, Clone, Copy)]
pub(super) struct Select {
    /// Of its objects.
    digest: u64,
    sequence: u8,
    time: Timestamp,
    frame: u64,
    /// The device has not refused it, and has not left it unanswered.
    stands: bool,
    /// The sequence number of the operate that took it.
    operated: Option<u8>,
}

/// A select or an operate as it is heard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Control {
    pub(super) digest: u64,
    pub(super) sequence: u8,
    pub(super) time: Timestamp,
    pub(super) frame: u64,
}

impl Selection {
    /// A select. The same again changes nothing.
    pub(super) fn select(&mut self, control: Control) {
        let Control { digest, sequence, time, frame } = control;
        if let Self::Select(before) = self
            && (before.digest, before.sequence) == (digest, sequence)
            && before.operated.is_none()
            && before.stands
        {
            return;
        }
        *self =
            Self::Select(Select { digest, sequence, time, frame, stands: true, operated: None });
    }

    /// Any other request of the same master.
    pub(super) fn cancel(&mut self) {
        *self = Self::Nothing;
    }

    /// What is said may have gone unheard.
    pub(super) fn doubt(&mut self) {
        *self = Self::Unknown;
    }

    /// A request may have gone unheard: it may have been a select, where none stands.
    pub(super) fn doubt_nothing(&mut self) {
        let stands =
            matches!(self, Self::Select(select) if select.stands && select.operated.is_none());
        if !stands {
            self.doubt();
        }
    }

    /// The device refused the select with this sequence number, or left it unanswered.
    pub(super) fn refuse(&mut self, sequence: Option<u8>) {
        if let Self::Select(select) = self
            && Some(select.sequence) == sequence
        {
            select.stands = false;
        }
    }

    /// The device accepted the select with this sequence number, however late.
    pub(super) fn accept(&mut self, sequence: Option<u8>) {
        if let Self::Select(select) = self
            && Some(select.sequence) == sequence
        {
            select.stands = true;
        }
    }

    /// An operate: the select it goes back to, and what is wrong with it.
    /// Its sequence number says nothing where those of its master do not `vary`.
    pub(super) fn operate(
        &mut self,
        control: Control,
        (late_ns, vary): (u64, bool),
        faults: &mut Faults,
    ) -> Option<Selected> {
        let number = |frame: u64| u32::try_from(frame).unwrap_or(u32::MAX);
        let select = match self {
            Self::Unknown => {
                *self = Self::Passed(control.digest, control.sequence);
                return None;
            }
            Self::Passed(digest, sequence)
                if (*digest, *sequence) == (control.digest, control.sequence) =>
            {
                return None;
            }
            Self::Select(select) if select.stands => select,
            Self::Select(_) | Self::Nothing | Self::Passed(..) => {
                faults.push(FaultKind::NoSelect, number(control.frame), 0);
                return None;
            }
        };
        let again = select.operated == Some(control.sequence);
        if select.operated.is_some() && !again {
            faults.push(FaultKind::NoSelect, number(control.frame), 0);
            return None;
        }
        select.operated = Some(control.sequence);
        let follows = select.sequence.wrapping_add(1) & 0x0F;
        let gap_ns = control.time.since_ns(select.time);
        let selected = Selected { frame: select.frame, gap_ns };
        let (differs, other) =
            (control.digest != select.digest, vary && control.sequence != follows);
        if differs {
            faults.push(FaultKind::SelectDiffers, number(control.frame), number(select.frame));
        }
        if other {
            faults.push(FaultKind::SelectSequence, control.sequence.into(), follows.into());
        }
        if gap_ns > late_ns && !again {
            let ms = |ns: u64| number(ns.checked_div(1_000_000).unwrap_or(0));
            faults.push(FaultKind::SelectLate, ms(gap_ns), ms(late_ns));
        }
        (!differs && !other).then_some(selected)
    }
}
