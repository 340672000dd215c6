//! Bytes that wait for the rest of their message.

/// Buffers that are not in use, so that a message over two segments costs no allocation.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    free: Vec<Vec<u8>>,
}

/// Buffers kept for the next use, and how large one may be to be kept.
const FREE_MAX: usize = 256;
const CAPACITY_MAX: usize = 4_096;

/// Octets that they take at most.
pub(crate) const OCTETS_MAX: usize = FREE_MAX * (CAPACITY_MAX + size_of::<Vec<u8>>());

impl Buffers {
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.free.pop().unwrap_or_default()
    }

    pub(crate) fn give_back(&mut self, mut buffer: Vec<u8>) {
        if self.free.len() < FREE_MAX && buffer.capacity() <= CAPACITY_MAX && buffer.capacity() > 0
        {
            buffer.clear();
            self.free.push(buffer);
        }
    }
}
