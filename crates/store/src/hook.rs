//! The deliveries that inbound hooks have acted on, so that none acts twice, also after a restart.

use gridtap_model::Timestamp;
use rusqlite::params;

use crate::{Batch, StoreError};

/// What is known of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Nothing: it is new.
    New,
    /// The same was answered before, with this status and this body.
    Same {
        /// The status of the answer.
        status: u16,
        /// The body of the answer.
        answer: String,
    },
    /// Something else came under this id.
    Other,
}

impl Batch<'_> {
    /// What is known of a delivery to a hook, by its id and the digest of its body.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn hook_seen(&self, hook: &str, id: &str, body: &[u8; 32]) -> Result<Seen, StoreError> {
        let known = self.one(
            "SELECT body, status, answer FROM hook_seen WHERE hook = ?1 AND id = ?2",
            [hook, id],
            |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get(2)?)),
        )?;
        Ok(match known {
            None => Seen::New,
            Some((before, status, answer)) if before == body => Seen::Same { status, answer },
            Some(_) => Seen::Other,
        })
    }

    /// Notes a delivery and what it was answered.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn note_hook(
        &mut self,
        hook: &str,
        id: &str,
        body: &[u8; 32],
        status: u16,
        answer: &str,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO hook_seen (hook, id, body, status, answer, at_ns) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (hook, id) DO NOTHING",
            params![hook, id, body.as_slice(), status, answer, self.now().nanos()],
        )
    }

    /// Remembers a delivery as if it had come now: what still stands is not to be forgotten.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn keep_hook(&mut self, hook: &str, id: &str) -> Result<(), StoreError> {
        self.execute(
            "UPDATE hook_seen SET at_ns = ?3 WHERE hook = ?1 AND id = ?2",
            params![hook, id, self.now().nanos()],
        )
    }

    /// Forgets the deliveries that came before a moment: their timestamps alone refuse them by then.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn forget_hooks(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.changed("DELETE FROM hook_seen WHERE at_ns < ?1", [before.nanos()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    #[test]
    fn a_delivery_is_known_by_its_id_and_its_body_also_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let at = Timestamp::from_nanos;
        {
            let mut store = Store::open(directory.path(), at(1)).unwrap();
            let mut batch = store.batch(at(5)).unwrap();
            assert_eq!(batch.hook_seen("noc", "m1", &[1; 32]).unwrap(), Seen::New);
            batch.note_hook("noc", "m1", &[1; 32], 200, "{}").unwrap();
            batch.commit().unwrap();
        }
        let mut store = Store::open(directory.path(), at(1)).unwrap();
        let mut batch = store.batch(at(6)).unwrap();
        let same = Seen::Same { status: 200, answer: "{}".to_owned() };
        assert_eq!(batch.hook_seen("noc", "m1", &[1; 32]).unwrap(), same);
        assert_eq!(batch.hook_seen("noc", "m1", &[2; 32]).unwrap(), Seen::Other);
        assert_eq!(batch.hook_seen("other", "m1", &[1; 32]).unwrap(), Seen::New);
        assert_eq!(batch.forget_hooks(at(5)).unwrap(), 0);
        batch.keep_hook("noc", "m1").unwrap();
        assert_eq!(batch.forget_hooks(at(6)).unwrap(), 0);
        assert_eq!(batch.forget_hooks(at(7)).unwrap(), 1);
        assert_eq!(batch.hook_seen("noc", "m1", &[1; 32]).unwrap(), Seen::New);
    }
}
