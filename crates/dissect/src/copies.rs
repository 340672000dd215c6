//! A segment that repeats octets with other content: somebody writes into the stream, or stands in the middle of it and
//! both his legs are heard. Which copy its receiver took cannot be told from here, so that both are judged.

/// Digests of the last messages of one conversation: a copy that is cut otherwise repeats some of them.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    digests: [u64; 8],
    next: usize,
}

impl Recent {
    /// Notes a message; says whether it was there already.
    pub(crate) fn note(&mut self, digest: u64) -> bool {
        if self.digests.contains(&digest) {
            return true;
        }
        let at = self.next.checked_rem(self.digests.len()).unwrap_or(0);
        self.next = at.saturating_add(1);
        if let Some(slot) = self.digests.get_mut(at) {
            *slot = digest;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_eight_are_known_and_those_before_are_not() {
        let mut recent = Recent::default();
        for digest in 1..=9 {
            assert!(!recent.note(digest));
        }
        assert!(recent.note(9) && recent.note(2));
        assert!(!recent.note(1));
    }
}
