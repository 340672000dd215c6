//! The seal, in a process of its own: what is refused stays refused.
#![cfg(test)]

use std::fs;
use std::io::IoSlice;
use std::net::UdpSocket;
use std::os::fd::{BorrowedFd, RawFd};
use std::time::Duration;

use gridtap_tap::{Config, Taps};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, SockaddrStorage, send, sendmsg};
use nix::sys::uio::writev;

/// The descriptors of this process that are packet sockets.
fn packet_sockets() -> Vec<RawFd> {
    let table = fs::read_to_string("/proc/thread-self/net/packet").unwrap();
    let inodes: Vec<&str> =
        table.lines().skip(1).filter_map(|line| line.split_ascii_whitespace().last()).collect();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc/self/fd").unwrap().flatten() {
        let Ok(target) = fs::read_link(entry.path()) else { continue };
        let target = target.to_string_lossy().into_owned();
        if inodes.iter().any(|inode| target == format!("socket:[{inode}]")) {
            found.push(entry.file_name().to_str().unwrap().parse().unwrap());
        }
    }
    found
}

#[test]
fn nothing_can_be_written_to_what_hears_and_it_hears_on() {
    if let Err(error) = nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET) {
        println!("not run: a network namespace needs root here ({error})");
        return;
    }
    let done = std::process::Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap();
    assert!(done.success());
    let config = Config { ring_bytes: 1 << 20, ..Config::default() };
    let mut taps = Taps::open(&["lo".to_owned()], &config).unwrap();
    let [socket] = packet_sockets()[..] else { panic!("one interface, one socket") };
    let frame = [0; 60];
    // Without the seal it could be done.
    assert_eq!(send(socket, &frame, MsgFlags::empty()), Ok(60));

    taps.seal().unwrap();
    let to_nobody: Option<&SockaddrStorage> = None;
    assert_eq!(send(socket, &frame, MsgFlags::empty()), Err(Errno::EPERM));
    let parts = [IoSlice::new(&frame)];
    assert_eq!(sendmsg(socket, &parts, &[], MsgFlags::empty(), to_nobody), Err(Errno::EPERM));
    // SAFETY: `taps` keeps it open to the end.
    #[expect(unsafe_code, reason = "the number is all that the list of descriptors gives")]
    let borrowed = unsafe { BorrowedFd::borrow_raw(socket) };
    assert_eq!(writev(borrowed, &parts), Err(Errno::EPERM));
    assert_eq!(nix::unistd::write(borrowed, &frame), Err(Errno::EPERM));
    assert_eq!(nix::unistd::dup(borrowed).map(drop), Err(Errno::EPERM));
    // Nor lent to another number by the calls that take one, or by a queue.
    #[cfg(target_arch = "x86_64")]
    for call in [libc::SYS_dup2, libc::SYS_io_submit, libc::SYS_pidfd_getfd] {
        // SAFETY: it is refused before it looks at its arguments; unsealed, they would be refused as none.
        #[expect(unsafe_code, reason = "calls that the standard library has no name for")]
        let answer = unsafe { libc::syscall(call, socket, 900, 0) };
        assert_eq!((answer, Errno::last()), (-1, Errno::EPERM), "{call}");
    }
    let others = std::thread::spawn(move || send(socket, &frame, MsgFlags::empty()));
    assert_eq!(others.join().unwrap(), Err(Errno::EPERM), "for every thread");

    // Other sockets are as they were, and what they send is heard.
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.send_to(b"heard", "127.0.0.1:20000").unwrap();
    let mut is_heard = false;
    for _ in 0..100 {
        while let Some(frame) = taps.next() {
            is_heard |= frame.bytes.ends_with(b"heard");
        }
        if is_heard {
            break;
        }
        taps.wait(Duration::from_millis(50)).unwrap();
    }
    assert!(is_heard);
    // Also after it was bound anew.
    assert_eq!(taps.look(), []);
}
