//! Agreement with an independent dissector on captures that other people recorded.

#[cfg(test)]
mod fields;
#[cfg(test)]
mod stream;
#[cfg(test)]
mod truth;
