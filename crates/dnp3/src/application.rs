//! The application layer's header (clause 4): what a fragment is before its objects.

mod control;
mod fragment;
mod function;
mod indications;

pub use control::{ApplicationControl, Part};
pub use fragment::{Fragment, FragmentFault};
pub(crate) use function::Objects;
pub use function::{FunctionCode, FunctionKind};
pub use indications::{Iin, Indication};
