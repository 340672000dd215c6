//! Rights that are needed once, to open what is heard, and given up then.

use std::collections::HashSet;

use caps::errors::CapsError;
use caps::{CapSet, Capability};

/// What root keeps: its way with files, because the state may be another user's, and the ports below 1024.
const KEPT: [Capability; 5] = [
    Capability::CAP_CHOWN,
    Capability::CAP_DAC_OVERRIDE,
    Capability::CAP_DAC_READ_SEARCH,
    Capability::CAP_FOWNER,
    Capability::CAP_NET_BIND_SERVICE,
];

/// Gives up what this thread may do beyond any user's rights, and so what the threads may that it starts: from here on
/// none of them opens another interface, and none can get a right back.
pub(crate) fn give_up() -> Result<(), CapsError> {
    // In this order: a right is in the ambient set only while the others have it.
    caps::clear(None, CapSet::Ambient)?;
    for set in [CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        let kept: HashSet<Capability> =
            caps::read(None, set)?.into_iter().filter(|right| KEPT.contains(right)).collect();
        caps::set(None, set, &kept)?;
    }
    Ok(())
}
