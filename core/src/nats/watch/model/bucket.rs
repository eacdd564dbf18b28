//! A bucket as its leader has it: every message that was ever written, and what became of it.

use crate::nats::jetstream::api::{StreamConfig, StreamInfo, StreamState};
use std::collections::BTreeMap;
use std::time::Duration;

/// A bucket, from its making to its end.
pub(super) struct Bucket {
    pub(super) kind: Kind,
    /// Tells it from others of its name.
    number: u64,
    pub(super) incarnation: u64,
    /// What was written, in the order of versions, which begin with 1.
    records: Vec<Record>,
    /// The limit of messages, if it has one.
    limit: Option<usize>,
    live: usize,
    /// True once something was removed by hand, so that cursors may be told to have expired.
    pub(super) was_purged: bool,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    key: u8,
    /// In microseconds of the virtual clock.
    written: u64,
    fate: Fate,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Live,
    /// A later message of its key took its place.
    Superseded,
    /// Retention removed it at this time. Whoever was not told of it must be told that something is
    /// missing.
    Evicted(u64),
    /// It was removed before the watch began, by hand, or with its bucket: nobody need be told.
    Forgiven,
}

/// How a bucket keeps its messages, and which of its keys are watched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) retention: Retention,
    /// Messages that are kept of a key.
    pub(super) history: u8,
    /// Keys below this number are watched. All keys are below [`KEYS`].
    pub(super) watched: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retention {
    Unlimited,
    /// So many messages; the oldest are removed.
    Messages(u8),
    /// Messages that are older than [`MAX_AGE`] are removed, without a mark.
    Age,
}

pub(super) const KEYS: u8 = 6;
/// In microseconds.
const MAX_AGE: u64 = 10_000_000;

impl Kind {
    pub(super) fn is_whole(self) -> bool {
        self.watched >= KEYS
    }

    pub(super) fn is_watched(self, key: u8) -> bool {
        key < self.watched
    }
}

impl Bucket {
    pub(super) fn new(kind: Kind, number: u64) -> Self {
        let limit = match kind.retention {
            Retention::Messages(limit) => Some(usize::from(limit)),
            Retention::Unlimited | Retention::Age => None,
        };
        let mut bucket = Self {
            kind,
            number,
            incarnation: 0,
            records: Vec::new(),
            limit,
            live: 0,
            was_purged: false,
        };
        bucket.incarnation = bucket.info().incarnation();
        bucket
    }

    /// The last version.
    pub(super) fn last(&self) -> u64 {
        self.records.len() as u64
    }

    pub(super) fn key(&self, version: u64) -> u8 {
        self.records[version as usize - 1].key
    }

    pub(super) fn is_live(&self, version: u64) -> bool {
        self.records[version as usize - 1].fate == Fate::Live
    }

    /// Writes a message. `is_begun`: the watch has a position, after which nothing may be missing.
    pub(super) fn put(&mut self, key: u8, now: u64, is_begun: bool) {
        self.records.push(Record { key, written: now, fate: Fate::Live });
        self.live += 1;
        let mut kept = self.kind.history;
        for index in (0..self.records.len()).rev() {
            if self.records[index].key == key && self.records[index].fate == Fate::Live {
                if kept == 0 {
                    self.records[index].fate = Fate::Superseded;
                    self.live -= 1;
                    break;
                }
                kept -= 1;
            }
        }
        while self.limit.is_some_and(|limit| self.live > limit) {
            self.remove(self.first_live() as usize - 1, now, is_begun);
        }
    }

    /// Removes what is too old, where age limits it.
    pub(super) fn age(&mut self, now: u64, is_begun: bool) {
        if self.kind.retention != Retention::Age {
            return;
        }
        for index in 0..self.records.len() {
            let Record { written, fate, .. } = self.records[index];
            if fate == Fate::Live && written + MAX_AGE <= now {
                self.remove(index, now, is_begun);
            }
        }
    }

    /// Removes by hand the messages of one key, or all of them. After that the bucket may be far from
    /// its limit, so that what retention removed before cannot be known either.
    pub(super) fn purge(&mut self, key: Option<u8>) {
        self.was_purged = true;
        for record in &mut self.records {
            let is_purged = key.is_none_or(|key| record.key == key);
            match record.fate {
                Fate::Live if is_purged => {
                    self.live -= 1;
                    record.fate = Fate::Forgiven;
                }
                Fate::Evicted(_) => record.fate = Fate::Forgiven,
                Fate::Live | Fate::Superseded | Fate::Forgiven => {}
            }
        }
    }

    fn remove(&mut self, index: usize, now: u64, is_begun: bool) {
        self.live -= 1;
        self.records[index].fate = match is_begun {
            // An older value of a key that has a newer one is nobody's loss.
            true if self.has_newer(index) => Fate::Superseded,
            true => Fate::Evicted(now),
            false => Fate::Forgiven,
        };
    }

    fn has_newer(&self, index: usize) -> bool {
        let key = self.records[index].key;
        self.records[index + 1..].iter().any(|it| it.key == key)
    }

    fn first_live(&self) -> u64 {
        let first = self.records.iter().position(|it| it.fate == Fate::Live);
        first.map_or(self.last() + 1, |index| index as u64 + 1)
    }

    /// The first watched message from a version on.
    pub(super) fn next_watched(&self, from: u64) -> Option<u64> {
        (from..=self.last())
            .find(|&version| self.is_live(version) && self.kind.is_watched(self.key(version)))
    }

    /// True if this message is the last of its key up to a version.
    pub(super) fn is_last_of_key(&self, version: u64, up_to: u64) -> bool {
        (version + 1..=up_to).all(|later| self.key(later) != self.key(version))
    }

    /// The first message in this range that a watch passed over, though it should have been told.
    pub(super) fn hole(&self, after: u64, up_to: u64) -> Option<u64> {
        (after + 1..=up_to.min(self.last())).find(|&version| {
            let Record { key, fate, .. } = self.records[version as usize - 1];
            let is_lost = match fate {
                Fate::Live => !self.has_newer(version as usize - 1),
                Fate::Evicted(_) => true,
                Fate::Superseded | Fate::Forgiven => false,
            };
            self.kind.is_watched(key) && is_lost
        })
    }

    /// The first watched message after a position that was not sent, and that retention had removed
    /// by this time.
    pub(super) fn unseen(&self, after: u64, unsent: u64, by: u64) -> Option<u64> {
        (unsent.max(after + 1)..=self.last()).find(|&version| {
            let Record { key, fate, .. } = self.records[version as usize - 1];
            let is_gone = matches!(fate, Fate::Evicted(at) if at <= by);
            is_gone && self.kind.is_watched(key)
        })
    }

    /// What the leader says of it.
    pub(super) fn info(&self) -> StreamInfo {
        let first = self.first_live();
        let written = |version: u64| {
            let index = (version as usize).checked_sub(1);
            timestamp(index.and_then(|it| self.records.get(it)).map_or(0, |it| it.written))
        };
        StreamInfo {
            config: self.config(),
            created: format!("bucket {}", self.number),
            state: StreamState {
                messages: self.live as u64,
                bytes: self.live as u64 * 100,
                first_seq: if self.last() == 0 { 0 } else { first },
                last_seq: self.last(),
                first_ts: written(first),
                last_ts: written(self.last()),
            },
            cluster: None,
        }
    }

    fn config(&self) -> StreamConfig {
        let (max_msgs, max_age) = match self.kind.retention {
            Retention::Unlimited => (-1, 0),
            Retention::Messages(limit) => (limit.into(), 0),
            Retention::Age => (-1, MAX_AGE),
        };
        StreamConfig {
            name: String::new(),
            subjects: Vec::new(),
            storage: String::new(),
            discard: "old".to_owned(),
            max_msgs_per_subject: self.kind.history.into(),
            max_msgs,
            max_bytes: -1,
            max_msg_size: -1,
            max_age: Duration::from_micros(max_age),
            duplicate_window: Duration::ZERO,
            num_replicas: 1,
            allow_direct: true,
            allow_rollup_hdrs: true,
            deny_delete: true,
            allow_msg_ttl: false,
            subject_delete_marker_ttl: Duration::ZERO,
            metadata: BTreeMap::new(),
        }
    }
}

fn timestamp(microseconds: u64) -> String {
    let (seconds, rest) = (microseconds / 1_000_000, microseconds % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("1970-01-01T{hours:02}:{minutes:02}:{seconds:02}.{rest:06}Z")
}
