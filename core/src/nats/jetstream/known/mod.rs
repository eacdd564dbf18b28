//! What is known of a bucket: its limits, what may be asked of it, and hints that spare requests.
//!
//! Whoever needs something of it asks at the time of use and keeps no copy.

mod broad_prefixes;
mod unpurged_versions;

use self::broad_prefixes::BroadPrefixes;
use self::unpurged_versions::UnpurgedVersions;
use super::api::{StreamConfig, StreamInfo};
use super::open_connection::ReadsFrom;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What is known of one bucket.
pub(in crate::nats) struct Known {
    facts: Facts,
    unpurged_versions: UnpurgedVersions,
    broad_prefixes: BroadPrefixes,
    /// True if this user may not let a consumer that pushes go on.
    pull_only: AtomicBool,
}

/// What the server said of the bucket.
struct Facts {
    max_message: Option<usize>,
    max_bytes: Option<usize>,
    takes_ttl: bool,
    max_age: Duration,
    reads: Reads,
    has_large_values: bool,
}

/// How keys can be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// By the leader only, since others may not have what was written last.
    ByLeader,
    /// By any server, one key in a request.
    Direct,
    /// By any server, also several keys in one request.
    DirectMany,
}

/// From here on reading all keys is not tried in one request at first.
const MANY: u64 = 1024;
/// A value this large costs more to send than to leave out.
const LARGE_VALUE: u64 = 1024;

impl Known {
    /// What is known of a bucket whose stream is as `info` says. `snapshots` is true if its server
    /// reads many keys as of one moment.
    pub(in crate::nats) fn of(info: &StreamInfo, reads: ReadsFrom, snapshots: bool) -> Self {
        let broad_prefixes = BroadPrefixes::default();
        if info.state.messages > MANY {
            broad_prefixes.add("");
        }
        Self {
            facts: Facts::of(info, reads, snapshots),
            unpurged_versions: UnpurgedVersions::new(),
            broad_prefixes,
            pull_only: AtomicBool::new(false),
        }
    }

    /// The largest message that the bucket takes, if that is less than what the server takes.
    pub(in crate::nats) fn max_message(&self) -> Option<usize> {
        self.facts.max_message
    }

    /// The largest record that the bucket has room for, if there is a limit.
    pub(in crate::nats) fn max_record(&self) -> Option<usize> {
        self.facts.max_bytes
    }

    /// True if entries can have a time to live.
    pub(in crate::nats) fn takes_ttl(&self) -> bool {
        self.facts.takes_ttl
    }

    /// When a message of this time to live ends that was stored at `time`, in milliseconds since
    /// 1970; 0 is never (R6). The time is asked for only where it is needed.
    pub(in crate::nats) fn end_of(&self, ttl: Option<Duration>, time: impl FnOnce() -> u64) -> u64 {
        let age = Some(self.facts.max_age).filter(|age| !age.is_zero());
        let Some(shortest) = ttl.into_iter().chain(age).min() else { return 0 };
        let millis = u64::try_from(shortest.as_millis()).unwrap_or(u64::MAX);
        match time() {
            0 => 0,
            stored => stored.saturating_add(millis),
        }
    }

    /// True if any server may be asked for a key, because each has what was written last.
    pub(in crate::nats) fn reads_direct(&self) -> bool {
        self.facts.reads != Reads::ByLeader
    }

    /// True if several keys can be read in one request.
    pub(in crate::nats) fn reads_many(&self) -> bool {
        self.facts.reads == Reads::DirectMany
    }

    /// True if a large part of a message is its value.
    pub(in crate::nats) fn has_large_values(&self) -> bool {
        self.facts.has_large_values
    }

    /// True if this user may let a consumer that pushes go on, as far as is known.
    pub(in crate::nats) fn may_push(&self) -> bool {
        !self.pull_only.load(Ordering::Relaxed)
    }

    /// Notes that this user may not let a consumer that pushes go on.
    pub(in crate::nats) fn note_pull_only(&self) {
        self.pull_only.store(true, Ordering::Relaxed);
    }

    /// True if this version was seen to be of a value or a tombstone, and lately.
    pub(in crate::nats) fn is_unpurged(&self, version: u64) -> bool {
        self.unpurged_versions.has(version)
    }

    /// Notes that this version is of a value or a tombstone.
    pub(in crate::nats) fn note_unpurged(&self, version: u64) {
        self.unpurged_versions.add(version);
    }

    /// True if this parent of prefixes was seen to have more keys than one request reads.
    pub(in crate::nats) fn is_broad(&self, parent: &str) -> bool {
        self.broad_prefixes.has(parent)
    }

    /// Notes that this parent of prefixes has more keys than one request reads.
    pub(in crate::nats) fn note_broad(&self, parent: &str) {
        self.broad_prefixes.add(parent);
    }

    /// Notes that this parent of prefixes has few enough keys for one request.
    pub(in crate::nats) fn note_narrow(&self, parent: &str) {
        self.broad_prefixes.remove(parent);
    }
}

impl Facts {
    fn of(info: &StreamInfo, reads: ReadsFrom, snapshots: bool) -> Self {
        let StreamInfo { config, state, .. } = info;
        let StreamConfig { num_replicas, allow_direct, allow_msg_ttl, .. } = *config;
        let markers = !config.subject_delete_marker_ttl.is_zero();
        Self {
            max_message: limit(config.max_msg_size),
            max_bytes: limit(config.max_bytes),
            // With more history an older value would come back when the newest one's time is over.
            takes_ttl: allow_msg_ttl && markers && config.max_msgs_per_subject == 1,
            max_age: config.max_age,
            reads: match allow_direct && (num_replicas <= 1 || reads == ReadsFrom::Any) {
                false => Reads::ByLeader,
                true if snapshots => Reads::DirectMany,
                true => Reads::Direct,
            },
            has_large_values: state.bytes > LARGE_VALUE * state.messages,
        }
    }
}

/// A limit of a stream, if there is one.
fn limit(size: i64) -> Option<usize> {
    usize::try_from(size).ok().filter(|&size| size > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn known(config: &Value, reads: ReadsFrom, snapshots: bool) -> Known {
        let mut all = json!({
            "name": "KV_b", "storage": "file", "discard": "old", "num_replicas": 1,
            "max_msgs_per_subject": 1, "max_bytes": -1, "max_msg_size": -1,
        });
        let fields = config.as_object().unwrap().clone();
        all.as_object_mut().unwrap().extend(fields);
        let state = json!({"messages": 10, "bytes": 10_000, "first_seq": 1, "last_seq": 10});
        let info = json!({"config": all, "created": "", "state": state, "cluster": null});
        Known::of(&serde_json::from_value(info).unwrap(), reads, snapshots)
    }

    #[test]
    fn r5_a_replica_is_asked_only_where_it_has_every_write_or_may_be_behind() {
        for (config, reads, direct) in [
            (json!({}), ReadsFrom::Any, false),
            (json!({"allow_direct": true}), ReadsFrom::UpToDate, true),
            (json!({"allow_direct": true, "num_replicas": 3}), ReadsFrom::UpToDate, false),
            (json!({"allow_direct": true, "num_replicas": 3}), ReadsFrom::Any, true),
        ] {
            for snapshots in [false, true] {
                let known = known(&config, reads, snapshots);
                assert_eq!(known.reads_direct(), direct, "{config}");
                assert_eq!(known.reads_many(), direct && snapshots, "{config}");
            }
        }
    }

    #[test]
    fn w5_only_a_bucket_with_markers_and_no_history_takes_a_time_to_live() {
        let marked = json!({"allow_msg_ttl": true, "subject_delete_marker_ttl": 1_000_000_000});
        let mut with_history = marked.clone();
        with_history["max_msgs_per_subject"] = json!(5);
        let cases =
            [(marked, true), (with_history, false), (json!({"allow_msg_ttl": true}), false)];
        for (config, takes_ttl) in cases {
            let known = known(&config, ReadsFrom::UpToDate, true);
            assert_eq!(known.takes_ttl(), takes_ttl, "{config}");
        }
    }

    #[test]
    fn r6_an_entry_ends_with_its_time_to_live_or_its_age() {
        let never = known(&json!({}), ReadsFrom::UpToDate, true);
        let ages = known(&json!({"max_age": 60_000_000_000_u64}), ReadsFrom::UpToDate, true);
        let second = Some(Duration::from_secs(1));
        assert_eq!(never.end_of(None, || unreachable!("nothing ends")), 0);
        assert_eq!(never.end_of(second, || 5_000), 6_000);
        assert_eq!(ages.end_of(None, || 5_000), 65_000);
        assert_eq!(ages.end_of(second, || 5_000), 6_000);
        assert_eq!(ages.end_of(second, || 0), 0);
    }

    #[test]
    fn a_limit_of_nothing_is_none() {
        let config = json!({"max_bytes": 4096});
        let known = known(&config, ReadsFrom::UpToDate, true);
        assert_eq!((known.max_record(), known.max_message()), (Some(4096), None));
    }
}
