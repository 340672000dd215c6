//! Agreement with an independent dissector on captures that other people recorded.

mod fields;
mod stream;
mod truth;
