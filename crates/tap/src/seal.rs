//! What the kernel refuses this process from now on: to write to the sockets that hear.
//!
//! gridtap has no code that does. With the seal no code has, whatever a fault in it lets happen: calls that write to the
//! sockets, lend them to others by another number, or change what they are answer EPERM. It holds for every thread and
//! cannot be taken off.

use core::ffi::c_int;
use std::collections::BTreeMap;

use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

use crate::error::Error;

/// Calls that write to the descriptor in this place of their arguments, or give it another number.
const REFUSED: [(libc::c_long, u8); 17] = [
    (libc::SYS_write, 0),
    (libc::SYS_writev, 0),
    (libc::SYS_pwrite64, 0),
    (libc::SYS_pwritev, 0),
    (libc::SYS_pwritev2, 0),
    (libc::SYS_sendto, 0),
    (libc::SYS_sendmsg, 0),
    (libc::SYS_sendmmsg, 0),
    (libc::SYS_sendfile, 0),
    (libc::SYS_splice, 2),
    (libc::SYS_vmsplice, 0),
    (libc::SYS_tee, 1),
    (libc::SYS_copy_file_range, 2),
    (libc::SYS_connect, 0),
    (libc::SYS_dup, 0),
    (libc::SYS_dup3, 0),
    (libc::SYS_ioctl, 0),
];

/// Calls that write to a descriptor which no argument names, or give one another number: queues of requests, and
/// descriptors taken out of a process. Nothing here uses them.
const REFUSED_AT_ALL: [libc::c_long; 3] =
    [libc::SYS_io_uring_setup, libc::SYS_io_submit, libc::SYS_pidfd_getfd];

/// Has the kernel refuse whatever would write to these sockets.
pub(crate) fn seal(sockets: &[c_int]) -> Result<(), Error> {
    let filter = filter(sockets).map_err(|error| Error::Seal { error: error.to_string() })?;
    seccompiler::apply_filter_all_threads(&filter)
        .map_err(|error| Error::Seal { error: error.to_string() })
}

fn filter(sockets: &[c_int]) -> Result<seccompiler::BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for run in runs(sockets) {
        for (call, place) in REFUSED {
            let rule = SeccompRule::new(Vec::from(run.holds(place)?))?;
            rules.entry(call).or_default().push(rule);
        }
        #[cfg(target_arch = "x86_64")]
        {
            let rule = SeccompRule::new(Vec::from(run.holds(0)?))?;
            rules.entry(libc::SYS_dup2).or_default().push(rule);
        }
        for command in [libc::F_DUPFD, libc::F_DUPFD_CLOEXEC] {
            let command = number(command);
            let is_it = SeccompCondition::new(1, WIDTH, SeccompCmpOp::Eq, command)?;
            let [from, to] = run.holds(0)?;
            rules
                .entry(libc::SYS_fcntl)
                .or_default()
                .push(SeccompRule::new(vec![from, to, is_it])?);
        }
        // An interface that came back is to be heard with what is not for this machine: that one option.
        let option = number(libc::PACKET_ADD_MEMBERSHIP);
        let other = SeccompCondition::new(2, WIDTH, SeccompCmpOp::Ne, option)?;
        let [from, to] = run.holds(0)?;
        let rule = SeccompRule::new(vec![from, to, other])?;
        rules.entry(libc::SYS_setsockopt).or_default().push(rule);
    }
    for call in REFUSED_AT_ALL {
        rules.insert(call, Vec::new());
    }
    let refuse = SeccompAction::Errno(u32::try_from(libc::EPERM).unwrap_or(1));
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?.try_into()
}

/// Descriptors are numbers of 32 bits.
const WIDTH: SeccompCmpArgLen = SeccompCmpArgLen::Dword;

/// Sockets with one number after the other: a rule of the kernel has only so much room, and there may be many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    first: c_int,
    last: c_int,
}

impl Run {
    /// That an argument is one of them.
    fn holds(self, place: u8) -> Result<[SeccompCondition; 2], seccompiler::BackendError> {
        let from = SeccompCondition::new(place, WIDTH, SeccompCmpOp::Ge, number(self.first))?;
        let to = SeccompCondition::new(place, WIDTH, SeccompCmpOp::Le, number(self.last))?;
        Ok([from, to])
    }
}

fn runs(sockets: &[c_int]) -> Vec<Run> {
    let mut sorted = sockets.to_vec();
    sorted.sort_unstable();
    let mut runs: Vec<Run> = Vec::new();
    for socket in sorted {
        match runs.last_mut() {
            Some(run) if run.last.checked_add(1) == Some(socket) => run.last = socket,
            _ => runs.push(Run { first: socket, last: socket }),
        }
    }
    runs
}

fn number(value: c_int) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_has_room_for_every_interface_that_can_be_heard() {
        let sockets: Vec<c_int> = (9..9 + 64).collect();
        assert_eq!(runs(&sockets), [Run { first: 9, last: 72 }]);
        assert_eq!(runs(&[7, 3, 4]), [Run { first: 3, last: 4 }, Run { first: 7, last: 7 }]);
        assert!(filter(&sockets).is_ok());
    }
}
