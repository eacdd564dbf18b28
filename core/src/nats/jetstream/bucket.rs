//! How a store is kept: as a stream, laid out as every NATS key-value client lays out its buckets.

use super::api::{
    MessageRequest, Refusal, Stored, StoredMessage, StreamConfig, StreamInfo, StreamState,
};
use super::broad_prefixes::BroadPrefixes;
use super::filter::filters;
use super::message::end_of_batch;
use super::unpurged_versions::UnpurgedVersions;
use crate::key::PrefixSet;
use crate::kv::KvError;
use crate::nats::read::shared_reads::SharedReads;
use crate::nats::transport::link::{ASK_AGAIN, Link};
use crate::nats::transport::response::Response;
use crate::store::{DiscardPolicy, StorageType, StoreConfig};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A bucket that was opened.
pub(in crate::nats) struct Bucket {
    pub(in crate::nats) name: String,
    /// The name of its stream.
    pub(in crate::nats) stream: String,
    /// What its keys are prefixed with to make subjects.
    pub(in crate::nats) subjects: String,
    pub(in crate::nats) link: Arc<Link>,
    /// The largest message it takes, if less than the server does.
    pub(in crate::nats) max_message: Option<usize>,
    /// Whether entries can have a time to live.
    pub(in crate::nats) ttl: bool,
    /// Whether any server may be asked for a key, because each has what was written last.
    pub(in crate::nats) direct: bool,
    /// Whether several keys can be read in one request.
    pub(in crate::nats) multi_get: bool,
    /// Whether a large part of a message is its value, as far as was known on opening.
    pub(in crate::nats) large_values: bool,
    /// The largest record it has room for.
    pub(in crate::nats) max_bytes: Option<usize>,
    pub(in crate::nats) unpurged_versions: UnpurgedVersions,
    pub(in crate::nats) broad_prefixes: BroadPrefixes,
    /// Whether this user may not let a consumer that pushes go on.
    pub(in crate::nats) pull_only: AtomicBool,
    pub(in crate::nats) shared_reads: Arc<SharedReads>,
}

/// Markers of what expired are kept as long as a cursor can be expected to come back. The server
/// writes none that live for ever.
const MARKERS_KEPT: Duration = Duration::from_secs(365 * 24 * 3600);
/// The server's own default, and the longest it allows for entries that live less.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);
/// How long a server may take to remove the files of a stream.
const REMOVAL: Duration = Duration::from_secs(2);
/// From here on reading all keys is not tried in one request at first.
const MANY: u64 = 1024;
/// A value this large costs more to send than to leave out.
const LARGE_VALUE: u64 = 1024;

/// Opens the bucket of this configuration, which is made if it is missing. One that exists is
/// opened as it is, and differences are logged (L2).
pub(in crate::nats) async fn open(
    link: Arc<Link>,
    config: &StoreConfig,
) -> Result<Bucket, KvError> {
    link.check_open()?;
    let name = &config.name;
    let stream = format!("KV_{name}");
    let info = match info(&link, &stream).await? {
        Ok(info) => found(info, config),
        Err(refusal) if refusal.err_code == Refusal::STREAM_NOT_FOUND => {
            create(&link, &stream, config).await?
        }
        Err(refusal) => return Err(refusal.into()),
    };
    let subjects = format!("$KV.{name}.");
    if !info.config.subjects.contains(&format!("{subjects}>")) {
        return Err(KvError::OperationFailed(format!(
            "the stream {stream:?} exists and is no bucket: its subjects are {:?}",
            info.config.subjects
        )));
    }
    let StreamConfig { num_replicas, allow_direct, allow_msg_ttl, max_msg_size, max_bytes, .. } =
        info.config;
    let markers = !info.config.subject_delete_marker_ttl.is_zero();
    let broad_prefixes = BroadPrefixes::default();
    if info.state.messages > MANY {
        broad_prefixes.add("");
    }
    let direct = allow_direct && (num_replicas <= 1 || link.stale_reads());
    Ok(Bucket {
        name: name.clone(),
        shared_reads: Arc::new(SharedReads::new(link.clone(), &stream)),
        stream,
        subjects,
        max_message: limit(max_msg_size),
        // With more history an older value would come back when the newest one's time is over.
        ttl: allow_msg_ttl && markers && info.config.max_msgs_per_subject == 1,
        direct,
        // From this version on many keys are read as of one moment.
        multi_get: direct && link.server_is(2, 15),
        large_values: info.state.bytes > LARGE_VALUE * info.state.messages,
        max_bytes: limit(max_bytes),
        unpurged_versions: UnpurgedVersions::new(),
        broad_prefixes,
        pull_only: AtomicBool::new(false),
        link,
    })
}

/// What the server says of a stream now.
pub(in crate::nats) async fn info(
    link: &Link,
    stream: &str,
) -> Result<Result<StreamInfo, Refusal>, KvError> {
    link.api(&format!("STREAM.INFO.{stream}"), &serde_json::Map::new()).await
}

impl Bucket {
    /// What the server says of the bucket now; an error if it is there no more.
    pub(in crate::nats) async fn info(&self) -> Result<StreamInfo, KvError> {
        Ok(info(&self.link, &self.stream).await??)
    }

    /// Waits a moment where no server of the bucket was there; an error if the bucket is deleted.
    pub(in crate::nats) async fn wait_for_server(&self) -> Result<(), KvError> {
        self.info().await?;
        sleep(ASK_AGAIN).await;
        Ok(())
    }

    /// A message as the stream's leader has it, if there is one.
    pub(in crate::nats) async fn stored(
        &self,
        request: &MessageRequest<'_>,
    ) -> Result<Result<Option<Stored>, Refusal>, KvError> {
        let operation = format!("STREAM.MSG.GET.{}", self.stream);
        Ok(match self.link.api(&operation, request).await? {
            Ok(StoredMessage { message }) => Ok(Some(message)),
            Err(refusal) if refusal.err_code == Refusal::MESSAGE_NOT_FOUND => Ok(None),
            Err(refusal) => Err(refusal),
        })
    }

    /// Sends a [`MultiRequest`](super::api::MultiRequest) and gives what comes to `take`; nothing if
    /// that is too much for one request, or there is no lane, or nobody is there to answer.
    pub(in crate::nats) async fn last_of_each<T>(
        &self,
        request: Bytes,
        start: T,
        mut take: impl FnMut(&mut T, &Response) -> Result<(), KvError>,
    ) -> Result<Option<T>, KvError> {
        if request.len() > self.link.max_payload() {
            return Ok(None);
        }
        let subject = ["$JS.API.DIRECT.GET.", &self.stream].concat();
        let take = |(taken, complete): &mut (T, bool), response: Response| {
            let end = end_of_batch(&response);
            match end {
                Some(all) => *complete = all,
                None => take(taken, &response)?,
            }
            Ok(end.is_some())
        };
        let start = (start, false);
        let read = self.link.ask_lane_for_many(subject.into(), &request, take, start).await?;
        Ok(read.and_then(|(taken, complete)| complete.then_some(taken)))
    }

    /// What to ask the server for to be told of these prefixes: at least one filter, since it takes
    /// the last message of every key only of a filter.
    pub(in crate::nats) fn filters(&self, prefixes: &PrefixSet) -> Vec<String> {
        let mut filters = filters(prefixes);
        if filters.is_empty() {
            filters.push(">".to_owned());
        }
        filters.iter().map(|filter| self.subject(filter)).collect()
    }

    /// The subject of a key.
    pub(in crate::nats) fn subject(&self, key: &str) -> String {
        let mut subject = String::with_capacity(self.subjects.len() + key.len());
        subject.push_str(&self.subjects);
        subject.push_str(key);
        subject
    }

    /// The key of a subject, if it is one of this bucket that a call could ever name.
    pub(in crate::nats) fn key<'a>(&self, subject: &'a str) -> Option<&'a str> {
        subject.strip_prefix(&self.subjects).filter(|key| can_be_named(key))
    }
}

/// Whether a call could name a key that somebody else wrote. White space, what cannot be printed,
/// wildcards and empty tokens never are a part of a name. In JSON a replacement character stands
/// for what is no text, so a key with one is none by any way.
fn can_be_named(key: &str) -> bool {
    let forbidden =
        |c: char| c.is_whitespace() || c.is_control() || c == char::REPLACEMENT_CHARACTER;
    !key.contains(forbidden) && key.split('.').all(|token| !matches!(token, "" | "*" | ">"))
}

impl StreamInfo {
    /// Whether entries may have been removed that nobody was told of, and that were not merely
    /// overwritten: the oldest of a store that is or was close to its limit, those that were too
    /// old and left no marker, or all of them by hand.
    pub(in crate::nats) fn may_have_evicted(&self) -> bool {
        let StreamState { messages, bytes, first_seq, last_seq, .. } = self.state;
        // A store that evicts stays near its limit; from half of it on nothing is certain.
        let near =
            |used: u64, limit: i64| u64::try_from(limit).is_ok_and(|it| it > 0 && used > it / 2);
        let full = near(bytes, self.config.max_bytes) || near(messages, self.config.max_msgs);
        (self.config.discard == "old" && full)
            || self.config.ages_silently()
            || (messages == 0 && first_seq > last_seq && last_seq > 0)
    }

    /// Whether that can ever happen to this store while nobody looks.
    pub(in crate::nats) fn can_evict(&self) -> bool {
        let config = &self.config;
        (config.discard == "old" && (config.max_bytes > 0 || config.max_msgs > 0))
            || config.ages_silently()
    }
}

impl StreamConfig {
    /// Whether what is too old goes without a marker.
    pub(in crate::nats) fn ages_silently(&self) -> bool {
        !self.max_age.is_zero() && self.subject_delete_marker_ttl.is_zero()
    }
}

/// A limit of a stream, if there is one.
fn limit(size: i64) -> Option<usize> {
    usize::try_from(size).ok().filter(|&size| size > 0)
}

async fn create(link: &Link, stream: &str, config: &StoreConfig) -> Result<StreamInfo, KvError> {
    let request = new_stream(stream, config, link.server_is(2, 11));
    let start = Instant::now();
    loop {
        match link.api(&format!("STREAM.CREATE.{stream}"), &request).await? {
            Ok(info) => return Ok(info),
            // Somebody else was first, with another configuration.
            Err(refusal) if refusal.err_code == Refusal::STREAM_NAME_IN_USE => {
                return Ok(found(info(link, stream).await??, config));
            }
            // It may still be removing the files of one of this name that was deleted.
            Err(refusal)
                if refusal.err_code == Refusal::STREAM_NOT_STORED && start.elapsed() < REMOVAL =>
            {
                sleep(ASK_AGAIN).await;
            }
            Err(refusal) => return Err(refusal.into()),
        }
    }
}

fn new_stream(stream: &str, config: &StoreConfig, ttl: bool) -> StreamConfig {
    let history = config.max_history.unwrap_or(1);
    let max_age = config.max_age.unwrap_or_default();
    StreamConfig {
        name: stream.to_owned(),
        subjects: vec![format!("$KV.{}.>", config.name)],
        storage: storage(config.storage).to_owned(),
        discard: discard(config.discard).to_owned(),
        max_msgs_per_subject: history.into(),
        max_msgs: -1,
        max_bytes: config.max_bytes.unwrap_or(-1),
        max_msg_size: -1,
        max_age,
        duplicate_window: if max_age.is_zero() {
            DUPLICATE_WINDOW
        } else {
            DUPLICATE_WINDOW.min(max_age)
        },
        num_replicas: config.num_replicas.unwrap_or(1),
        allow_direct: true,
        allow_rollup_hdrs: true,
        deny_delete: true,
        allow_msg_ttl: ttl,
        // With more history it would be the shortest time to live there can be.
        subject_delete_marker_ttl: if ttl && (history == 1 || !max_age.is_zero()) {
            MARKERS_KEPT
        } else {
            Duration::ZERO
        },
    }
}

fn storage(storage: StorageType) -> &'static str {
    match storage {
        StorageType::Memory => "memory",
        StorageType::Persistent => "file",
    }
}

fn discard(discard: DiscardPolicy) -> &'static str {
    match discard {
        DiscardPolicy::New => "new",
        DiscardPolicy::Old => "old",
    }
}

/// Logs where a store differs from what was asked for.
fn found(info: StreamInfo, asked: &StoreConfig) -> StreamInfo {
    let is = &info.config;
    let mut differences = Vec::new();
    let mut compare = |what: &str, is: String, asked: Option<String>| {
        if let Some(asked) = asked.filter(|asked| *asked != is) {
            differences.push(format!("{what} is {is}, not {asked}"));
        }
    };
    compare("storage", is.storage.clone(), Some(storage(asked.storage).to_owned()));
    compare("discard", is.discard.clone(), Some(discard(asked.discard).to_owned()));
    compare(
        "max_history",
        is.max_msgs_per_subject.to_string(),
        asked.max_history.map(|it| it.to_string()),
    );
    compare("max_bytes", is.max_bytes.to_string(), asked.max_bytes.map(|it| it.to_string()));
    compare("max_age", format!("{:?}", is.max_age), asked.max_age.map(|it| format!("{it:?}")));
    compare("replicas", is.num_replicas.to_string(), asked.num_replicas.map(|it| it.to_string()));
    if !differences.is_empty() {
        let differences = differences.join(", ");
        tracing::warn!(store = asked.name, differences, "opened an existing store as it is");
    }
    info
}
