//! What tests of the whole share: the bodies that fuzzing, the replay of its corpus and the property tests run.

pub mod fuzz;
