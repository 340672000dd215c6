//! What the lab says itself: link frames with their checksums, transport segments, application fragments.
//!
//! It is the lab's own, so that what is judged never shares an error with what judges it.

/// The most octets of user data in a link frame.
const USER_DATA_MAX: usize = 250;

/// The checksum of a block, as the standard prints it: polynomial 0x3D65, reflected, complemented.
#[must_use]
pub fn checksum(octets: &[u8]) -> u16 {
    let step = |crc: u16| if crc & 1 == 1 { (crc >> 1) ^ 0xa6bc } else { crc >> 1 };
    let octet = |crc: u16, octet: &u8| (0..8).fold(crc ^ u16::from(*octet), |crc, _| step(crc));
    !octets.iter().fold(0, octet)
}

/// One end of a conversation: who speaks to whom, and the numbers of what comes next.
#[derive(Debug, Clone)]
pub struct Voice {
    /// The link address of who speaks.
    pub source: u16,
    /// The link address of who is spoken to.
    pub destination: u16,
    /// The number of the next segment.
    pub transport: u8,
    /// The number of the next application fragment.
    pub application: u8,
    /// It speaks as a master does; else as an outstation.
    pub master: bool,
}

impl Voice {
    /// A link frame around some user data; unconfirmed user data where `function` is 4.
    #[must_use]
    pub fn frame(&self, function: u8, user_data: &[u8]) -> Vec<u8> {
        self.link(0x40 | function, user_data)
    }

    /// A link frame that answers one: the state of the link where `function` is 11.
    #[must_use]
    pub fn secondary(&self, function: u8) -> Vec<u8> {
        self.link(function, &[])
    }

    fn link(&self, control: u8, user_data: &[u8]) -> Vec<u8> {
        let direction = if self.master { 0x80 } else { 0 };
        let length = u8::try_from(user_data.len()).unwrap_or(u8::MAX).saturating_add(5);
        let mut frame = vec![0x05, 0x64, length, direction | control];
        frame.extend(self.destination.to_le_bytes());
        frame.extend(self.source.to_le_bytes());
        frame.extend(checksum(&frame).to_le_bytes());
        for block in user_data.chunks(16) {
            frame.extend(block);
            frame.extend(checksum(block).to_le_bytes());
        }
        frame
    }

    /// A transport segment in a link frame.
    pub fn segment(&mut self, first: bool, last: bool, part: &[u8]) -> Vec<u8> {
        let header = (u8::from(last) << 7) | (u8::from(first) << 6) | (self.transport & 0x3f);
        self.transport = self.transport.wrapping_add(1) & 0x3f;
        self.frame(4, &[&[header], part].concat())
    }

    /// A whole fragment in as many segments as it takes.
    pub fn fragment(&mut self, fragment: &[u8]) -> Vec<u8> {
        let parts: Vec<&[u8]> = fragment.chunks(USER_DATA_MAX - 1).collect();
        let last = parts.len().saturating_sub(1);
        let mut octets = Vec::new();
        for (nth, part) in parts.into_iter().enumerate() {
            octets.extend(self.segment(nth == 0, nth == last, part));
        }
        octets
    }

    /// A request in one fragment.
    pub fn request(&mut self, function: u8, objects: &[u8]) -> Vec<u8> {
        let control = 0xc0 | (self.application & 0x0f);
        self.application = self.application.wrapping_add(1) & 0x0f;
        self.fragment(&[&[control, function], objects].concat())
    }

    /// An unsolicited response that asks for a confirm.
    pub fn unsolicited(&mut self, objects: &[u8]) -> Vec<u8> {
        let control = 0xf0 | (self.application & 0x0f);
        self.application = self.application.wrapping_add(1) & 0x0f;
        self.fragment(&[&[control, 130, 0, 0], objects].concat())
    }
}

/// A control relay output block for one point.
#[must_use]
pub fn control(index: u16, code: u8, count: u8, on_ms: u32, off_ms: u32) -> Vec<u8> {
    let mut octets = vec![12, 1, 0x28, 1, 0];
    octets.extend(index.to_le_bytes());
    octets.extend([code, count]);
    octets.extend(on_ms.to_le_bytes());
    octets.extend(off_ms.to_le_bytes());
    octets.push(0);
    octets
}

/// Octets in hexadecimal.
#[must_use]
pub fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_is_octet_for_octet_the_one_that_an_independent_implementation_sends() {
        // opendnp3's read of all classes.
        let sent = "056414c40a0001008fedc3c2013c02063c03063c04063c0106429e";
        let mut voice =
            Voice { source: 1, destination: 10, transport: 3, application: 2, master: true };
        let read = voice.request(1, &[60, 2, 6, 60, 3, 6, 60, 4, 6, 60, 1, 6]);
        assert_eq!(hexadecimal(&read), sent);
        assert_eq!((voice.transport, voice.application), (4, 3));
    }

    #[test]
    fn a_long_fragment_goes_in_several_segments_and_each_block_has_its_checksum() {
        let mut voice =
            Voice { source: 1, destination: 10, transport: 63, application: 2, master: true };
        let octets = voice.fragment(&[7; 300]);
        let (first, second) = octets.split_at(292);
        assert_eq!((first[2], first[10], second[2], second[10]), (255, 0x40 | 63, 57, 0x80));
        assert_eq!(second.len(), 10 + 52 + 2 * 4);
    }
}
