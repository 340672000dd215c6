//! DNP3 in a conversation: the one module that knows it.

mod answer;
mod contents;
mod course;
mod data_set;
mod data_sets;
mod dialogue;
mod effect;
mod exchange;
mod faults;
mod fields;
mod files;
mod framing;
mod giving_way;
mod lines;
mod links;
mod object_record;
mod observe;
mod occasion;
mod open_files;
mod proof;
mod readings;
mod recognise;
mod record;
mod request;
mod second_copy;
mod security;
mod select;
mod session;
mod set_record;

pub(crate) use contents::Scratch;
pub(crate) use data_sets::{DataSets, descriptors_octets_max};
pub(crate) use lines::{LineNews, Lines, lines_octets_max};
pub(crate) use recognise::{Recognised, begins, is_home, may_begin_within, recognise};
pub use record::Dnp3Record;
pub(crate) use session::Session;
