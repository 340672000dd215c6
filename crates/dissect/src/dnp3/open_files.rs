//! Which file a handle stands for, and how far its transfer has come.
//!
//! A file is named when it is opened, deleted or asked about (IEEE 1815-2012, annex A: g70v3, g70v7). The answer to the
//! opening gives a handle (g70v4), and what follows says that handle alone: blocks (g70v5, g70v6), close and abort
//! (g70v4). An answer may come late, in a report, with the number that the master chose for its request.

use std::collections::VecDeque;

use gridtap_dnp3::{File, FileMode as Mode, FileStatus, Fragment, FunctionCode, Object};
use gridtap_model::{FileAccess, FileMode, Indications, Place, file_index};

use super::exchange::Asked;

/// The octets of a name that are kept; all of them tell files apart.
const NAME_OCTETS_MAX: usize = 128;
/// Openings that wait for their answers: a master opens one file after the other.
const OPENINGS_MAX: usize = 4;
/// File size that is not known.
const OCTETS_UNKNOWN: u32 = u32::MAX;
/// Answers by which a handle is none, or none any more.
const HANDLE_GONE: [FileStatus; 3] = [FileStatus(6), FileStatus(16), FileStatus(17)];

/// The file that one message is about, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Followed {
    name: Option<Name>,
    index: Option<u32>,
    mode: FileMode,
    octets: Option<u32>,
    blocks: u32,
    octets_moved: u64,
    /// The message says the name itself.
    pub(super) is_named: bool,
}

impl Followed {
    /// As observations have it.
    pub(super) fn access(&self) -> FileAccess<'_> {
        FileAccess {
            name: self.name(),
            index: self.index,
            mode: self.mode,
            octets: self.octets,
            blocks: self.blocks,
            octets_moved: self.octets_moved,
        }
    }

    pub(super) fn name(&self) -> Option<&[u8]> {
        self.name.as_ref().and_then(Name::octets)
    }

    /// One that the message names.
    fn named(name: &[u8]) -> Self {
        let (name, index) = (Some(Name::of(name)), Some(file_index(name)));
        Self { name, index, is_named: true, ..Self::default() }
    }
}

/// A name, or its first octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Name {
    octets: [u8; NAME_OCTETS_MAX],
    length: usize,
}

impl Name {
    fn of(name: &[u8]) -> Self {
        let mut octets = [0; NAME_OCTETS_MAX];
        octets.iter_mut().zip(name).for_each(|(slot, octet)| *slot = *octet);
        Self { octets, length: name.len().min(NAME_OCTETS_MAX) }
    }

    fn octets(&self) -> Option<&[u8]> {
        self.octets.get(..self.length)
    }
}

/// A file with a handle.
#[derive(Debug)]
struct OpenFile {
    handle: u32,
    file: Followed,
    /// The last block that was transferred.
    last_block: Option<u32>,
    /// It is to be closed, and that was not answered.
    closing: bool,
    /// Another file may have been opened unheard.
    doubted: bool,
}

/// A request to open a file that was not answered.
#[derive(Debug)]
struct Opening {
    place: Place,
    request: u16,
    file: Followed,
    /// The handle that was used since: its answer was not heard.
    adopted: Option<u32>,
}

/// The files of one dialogue.
#[derive(Debug, Default)]
pub(super) struct OpenFiles {
    openings: VecDeque<Opening>,
    /// The longest unused first.
    open: VecDeque<OpenFile>,
    restarted: bool,
    /// Files that gave way since this was last asked for, because too many were open.
    evicted: u64,
}

impl OpenFiles {
    /// A request about a file: which one.
    pub(super) fn request(
        &mut self,
        code: FunctionCode,
        file: &File<'_>,
        place: Place,
        open_max: usize,
    ) -> Option<Followed> {
        match *file {
            File::Command(command) => {
                let mut named = Followed::named(command.name);
                if code == FunctionCode::OPEN_FILE {
                    named.mode = mode(command.mode);
                    let told = (named.mode != FileMode::Read).then_some(command.file_octets);
                    named.octets = told.filter(|octets| *octets != OCTETS_UNKNOWN);
                    self.opens(place, command.request, &named);
                }
                Some(named)
            }
            File::Status { handle, .. } => {
                let Some(open) = self.find(handle) else { return Some(Followed::default()) };
                open.closing |= matches!(code, FunctionCode::CLOSE_FILE | FunctionCode::ABORT_FILE);
                Some(open.file.clone())
            }
            File::Transport { handle, block, octets, .. } => {
                let writes = code == FunctionCode::WRITE;
                let moved = if writes { Some(octets.len()) } else { None };
                Some(self.block((handle, block), writes, moved, open_max))
            }
            _ => self.answered(file),
        }
    }

    /// What a device says of a file, in the answer to a request or unasked: which one.
    pub(super) fn answer(
        &mut self,
        asked: Option<&Asked>,
        file: &File<'_>,
        open_max: usize,
    ) -> Option<Followed> {
        match *file {
            File::Status { handle, file_octets, request, status, .. } => match asked {
                Some(asked) if ends(asked.code) => Some(self.closed(handle, status)),
                Some(asked) if asked.code == FunctionCode::DELETE_FILE => None,
                _ => {
                    let place = asked.map(|asked| asked.place);
                    let opening = self.opening(place, request)?;
                    Some(self.opened(opening, (handle, file_octets, status), open_max))
                }
            },
            File::Transport { handle, block, octets, .. } => {
                Some(self.block((handle, block), false, Some(octets.len()), open_max))
            }
            _ => self.answered(file),
        }
    }

    /// What names its file, and how a block went.
    fn answered(&mut self, file: &File<'_>) -> Option<Followed> {
        match *file {
            File::TransportStatus { handle, status, .. } => {
                let file = self.find(handle).map(|open| open.file.clone());
                if HANDLE_GONE.contains(&status) {
                    self.open.retain(|open| open.handle != handle);
                }
                Some(file.unwrap_or_default())
            }
            File::Descriptor(file) => Some(Followed::named(file.name)),
            File::Identifier(file) => Some(Followed::named(file.name)),
            File::Specification(name) => Some(Followed::named(name)),
            _ => None,
        }
    }

    /// A device says of itself that it restarted: no file is open any more.
    pub(super) fn say(&mut self, indications: Indications) {
        let restarted = indications.has(Indications::RESTART);
        if restarted && !self.restarted {
            self.open.clear();
        }
        self.restarted = restarted;
    }

    /// Something may have been said unheard.
    pub(super) fn doubt(&mut self) {
        self.open.iter_mut().for_each(|open| open.doubted = true);
    }

    /// Octets of room that they take.
    pub(super) fn room_octets(&self) -> usize {
        let openings = self.openings.capacity().saturating_mul(size_of::<Opening>());
        let open = self.open.capacity().saturating_mul(size_of::<OpenFile>());
        size_of::<Self>().saturating_add(openings).saturating_add(open)
    }

    /// How many files gave way since this was last asked for.
    pub(super) fn take_evicted(&mut self) -> u64 {
        core::mem::take(&mut self.evicted)
    }

    /// A file is to be opened. Asked again, it is asked once.
    fn opens(&mut self, place: Place, request: u16, file: &Followed) {
        self.openings.retain(|open| (open.request, &open.file) != (request, file));
        if self.openings.len() >= OPENINGS_MAX {
            self.openings.pop_front();
        }
        let (file, adopted) = (file.clone(), None);
        self.openings.push_back(Opening { place, request, file, adopted });
    }

    /// The opening that is answered: the one at this place, else by the number of its request.
    fn opening(&mut self, place: Option<Place>, request: u16) -> Option<Opening> {
        let of = |fits: &dyn Fn(&Opening) -> bool| self.openings.iter().rposition(fits);
        let at = place.and_then(|place| of(&|open| open.place == place));
        let at = at.or_else(|| of(&|open| open.request == request))?;
        self.openings.remove(at)
    }

    /// An opening was answered.
    fn opened(
        &mut self,
        opening: Opening,
        (handle, file_octets, status): (u32, u32, FileStatus),
        open_max: usize,
    ) -> Followed {
        let mut file = opening.file;
        file.is_named = false;
        if file.mode == FileMode::Read {
            file.octets = Some(file_octets).filter(|octets| *octets != OCTETS_UNKNOWN);
        }
        let adopted = opening.adopted;
        let at = self.open.iter().position(|open| Some(open.handle) == adopted);
        let adopted = at.and_then(|at| self.open.remove(at));
        if status != FileStatus::SUCCESS || handle == 0 {
            return file;
        }
        let mut last_block = None;
        if let Some(adopted) = adopted.filter(|adopted| adopted.handle == handle) {
            (file.blocks, file.octets_moved) = (adopted.file.blocks, adopted.file.octets_moved);
            last_block = adopted.last_block;
        }
        self.keep(OpenFile { last_block, ..OpenFile::of(handle, file.clone()) }, open_max);
        file
    }

    /// A close or abort was answered.
    fn closed(&mut self, handle: u32, status: FileStatus) -> Followed {
        let at = self.open.iter().position(|open| open.handle == handle);
        let at = at.or_else(|| self.open.iter().position(|open| handle == 0 && open.closing));
        let Some(at) = at else { return Followed::default() };
        if status == FileStatus::SUCCESS || HANDLE_GONE.contains(&status) {
            return self.open.remove(at).map(|open| open.file).unwrap_or_default();
        }
        let Some(open) = self.open.get_mut(at) else { return Followed::default() };
        open.closing = false;
        open.file.clone()
    }

    /// A block, with the octets that were `moved` where the message carries them.
    fn block(
        &mut self,
        (handle, block): (u32, u32),
        writes: bool,
        moved: Option<usize>,
        open_max: usize,
    ) -> Followed {
        // Behind what may have gone unheard, a transfer that begins anew is perhaps that of another file.
        self.open.retain(|open| {
            let begins_anew = open.last_block.is_some_and(|last| {
                open.doubted && block < last || open.closing && moved.is_some() && block <= last
            });
            open.handle != handle || !begins_anew
        });
        if self.find(handle).is_none() {
            self.adopt(handle, writes, open_max);
        }
        let Some(open) = self.find(handle) else { return Followed::default() };
        if let Some(octets) = moved
            && open.last_block.is_none_or(|last| block > last)
        {
            (open.last_block, open.doubted) = (Some(block), false);
            let file = &mut open.file;
            file.blocks = file.blocks.saturating_add(1);
            let octets = u64::try_from(octets).unwrap_or(u64::MAX);
            file.octets_moved = file.octets_moved.saturating_add(octets);
        }
        open.file.clone()
    }

    /// A handle that nobody heard of is that of the one opening whose answer nobody heard.
    fn adopt(&mut self, handle: u32, writes: bool, open_max: usize) {
        let mut waiting = self.openings.iter_mut().filter(|open| {
            let fits = match open.file.mode {
                FileMode::Read => !writes,
                FileMode::Write | FileMode::Append => writes,
                FileMode::Unknown => false,
            };
            fits && open.adopted.is_none()
        });
        if let Some(opening) = waiting.next()
            && waiting.next().is_none()
        {
            opening.adopted = Some(handle);
            let file = Followed { is_named: false, ..opening.file.clone() };
            self.keep(OpenFile::of(handle, file), open_max);
        }
    }

    /// Keeps an open file. One that had its handle is open no more.
    fn keep(&mut self, file: OpenFile, open_max: usize) {
        self.open.retain(|open| open.handle != file.handle);
        if self.open.len() >= open_max.max(1) {
            self.open.pop_front();
            self.evicted = self.evicted.saturating_add(1);
        }
        self.open.push_back(file);
    }

    /// The file with a handle, which is used now.
    fn find(&mut self, handle: u32) -> Option<&mut OpenFile> {
        let at = self.open.iter().position(|open| open.handle == handle)?;
        let used = self.open.remove(at)?;
        self.open.push_back(used);
        self.open.back_mut()
    }
}

impl OpenFile {
    const fn of(handle: u32, file: Followed) -> Self {
        Self { handle, file, last_block: None, closing: false, doubted: false }
    }
}

/// The file that a message is about. Of several, one that is not opened to be read alone: it is what stands out.
pub(super) fn file_of<'a>(fragment: &Fragment<'a>) -> Option<File<'a>> {
    // Most messages have no octet that could be the group. Without a way out the loop is one of wide instructions.
    if !fragment.objects.iter().fold(false, |any, octet| any | (*octet == 70)) {
        return None;
    }
    let blocks = fragment.blocks().filter_map(Result::ok);
    let items = blocks.filter(|block| block.header.group == 70).flat_map(|block| block.items());
    let mut files = items.filter_map(|item| match item.object {
        Object::File(file) => Some(file),
        _ => None,
    });
    let first = files.next()?;
    let reads =
        |file: &File<'_>| matches!(file, File::Command(command) if command.mode == Mode::READ);
    if !reads(&first) {
        return Some(first);
    }
    Some(files.find(|file| !reads(file)).unwrap_or(first))
}

const fn mode(mode: Mode) -> FileMode {
    match mode {
        Mode::READ => FileMode::Read,
        Mode::WRITE => FileMode::Write,
        Mode::APPEND => FileMode::Append,
        _ => FileMode::Unknown,
    }
}

const fn ends(code: FunctionCode) -> bool {
    matches!(code, FunctionCode::CLOSE_FILE | FunctionCode::ABORT_FILE)
}
