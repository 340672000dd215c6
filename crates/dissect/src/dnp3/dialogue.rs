//! One master and one device in a conversation: behind a gateway there are many of them.

use gridtap_model::{Direction, Indications, Timestamp};

use super::exchange::{Answered, Pair};
use super::occasion::{Condition, Opening};
use super::open_files::OpenFiles;
use super::select::Selection;

/// The last request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last {
    pub(super) sequence: u8,
    /// Of function and objects.
    pub(super) digest: u64,
    /// Which way it went.
    pub(super) direction: Direction,
}

/// An answer or report that wants to be confirmed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unconfirmed {
    pub(super) sequence: u8,
    pub(super) frame: u64,
    pub(super) time: Timestamp,
}

/// What one master and one device have said.
#[derive(Debug)]
pub(super) struct Dialogue {
    pub(super) pair: Pair,
    /// When it was last heard, counted in messages.
    used: u64,
    /// It is heard from its beginning.
    pub(super) from_start: bool,
    /// An answer has found its request, or a receipt what it is of.
    pub(super) paired: bool,
    pub(super) last: Option<Last>,
    /// The master has used more than one sequence number.
    pub(super) sequences_vary: bool,
    pub(super) answered: [Option<Answered>; 2],
    /// Of answers, and of reports unasked.
    pub(super) unconfirmed: [Option<Unconfirmed>; 2],
    pub(super) selection: Selection,
    pub(super) condition: Condition,
    pub(super) opening: Opening,
    /// Made when one is opened: most dialogues have none.
    files: Option<Box<OpenFiles>>,
}

impl Dialogue {
    fn new(pair: Pair, from_start: bool) -> Self {
        Self {
            pair,
            used: 0,
            from_start,
            paired: false,
            last: None,
            sequences_vary: false,
            answered: [None; 2],
            unconfirmed: [None; 2],
            selection: if from_start { Selection::Nothing } else { Selection::Unknown },
            condition: Condition::default(),
            opening: Opening::default(),
            files: None,
        }
    }

    /// Notes an answer, to know a second one by.
    pub(super) fn note_answer(&mut self, answered: Answered) {
        self.paired = true;
        self.answered.rotate_right(1);
        if let Some(first) = self.answered.first_mut() {
            *first = Some(answered);
        }
    }

    /// That of answers, or that of reports unasked.
    pub(super) const fn unconfirmed_mut(&mut self, unasked: bool) -> &mut Option<Unconfirmed> {
        let [answer, report] = &mut self.unconfirmed;
        if unasked { report } else { answer }
    }

    fn files_octets(&self) -> usize {
        self.files.as_ref().map_or(0, |files| files.room_octets())
    }

    /// Files may have been opened or closed unheard.
    pub(super) fn doubt_files(&mut self) {
        if let Some(files) = &mut self.files {
            files.doubt();
        }
    }

    /// Something may have been said unheard.
    fn doubt(&mut self) {
        self.last = None;
        self.selection.doubt();
    }
}

/// The dialogues of one conversation.
#[derive(Debug, Default)]
pub(super) struct Dialogues {
    open: Vec<Dialogue>,
    /// Octets of room that their files take.
    files_octets: usize,
    heard: u64,
    /// One that had been answered gave way: what is new may be old.
    evicted: bool,
}

impl Dialogues {
    /// Opens the dialogue of a pair; that which gave way where there are too many.
    pub(super) fn open(&mut self, pair: Pair, from_start: bool, open_max: usize) -> Option<Pair> {
        self.heard = self.heard.saturating_add(1);
        let heard = self.heard;
        if let Some(open) = self.find(pair) {
            open.used = heard;
            return None;
        }
        let mut gone = None;
        if self.open.len() >= open_max.max(1) {
            // Made-up addresses are not answered: they make room for each other.
            let oldest = self.open.iter().enumerate();
            let oldest = oldest.min_by_key(|(_, open)| (open.paired, open.used));
            if let Some(at) = oldest.map(|(at, _)| at) {
                let victim = self.open.swap_remove(at);
                gone = Some(victim.pair);
                self.files_octets = self.files_octets.saturating_sub(victim.files_octets());
                self.evicted |= victim.paired;
            }
        }
        let mut dialogue = Dialogue::new(pair, from_start && !self.evicted);
        dialogue.used = heard;
        let twin = self.open.iter().find(|open| open.pair.1 == pair.1);
        dialogue.condition = twin.map(|twin| twin.condition).unwrap_or_default();
        if self.open.len() == self.open.capacity() {
            // Most conversations have one.
            self.open.reserve_exact(self.open.len().max(1));
        }
        self.open.push(dialogue);
        gone
    }

    /// The dialogue of a pair, where there is one.
    pub(super) fn find(&mut self, pair: Pair) -> Option<&mut Dialogue> {
        self.open.iter_mut().find(|open| open.pair == pair)
    }

    /// Does something with the files of a pair, where it has a dialogue.
    pub(super) fn with_files<T>(
        &mut self,
        pair: Pair,
        act: impl FnOnce(&mut OpenFiles) -> T,
    ) -> Option<T> {
        let dialogue = self.open.iter_mut().find(|open| open.pair == pair)?;
        let before = dialogue.files_octets();
        let done = act(dialogue.files.get_or_insert_default());
        let after = dialogue.files_octets();
        self.files_octets = self.files_octets.saturating_sub(before).saturating_add(after);
        Some(done)
    }

    /// Octets of room that they take.
    pub(super) const fn room_octets(&self) -> usize {
        self.open.capacity().saturating_mul(size_of::<Dialogue>()).saturating_add(self.files_octets)
    }

    /// Forgets files for want of room, and where that is not enough the dialogues.
    pub(super) fn give_way(&mut self, all: bool) {
        self.files_octets = 0;
        if all {
            self.evicted |= self.open.iter().any(|open| open.paired);
            self.open = Vec::new();
        } else {
            self.open.iter_mut().for_each(|open| open.files = None);
        }
    }

    /// A device says this of itself, whichever master hears it.
    pub(super) fn say(&mut self, device: u16, indications: Indications, time: Timestamp) {
        let heard = self.open.iter_mut().filter(|open| open.pair.1 == device);
        heard.for_each(|open| {
            open.condition.say(indications, time);
            if let Some(files) = &mut open.files {
                files.say(indications);
            }
        });
    }

    /// The clock of a device, or of all, was set.
    pub(super) fn set_time(&mut self, device: Option<u16>) {
        let set = self.open.iter_mut().filter(|open| device.is_none_or(|it| open.pair.1 == it));
        set.for_each(|open| open.condition.set_time());
    }

    /// A master asks something of everyone.
    pub(super) fn cancel_all(&mut self, master: u16) {
        let heard = self.open.iter_mut().filter(|open| open.pair.0 == master);
        heard.for_each(|open| open.selection.cancel());
    }

    /// Files may have been opened or closed unheard.
    pub(super) fn doubt_files(&mut self) {
        self.open.iter_mut().for_each(Dialogue::doubt_files);
    }

    /// Something may have been said unheard.
    pub(super) fn doubt(&mut self) {
        self.open.iter_mut().for_each(Dialogue::doubt);
    }
}
