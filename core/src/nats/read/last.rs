//! The last message of a key, by which a read is answered.

use crate::kv::{KvError, KvRecord, UpdateKind, VersionToken};
use crate::nats::jetstream::api::{Stored, millis_of};
use crate::nats::jetstream::known::Known;
use crate::nats::jetstream::message::Said;
use crate::nats::transport::response::Response;
use bytes::Bytes;

/// The last message of a key.
#[derive(Clone)]
pub(in crate::nats) struct Last {
    pub(in crate::nats) kind: UpdateKind,
    pub(in crate::nats) version: u64,
    value: Bytes,
    /// When it ends, in milliseconds since 1970; 0 is never.
    end: u64,
}

impl Last {
    /// Reads a message as the leader gave it.
    pub(in crate::nats) fn of_stored(known: &Known, stored: &Stored) -> Self {
        let said = Said::by_text(&stored.hdrs);
        let end = known.end_of(said.ttl(), || millis_of(&stored.time));
        let kind = said.kind(&stored.data);
        Self { kind, version: stored.seq, value: stored.data.clone(), end }
    }

    /// Reads a message that was got directly, by what its headers say.
    pub(in crate::nats) fn of(
        known: &Known,
        said: &Said<'_>,
        response: &Response,
    ) -> Result<Self, KvError> {
        let kind = said.kind(response.payload());
        let end = known.end_of(said.ttl(), || said.time().map_or(0, millis_of));
        Ok(Self { kind, version: said.version()?, value: response.value(), end })
    }

    /// The record of a key that this is the last message of. What is gone is a tombstone.
    pub(in crate::nats) fn into_record(self, key: &str) -> KvRecord {
        let version = VersionToken::from_u64(self.version);
        match self.kind {
            UpdateKind::Put => KvRecord::live(key, &self.value, version).ending_at(self.end),
            UpdateKind::Delete | UpdateKind::Purge(_) => {
                KvRecord::live(key, &[], version).into_tombstone()
            }
        }
    }
}
