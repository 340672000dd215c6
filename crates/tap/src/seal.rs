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

/// Has the kernel refuse whatever would write to these sockets.
pub(crate) fn seal(sockets: &[c_int]) -> Result<(), Error> {
    let filter = filter(sockets).map_err(|error| Error::Seal { error: error.to_string() })?;
    seccompiler::apply_filter_all_threads(&filter)
        .map_err(|error| Error::Seal { error: error.to_string() })
}

fn filter(sockets: &[c_int]) -> Result<seccompiler::BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for socket in sockets {
        let socket = u64::try_from(*socket).unwrap_or(u64::MAX);
        for (call, place) in REFUSED {
            let rule = SeccompRule::new(vec![is(place, socket)?])?;
            rules.entry(call).or_default().push(rule);
        }
        for command in [libc::F_DUPFD, libc::F_DUPFD_CLOEXEC] {
            let command = u64::try_from(command).unwrap_or(u64::MAX);
            let rule = SeccompRule::new(vec![is(0, socket)?, is(1, command)?])?;
            rules.entry(libc::SYS_fcntl).or_default().push(rule);
        }
        // An interface that came back is to be heard with what is not for this machine: that one option.
        let option = u64::try_from(libc::PACKET_ADD_MEMBERSHIP).unwrap_or(u64::MAX);
        let other = SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, option)?;
        let rule = SeccompRule::new(vec![is(0, socket)?, other])?;
        rules.entry(libc::SYS_setsockopt).or_default().push(rule);
    }
    // Its queue is written to without a call for each; nothing here uses it.
    rules.insert(libc::SYS_io_uring_setup, Vec::new());
    let refuse = SeccompAction::Errno(u32::try_from(libc::EPERM).unwrap_or(1));
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?.try_into()
}

fn is(place: u8, value: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(place, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
}
