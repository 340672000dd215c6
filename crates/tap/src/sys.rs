//! What is asked of Linux: a packet socket and the ring that it fills. All unsafe code of gridtap is here.
//!
//! The socket receives. It is bound to an interface and to no address, and nothing here can send: there is no call that
//! writes to it.

use core::ffi::c_int;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The shape of a ring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Octets of a block: a multiple of the page size.
    pub(crate) block_bytes: u32,
    pub(crate) blocks: u32,
    /// After so many milliseconds a block is given that is not full.
    pub(crate) timeout_ms: u32,
}

/// What the kernel counted since it was last asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Frames that came, with those that were lost.
    pub(crate) packets: u32,
    /// Frames for which the ring had no room.
    pub(crate) drops: u32,
}

/// A packet socket with its ring.
#[derive(Debug)]
pub(crate) struct Socket {
    fd: OwnedFd,
    ring: Ring,
    shape: Shape,
}

/// Memory shared with the kernel.
#[derive(Debug)]
struct Ring {
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the memory is nobody else's in this process, and is reached through `Socket` alone, whose methods borrow it.
#[expect(unsafe_code, reason = "a pointer into a mapping may move between threads with its owner")]
unsafe impl Send for Ring {}

/// Where the status of a block stands in it.
const STATUS_AT: usize = 8;

impl Socket {
    /// A socket with its ring, that hears nothing yet. This alone needs `CAP_NET_RAW`.
    pub(crate) fn open(shape: Shape) -> io::Result<Self> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // Of no protocol: nothing is received before it is bound to an interface.
        // SAFETY: takes numbers and gives one.
        #[expect(unsafe_code, reason = "a packet socket is not in the standard library")]
        let fd = checked(unsafe { libc::socket(libc::AF_PACKET, kind, 0) })?;
        // SAFETY: it was just opened, and nobody else has it.
        #[expect(unsafe_code, reason = "from here on it closes by itself")]
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        set(&fd, libc::PACKET_VERSION, &libc::tpacket_versions::TPACKET_V3)?;
        let frame_bytes: u32 = 2048;
        let request = libc::tpacket_req3 {
            tp_block_size: shape.block_bytes,
            tp_block_nr: shape.blocks,
            tp_frame_size: frame_bytes,
            tp_frame_nr: (shape.block_bytes / frame_bytes).saturating_mul(shape.blocks),
            tp_retire_blk_tov: shape.timeout_ms,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        set(&fd, libc::PACKET_RX_RING, &request)?;
        let bytes = usize_of(shape.block_bytes).saturating_mul(usize_of(shape.blocks));
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
        // SAFETY: a new mapping of a descriptor that is open; the kernel chooses where.
        #[expect(unsafe_code, reason = "the ring is memory that the kernel writes")]
        let start = unsafe {
            libc::mmap(core::ptr::null_mut(), bytes, protection, flags, fd.as_raw_fd(), 0)
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast::<u8>()).ok_or_else(io::Error::last_os_error)?;
        Ok(Self { fd, ring: Ring { start, bytes }, shape })
    }

    /// Asks for the times of the interface's own clock, where it stamps frames.
    pub(crate) fn stamp_by_hardware(&self) -> io::Result<()> {
        let flags = c_int::try_from(libc::SOF_TIMESTAMPING_RAW_HARDWARE).unwrap_or(1 << 6);
        set(&self.fd, libc::PACKET_TIMESTAMP, &flags)
    }

    /// Hears an interface from now on, in place of any before, with what is not for this machine.
    pub(crate) fn bind(&self, index: c_int) -> io::Result<()> {
        let all = u16::try_from(libc::ETH_P_ALL).unwrap_or(3).to_be();
        let address = libc::sockaddr_ll {
            sll_family: u16::try_from(libc::AF_PACKET).unwrap_or(17),
            sll_protocol: all,
            sll_ifindex: index,
            sll_hatype: 0,
            sll_pkttype: 0,
            sll_halen: 0,
            sll_addr: [0; 8],
        };
        let (at, length) = ((&raw const address).cast::<libc::sockaddr>(), length_of(&address));
        // SAFETY: the address is of the family of the socket, lives, and is as long as is said.
        #[expect(unsafe_code, reason = "addresses of interfaces are not in the standard library")]
        checked(unsafe { libc::bind(self.fd.as_raw_fd(), at, length) })?;
        let everything = libc::packet_mreq {
            mr_ifindex: index,
            mr_type: u16::try_from(libc::PACKET_MR_PROMISC).unwrap_or(1),
            mr_alen: 0,
            mr_address: [0; 8],
        };
        set(&self.fd, libc::PACKET_ADD_MEMBERSHIP, &everything)
    }

    /// A block, where the kernel has given it.
    pub(crate) fn block(&self, nth: u32) -> Option<&[u8]> {
        let start = self.start(nth)?;
        // The kernel writes the block, and then its status: with this order what it wrote before is seen.
        let is_given = self.status(start).load(Ordering::Acquire) & libc::TP_STATUS_USER != 0;
        // SAFETY: the block is within the mapping and initialised, and the kernel does not write to it until it is
        // released, for which `self` is borrowed mutably.
        #[expect(unsafe_code, reason = "frames are lent out of the ring")]
        let octets = || unsafe {
            core::slice::from_raw_parts(start.as_ptr(), usize_of(self.shape.block_bytes))
        };
        is_given.then(octets)
    }

    /// Gives a block back to the kernel.
    pub(crate) fn release(&mut self, nth: u32) {
        if let Some(start) = self.start(nth) {
            self.status(start).store(libc::TP_STATUS_KERNEL, Ordering::Release);
        }
    }

    /// What the kernel counted since the last time.
    pub(crate) fn counted(&self) -> io::Result<Counted> {
        let mut counted = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
        get(&self.fd, libc::SOL_PACKET, libc::PACKET_STATISTICS, &mut counted)?;
        Ok(Counted { packets: counted.tp_packets, drops: counted.tp_drops })
    }

    /// The error that waits, such as that the interface went down; taking it clears it.
    pub(crate) fn error(&self) -> Option<io::Error> {
        let mut error: c_int = 0;
        get(&self.fd, libc::SOL_SOCKET, libc::SO_ERROR, &mut error).ok()?;
        (error != 0).then(|| io::Error::from_raw_os_error(error))
    }

    /// The descriptor's number.
    pub(crate) fn number(&self) -> c_int {
        self.fd.as_raw_fd()
    }

    fn start(&self, nth: u32) -> Option<NonNull<u8>> {
        let at = usize_of(nth).checked_mul(usize_of(self.shape.block_bytes))?;
        let is_within = nth < self.shape.blocks && at < self.ring.bytes;
        // SAFETY: the block lies within the mapping.
        #[expect(unsafe_code, reason = "a place in the ring")]
        is_within.then(|| unsafe { self.ring.start.add(at) })
    }

    fn status(&self, start: NonNull<u8>) -> &AtomicU32 {
        // SAFETY: a block begins at a page and holds more than its head, so that this is inside and aligned.
        #[expect(unsafe_code, reason = "the word by which a block changes hands")]
        let at = unsafe { start.add(STATUS_AT) };
        // SAFETY: as above; both sides write the word whole, and it lives as long as `self`.
        #[expect(unsafe_code, reason = "the kernel writes it as well")]
        unsafe {
            AtomicU32::from_ptr(at.cast::<u32>().as_ptr())
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nothing borrows it any more.
        #[expect(unsafe_code, reason = "what was mapped is given back")]
        let _ = unsafe { libc::munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}

/// Waits until one of the sockets has a block or an error, or the time is over. Whether there was a reason to wake.
pub(crate) fn wait<'a>(
    sockets: impl Iterator<Item = &'a Socket>,
    timeout_ms: u32,
) -> io::Result<bool> {
    let poll = |socket: &Socket| libc::pollfd {
        fd: socket.fd.as_raw_fd(),
        events: libc::POLLIN | libc::POLLERR,
        revents: 0,
    };
    let mut all: Vec<libc::pollfd> = sockets.map(poll).collect();
    let count = libc::nfds_t::try_from(all.len()).unwrap_or(0);
    let timeout = c_int::try_from(timeout_ms).unwrap_or(c_int::MAX);
    // SAFETY: the list lives and is as long as is said.
    #[expect(unsafe_code, reason = "waiting for sockets is not in the standard library")]
    match checked(unsafe { libc::poll(all.as_mut_ptr(), count, timeout) }) {
        Ok(ready) => Ok(ready > 0),
        // A signal is a reason to look around as well.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
        Err(error) => Err(error),
    }
}

fn checked(answer: c_int) -> io::Result<c_int> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

fn set<T>(fd: &OwnedFd, option: c_int, value: &T) -> io::Result<()> {
    let (at, length) = ((&raw const *value).cast(), length_of(value));
    // SAFETY: the value lives, and is as long as is said; every option here is given the type that packet(7) names.
    #[expect(unsafe_code, reason = "options of packet sockets are not in the standard library")]
    checked(unsafe { libc::setsockopt(fd.as_raw_fd(), libc::SOL_PACKET, option, at, length) })
        .map(drop)
}

fn get<T>(fd: &OwnedFd, level: c_int, option: c_int, value: &mut T) -> io::Result<()> {
    let mut length = length_of(value);
    let at = (&raw mut *value).cast();
    // SAFETY: the value lives, takes any octets, and no more are written than is said.
    #[expect(unsafe_code, reason = "options of packet sockets are not in the standard library")]
    checked(unsafe { libc::getsockopt(fd.as_raw_fd(), level, option, at, &raw mut length) })
        .map(drop)
}

fn length_of<T>(value: &T) -> libc::socklen_t {
    libc::socklen_t::try_from(size_of_val(value)).unwrap_or(0)
}

/// There is no Linux with a smaller `usize` that has packet rings.
fn usize_of(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
